"""TCP transport: listeners, connections, flow control. It knows no protocol; a face does."""
