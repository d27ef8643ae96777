"""The page of memory that a worker shares with the node."""

from __future__ import annotations

import struct

PAGE_SIZE = 4096
"""Bytes of the page that a worker shares with the node."""

PAGE = struct.Struct("=Q")
"""What stands in the page: bytes of memory that the context of the call under way has in use."""
