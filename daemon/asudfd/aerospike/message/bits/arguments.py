"""Arguments of operations on bits: a reader for each kind. All raise WireError."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import cdt, msgpack

if TYPE_CHECKING:
    from collections.abc import Callable

BYTES_MAX = 1 << 27
"""No offset or size is beyond it: a request as large the real server would not read."""

_BITS_MAX = 8 * BYTES_MAX


def _number(low: int, high: int) -> Callable[[bytes], int]:
    """A reader of an integer from ``low`` to ``high``."""

    def read(argument: bytes) -> int:
        found = cdt.integer(argument)
        if not low <= found <= high:
            raise WireError(f"an argument of {found}, which is not from {low} to {high}")
        return found

    return read


offset = _number(-_BITS_MAX, _BITS_MAX)
size = _number(1, _BITS_MAX)
integer_size = _number(1, 64)
byte_offset = _number(-BYTES_MAX, BYTES_MAX)
byte_size = _number(1, BYTES_MAX)
new_size = _number(0, BYTES_MAX)
shift = _number(0, (1 << 64) - 1)
integer = cdt.integer
flags = _number(0, 15)


def ways(both: int) -> Callable[[bytes], int]:
    """A reader of flags of an operation's own, of which those of ``both`` exclude each other."""
    number = _number(0, 7)

    def read(argument: bytes) -> int:
        found = number(argument)
        if found & both == both:
            raise WireError("flags of an operation that exclude each other")
        return found

    return read


def blob(argument: bytes) -> bytes:
    """Bytes, one at least."""
    found = msgpack.unpack(argument)
    if not isinstance(found, bytes) or not found:
        raise WireError("an argument is no blob, or an empty one")
    return found


def boolean(argument: bytes) -> bool:
    """True or false."""
    found = msgpack.unpack(argument)
    if not isinstance(found, bool):
        raise WireError("an argument is no boolean")
    return found
