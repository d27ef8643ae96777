"""Libraries as system metadata: one item for each, shared by all nodes and durable.

The event loop of the node has the metadata, and the face has a thread of its own. A change goes to the loop, and its
thread waits; what is accepted comes back to the thread, also while it waits.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from asudfd.smd.interface import FUNCTION, SmdFailed, SmdTimeout
from asudfd.valkey.reply import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asudfd.network.reactor import Reactor
    from asudfd.smd.interface import Smd, SmdItem
    from asudfd.valkey.libraries import LibrarySet

ACCEPT_SECONDS = 1.0
"""How long the other nodes of the process may take to have a change; one whose function does not end has it later."""


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
        others.append(self)
        smd.subscribe(FUNCTION, self._on_items)

    def change(self, texts: Mapping[bytes, bytes | None]) -> None:
        """Store these libraries, None removes one; returns when they have been accepted. Raises CommandFailed."""
        assert self._loop
        changed = asyncio.run_coroutine_threadsafe(self._set(texts), self._loop)
        changed.add_done_callback(lambda _: self._reactor.wake())
        self._reactor.wait(changed.done)
        try:
            changed.result()
        except SmdTimeout:
            raise CommandFailed("ERR the change was not confirmed in time; it may still be applied") from None
        except SmdFailed as error:
            raise CommandFailed(f"ERR the change could not be stored: {error}") from None
        self._libraries.accept_rest(texts)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """``loop`` is the one that has the metadata."""
        self._loop = loop

    async def accepted(self) -> None:
        """Return when the thread has all changes that were posted so far."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            loop.call_soon_threadsafe(done.set)

        self._reactor.call_soon_threadsafe(tell)
        await done.wait()

    async def _set(self, texts: Mapping[bytes, bytes | None]) -> None:
        await asyncio.gather(
            *(
                self._smd.set(
                    FUNCTION, name.decode("latin-1"), None if text is None else text.decode("latin-1")
                )
                for name, text in texts.items()
            )
        )
        waits = [asyncio.ensure_future(store.accepted()) for store in self._others if store.is_running]
        if waits:
            _, late = await asyncio.wait(waits, timeout=ACCEPT_SECONDS)
            for each in late:
                each.cancel()

    @property
    def is_running(self) -> bool:
        """Whether there is a thread that takes changes."""
        return self._loop is not None

    def detach(self) -> None:
        """The thread has ended."""
        self._loop = None

    def _on_items(self, items: Sequence[SmdItem]) -> None:
        """Called on the event loop with changed items."""
        texts = {
            item.key.encode("latin-1"): None if item.value is None else item.value.encode("latin-1")
            for item in items
        }
        self._reactor.call_soon_threadsafe(lambda: self._libraries.accept(texts))
