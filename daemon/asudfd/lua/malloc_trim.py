"""Gives freed memory back to the system, by glibc's `malloc_trim` and `mallopt`.

The C library keeps freed blocks for the next allocation, in an arena for every few threads; a node whose modules once
took a gigabyte would keep it. glibc alone has `malloc_trim`. It leaves out the free end of each arena, up to a
threshold that grows to 64 MB by itself, unless it is set. That is of the whole process, for good: so it is set where the
process is the daemon's, and not where a program has a node inside.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctypes import CDLL

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Numbers of mallopt(3)."""

KEPT_SIZE = 1 << 20
"""Bytes at the end of an arena that are kept: those of some three contexts of small modules, which come and go."""

APART_SIZE = 512 << 10
"""Size from which on a block is mapped by itself and unmapped when it is freed: Lua's large tables and strings, and no
block of a small module."""


_own_process = threading.Event()


def own_process() -> None:
    """Say that the process is the daemon's: `limit_kept_memory` may do its work."""
    _own_process.set()


def limit_kept_memory() -> None:
    """Set how much freed memory is kept, if the process is the daemon's; for the start of a thread that makes contexts."""
    if _own_process.is_set():
        _set_thresholds()


def release_memory() -> None:
    """Give freed memory back; takes some milliseconds a gigabyte, without Python's lock."""
    library = _c_library()
    if library is not None:
        library.malloc_trim(0)


@cache
def _set_thresholds() -> None:
    library = _c_library()
    if library is not None:
        library.mallopt(M_TRIM_THRESHOLD, KEPT_SIZE)
        library.mallopt(M_MMAP_THRESHOLD, APART_SIZE)


@cache
def _c_library() -> CDLL | None:
    from ctypes import CDLL, c_size_t  # here: a node without calls never needs it, and it takes its time

    try:
        library = CDLL(None)
        library.malloc_trim.argtypes = (c_size_t,)
    except (OSError, AttributeError):
        return None
    return library
