"""The Lua files of Valkey's sandbox, compiled once a process for Lua 5.1, and loaded into a state."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from threading import Thread
from typing import TYPE_CHECKING, Any

from asudfd.lua.state import LUA51, new_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SANDBOX = (
    "arguments",
    "limit",
    "pattern",
    "cost",
    "strings",
    "tables",
    "random",
    "bit",
    "floats",
    "struct",
    "number",
    "json_encode",
    "json_decode",
    "cjson",
    "cmsgpack",
    "environment",
)
"""The chunks of the sandbox in the order in which they are loaded."""

# fmt: off
KEYSPACE = (
    "reply", "encode", "integer", "glob", "value_types", "keyspace", "expiry", "string_value", "operand", "watch", "parse", "dispatch", "keys",
    "slots", "counters", "journal", "convert", "script", "functions", "eval",
    "commands/basic",
    "commands/string", "commands/lcs", "commands/generic", "commands/expire", "commands/scan", "commands/object", "commands/memory",
    "commands/sort", "commands/bitmap", "commands/bitfield", "commands/hyperloglog",
    "choice", "sorted",
    "hash_value", "commands/hash", "commands/hash_expiry",
    "waiting", "listpack", "list_value", "commands/list", "commands/list_blocking",
    "set_value", "commands/set", "commands/set_algebra",
    "zset_value", "commands/zset", "commands/zset_range", "commands/zset_pop", "commands/zset_algebra",
    "stream_id", "stream_group", "stream_value",
    "commands/stream", "commands/stream_read", "commands/stream_group", "commands/stream_info",
    "geohash", "commands/geo", "commands/geo_search",
    "commands/dump", "commands/debug",
)
# fmt: on
"""Those of the keyspace, its commands, functions and scripts; they are loaded behind the sandbox."""

LIBRARY_FUNCTIONS = (
    b"collectgarbage getmetatable load loadstring next pairs pcall rawget rawset setmetatable xpcall"
    b" find format gfind gmatch gsub match rep dump insert sort random randomseed create resume wrap"
    b" arshift band bnot bor bswap bxor lshift rol ror rshift tobit tohex pack size unpack unpack_limit unpack_one"
    b" decode decode_invalid_numbers decode_max_depth encode encode_invalid_numbers encode_keep_buffer encode_max_depth"
    b" encode_number_precision encode_sparse_array new"
    b" acl_check_cmd breakpoint call debug error_reply log register_function replicate_commands set_repl setresp sha1hex status_reply"
    b" __index __redis__err__handler __server__err__handler concat foreach foreachi getn maxn remove setn error assert tostring tonumber select ipairs"
)
"""Names of the functions that the user's code calls: `bytecode.lua` makes no tail calls of them."""

_COMPILE_MEMORY = 64 << 20
_STRIPPER = b"""
local rewriter = ...
local _, stripped = loadstring(rewriter, "=bytecode.lua")({})
return function(text, name)
    return stripped(string.dump(assert(loadstring(text, name))))
end
"""


@cache
def _rewriter() -> bytes:
    return (files(__package__) / "bytecode.lua").read_bytes()


@cache
def _stripper() -> Callable[[bytes, bytes], bytes]:
    """One state for all chunks: to make one for each would take as long as to compile it."""
    made: Callable[[bytes, bytes], bytes] = new_state(_COMPILE_MEMORY, LUA51).execute(_STRIPPER, _rewriter())
    return made


def stripped(text: bytes, name: str) -> bytes:
    """The bytecode of a text without lines and names: `limit.lua` tells by that what is not the user's."""
    return _stripper()(text, b"=%s.lua" % name.encode())


@cache
def compiled(name: str) -> bytes:
    """The bytecode of the chunk of that name."""
    return stripped((files(__package__) / f"{name}.lua").read_bytes(), name)


def compile_beside() -> None:
    """Compile all chunks in a thread, while the process imports what else it needs: Lua runs without Python's lock."""
    Thread(
        target=lambda: [compiled(name) for name in (*SANDBOX, *KEYSPACE)], name="compile", daemon=True
    ).start()


def load_sandbox(state: Any, host: Mapping[bytes, Any], others: Sequence[str] = ()) -> Any:
    """Load the sandbox, and behind it the chunks ``others``, by their names.

    ``host`` is what the chunks need of Python. The result is the table of all that the chunks provide.
    """
    chunks = [compiled(name) for name in (*SANDBOX, *others)]
    first = (files(__package__) / "sandbox.lua").read_bytes()
    return state.execute(
        first, state.table_from(host), _rewriter(), LIBRARY_FUNCTIONS, state.table_from(chunks)
    )
