"""Watches a state: where an error was raised, with the locals there, and which lines of modules run, how often and how long.

A state whose lines are watched is several times slower; where they are only noted, modules have marks (`line_marks.py`), and it
is not. Nothing of this is in the contexts of a node without the coverage of tests.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.lua.line_marks import LineMarks


_Answer = TypeVar("_Answer")


class WatchedLine(NamedTuple):
    """A line of a module that has run: chunk name, number, how often, and the processor's microseconds in all."""

    chunk: str
    line: int
    calls: int
    microseconds: int


class FailedFrame(NamedTuple):
    """A function of a module that was running when an error was raised: chunk name, line, its name, its locals as texts."""

    chunk: str
    line: int
    function: str
    variables: dict[str, str]


class LineWatch:
    """Watches every state that it is attached to: a `prelude` of `asudfd.lua.context.ContextSettings`.

    ``write`` takes each line as it runs: the module's chunk name and the number. ``profile``: counts and times are kept.
    ``marks`` are those of the modules, where it is to be noted which lines run, those of the bodies of modules, too. With none of
    it, only errors are looked at.
    """

    def __init__(
        self,
        write: Callable[[str, int], None] | None = None,
        *,
        profile: bool = False,
        marks: LineMarks | None = None,
    ) -> None:
        self._write = write
        self._profile = profile
        self.marks = marks
        self._start: Callable[[], None] = lambda: None
        self._unhook: Callable[[], None] = lambda: None
        self._settle: Callable[[], None] = lambda: None
        self._report: Callable[[], bytes] = lambda: b""
        self._failure: Callable[[], bytes] = lambda: b""

    def attach(self, runtime: Any) -> None:
        """Watch a state; to be called before anything else is loaded into it."""
        write = self._line if self._write is not None else None
        verbs = runtime.execute(program(), write, self._profile, self.marks is not None)
        self._start, self._unhook, self._settle, self._report, self._failure = verbs

    def _asked(self, verb: Callable[[], _Answer]) -> _Answer | None:
        """What a function of the state answers; None where it has no memory left for that."""
        try:
            return verb()
        except Exception:  # noqa: BLE001 - of whatever kind: the state is spent, and the call has failed for that reason
            return None

    def _line(self, chunk: bytes, line: int) -> None:
        try:
            if self._write is not None:
                self._write(_name(chunk), line)
        except Exception:  # noqa: BLE001 - the edge to Lua: an exception that crossed it would be a Python object there
            self._write = None

    def start(self) -> None:
        """A call begins. What ran before the first one, the bodies of modules, is not kept."""
        self._asked(self._start)

    def settle(self) -> None:
        """A call has ended: what comes until the next line is no line's time. To be called before its results are asked for.

        The hooks go, and are there again when the next call begins: those of a call that ran out of time refuse every instruction.
        """
        self._unhook()
        self._asked(self._settle)

    def lines(self) -> list[WatchedLine]:
        """The lines that have run, in the order of chunks and numbers."""
        rows = (
            row.rsplit("\t", 3)
            for row in (self._asked(self._report) or b"").decode("utf-8", "backslashreplace").splitlines()
        )
        return sorted(
            WatchedLine(chunk[1:], int(line), int(count), int(time)) for chunk, line, count, time in rows
        )

    def failure(self) -> list[FailedFrame]:
        """The functions that ran where the last error was raised, the innermost first."""
        frames: list[FailedFrame] = []
        for row in (self._asked(self._failure) or b"").decode("utf-8", "backslashreplace").splitlines():
            kind, *cells = row.split("\t", 3)
            if kind == "F":
                frames.append(FailedFrame(cells[0][1:], int(cells[1]), cells[2], {}))
            elif frames:
                frames[-1].variables[cells[0]] = "\t".join(cells[1:])
        return frames


def _name(chunk: bytes) -> str:
    return chunk[1:].decode("utf-8", "backslashreplace")


@cache
def program() -> bytes:
    """The Lua file; read once, for workers read no files."""
    return Path(__file__).with_name("line_watch.lua").read_bytes()
