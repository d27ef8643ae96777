"""Which lines of a module can run: those that its bytecode has instructions for.

Lines that are only an `end` or the like are left out: a function that returns before has an instruction there that never runs.
So has each tail call, behind it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asudfd.lua.bytecode import NAMES
from asudfd.lua.dump import read_dump
from asudfd.lua.operations import OPERATION, TAILCALL
from asudfd.lua.state import compile_text, knows_bytecode

if TYPE_CHECKING:
    from asudfd.lua.bytecode import LibraryNames
    from asudfd.lua.dump import DumpedFunction

_NO_CODE = re.compile(rb"\s*(?:(?:end|else|do|then|repeat)\b|[\s)},;]|--.*)*\s*")


def active_lines(text: bytes, names: LibraryNames = NAMES) -> set[int]:
    """The numbers of the lines that can run; none where the text does not compile. ``names`` as in `compile_text`."""
    code = compile_text(text, b"=", names).code
    if code is None:
        return set()
    return active_lines_of(read_dump(code), text) if knows_bytecode() else _with_code(text)


def active_lines_of(function: DumpedFunction, text: bytes) -> set[int]:
    """The same for what ``text`` was compiled to."""
    return _lines(function) & _with_code(text)


def _with_code(text: bytes) -> set[int]:
    """The lines that are more than an `end` or the like."""
    return {number for number, line in enumerate(text.split(b"\n"), 1) if not _NO_CODE.fullmatch(line)}


def _lines(function: DumpedFunction) -> set[int]:
    """The lines of all instructions, but for what prepares a function, which stands on no line."""
    code = function.code
    own = {
        line
        for number, line in enumerate(function.lines)
        if number >= function.is_vararg and not (number and code[number - 1] & OPERATION == TAILCALL)
    }
    return own.union(*map(_lines, function.functions))
