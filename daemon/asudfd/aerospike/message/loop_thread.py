"""A thread of each event loop, for work of one kind that takes more than a turn of the loop and touches nothing of the node's."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakKeyDictionary


class LoopThread:
    """For each event loop one thread, begun with its first work: each more would take its share of the interpreter."""

    __slots__ = ("_name", "_threads")

    def __init__(self, name: str) -> None:
        self._name = name
        self._threads: WeakKeyDictionary[asyncio.AbstractEventLoop, ThreadPoolExecutor] = WeakKeyDictionary()

    def get(self) -> ThreadPoolExecutor:
        """The thread of the event loop that runs."""
        loop = asyncio.get_running_loop()
        if loop not in self._threads:
            self._threads[loop] = ThreadPoolExecutor(1, self._name)
        return self._threads[loop]

    async def end(self) -> None:
        """End the thread of this event loop, if there is one, after what it does; what waits for it is not done."""
        thread = self._threads.pop(asyncio.get_running_loop(), None)
        if thread is not None:
            thread.shutdown(wait=False, cancel_futures=True)
            await asyncio.to_thread(thread.shutdown)
