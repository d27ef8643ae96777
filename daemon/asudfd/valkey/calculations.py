"""What the Lua of the keyspace has Python compute, where Python is exact or faster: pure functions of strings.

`calculations()` has them by the names under which Lua calls them. A list of strings comes as a table of Lua. What few clients use is
imported at its first call.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any

from asudfd.valkey.bitmap import combine_bits, count_bits, find_bit

if TYPE_CHECKING:
    from collections.abc import Callable


def calculations(make_room: Callable[[int], bool]) -> dict[bytes, Callable[..., object]]:
    """The functions by their names.

    ``make_room`` is called before Lua is given so many bytes in the midst of one; it says whether they should be.
    """
    return {
        b"sha1hex": _sha1hex,
        b"sum_long_double": _sum_long_double,
        b"count_bits": count_bits,
        b"find_bit": find_bit,
        b"combine_bits": _combine_bits,
        b"common_length": _common_length,
        b"common_subsequence": _common_subsequence,
        b"hyperloglog": _hyperloglog,
        b"dump_key": _dump_key,
        b"restore_key": partial(_restore_key, make_room),
    }


def _sha1hex(text: bytes) -> bytes:
    return hashlib.sha1(text, usedforsecurity=False).hexdigest().encode()


def _sum_long_double(first: bytes, second: bytes) -> bytes | bool | None:
    from asudfd.valkey.long_double import sum_long_double

    return sum_long_double(first, second)


def _combine_bits(operation: bytes, size: float, *texts: bytes) -> bytes:
    return combine_bits(operation, texts, int(size))


def _common_length(first: bytes, second: bytes) -> int | None:
    """None if the strings are too large."""
    from asudfd.valkey.subsequence import common_length, is_too_large

    return None if is_too_large(first, second) else common_length(first, second)


def _common_subsequence(first: bytes, second: bytes, emit: Callable[..., object]) -> bytes | None:
    """The same; ``emit`` is called with the four numbers of each range."""
    from asudfd.valkey.subsequence import common_subsequence, is_too_large

    if is_too_large(first, second):
        return None
    found = common_subsequence(first, second)
    for each in found.ranges:
        emit(*each)
    return found.text


def _hyperloglog(command: bytes, *arguments: Any) -> object:
    from asudfd.valkey.hyperloglog_commands import run

    return run(command, *arguments)


def _dump_key(kind: bytes, *parts: Any) -> bytes:
    from asudfd.valkey.key_payload import dumped

    return dumped(kind, *parts)


def _restore_key(
    make_room: Callable[[int], bool], payload: bytes, emit: Callable[..., object]
) -> bytes | None:
    """``emit`` is called with the parts of the value."""
    from asudfd.valkey.key_payload import emit_restored

    def emit_with_room(*parts: object) -> None:
        if not make_room(sum(len(part) for part in parts if isinstance(part, bytes))):
            raise MemoryError
        emit(*parts)

    try:
        return emit_restored(payload, emit_with_room)
    except MemoryError:
        return b"OOM not enough memory for this command"
    except OverflowError:  # a number that no value has
        return b"Bad data format"
