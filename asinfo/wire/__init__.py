"""Pure codecs: bytes to values and back. No socket, no clock, no logging."""
