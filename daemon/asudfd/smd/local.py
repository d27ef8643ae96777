"""System metadata in files of this machine: the embedded store, also shared by all nodes of one process.

A change waits in a queue, is appended to a log by one worker thread, and becomes visible only then. Changes that arrive while
the thread writes are written together (group commit), so that many clients cost few flushes. A change that cannot be written is
refused and leaves no trace. When half of a log is garbage, another thread writes a new one, and changes go on meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from asinfo.files import exposed
from asudfd.errors import StartError
from asudfd.smd.compaction import Compaction
from asudfd.smd.interface import (
    CONFIRM_SECONDS,
    UDF,
    Accept,
    LockHolder,
    SmdFailed,
    SmdItem,
    SmdState,
    SmdTimeout,
)
from asudfd.smd.module import PendingChange, SmdModule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from asudfd.cluster.cluster import Member
    from asudfd.manifest import Manifest

REMOVED_MAX = 1024
"""How many removed keys keep their slot in the order; else adding and removing new names would fill the store."""


class _ChangeQueue:
    """The changes of one SMD module that wait to be written, and the tasks that write them."""

    __slots__ = (
        "compacted",
        "compacting",
        "compaction",
        "module",
        "patience",
        "waiting",
        "writer",
        "writing",
    )

    def __init__(self, module: SmdModule) -> None:
        self.module = module
        self.waiting: list[PendingChange] = []
        self.writing: list[PendingChange] = []
        self.writer: asyncio.Task[None] | None = None
        self.compacting: asyncio.Task[None] | None = None
        self.compaction: Compaction | None = None
        self.compacted = False  # it is to be finished by the writer
        self.patience = 0  # bytes of garbage at which it is tried again after a failure

    async def end(self) -> None:
        """Give up a compaction that is under way, and write the changes that wait."""
        if self.compaction is not None:
            self.compaction.cancelled = True
        for task in (self.compacting, self.writer):
            if task is not None:
                await task


class LocalSmd:
    """System metadata in ``directory``, one file for each SMD module that somebody subscribes to.

    ``cluster_key`` is written beside every change, as the real server does; 0 where it does not matter. ``warn`` is
    told, in a sentence, of changes that could not be stored. ``manifest`` knows the files that there were.
    """

    def __init__(
        self,
        directory: Path,
        *,
        cluster_key: int = 0,
        warn: Callable[[str], None] = lambda _: None,
        manifest: Manifest | None = None,
    ) -> None:
        self._cluster_key = cluster_key
        self._directory = directory
        self._warn = warn
        self._manifest = manifest
        self._queues: dict[str, _ChangeQueue] = {}
        self._thread: ThreadPoolExecutor | None = None
        self._compactor = ThreadPoolExecutor(1, thread_name_prefix="smd-compaction")
        self._holder: LockHolder | None = None
        self._locked = 0.0  # when the lock was taken, on the monotonic clock
        self._tell_members: Callable[[Sequence[Member]], None] = lambda _: None

    @property
    def connected(self) -> bool:
        """Always: a disk that refuses is told with the change."""
        return True

    @property
    def trouble(self) -> str:
        """None, ever."""
        return ""

    @property
    def shared(self) -> bool:
        """No: the files belong to this process alone."""
        return False

    def watch_members(self, tell: Callable[[Sequence[Member]], None]) -> None:
        """Call ``tell`` once, at `join`: the members are the nodes of this process."""
        self._tell_members = tell

    async def join(self, members: Sequence[Member]) -> None:
        """Tell that ``members`` are all that there are."""
        self._tell_members(members)

    async def leave(self) -> None:
        """Do nothing: nobody else knows the nodes of this process."""

    def subscribe(self, module: str, accept: Accept) -> None:
        """Hand every change of ``module`` to ``accept``; to be called before ``start``, once for each node."""
        known = self._queues.setdefault(module, _ChangeQueue(self._module(module)))
        known.module.subscribers.append(accept)

    def _module(self, module: str) -> SmdModule:
        """Of UDF there are the copies under user-path, which tell its loss, and whoever moves both away means it."""
        return SmdModule(self._directory / f"{module}.smd", None if module == UDF else self._manifest)

    async def start(self) -> None:
        """Load all files and hand everything over. Raises StartError; nothing was handed over then."""
        self._refuse_if_lost()
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(f"cannot make the directory {self._directory}: {error.strerror}") from error
        if self._directory.is_symlink():
            raise StartError(f"{self._directory} is a symbolic link, which is not followed")
        if reason := exposed(self._directory):
            raise StartError(f"{self._directory} cannot be used: {reason}")
        modules = [queue.module for queue in self._queues.values()]
        for module in modules:
            if note := module.load():
                self._warn(note)
            if module.log is None and module.manifest is not None:
                self._give_up(module, module.manifest)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="smd")
        for module in modules:
            module.publish(list(module.items.values()))

    def _refuse_if_lost(self) -> None:
        """Raise StartError if the whole directory is gone, with the marks in it, and something was stored there."""
        if self._manifest is None or self._directory.exists():
            return
        lost = [
            queue.module.path.name for queue in self._queues.values() if queue.module.path in self._manifest
        ]
        if lost:
            raise StartError(
                f"{self._directory} is missing, and {self._manifest.path} says that it had {' and '.join(lost)}. Restore it "
                f"from a copy, or delete the lines in {self._manifest.path.name} to start without what it held. "
                "`asudfd --recover` does that, too, and makes modules anew from their copies under user-path"
            )

    @staticmethod
    def _give_up(module: SmdModule, manifest: Manifest) -> None:
        """Somebody has moved the file away, and its mark with it."""
        try:
            manifest.forget(module.path)
        except OSError as error:
            raise StartError(f"cannot write {error.strerror}") from error

    async def stop(self) -> None:
        """Refuse further changes and write what waits."""
        thread, self._thread = self._thread, None
        for queue in self._queues.values():
            await queue.end()
            queue.module.close()
        self._compactor.shutdown()
        if thread is not None:
            thread.shutdown()

    async def set(
        self, module: str, key: str, value: str | None, *, keep: Callable[[str], bool] | None = None
    ) -> None:
        """Store ``value`` (None removes) and return when every subscriber has accepted it, or the one that ``keep`` keeps.

        Raises SmdTimeout after CONFIRM_SECONDS: a change whose writing has not begun is then withdrawn, one that is
        being written may still be applied. Raises SmdFailed when the disk refuses it.
        """
        await self._change(module, {key: value}, keep)

    async def set_many(self, module: str, values: Mapping[str, str | None]) -> None:
        """The same for several keys as one change."""
        if values:
            await self._change(module, values, None)

    async def _change(
        self, module: str, values: Mapping[str, str | None], keep: Callable[[str], bool] | None
    ) -> None:
        if self._thread is None:
            raise SmdFailed("the node is not running")
        known = self._queues[module]
        change = PendingChange(values, keep, asyncio.get_running_loop().create_future())
        known.waiting.append(change)
        self._wake(known)
        try:
            await asyncio.wait((change.done,), timeout=CONFIRM_SECONDS)
        finally:
            if change in known.waiting:
                known.waiting.remove(change)
        if not change.done.done():
            raise SmdTimeout(f"{', '.join(values)} was not stored within {CONFIRM_SECONDS:g} s")
        if failure := change.done.result():
            raise failure

    def items(self, module: str) -> Sequence[SmdItem]:
        """All items of ``module`` in the order of their first change, removed ones included."""
        known = self._queues.get(module)
        return list(known.module.items.values()) if known else []

    def state(self, module: str) -> SmdState:
        """Figures of ``module``; all 0 for one that nobody subscribed to."""
        known = self._queues.get(module)
        if known is None:
            return SmdState()
        pending = len(known.waiting) + len(known.writing)
        return SmdState(known.module.content_key, known.module.tid, len(known.module.items), pending)

    async def lock(self, owner: str, seconds: int) -> LockHolder | None:
        """Take the lock for ``owner``, or say who holds it. It is in memory: a restart gives it back."""
        if (holder := self._held()) and holder.owner != owner:
            return holder
        self._holder, self._locked = LockHolder(owner, seconds), time.monotonic()
        return None

    async def unlock(self, owner: str) -> LockHolder | None:
        """Give the lock back, if ``owner`` holds it; or say who else does."""
        if (holder := self._held()) and holder.owner != owner:
            return holder
        self._holder = None
        return None

    def _held(self) -> LockHolder | None:
        """Who holds the lock now."""
        if self._holder is None:
            return None
        left = self._locked + self._holder.left - time.monotonic()
        return LockHolder(self._holder.owner, left) if left > 0 else None

    def _wake(self, queue: _ChangeQueue) -> None:
        """Have somebody write what waits in ``queue``."""
        if queue.writer is None and self._thread is not None:
            queue.writer = asyncio.create_task(self._write_all(queue, self._thread))

    async def _write_all(self, queue: _ChangeQueue, thread: ThreadPoolExecutor) -> None:
        """Write changes, together, until none waits; between them, finish a compaction."""
        while queue.waiting or queue.compacted:
            if queue.compacted:
                await self._finish(queue, thread)
            queue.writing, queue.waiting = queue.waiting, []
            failure = await self._commit(queue, thread)
            for change in queue.writing:
                change.done.set_result(failure)
            queue.writing = []
        queue.writer = None

    async def _commit(self, queue: _ChangeQueue, thread: ThreadPoolExecutor) -> SmdFailed | None:
        """Write the changes in ``queue.writing`` and make them visible; or leave all as it was and say why."""
        module = queue.module
        plan = module.plan(queue.writing, REMOVED_MAX)
        if not plan.items:
            return None
        store = partial(module.store, plan, self._cluster_key)
        try:
            sizes = await asyncio.get_running_loop().run_in_executor(thread, store)
        except OSError as error:
            self._warn(f"cannot write {module.path}: {error.strerror}; {plan.count} changes are refused")
            return SmdFailed(error.strerror or "input/output error")
        module.apply(plan, sizes, self._cluster_key)
        module.publish(list(plan.items.values()))
        if (
            module.is_due
            and module.garbage >= queue.patience
            and queue.compaction is None
            and self._thread is not None
        ):
            queue.compaction = Compaction(module)
            queue.compacting = asyncio.create_task(self._compact(queue, queue.compaction))
        return None

    async def _compact(self, queue: _ChangeQueue, compaction: Compaction) -> None:
        """Write a new log beside the old one; the writer puts it in place."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._compactor, compaction.write)
            while compaction.take():
                await loop.run_in_executor(self._compactor, compaction.write)
        except OSError as error:
            self._end(queue, compaction, error)
        else:
            queue.compacted = True
            self._wake(queue)
        queue.compacting = None
        if self._thread is None:
            self._end(queue, compaction)

    async def _finish(self, queue: _ChangeQueue, thread: ThreadPoolExecutor) -> None:
        """Put the new log in place."""
        compaction, queue.compacted = queue.compaction, False
        assert compaction
        try:
            await asyncio.get_running_loop().run_in_executor(thread, compaction.finish)
        except OSError as error:
            self._end(queue, compaction, error)
        else:
            self._end(queue, compaction)

    def _end(self, queue: _ChangeQueue, compaction: Compaction, error: OSError | None = None) -> None:
        """Let the next compaction come, after a failure with as much garbage again."""
        compaction.end()
        queue.compaction, queue.compacted = None, False
        queue.patience = 2 * queue.module.garbage if error else 0
        if error and not compaction.cancelled:
            self._warn(
                f"cannot write a shorter {queue.module.path}: {error.strerror}; the file goes on as it is"
            )
