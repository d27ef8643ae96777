"""Connections: bytes in, frames out. What a frame means is decided by the responder of its type."""
