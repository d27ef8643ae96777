"""Bare Lua states, and texts compiled for them: the only file that imports lupa.

The version of Lua is a parameter. The Lua files of the sandbox and the rewriting of bytecode are written for LUA54, the
version of the Aerospike face.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import lupa.lua54

from asudfd.lua.bytecode import DUMP_HEADER_SIZE, HEADER, NAMES, LibraryNames

if TYPE_CHECKING:
    from collections.abc import Callable

    from lupa.lua54 import LuaRuntime

__all__ = ["LUA51", "LUA54", "compile_cached", "compile_text", "knows_bytecode", "lua_error", "new_state"]

LUA51, LUA54 = "lua51", "lua54"
"""Versions of Lua, by lupa's names."""

COMPILE_MEMORY = 256 << 20
"""Bytes for the compilation of one text: more than twice what a context has by default, so that what could run compiles."""

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


class CompiledChunk(NamedTuple):
    """A compiled text: its bytecode, or the message that says why there is none."""

    code: bytes | None
    message: bytes


def _library(version: str) -> Any:
    return lupa.lua54 if version == LUA54 else import_module(f"lupa.{version}")


def lua_error(version: str = LUA54) -> type[Exception]:
    """The class of what a state of that version raises; a MemoryError too where memory did not suffice."""
    error: type[Exception] = _library(version).LuaError
    return error


def _no_attributes(_target: object, name: object, _setting: bool) -> str:
    """The second line of defence: no Python object is reachable, and if one were, it would have no attributes."""
    raise AttributeError(name)


def new_state(memory: int, version: str = LUA54) -> LuaRuntime:
    """A state that may take ``memory`` bytes, with Lua's own libraries."""
    state: LuaRuntime = _library(version).LuaRuntime(
        encoding=None,
        unpack_returned_tuples=True,
        register_eval=False,
        register_builtins=False,
        attribute_filter=_no_attributes,
        max_memory=memory,
    )
    return state


_PLAIN_COMPILER = b"""
local load, dump = loadstring or load, string.dump
return function(text, name, strip)
    local f, message = load(text, name)
    if not f then
        return nil, message
    end
    return dump(f, strip)
end
"""
"""For a version whose bytecode is not rewritten."""


class _Compiler(NamedTuple):
    """Functions of a state: compile a text, whether the layout of dumps is known, and rewrite a dump."""

    compile: Callable[..., Any]
    knows_layout: Callable[[], bool]
    rewrite: Callable[[bytes], bytes]


def _compiler(names: LibraryNames = NAMES) -> _Compiler:
    """The functions of a new state.

    A state for each text: what one text leaves behind, or a compiler that ran out of memory, is nothing to the next.
    """
    made = new_state(COMPILE_MEMORY).execute(
        _COMPILER, _rewriter(), HEADER, *(b" ".join(sorted(each)) for each in names)
    )
    return _Compiler(*made)


@cache
def _rewriter() -> bytes:
    return Path(__file__).with_name("bytecode.lua").read_bytes()


@cache
def knows_bytecode() -> bool:
    """Whether this Lua's bytecode has the layout that `bytecode.lua` can rewrite; looked at once."""
    return _compiler().knows_layout()


def without_tail_calls(dump: bytes) -> bytes:
    """The same chunk, with plain calls where the calls of library functions were tail calls."""
    return _compiler().rewrite(dump)


def compile_text(
    text: bytes, name: bytes, names: LibraryNames = NAMES, version: str = LUA54, *, strip: bool = False
) -> CompiledChunk:
    """Compile a Lua text under the chunk name ``name``; bytecode is refused, as a message.

    ``names`` are the library functions whose calls are never tail calls.
    """
    if text[:1] == b"\x1b":
        if len(text) < DUMP_HEADER_SIZE:
            return CompiledChunk(None, name.lstrip(b"@=") + b": bad binary format (truncated chunk)")
        return CompiledChunk(None, b"attempt to load a binary chunk (mode is 't')")
    try:
        if version == LUA54:
            made = _compiler(names).compile(text, name, strip, knows_bytecode())
        else:
            made = new_state(COMPILE_MEMORY, version).execute(_PLAIN_COMPILER)(text, name, strip)
    except lua_error(version) as error:
        return CompiledChunk(None, str(error).encode())
    return CompiledChunk(None, made[1]) if isinstance(made, tuple) else CompiledChunk(made, b"")


compile_cached = lru_cache(maxsize=64)(compile_text)
"""The same; a module's contexts share one compilation. 64 modules of common size are some megabytes of bytecode."""
