"""The page of memory that a worker shares with the node."""

from __future__ import annotations

import struct

PAGE_SIZE = 4096
"""Bytes of the page that a worker shares with the node."""

MEMORY = struct.Struct("=Q")
"""What stands in the page first: bytes of memory that the context of the call under way has in use."""

BEGUN, BEGUN_AT = struct.Struct("=Q"), MEMORY.size
"""What stands behind that: how many calls the worker has begun. Answers wait for one another, so it tells which call holds the worker."""
