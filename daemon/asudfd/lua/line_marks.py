"""Marks in compiled modules that say which lines have run: for the coverage of tests, where a hook for each line costs too much.

A mark is an instruction, `lines["12"] = "12"`, before the first one of a line; `lines` is an upvalue that every function of the module
gets, and `line_watch.lua` gives the first of them its table. Nothing is added to the text: messages, line numbers and names stay as
they are. The numbers of instructions and the layout of dumps are those of Lua 5.4, as in `bytecode.lua`.

A line is marked where it can be reached by a way on which it was not marked before. So the lines are those that a hook would see,
also within an expression of several lines. Some instructions cannot have a mark before them, because the one before passes over the next
one, or leaves values on the stack for it: they are one step with it, and the mark is before that. The `false` of a comparison passes over
its `true`, which may have a line of its own: it jumps instead. The first call of the iterator of a `for ... in` is one step with what
begins the loop; a hook does not see it at all.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from typing import TYPE_CHECKING

from asudfd.lua.active_lines import active_lines_of
from asudfd.lua.dump import DumpedVariable, dumped_text, read_dump, short_text, write_dump
from asudfd.lua.line_ways import CodeStep, wanted_first
from asudfd.lua.operations import (
    ADDI,
    CALL,
    EQ,
    EXTRAARG,
    FORLOOP,
    FORPREP,
    GETUPVAL,
    JMP,
    LFALSESKIP,
    LOADFALSE,
    LOADK,
    OPERATION,
    RETURN,
    RETURN1,
    SETLIST,
    SETTABLE,
    SETTABUP,
    SHR,
    TAILCALL,
    TESTSET,
    TFORCALL,
    TFORLOOP,
    TFORPREP,
    VARARGPREP,
)
from asudfd.lua.state import knows_bytecode

if TYPE_CHECKING:
    from asudfd.lua.dump import DumpedFunction

LINES = b"(lines)"
"""The name of the upvalue: no name that a text can have."""

_BEFORE_ANOTHER = frozenset({*range(ADDI, SHR + 1), *range(EQ, TESTSET + 1), TFORCALL})
"""After these the next instruction has to be the one that follows now."""

_TAKING_VALUES = frozenset({CALL, TAILCALL, RETURN, SETLIST})
"""These take all values that the instruction before has left, where B is 0."""

_A, _K, _B, _C = 7, 15, 16, 24
_WIDE = 15
"""By how many bits the parts of an instruction are shifted; the wide one has 17 bits, in the place of k, B and C."""

_BYTE, _WIDE_MAX, _UP_TO_A = 0xFF, 0x1FFFF, 0x7FFF
_JUMP_MAX = 0x1FFFFFF
_JUMP_ZERO = _JUMP_MAX >> 1

_REGISTERS_MAX = 255
_UPVALUES_MAX = 255


class UnmarkableError(Exception):
    """Why a module cannot have marks."""


class LineMarks:
    """Puts marks into modules. ``followed``: those that cannot have any, by their chunk names, and why; a hook sees their lines."""

    def __init__(self) -> None:
        self.followed: dict[str, str] = {}

    def put(self, code: bytes, text: bytes, name: bytes) -> bytes:
        """The dump ``code`` of a module ``text`` with marks, or as it is."""
        try:
            return _marked_cached(code, text)
        except UnmarkableError as error:
            self.followed[name[1:].decode("utf-8", "backslashreplace")] = str(error)
            return code


def marked(code: bytes, text: bytes) -> bytes:
    """The dump ``code`` of a module ``text``, with marks. Raises UnmarkableError."""
    if not knows_bytecode():
        raise UnmarkableError("the bytecode of this build of Lua has an unknown format")
    main = read_dump(code)
    _mark(main, active_lines_of(main, text), _upvalue(in_stack=True, index=1))
    return write_dump(main, code)


_marked_cached = lru_cache(maxsize=64)(marked)
"""The same; as many as `asudfd.lua.state.compile_cached` keeps."""


def _upvalue(*, in_stack: bool, index: int) -> bytes:
    return bytes((in_stack, index, 0))


def _mark(function: DumpedFunction, active: set[int], upvalue: bytes) -> None:
    """Put marks into a function and those inside of it, and the upvalue that they write to."""
    index = len(function.upvalues)
    if index >= _UPVALUES_MAX:
        raise UnmarkableError(f"the function at line {function.first_line} has {index} upvalues")
    function.upvalues.append(upvalue)
    function.upvalue_names.append(dumped_text(LINES))
    _MarkedFunction(function, active, index).write()
    for inner in function.functions:
        _mark(inner, active, _upvalue(in_stack=False, index=index))


class _MarkedFunction:
    """The code of one function, with marks for the lines in ``active`` that write to the upvalue ``upvalue``."""

    def __init__(self, function: DumpedFunction, active: set[int], upvalue: int) -> None:
        self._function = function
        self._active = active
        self._upvalue = upvalue
        self._constants: dict[int, int] = {}
        self._spare = 0  # the first of two registers for marks, once they are needed
        code = function.code
        self._operations = [instruction & OPERATION for instruction in code]
        self._goes_on = [False, *(self._belongs_to_last(number) for number in range(1, len(code)))]
        self._targets = {
            number: target
            for number, instruction in enumerate(code)
            if (target := _target(number, instruction)) is not None
        }

    def write(self) -> None:
        """Change the function."""
        marks = wanted_first(self._steps())
        function = self._function
        code, lines = array("I"), array("i")
        before: list[int] = []  # where each instruction is reached by its marks
        own: list[int] = []
        for number, instruction in enumerate(function.code):
            before.append(len(code))
            for line in marks.get(number, ()):
                mark = self._mark(line)
                code.extend(mark)
                lines.extend([line] * len(mark))
            added = [instruction]
            if self._operations[number] == LFALSESKIP:
                added = [LOADFALSE | instruction & ~OPERATION, JMP]
            code.extend(added)
            lines.extend([function.lines[number]] * len(added))
            own.append(len(code) - 1)
        before.append(len(code))
        for number, target in self._targets.items():
            place = own[target] if self._operations[number] == TFORPREP else before[target]
            code[own[number]] = _jump_to(place, own[number], code[own[number]])
        function.code, function.lines = code, lines.tolist()
        function.variables = [
            DumpedVariable(name, before[first], before[end]) for name, first, end in function.variables
        ]

    def _belongs_to_last(self, number: int) -> bool:
        """Whether nothing may stand between an instruction and the one before it."""
        operation, instruction = self._operations[number], self._function.code[number]
        return (
            operation == EXTRAARG
            or self._operations[number - 1] in _BEFORE_ANOTHER
            or (operation in _TAKING_VALUES and not instruction >> _B & _BYTE)
        )

    # ---- steps

    def _steps(self) -> list[CodeStep]:
        """The steps of the function, the lines that each wants, and where it goes on."""
        firsts = [number for number, goes_on in enumerate(self._goes_on) if not goes_on]
        ends = [*firsts[1:], len(self._goes_on)]
        return [
            CodeStep(first, self._lines(first, end), self._followers(first, end))
            for first, end in zip(firsts, ends, strict=True)
        ]

    def _lines(self, first: int, end: int) -> set[int]:
        """The lines of a step, and of the call that a `for ... in` begins with."""
        if self._operations[first] == VARARGPREP:  # it has to be the first instruction, and stands on no line
            return set()
        numbers = [
            number
            for number in range(first, end)
            if number == first or self._operations[number - 1] != TAILCALL
        ]
        if self._operations[first] == TFORPREP:
            numbers.append(self._targets[first])
        return {line for number in numbers if (line := self._function.lines[number]) in self._active}

    def _followers(self, first: int, end: int) -> list[int]:
        """The instructions with which it may go on after a step."""
        followers = [self._targets[number] for number in range(first, end) if number in self._targets]
        last = self._operations[end - 1]
        ends_here = (
            RETURN <= last <= RETURN1 or last in {LFALSESKIP, TFORPREP} or (last == JMP and end - first == 1)
        )
        return followers if ends_here or end == len(self._goes_on) else [*followers, end]

    # ---- instructions

    def _mark(self, line: int) -> tuple[int, ...]:
        """The instructions that mark a line."""
        constants = self._function.constants
        constant = self._constants.setdefault(line, len(constants))
        if constant == len(constants):
            constants.append(short_text(b"%d" % line))
        if constant <= _BYTE:
            return (SETTABUP | self._upvalue << _A | 1 << _K | constant << _B | constant << _C,)
        return self._mark_of_far_constant(constant)

    def _mark_of_far_constant(self, constant: int) -> tuple[int, ...]:
        """The same where that constant is too far for one instruction: by two registers more."""
        function = self._function
        if not self._spare:
            self._spare = function.registers
            function.registers += 2
        if constant > _WIDE_MAX or function.registers > _REGISTERS_MAX:
            raise UnmarkableError(f"the function at line {function.first_line} is too large")
        text, table = self._spare, self._spare + 1
        return (
            LOADK | text << _A | constant << _WIDE,
            GETUPVAL | table << _A | self._upvalue << _B,
            SETTABLE | table << _A | text << _B | text << _C,
        )


def _target(at: int, instruction: int) -> int | None:
    """The number of the instruction to which number ``at`` may jump."""
    operation, wide = instruction & OPERATION, instruction >> _WIDE
    if operation == JMP:
        return at + 1 + (instruction >> _A) - _JUMP_ZERO
    if operation in {FORLOOP, TFORLOOP}:
        return at + 1 - wide
    if operation == TFORPREP:
        return at + 1 + wide
    if operation == FORPREP:
        return at + 2 + wide
    return at + 2 if operation == LFALSESKIP else None


def _jump_to(target: int, at: int, instruction: int) -> int:
    """A jump at its new place, to a new one. Raises UnmarkableError."""
    operation, distance = instruction & OPERATION, target - at - 1
    if operation == JMP:
        if abs(distance) >= _JUMP_ZERO:
            raise UnmarkableError("a jump is too far")
        return operation | distance + _JUMP_ZERO << _A
    if operation in {FORLOOP, TFORLOOP}:
        distance = -distance
    elif operation == FORPREP:
        distance -= 1
    if distance > _WIDE_MAX:
        raise UnmarkableError("a loop is too long")
    return instruction & _UP_TO_A | distance << _WIDE
