"""The Lua files of Valkey's sandbox, compiled once a process for Lua 5.1, and loaded into a state."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asudfd.lua.state import LUA51, new_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    "reply", "encode", "slices", "integer", "glob", "value_types", "keyspace", "expiry", "string_value", "operand", "watch", "parse", "dispatch", "rows", "keys",
    "slots", "counters", "effects", "events", "journal", "convert", "script", "functions", "eval",
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
    b" find format gfind gmatch gsub match rep dump insert sort random randomseed create resume wrap yield"
    b" arshift band bnot bor bswap bxor lshift rol ror rshift tobit tohex pack size unpack unpack_limit unpack_one"
    b" decode decode_invalid_numbers decode_max_depth encode encode_invalid_numbers encode_keep_buffer encode_max_depth"
    b" encode_number_precision encode_sparse_array new"
    b" acl_check_cmd breakpoint call debug error_reply log register_function replicate_commands set_repl setresp sha1hex status_reply"
    b" __index __redis__err__handler __server__err__handler concat foreach foreachi getn maxn remove setn error assert tostring tonumber select ipairs"
)
"""Names of the functions that the user's code calls: `bytecode.lua` makes no tail calls of them."""

_COMPILE_MEMORY = 64 << 20
_STRIPPER = b"""
local rewriter, directory, names, texts = ...
local dump, loadstring = string.dump, loadstring
local _, stripped = loadstring(rewriter, "=bytecode.lua")({})
local function text_of(name)
    local file = assert(io.open(directory .. name .. ".lua", "rb"))
    local text = file:read("*a")
    file:close()
    return text
end
local codes = {}
for index, name in ipairs(names) do
    local text = texts and texts[index] or text_of(name)
    codes[index] = stripped(dump(assert(loadstring(text, "=" .. name .. ".lua"))))
end
return codes
"""
"""All in one call, and it reads the files itself: Lua runs without Python's lock, and a thread that needs the lock again for each
chunk waits each time for those that have it."""

_DIRECTORY = Path(__file__).parent


def _text(name: str) -> bytes:
    return (_DIRECTORY / f"{name}.lua").read_bytes()


@cache
def rewriter() -> bytes:
    """The text of `bytecode.lua`; a worker has no files when it needs it."""
    return _text("bytecode")


def stripped(texts: Mapping[str, bytes]) -> dict[str, bytes]:
    """The bytecode of texts, by their names, without lines and names: `limit.lua` tells by that what is not the user's."""
    return _stripped(tuple(texts), tuple(texts.values()))


@cache
def compiled() -> Mapping[str, bytes]:
    """The bytecode of all chunks by their names."""
    return _stripped((*SANDBOX, *KEYSPACE), ())


def _stripped(names: Sequence[str], texts: Sequence[bytes]) -> dict[str, bytes]:
    state = new_state(_COMPILE_MEMORY, LUA51)
    codes = state.execute(
        _STRIPPER,
        rewriter(),
        b"%s/" % os.fsencode(_DIRECTORY),
        state.table_from([name.encode() for name in names]),
        state.table_from(texts) if texts else None,
    )
    return dict(zip(names, codes.values(), strict=True))


def load_sandbox(state: Any, host: Mapping[bytes, Any], others: Sequence[str] = ()) -> Any:
    """Load the sandbox, and behind it the chunks ``others``, by their names.

    ``host`` is what the chunks need of Python. The result is the table of all that the chunks provide.
    """
    codes = compiled()
    chunks = [codes[name] for name in (*SANDBOX, *others)]
    given = state.table_from(host), rewriter(), LIBRARY_FUNCTIONS, state.table_from(chunks)
    return state.execute(_text("sandbox"), *given)
