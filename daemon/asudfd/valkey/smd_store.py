"""Libraries as system metadata: one item for each, shared by all nodes and durable.

The event loop of the node has the metadata, and the face has a thread of its own. A change goes to the loop; what is accepted
comes back to the thread, and behind it the news that the change has ended.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from asudfd.smd.interface import FUNCTION, SmdFailed, SmdTimeout
from asudfd.valkey.reply import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asudfd.network.reactor import Reactor
    from asudfd.smd.interface import Smd, SmdItem
    from asudfd.valkey.libraries import Ended, LibrarySet, Texts

ACCEPT_SECONDS = 1.0
"""How long a node may take to have a change; one whose function does not end has it later, and says so."""


class SmdLibraryStore:
    """The store of one node's libraries. ``others`` are the stores of all nodes of the process, this one among them."""

    def __init__(
        self, smd: Smd, reactor: Reactor, libraries: LibrarySet, others: list[SmdLibraryStore]
    ) -> None:
        self._smd = smd
        self._reactor = reactor
        self._libraries = libraries
        self._others = others
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._published = self._taken = (
            0  # changes that came from the metadata, and those that the thread has
        )
        others.append(self)
        smd.subscribe(FUNCTION, self._on_items)

    def change(self, texts: Texts, ended: Ended) -> None:
        """Store these libraries as one change; ``ended`` is called in the thread when all nodes of the process have it."""
        assert self._loop
        self._loop.call_soon_threadsafe(self._begin, self._loop, texts, ended)

    def wait(self, done: Callable[[], bool]) -> None:
        """Return when ``done``; of the thread's work only what the loop asks for is done meanwhile."""
        self._reactor.wait(done)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """``loop`` is the one that has the metadata."""
        self._loop = loop

    def detach(self) -> None:
        """The thread has ended."""
        self._loop = None

    async def accepted(self) -> None:
        """Return when the thread has all changes that were posted so far."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            loop.call_soon_threadsafe(done.set)

        self._reactor.call_soon_threadsafe(tell)
        await done.wait()

    def _begin(self, loop: asyncio.AbstractEventLoop, texts: Texts, ended: Ended) -> None:
        task = loop.create_task(self._store(texts, ended))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _store(self, texts: Texts, ended: Ended) -> None:
        failure: CommandFailed | None = CommandFailed("ERR internal error")  # unless it is known how it ended
        try:
            await self._smd.set_many(
                FUNCTION, {name.decode("latin-1"): _value(code) for name, code in texts.items()}
            )
            await self._accepted_by_others()
            failure = None
        except SmdTimeout:
            failure = CommandFailed("ERR the change was not confirmed in time; it may still be applied")
        except SmdFailed as error:
            failure = CommandFailed(f"ERR the change could not be stored: {error}")
        finally:
            self._reactor.call_soon_threadsafe(partial(ended, failure))  # behind what was accepted

    async def _accepted_by_others(self) -> None:
        """Return when the other nodes of the process have all changes, but for those where a function runs for long."""
        waits = [
            asyncio.ensure_future(store.accepted())
            for store in self._others
            if store is not self and store.is_running
        ]
        if waits:
            _, late = await asyncio.wait(waits, timeout=ACCEPT_SECONDS)
            for each in late:
                each.cancel()

    @property
    def is_running(self) -> bool:
        """Whether there is a thread that takes changes."""
        return self._loop is not None

    def _on_items(self, items: Sequence[SmdItem]) -> None:
        """Called on the event loop with changed items."""
        texts = {item.key.encode("latin-1"): _code(item.value) for item in items}
        self._published += 1
        self._reactor.call_soon_threadsafe(partial(self._take, texts, self._published))
        if self._loop is not None:
            self._loop.call_later(ACCEPT_SECONDS, self._tell_if_late, self._published)

    def _take(self, texts: Texts, number: int) -> None:
        self._libraries.accept(texts)
        self._taken = number

    def _tell_if_late(self, number: int) -> None:
        """Called on the event loop: a function that runs below the threshold of BUSY lets nothing else happen in its thread."""
        if self._loop is not None and self._taken < number == self._published:
            self._libraries.warn(
                "a change of libraries waits: the thread of the keyspace is held by a function, script or command"
            )


def _value(code: bytes | None) -> str | None:
    return None if code is None else code.decode("latin-1")


def _code(value: str | None) -> bytes | None:
    return None if value is None else value.encode("latin-1")
