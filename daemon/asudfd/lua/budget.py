"""The memory of all Lua contexts of a node, and its limit `memory-max`.

The contexts of running calls grow while others look. A look finds the bound exceeded, and ends the calls whose contexts are larger than
the average; short calls go on. A call may take one `context-memory` between two looks: beyond the bound is at most that, for each
call that runs.
"""

from __future__ import annotations

from math import inf
from typing import Protocol

FRESH_SIZE = 1 << 20
"""Bytes that must be left for a new context; one of a small module takes a third."""

EXCEEDED = b"not enough memory: the Lua contexts of this node take memory-max"
"""Error text of a call that would need a new context."""


class MeasuredContext(Protocol):
    """A context, wherever it is."""

    def memory(self) -> int:
        """Bytes in use."""
        ...


class MemoryBudget:
    """The contexts of a node that exist; ``most`` bytes for all. Every method may be called from any thread."""

    __slots__ = ("_contexts", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._contexts: set[MeasuredContext] = set()

    def __len__(self) -> int:
        return len(self._contexts)

    def add(self, context: MeasuredContext) -> None:
        """Count ``context`` from now on."""
        self._contexts.add(context)

    def remove(self, context: MeasuredContext) -> None:
        """Count ``context`` no more."""
        self._contexts.discard(context)

    def used(self) -> int:
        """Bytes that all contexts take now."""
        return sum(context.memory() for context in tuple(self._contexts))  # a copy, made in one step

    def lacking(self) -> int:
        """Bytes that are missing for another context; 0 or less when there is room."""
        return self.used() + FRESH_SIZE - self._most

    def share(self) -> float:
        """Bytes from which on a context takes too much: the average where all together take too much, else there is no such number."""
        used = self.used()
        return used / len(self._contexts) if used > self._most else inf
