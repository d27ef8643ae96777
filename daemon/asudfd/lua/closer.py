"""Contexts that nobody needs any more are closed in a thread of their own: each takes its time, the larger the longer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from asudfd.lua.release import release_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from asudfd.lua.runtime import Context

RELEASE_SIZE = 8 << 20
"""Bytes of closed contexts after which the freed memory goes back to the system."""


class Closer:
    """The thread. ``close`` closes one context there; ``prepare`` runs when the thread starts."""

    __slots__ = ("_close", "_freed", "_thread")

    def __init__(self, close: Callable[[Context], None], prepare: Callable[[], None]) -> None:
        self._close = close
        self._thread = ThreadPoolExecutor(1, "lua-close", initializer=prepare)
        self._freed = 0  # bytes since the last release; the thread's own

    def submit(self, contexts: Iterable[Context]) -> None:
        """Have ``contexts`` closed soon."""
        for context in contexts:
            self._thread.submit(self._close_one, context)

    def give_up(self) -> None:
        """Close nothing that is not begun."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def join(self) -> None:
        """Wait for what is begun; blocks."""
        self._thread.shutdown()

    def _close_one(self, context: Context) -> None:
        self._freed += context.memory
        self._close(context)
        if self._freed >= RELEASE_SIZE:
            self._freed = 0
            release_memory()
