"""Texts of Lua 5.1 compiled for the sandbox of Valkey, outside of the state that is to run them."""

from __future__ import annotations

from asudfd.lua.state import COMPILE_MEMORY, LUA51, CompiledChunk, lua_error, new_state
from asudfd.lua.valkey.chunks import LIBRARY_FUNCTIONS, rewriter

_COMPILER = b"""
local rewriter, names, text, name = ...
local known = {}
for each in names:gmatch("%S+") do
    known[each] = true
end
local chunk, message = loadstring(text, name)
if not chunk then
    return nil, message
end
return loadstring(rewriter)(known)(string.dump(chunk))
"""

_BYTECODE = b"\x1b"


def compile_chunk(text: bytes, name: bytes) -> CompiledChunk:
    """What `environment.lua` makes of a text: its bytecode, without tail calls of library functions, or the message.

    Others run meanwhile: Lua does without Python's lock. Nothing ends a compiler that takes long.
    """
    if text.startswith(_BYTECODE):
        text = b" " + text  # as `environment.lua` has it
    state = new_state(COMPILE_MEMORY, LUA51)
    try:
        made = state.execute(_COMPILER, rewriter(), LIBRARY_FUNCTIONS, text, name)
    except (lua_error(LUA51), MemoryError) as error:
        return CompiledChunk(None, str(error).encode() or b"not enough memory")
    return CompiledChunk(None, made[1]) if isinstance(made, tuple) else CompiledChunk(made, b"")
