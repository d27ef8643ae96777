"""System metadata in files of this machine: the embedded store, also shared by all nodes of one process.

A change waits its turn in memory, is written by one worker thread, and only then becomes visible. While the thread
writes, further changes gather and are written together (group commit), so that many clients cost few fsyncs. A
change that cannot be written is refused and leaves no trace. The whole file is written anew each time, which keeps
it plain: 1,000 modules of 1 KB are about 2 MB, a few milliseconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.errors import StartError
from daemon.smd import file
from daemon.smd.interface import CONFIRM_SECONDS, Accept, Holder, Item, SmdFailed, SmdTimeout, State

if TYPE_CHECKING:
    from collections.abc import Mapping

EPOCH_MILLISECONDS = 1_262_304_000_000
"""2010-01-01 UTC, where timestamps of Aerospike begin."""

REMOVED_MAX = 1024
"""How many removed keys keep their slot in the order; else adding and removing new names would fill the store."""


@dataclass(slots=True, eq=False)
class _Change:
    """A change that was asked for; ``done`` gets None, or why it failed."""

    key: str
    value: str | None
    keep: Callable[[str], bool] | None
    done: asyncio.Future[SmdFailed | None]


class _Module:
    """The items of one SMD module in memory, and the changes that wait to be written."""

    __slots__ = (
        "content_key",
        "entries",
        "items",
        "path",
        "subscribers",
        "tid",
        "waiting",
        "writer",
        "writing",
    )

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content_key = 0
        self.tid = 0
        self.items: dict[str, Item] = {}
        self.entries: dict[str, bytes] = {}
        self.subscribers: list[Accept] = []
        self.waiting: list[_Change] = []
        self.writing: list[_Change] = []
        self.writer: asyncio.Task[None] | None = None

    def load(self) -> None:
        """Read the file. Raises StartError when it cannot be read or is not what `file.parse` takes.

        The real server starts empty then. That would throw away modules which the user may well want to rescue,
        so a damaged file stops the start and says so; nothing is changed.
        """
        try:
            content = file.parse(self.path.read_bytes())
        except FileNotFoundError:
            return
        except OSError as error:
            raise StartError(f"cannot read {self.path}: {error.strerror}") from error
        except ValueError as error:
            raise StartError(
                f"{self.path} is damaged: {error}. Restore it from a copy, "
                f"or move it away to start without what it holds"
            ) from error
        self.content_key, self.tid = content.cluster_key, content.tid
        self.items = {item.key: item for item in content.items}
        self.entries = {item.key: file.entry(item) for item in content.items}

    def publish(self, items: Sequence[Item]) -> None:
        """Let every subscriber accept ``items``."""
        for accept in self.subscribers:
            accept(items)

    def plan(self, changes: Sequence[_Change]) -> tuple[dict[str, Item], int]:
        """The items that ``changes`` make, in order, and how many of them change anything."""
        planned: dict[str, Item] = {}
        count = 0
        now = time.time_ns() // 1_000_000 - EPOCH_MILLISECONDS
        for change in changes:
            present = planned.get(change.key) or self.items.get(change.key)
            there = present.value if present else None
            stays = change.keep is not None and there is not None and change.keep(there)
            if change.value != there and not stays:
                generation = present.generation + 1 if present else 1
                planned[change.key] = Item(change.key, change.value, generation, now)
                count += 1
        if planned:
            planned.update(self._given_up(self.items | planned, now))
        return planned, count

    @staticmethod
    def _given_up(items: Mapping[str, Item], now: int) -> dict[str, Item]:
        """The first removed items, when there are more than REMOVED_MAX of them, as items to forget."""
        removed = [key for key, item in items.items() if item.value is None]
        return {key: Item(key, None, 0, now) for key in removed[: max(0, len(removed) - REMOVED_MAX)]}


class LocalSmd:
    """System metadata in ``directory``, one file for each SMD module that somebody subscribes to.

    ``cluster_key`` is written beside every change, as the real server does; 0 where it does not matter. ``warn`` is
    told, in a sentence, of changes that could not be stored.
    """

    def __init__(
        self, directory: Path, *, cluster_key: int = 0, warn: Callable[[str], None] = lambda _: None
    ) -> None:
        self._cluster_key = cluster_key
        self._directory = directory
        self._warn = warn
        self._modules: dict[str, _Module] = {}
        self._thread: ThreadPoolExecutor | None = None
        self._holder: Holder | None = None
        self._locked = 0.0  # when the lock was taken, on the monotonic clock

    @property
    def connected(self) -> bool:
        """Always: a disk that refuses is told with the change."""
        return True

    @property
    def trouble(self) -> str:
        """None, ever."""
        return ""

    def subscribe(self, module: str, accept: Accept) -> None:
        """Hand every change of ``module`` to ``accept``; to be called before ``start``, once for each node."""
        known = self._modules.setdefault(module, _Module(self._directory / f"{module}.smd"))
        known.subscribers.append(accept)

    async def start(self) -> None:
        """Load all files and hand everything over. Raises StartError; nothing was handed over then."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(f"cannot make the directory {self._directory}: {error.strerror}") from error
        for module in self._modules.values():
            module.load()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="smd")
        for module in self._modules.values():
            module.publish(list(module.items.values()))

    async def stop(self) -> None:
        """Refuse further changes and write what waits."""
        thread, self._thread = self._thread, None
        for module in self._modules.values():
            if module.writer is not None:
                await module.writer
        if thread is not None:
            thread.shutdown()

    async def set(
        self, module: str, key: str, value: str | None, *, keep: Callable[[str], bool] | None = None
    ) -> None:
        """Store ``value`` (None removes) and return when every subscriber has accepted it, or the one that ``keep`` keeps.

        Raises SmdTimeout after CONFIRM_SECONDS: a change whose writing has not begun is then withdrawn, one that is
        being written may still be applied. Raises SmdFailed when the disk refuses it.
        """
        if self._thread is None:
            raise SmdFailed("the node is not running")
        known = self._modules[module]
        change = _Change(key, value, keep, asyncio.get_running_loop().create_future())
        known.waiting.append(change)
        if known.writer is None:
            known.writer = asyncio.create_task(self._write_all(known, self._thread))
        try:
            await asyncio.wait((change.done,), timeout=CONFIRM_SECONDS)
        finally:
            if change in known.waiting:
                known.waiting.remove(change)
        if not change.done.done():
            raise SmdTimeout(f"{key} was not stored within {CONFIRM_SECONDS:g} s")
        if failure := change.done.result():
            raise failure

    def items(self, module: str) -> Sequence[Item]:
        """All items of ``module`` in the order of their first change, removed ones included."""
        known = self._modules.get(module)
        return list(known.items.values()) if known else []

    def state(self, module: str) -> State:
        """Figures of ``module``; all 0 for one that nobody subscribed to."""
        known = self._modules.get(module)
        if known is None:
            return State()
        pending = len(known.waiting) + len(known.writing)
        return State(known.content_key, known.tid, len(known.items), pending)

    async def lock(self, owner: str, seconds: int) -> Holder | None:
        """Take the lock for ``owner``, or say who holds it. It is in memory: a restart gives it back."""
        if (holder := self._held()) and holder.owner != owner:
            return holder
        self._holder, self._locked = Holder(owner, seconds), time.monotonic()
        return None

    async def unlock(self, owner: str) -> Holder | None:
        """Give the lock back, if ``owner`` holds it; or say who else does."""
        if (holder := self._held()) and holder.owner != owner:
            return holder
        self._holder = None
        return None

    def _held(self) -> Holder | None:
        """Who holds the lock now."""
        if self._holder is None:
            return None
        left = self._locked + self._holder.left - time.monotonic()
        return Holder(self._holder.owner, left) if left > 0 else None

    async def _write_all(self, module: _Module, thread: ThreadPoolExecutor) -> None:
        """Write changes, together, until none waits."""
        while module.waiting:
            module.writing, module.waiting = module.waiting, []
            failure = await self._commit(module, thread)
            for change in module.writing:
                change.done.set_result(failure)
            module.writing = []
        module.writer = None

    async def _commit(self, module: _Module, thread: ThreadPoolExecutor) -> SmdFailed | None:
        """Write the changes in ``module.writing`` and make them visible; or leave all as it was and say why."""
        planned, count = module.plan(module.writing)
        if not planned:
            return None
        items, entries = _applied(module, planned)
        tid = module.tid + count
        write = partial(file.write, module.path, [file.head(self._cluster_key, tid), *entries.values()])
        try:
            await asyncio.get_running_loop().run_in_executor(thread, write)
        except OSError as error:
            self._warn(f"cannot write {module.path}: {error.strerror}; {count} changes are refused")
            return SmdFailed(error.strerror or "input/output error")
        module.items, module.entries = items, entries
        module.content_key, module.tid = self._cluster_key, tid
        module.publish(list(planned.values()))
        return None


def _applied(module: _Module, planned: dict[str, Item]) -> tuple[dict[str, Item], dict[str, bytes]]:
    """Items and entries of ``module`` as they are once ``planned`` is applied; a known key keeps its place."""
    items, entries = module.items | planned, module.entries.copy()
    for key, item in planned.items():
        if item.generation:
            entries[key] = file.entry(item)
        else:
            del items[key]
            entries.pop(key, None)
    return items, entries
