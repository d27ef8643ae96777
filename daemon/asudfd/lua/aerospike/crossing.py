"""The Aerospike crossing: what the engine is given to run record functions and stream functions."""

from __future__ import annotations

from pathlib import Path

from asudfd.lua.aerospike.record_view import RecordView, StreamView
from asudfd.lua.aerospike.result_check import check_messages, checked
from asudfd.lua.aerospike.udf_result import UdfResult, failed, pack, unpack
from asudfd.lua.bytecode import NAMES, LibraryNames
from asudfd.lua.call import OUT_OF_MEMORY, Scalar
from asudfd.lua.crossing import CrossingFiles
from asudfd.lua.state import LUA54

TIMEOUT = b"UDF Execution Timeout"

NO_MODULE = b"UDF: Execution Error 1"
"""The module is unknown, or its body failed. Source: the UDF specification, section 5."""

NOT_FOUND = b"function not found"
"""The module has no such function, as `apply.lua` says it."""

STREAM_FAILED = b"UDF: Execution Error 2 : "
"""Begins the error text of an aggregation. Source: the UDF specification, section 4."""

UDF_CONTEXT, STREAM_CONTEXT = "udf", "aggr"
"""Contexts of the lines that functions on records and on streams log. Source: the UDF specification, section 3."""

_NAMES = NAMES | LibraryNames(
    frozenset({b"aerospike", b"record", b"list", b"map", b"bytes", b"geojson", b"iterator"}),
    frozenset({b"trace", b"debug", b"info", b"warn", b"list", b"map", b"bytes", b"geojson"}),
    frozenset(),
)

_CHUNKS = (
    "as",
    "value",
    "iterator",
    "bytes",
    "list",
    "map",
    "geojson",
    "order",
    "msgpack_read",
    "msgpack_write",
    "particle",
    "bins",
    "record",
    "aerospike",
    "stream_ops",
    "stream",
    "base",
    "apply",
)
"""In the order in which they are loaded: each needs what those before it provide."""

_SHOWN = {"as": b"as.lua", "log": b"aerospike.lua", "stream_ops": b"stream_ops.lua"}
"""CrossingFiles whose lines are part of messages, and the file that the real server names there."""


class UdfCrossing:
    """See `asudfd.lua.crossing.Crossing`."""

    lua_version: str = LUA54
    no_tail_calls: LibraryNames = _NAMES
    timeout: bytes = TIMEOUT
    no_module: bytes = NO_MODULE
    log_context: str = UDF_CONTEXT
    stream_log_context: str = STREAM_CONTEXT

    def files(self) -> CrossingFiles:
        """The Lua files."""
        return CrossingFiles(Path(__file__).parent, _CHUNKS, "log", _SHOWN)

    no_view: tuple[Scalar, ...] = RecordView(False, 0, 0, 0, b"", b"", bytes(20), b"", True)

    result = staticmethod(checked)
    pack = staticmethod(pack)
    unpack = staticmethod(unpack)

    def failed(self, text: bytes, *, late: bool = False, detail: bytes = b"") -> UdfResult:
        """The result of a call that could not run, or did not end by itself."""
        return failed(text, late=late, detail=detail)

    def lacks_memory(self, result: UdfResult) -> bool:
        """Whether a call ended for want of memory."""
        return result.value == OUT_OF_MEMORY

    def is_missing(self, result: UdfResult) -> bool:
        """Whether the module has no such function."""
        return result.value == NOT_FOUND

    def check_messages(self, messages: object, view: StreamView) -> None:
        """Check what a stream has written. Raises WrongResultError."""
        check_messages(messages, view.head)

    def stream_failed(self, text: bytes) -> bytes:
        """The error text of an aggregation that ends with ``text``."""
        return text if text == NO_MODULE else STREAM_FAILED + text


CROSSING = UdfCrossing()
