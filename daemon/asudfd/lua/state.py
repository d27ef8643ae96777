"""Bare Lua states, and texts compiled for them: the only file that knows lupa."""

from collections.abc import Callable
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from lupa.lua54 import LuaError, LuaRuntime

from asudfd.lua.bytecode import FUNCTIONS, HEADER, HEADER_SIZE, LIBRARIES, METHODS

__all__ = ["LuaError", "compile_cached", "compile_text", "new_state", "sandbox_chunks"]

_COMPILE_MEMORY = 256 << 20

_COMPILER = b"""
local load, dump, sub, pcall = load, string.dump, string.sub, pcall
local rewriter, header, libraries, functions, methods = ...
local rewritten = load(rewriter, "=bytecode.lua", "t")(#header, libraries, functions, methods)
-- Is the layout of dumps the one that `bytecode.lua` knows?
local function is_known()
    local plain, tail = dump(load("return 1")), dump(load("return string.rep()"))
    local known, same = pcall(rewritten, plain)
    local works, changed = pcall(rewritten, tail)
    return sub(plain, 1, #header) == header and known and same == plain
        and works and #changed == #tail and changed ~= tail and load(changed, "", "b") ~= nil
end
local function compile(text, name, strip, rewrites)
    local f, message = load(text, name, "t")
    if not f then
        return nil, message
    end
    local code = dump(f, strip)
    return rewrites and rewritten(code) or code
end
return compile, is_known, rewritten
"""


def _compiler() -> tuple[Callable[..., Any], Callable[[], bool], Callable[[bytes], bytes]]:
    """A new state's functions: compile a text, is the layout of dumps known, and rewrite a dump."""
    names = (b" ".join(sorted(each)) for each in (LIBRARIES, FUNCTIONS, METHODS))
    made: tuple[Callable[..., Any], Callable[[], bool], Callable[[bytes], bytes]]
    made = new_state(_COMPILE_MEMORY).execute(_COMPILER, _rewriter(), HEADER, *names)
    return made


@cache
def _rewriter() -> bytes:
    return (files(__package__) / "bytecode.lua").read_bytes()


@cache
def _rewrites() -> bool:
    """Whether calls of library functions can be changed; looked at once."""
    return _compiler()[1]()


def without_tail_calls(dump: bytes) -> bytes:
    """The same chunk, with plain calls where the calls of library functions were tail calls."""
    return _compiler()[2](dump)


class CompiledChunk(NamedTuple):
    """A compiled text: its bytecode, or the message that says why there is none."""

    code: bytes | None
    message: bytes


def _no_attributes(_target: object, name: object, _setting: bool) -> str:
    """The second line of defence: no Python object is reachable, and if one were, it would have no attributes."""
    raise AttributeError(name)


def new_state(memory: int) -> LuaRuntime:
    """A state that may take ``memory`` bytes, with Lua's own libraries."""
    return LuaRuntime(
        encoding=None,
        unpack_returned_tuples=True,
        register_eval=False,
        register_builtins=False,
        attribute_filter=_no_attributes,
        max_memory=memory,
    )


def compile_text(text: bytes, name: bytes, *, strip: bool = False) -> CompiledChunk:
    """Compile a Lua text under the chunk name ``name``; bytecode is refused, as a message."""
    if text[:1] == b"\x1b":
        if len(text) < HEADER_SIZE:
            return CompiledChunk(None, name.lstrip(b"@=") + b": bad binary format (truncated chunk)")
        return CompiledChunk(None, b"attempt to load a binary chunk (mode is 't')")
    try:
        made = _compiler()[0](text, name, strip, _rewrites())
    except LuaError as error:
        return CompiledChunk(None, str(error).encode())
    return CompiledChunk(None, made[1]) if isinstance(made, tuple) else CompiledChunk(made, b"")


compile_cached = lru_cache(maxsize=64)(compile_text)
"""The same; a module's contexts share one compilation."""


_PARTS = ("sandbox", "limit", "threads", "pattern", "cost", "library", "tables", "times", "modules")
"""The chunks of the sandbox; the first loads the others."""

_API = (
    "value",
    "iterator",
    "list",
    "map",
    "bytes",
    "geojson",
    "order",
    "msgpack",
    "particle",
    "bins",
    "record",
    "aerospike",
    "stream_ops",
    "stream",
    "base",
    "apply",
)
"""Chunks of what modules see of Aerospike, in the order they are loaded."""


_SHOWN = {"log": b"aerospike.lua", "stream_ops": b"stream_ops.lua"}
"""Chunks whose lines are part of messages, and the file that the real server names there."""


def _compiled(path: Traversable, name: str) -> bytes:
    shown = _SHOWN.get(name)
    chunk_name = shown or b"=%s.lua" % name.encode()
    chunk = compile_text((path / f"{name}.lua").read_bytes(), chunk_name, strip=shown is None)
    return chunk.code or chunk.message


@cache
def sandbox_chunks() -> tuple[list[bytes], list[bytes]]:
    """Bytecode of the sandbox and its parts, the log functions last, and of the API; made once a process."""
    here = files(__package__)
    api = here / "aerospike"
    parts = [_compiled(here, name) for name in _PARTS]
    return [*parts, _compiled(api, "log")], [_compiled(api, name) for name in _API]
