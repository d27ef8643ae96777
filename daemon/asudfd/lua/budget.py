"""The memory of all Lua contexts of a node, and its limit `memory-max`.

The contexts of running calls grow while others look. Whoever finds the bound exceeded, at the end of a turn of its
own, ends if its context is larger than the average; so the largest one ends at its next turn, and short calls go on. A call
may take one `context-memory` between two looks: beyond the bound is at most that, for each of the `udf-threads`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asudfd.lua.context import LuaContext

FRESH_SIZE = 1 << 20
"""Bytes that must be left for a new context; one of a small module takes a third."""

EXCEEDED = b"not enough memory: the Lua contexts of this node take memory-max"
"""Error text of a call that would need a new context."""


class MemoryBudget:
    """The contexts of a node that exist; ``most`` bytes for all. Every method may be called from any thread."""

    __slots__ = ("_contexts", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._contexts: set[LuaContext] = set()

    def __len__(self) -> int:
        return len(self._contexts)

    def add(self, context: LuaContext) -> None:
        """Count ``context`` from now on."""
        self._contexts.add(context)

    def remove(self, context: LuaContext) -> None:
        """Count ``context`` no more."""
        self._contexts.discard(context)

    def used(self) -> int:
        """Bytes that all contexts take now."""
        return sum(context.memory() for context in tuple(self._contexts))  # a copy, made in one step

    def lacking(self) -> int:
        """Bytes that are missing for another context; 0 or less when there is room."""
        return self.used() + FRESH_SIZE - self._most

    def is_exceeded_by(self, context: LuaContext) -> bool:
        """Whether all together take too much, and ``context`` more than the others."""
        used = self.used()
        return used > self._most and context.memory() * len(self._contexts) >= used
