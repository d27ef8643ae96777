"""The result of a record function."""

from typing import NamedTuple

from asudfd.lua.call import BROKEN, LATE

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
