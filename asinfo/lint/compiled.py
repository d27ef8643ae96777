"""Whether Lua 5.4 compiles a text, by Lua itself: the compiler that asudfd has, and that of real servers from 7.0 on."""

from __future__ import annotations

import re
from typing import NamedTuple

import lupa.lua54

_MEMORY = 256 << 20
"""Bytes for one compilation: as on asudfd."""

_CHUNK = b"=m"
_PLACE = re.compile(rb"m:(\d+): (.*)", re.DOTALL)


class CompileFault(NamedTuple):
    """Why a text does not compile, and in which line; 0 where Lua tells none."""

    line: int
    message: str


def fault(text: bytes) -> CompileFault | None:
    """What is wrong with ``text``; None where Lua compiles it. Nothing of it runs."""
    state = lupa.lua54.LuaRuntime(
        encoding=None,
        unpack_returned_tuples=True,
        register_eval=False,
        register_builtins=False,
        max_memory=_MEMORY,
    )
    try:
        message = state.execute(b"return select(2, load(...))", text, _CHUNK, b"t")
    except (lupa.lua54.LuaError, MemoryError) as error:
        return CompileFault(0, _own(str(error)) or "not enough memory")
    if message is None:
        return None
    placed = _PLACE.fullmatch(message)
    line, reason = (int(placed[1]), placed[2]) if placed else (0, message)
    return CompileFault(line, _own(reason.decode("utf-8", "replace")))


def _own(message: str) -> str:
    """A message without the traceback that lupa adds, which is of our own call."""
    return message.partition("\nstack traceback:")[0].removeprefix("error: ")
