"""Closes contexts that are no longer used, in a thread of its own: freeing a large one takes long, and nobody waits for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from asudfd.lua.malloc_trim import release_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from asudfd.lua.context import LuaContext

RELEASE_SIZE = 8 << 20
"""Bytes of closed contexts after which freed memory goes back to the system.

A trim visits all arenas, some milliseconds a gigabyte: not worth it for a context of a small module, which takes a third of
a megabyte.
"""


class ContextCloser:
    """A thread that closes contexts with ``close``; ``prepare`` runs when the thread starts."""

    __slots__ = ("_close", "_freed", "_thread")

    def __init__(self, close: Callable[[LuaContext], None], prepare: Callable[[], None]) -> None:
        self._close = close
        self._thread = ThreadPoolExecutor(1, "lua-close", initializer=prepare)
        self._freed = 0  # bytes since the last release; the thread's own

    def submit(self, contexts: Iterable[LuaContext]) -> None:
        """Have ``contexts`` closed soon."""
        for context in contexts:
            self._thread.submit(self._close_one, context)

    def give_up(self) -> None:
        """Close nothing that is not begun."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def join(self) -> None:
        """Wait for what is begun; blocks."""
        self._thread.shutdown()

    def _close_one(self, context: LuaContext) -> None:
        self._freed += context.memory()
        self._close(context)
        if self._freed >= RELEASE_SIZE:
            self._freed = 0
            release_memory()
