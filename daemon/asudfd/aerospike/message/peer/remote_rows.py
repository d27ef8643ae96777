"""The rows of a batch that nodes in other processes own.

Each owner has a few at a time, all owners work at once, and the batch goes on meanwhile: a node that does not answer
costs the rows of the others nothing. Rows for one owner are begun in their order.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

from asudfd.aerospike.message.outcome import RecordOutcome

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from asinfo.wire.batch import Attributes

    Answer = Callable[[bytes, Attributes], RecordOutcome | Awaitable[RecordOutcome]]
    Row = tuple[int, bytes, Attributes]

AT_A_TIME = 16
"""Rows of one batch that one owner has at a time: enough to keep both nodes busy, and little of what may wait for it."""

SIZE_MAX = 1 << 20
"""Bytes of outcomes that nobody has taken yet, after which no further row is begun."""

IN_LINE_MAX = 10_000
"""Rows that wait for their turn; the batch is read on when there are fewer. It is twice what a client may send in one."""


WAIT_SECONDS = 0.1
"""How long none of them may come until whoever waits looks whether it is still waited for."""


class RemoteRows:
    """Rows that others work on. ``answer`` passes one on; to be closed."""

    __slots__ = ("_answer", "_arrived", "_done", "_in_line", "_room", "_size", "_tasks", "_waiting")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._in_line: dict[str, deque[Row]] = {}  # by the id of the owner
        self._waiting = 0
        self._tasks: dict[str, set[asyncio.Task[None]]] = {}
        self._done: list[tuple[int, RecordOutcome]] = []
        self._size = 0
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def __bool__(self) -> bool:
        """Whether there are rows whose outcome has not been taken yet."""
        return bool(self._done or any(self._tasks.values()))

    @property
    def full(self) -> bool:
        """Whether no further row should be added now."""
        return self._waiting >= IN_LINE_MAX

    def add(self, owner: str, row: Row) -> None:
        """Let the node ``owner`` answer ``row`` when it is its turn."""
        self._in_line.setdefault(owner, deque()).append(row)
        self._waiting += 1
        tasks = self._tasks.setdefault(owner, set())
        if len(tasks) < AT_A_TIME:
            task = asyncio.ensure_future(self._work(owner))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            task.add_done_callback(self._on_end)

    def take(self) -> list[tuple[int, RecordOutcome]]:
        """Index and outcome of each row that has been answered since the last call."""
        done, self._done, self._size = self._done, [], 0
        self._arrived.clear()
        self._room.set()
        return done

    async def come(self, *, to_the_last: bool) -> AsyncGenerator[list[tuple[int, RecordOutcome]], None]:
        """What ``take`` takes, as it comes, or nothing now and then; until there is room again, or all are answered."""
        while self if to_the_last else self.full:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WAIT_SECONDS):
                    await self._arrived.wait()
            yield self.take()

    def close(self) -> None:
        """Wait for nobody any more. What a node has been asked, it may do all the same."""
        self._in_line.clear()
        for tasks in self._tasks.values():
            for task in tuple(tasks):
                task.cancel()

    async def _work(self, owner: str) -> None:
        line = self._in_line[owner]
        while line:
            if not self._room.is_set():
                await self._room.wait()
                continue
            index, digest, row = line.popleft()
            self._waiting -= 1
            outcome = self._answer(digest, row)
            if not isinstance(outcome, RecordOutcome):
                outcome = await outcome
            self._done.append((index, outcome))
            self._size += len(outcome.ops)
            if self._size >= SIZE_MAX:
                self._room.clear()
            self._arrived.set()

    def _on_end(self, task: asyncio.Task[None]) -> None:
        self._arrived.set()
        if not task.cancelled():
            task.result()
