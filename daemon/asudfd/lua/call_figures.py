"""Figures of the functions of one module: calls, failures, how long they took, and how much memory.

Every short call is counted on its way through the event loop, so this is little: one look-up, one sum, one bucket. What
clients make up has an end: so many functions have figures of their own, the rest share one row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

FUNCTIONS_MAX = 200
"""Functions of a module that have figures of their own; a large module has some dozens."""

OTHERS = b"*"
"""Name of the row of all further functions; no function of Lua is called so."""

BUCKETS = 33
"""Of a histogram: the last one has calls of more than half an hour, longer than any limit."""

SAMPLED = 31
"""Calls of one bucket between two looks at the memory, as a mask: a look takes half as long as all the rest."""


class FunctionFigures:
    """What calls of one function came to.

    ``buckets`` are how many calls took less than 1, 2, 4, ... microseconds, and not less than half of that; ``seconds`` all
    of them together, with what they waited for. ``failures`` count time-outs too. ``memory`` is the most that a context
    had in use after a call, garbage included.
    """

    __slots__ = ("buckets", "failures", "memory", "seconds", "timeouts")

    def __init__(self) -> None:
        self.buckets = [0] * BUCKETS
        self.seconds = 0.0
        self.failures = 0
        self.timeouts = 0
        self.memory = 0

    @property
    def calls(self) -> int:
        """How many calls there were."""
        return sum(self.buckets)

    def add(self, seconds: float, memory: int = 0) -> None:
        """Count a call; the host counts those on the event loop itself."""
        self.seconds += seconds
        self.buckets[min(int(seconds * 1e6).bit_length(), BUCKETS - 1)] += 1
        self.memory = max(self.memory, memory)


class FunctionRow(NamedTuple):
    """A function of a module, and its figures."""

    module: str
    function: bytes
    figures: FunctionFigures


class ModuleFigures(dict[bytes, FunctionFigures]):
    """The figures of a module's functions, by their names."""

    __slots__ = ()

    def __missing__(self, function: bytes) -> FunctionFigures:
        if len(self) >= FUNCTIONS_MAX and function != OTHERS:
            return self[OTHERS]
        figures = self[function] = FunctionFigures()
        return figures

    def rows(self, module: str) -> Iterator[FunctionRow]:
        """One row a function."""
        return (FunctionRow(module, function, figures) for function, figures in self.items())
