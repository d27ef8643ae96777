"""Memory that was freed goes back to the system.

The C library keeps freed blocks for the next allocation, in an arena for every few threads; a node whose modules once
took a gigabyte would keep it. glibc alone has `malloc_trim`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def release_memory() -> None:
    """Give freed memory back; takes some milliseconds a gigabyte, without Python's lock."""
    _trim()(0)


@cache
def _trim() -> Callable[[int], int]:
    import ctypes  # here: most nodes never need it, and it takes its time

    try:
        function = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return lambda _: 0
    function.argtypes, function.restype = [ctypes.c_size_t], ctypes.c_int
    return function
