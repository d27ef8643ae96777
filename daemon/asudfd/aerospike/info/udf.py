"""The udf family: store, list, fetch and remove Lua modules, and empty the cache of Lua contexts."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from asinfo.wire.udf import NAME_SIZE_MAX
from asudfd.aerospike.info.table import InfoCommand
from asudfd.errors import UdfError
from asudfd.lua.call_figures import OTHERS
from asudfd.lua.host import ModuleError
from asudfd.smd.interface import UDF, SmdFailed, SmdTimeout
from asudfd.udf.module import parse_put, to_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode
    from asudfd.lua.call_figures import FunctionFigures


async def udf_put(node: AerospikeNode, request: Request) -> bytes:
    """udf-put:filename=FILE.lua;content=BASE64;content-len=LENGTH[;udf-type=LUA]

    Store a module on every node, once it compiles and its body runs. LENGTH is that of the base64 text.
    """
    put = parse_put(request.parameters)
    try:
        await node.host.validate(put.filename, put.source)
    except ModuleError as error:
        raise UdfError(_compile_error(error)) from error
    return await _set(node, put.filename, to_value(put.filename, put.content64))


async def udf_remove(node: AerospikeNode, request: Request) -> bytes:
    """udf-remove:filename=FILE.lua

    Remove a module from every node; `ok` also when there is none of that name. FILE alone means FILE.lua.
    """
    try:
        name = _filename(request).decode()
    except UnicodeDecodeError as error:
        raise UdfError(b"invalid_filename") from error
    # The real server leaves FILE.lua alone then. The Python client asks on until no name in `udf-list` begins with what
    # it sent: client.udf_remove("counter"), as its documentation has it, never comes back there.
    if not node.modules.get(name) and node.modules.get(f"{name}.lua"):
        name = f"{name}.lua"
    return await _set(node, name, None)


def udf_get(node: AerospikeNode, request: Request) -> bytes:
    """udf-get:filename=FILE.lua

    The content of a registered module, as base64.
    """
    name = _filename(request)
    if not name:
        raise UdfError(b"invalid_filename")
    answer = node.modules.get_answer(name.decode("utf-8", "replace"))
    if answer is None:
        raise UdfError(b"not_found")
    return answer


def udf_list(node: AerospikeNode, request: Request) -> bytes:
    """udf-list

    Every module with its hash: the SHA-1 of its text in system metadata, so the file name counts too.
    """
    return node.modules.list_answer()


def udf_clear_cache(node: AerospikeNode, request: Request) -> bytes:
    """udf-clear-cache:

    Drop every cached Lua context of this node; the next calls make new ones.
    """
    node.host.clear()
    node.log.info("udf", f"node {node.id}: the cache of Lua contexts was cleared")
    return b"ok"


def udf_cache_stats(node: AerospikeNode, request: Request) -> bytes:
    """udf-cache-stats:

    Figures of the context cache of this node, one entry a module that was called (asudfd's own command). `demoted` are
    the functions that held the event loop once and run in workers only since, `+` between them.
    """
    return "".join(
        f"module={row.module}:contexts={row.contexts}:idle={row.idle}:high_water={row.high_water}:hits={row.hits}"
        f":misses={row.misses}:creations={row.creations}:evictions={row.evictions}:demoted={_names(row.demoted)};"
        for row in node.host.statistics()
    ).encode()


def udf_stats(node: AerospikeNode, request: Request) -> bytes:
    """udf-stats:

    Calls of every function, since its module was registered (asudfd's own command): `errors` count `timeouts` too, all in
    `microseconds`, the most `memory` that a context took after a call, and the histogram `le`: 16/3+32/1 are 3 calls of
    at most 16 microseconds and one of more, up to 32. The function `*` stands for all beyond the first 200 of a module.
    """
    return b"".join(_function_row(*row) for row in node.host.functions())


def _function_row(module: str, function: bytes, figures: FunctionFigures) -> bytes:
    name = _names([function]) if function != OTHERS else "*"
    buckets = "+".join(f"{1 << at}/{count}" for at, count in enumerate(figures.buckets) if count)
    row = (
        f"module={module}:function={name}:calls={figures.calls}:errors={figures.failures}"
        f":timeouts={figures.timeouts}:microseconds={round(figures.seconds * 1e6)}:memory={figures.memory}:le={buckets};"
    )
    return row.encode("utf-8", "surrogateescape")


def _names(functions: Sequence[bytes]) -> str:
    """Names of functions in one field: a module may give them any bytes."""
    if not functions:
        return ""
    from urllib.parse import quote  # here: it takes longer to import than all of this family

    return "+".join(quote(function, safe="") for function in functions)


def _filename(request: Request) -> bytes:
    name = request.parameter(b"filename")
    if name is None or len(name) > NAME_SIZE_MAX:
        raise UdfError(b"invalid_filename")
    return name


def _compile_error(error: ModuleError) -> bytes:
    return b"compile_error;file=%s;line=%d;message=%s" % (error.file, error.line, b64encode(error.message))


async def _set(node: AerospikeNode, filename: str, value: str | None) -> bytes:
    """Change system metadata, and put its failures into the words of the family.

    The real server has no word for a disk that refuses; `timeout` would send the user to the network.
    """
    try:
        await node.smd.set(UDF, filename, value)
    except SmdTimeout as error:
        raise UdfError(b"timeout") from error
    except SmdFailed as error:
        raise UdfError(b"storage_error,%s" % str(error).encode()) from error
    node.log.info(
        "udf", f"node {node.id}: {'udf-remove' if value is None else 'udf-put'} of {filename!r}: ok"
    )
    return b"ok"


ROWS = (
    InfoCommand(b"udf-put", udf_put, privilege="udf-admin"),
    InfoCommand(b"udf-remove", udf_remove, privilege="udf-admin"),
    InfoCommand(b"udf-get", udf_get),
    InfoCommand(b"udf-list", udf_list),
    InfoCommand(b"udf-clear-cache", udf_clear_cache, privilege="udf-admin", hidden=True),
    InfoCommand(b"udf-cache-stats", udf_cache_stats),
    InfoCommand(b"udf-stats", udf_stats),
)
