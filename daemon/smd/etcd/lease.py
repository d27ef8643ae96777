"""What is in etcd only as long as this process lives: keys under a lease that it keeps from ending.

A process that is frozen, or cut off, longer than the lease lasts has its keys taken away. As soon as it can it gets a
new lease and puts them back, unless another process has taken one of them meanwhile. No clock is compared with
another: etcd alone counts the seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from daemon.smd.etcd import wire
from daemon.smd.etcd.wire import EtcdError, Gone, KeyValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from daemon.smd.etcd.gateway import Gateway

KEEPS = 3
"""How many times within its life a lease is kept from ending."""

CALL_SECONDS = 1.5
"""How long one request of these may take."""

RETRY_SECONDS = 0.2
"""Pause before a request that failed is sent again."""


class Taken(Exception):  # noqa: N818 - named for what happened
    """A key belongs to another live process."""

    def __init__(self, holder: KeyValue) -> None:
        super().__init__(holder.key)
        self.holder = holder


class Lease:
    """The keys of this process, under a lease of ``ttl`` seconds."""

    def __init__(self, gateway: Gateway, ttl: int, warn: Callable[[str], None]) -> None:
        self.ttl = ttl
        self._gateway = gateway
        self.warn = warn
        self._id = 0
        self._kept: dict[bytes, bytes] = {}
        self._unwritten: set[bytes] = set()
        self._wake = asyncio.Event()
        self._lost = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def claim(self, keys: Mapping[bytes, bytes], also: Sequence[dict[str, Any]] = ()) -> int:
        """Make ``keys``, none of which may be there, ours; the revision. Raises Taken and EtcdError.

        ``also`` are further operations of the transaction.
        """
        async with (
            self._claiming
        ):  # two that get a lease at once would leave keys under one that nobody renews
            return await self._claim(keys, also)

    async def _claim(self, keys: Mapping[bytes, bytes], also: Sequence[dict[str, Any]]) -> int:
        await self._renew()
        absent = [wire.is_revision(key, 0) for key in keys]
        puts = [wire.put(key, value, self._id) for key, value in keys.items()]
        look = [wire.fetch(key) for key in keys]
        try:
            outcome = await self._gateway.transact(absent, [*puts, *also], look, seconds=CALL_SECONDS)
        except Gone:
            self._id = 0  # it ended while we waited for another's to end; the next attempt gets a new one
            raise
        if not outcome.succeeded:
            found = [entry for answer in outcome.ranges for entry in answer.keys]
            for entry in found:
                if entry.lease != self._id:  # else it is ours: an answer was lost
                    raise Taken(entry)
        for key, value in keys.items():
            self._kept.setdefault(key, value)  # what was to be written meanwhile is newer
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._keep()), asyncio.create_task(self._write())]
        return outcome.revision if outcome.succeeded else max(entry.mod for entry in found)

    async def _renew(self) -> None:
        """Have a lease with all of its time before it: the one there is may have waited for another's to end."""
        if not self._id:
            self._id = await self._gateway.grant(self.ttl, seconds=CALL_SECONDS)
            return
        try:
            await self._gateway.keep_alive(self._id, seconds=CALL_SECONDS)
        except Gone:
            self._id = 0  # the next attempt gets a new one
            raise

    def write(self, keys: Mapping[bytes, bytes]) -> None:
        """Have ``keys``, which are ours, changed soon; of several values for one key, at least the last is written."""
        self._kept.update(keys)
        self._unwritten.update(keys)
        self._wake.set()

    async def drop(self, keys: Iterable[bytes]) -> None:
        """Give ``keys`` back, if etcd can be told so; else they end with the lease."""
        mine = [key for key in keys if self._kept.pop(key, None) is not None]
        self._unwritten.difference_update(mine)
        if not self._id:
            return
        owned = [wire.is_leased(key, self._id) for key in mine]
        with contextlib.suppress(EtcdError):
            await self._gateway.transact(owned, [wire.delete(key) for key in mine], seconds=CALL_SECONDS)

    async def stop(self) -> None:
        """End the lease: whatever is under it goes at once."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._id:
            with contextlib.suppress(EtcdError):
                await self._gateway.revoke(self._id, seconds=CALL_SECONDS)
        self._id = 0

    def check(self) -> None:
        """See soon to it that our keys are there: somebody has found one missing."""
        self._lost.set()

    async def _keep(self) -> None:
        """Keep the lease from ending; get a new one when it has ended."""
        pause = self.ttl / KEEPS
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._lost.wait(), pause)
            pause = self.ttl / KEEPS
            lost = self._lost.is_set()
            self._lost.clear()
            try:
                await self._gateway.keep_alive(self._id, seconds=CALL_SECONDS)
            except Gone:
                self._id = 0
                await self._restore()
            except EtcdError:
                pause = RETRY_SECONDS
            else:
                if lost:
                    await self._restore()

    async def _restore(self) -> None:
        """Put back those of our keys that are missing; tried until that is done."""
        told = False
        while True:
            try:
                for key, value in list(self._kept.items()):
                    await self.claim({key: value})
            except Taken as error:
                if not told:
                    told = True
                    self.warn(
                        f"etcd had not heard of this node for {self.ttl} s, and another process has taken its place: "
                        f"{error.holder.key.decode('utf-8', 'replace')}; stop one of them"
                    )
            except EtcdError:
                pass
            else:
                self.write(dict(self._kept))
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def _write(self) -> None:
        """Write what has changed; what changes meanwhile goes together into the next transaction."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            keys = {key: self._kept[key] for key in self._unwritten if key in self._kept}
            if keys and not await self._put(keys):
                await asyncio.sleep(RETRY_SECONDS)
                self._wake.set()

    async def _put(self, keys: Mapping[bytes, bytes]) -> bool:
        """Whether ``keys`` are written; a lease that has ended is noticed here too."""
        if not self._id:
            return False  # there is none just now; to etcd a key that is gone would have that of number 0, and stay for ever
        owned = [wire.is_leased(key, self._id) for key in keys]
        puts = [wire.put(key, value, self._id) for key, value in keys.items()]
        try:
            outcome = await self._gateway.transact(owned, puts, seconds=CALL_SECONDS)
        except Gone:
            self._lost.set()
            return False
        except EtcdError:
            return False
        if not outcome.succeeded:
            self._lost.set()
            return False
        self._unwritten -= {key for key, value in keys.items() if self._kept.get(key) == value}
        return True
