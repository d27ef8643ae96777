"""The result of a record function."""

import struct
from typing import Any, NamedTuple

from asudfd.lua.call import BROKEN, LATE
from asudfd.lua.crossing import WrongResultError

NOTHING, WRITE, DELETE = range(3)
"""Actions of a result: what the call does to the record, as one write."""

UDF_FAILED = 100
"""Result code of a call that failed in its module. Source: the wire specification, section 3.7."""

_STRING = 3


class UdfResult(NamedTuple):
    """The result of a record function, as it comes out of Lua.

    ``code``      result code: 0 the function's result follows, 100 its error text (a string) follows; any other code is the
                  whole answer: 2 no record was left to write, 4 bad ttl, 12 a value no bin can hold, 21 too many bins
    ``particle``  type of the result, 0 (null) to 23; 3 for an error text; 0 with other codes
    ``value``     bytes of that particle: an op named SUCCESS (code 0) or FAILURE (code 100) holds both
    ``action``    NOTHING, WRITE or DELETE; NOTHING unless the code is 0
    ``bins``      with WRITE: all bins of the record afterwards, in the stored form; else empty
    ``ttl``       None: `record.set_ttl` was not called, the policy's counts; else as on the wire: 0 the namespace's
                  default, 0xFFFFFFFF never, 0xFFFFFFFE unchanged, else seconds, at most ten years
    ``drop_key``  with WRITE: the stored key goes (and one that was sent is not stored)
    ``detail``    of an error text, for the log of the node: the lines of modules on the stack where the call failed, as
                  `failure.lua` writes them, or why its module does not load; else None or empty
    ``state``     of the context, for the engine; see `asudfd.lua.call`
    """

    code: int
    particle: int
    value: bytes
    action: int
    bins: bytes
    ttl: int | None
    drop_key: bool
    detail: bytes | None
    state: int


def failed(text: bytes, *, late: bool = False, detail: bytes = b"") -> UdfResult:
    """The result of a call that could not run, or did not end by itself."""
    state = LATE if late else BROKEN
    return UdfResult(
        UDF_FAILED, _STRING, text, NOTHING, b"", None, drop_key=False, detail=detail, state=state
    )


_PACKED = struct.Struct("<BBBBBqIII")
"""Code, particle, action, state, what is there (a bit each), ttl, and the sizes of value, bins and detail, which follow."""

_HAS_TTL, _DROPS_KEY, _HAS_DETAIL = 1, 2, 4


def pack(raw: tuple[Any, ...]) -> bytes:
    """A result as it crosses from a worker to the node. Raises WrongResultError for what cannot be one."""
    try:
        code, particle, value, action, bins, ttl, drop_key, detail, state = raw
        there = (
            (ttl is not None) * _HAS_TTL | bool(drop_key) * _DROPS_KEY | (detail is not None) * _HAS_DETAIL
        )
        detail = detail or b""
        sizes = len(value), len(bins), len(detail)
        head = _PACKED.pack(code, particle, action, state, there, ttl or 0, *sizes)
        return b"".join((head, value, bins, detail))
    except (struct.error, TypeError, ValueError):
        raise WrongResultError("a result of another form") from None


def unpack(data: bytes) -> tuple[Any, ...]:
    """A result that has crossed, for `asudfd.lua.aerospike.result_check.checked`. Raises WrongResultError."""
    if len(data) < _PACKED.size:
        raise WrongResultError("a result that is cut off")
    code, particle, action, state, there, ttl, value, bins, detail = _PACKED.unpack_from(data)
    bins_at = _PACKED.size + value
    detail_at = bins_at + bins
    if detail_at + detail != len(data):
        raise WrongResultError("a result of another size")
    return (
        code,
        particle,
        data[_PACKED.size : bins_at],
        action,
        data[bins_at:detail_at],
        ttl if there & _HAS_TTL else None,
        bool(there & _DROPS_KEY),
        data[detail_at:] if there & _HAS_DETAIL else None,
        state,
    )
