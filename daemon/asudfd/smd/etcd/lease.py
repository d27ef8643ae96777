"""The lease of this process in etcd, and the keys that exist only as long as the process renews it.

A process that is frozen or cut off for longer than the lease lasts loses its keys, and the other processes go on without
it. So it steps down as soon as it can tell:

    etcd says that the lease has expired, or that one of the keys belongs to another process
    the lease should have expired by our own clock, and no renewal was in flight: the process was frozen

It is alive again when it has a lease, has put its keys back (unless another process has taken one of them), and has
applied all changes up to then. While etcd is unreachable nothing changes: it may be unreachable for every process.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any

from asudfd.smd.etcd import wire
from asudfd.smd.etcd.liveness import Liveness
from asudfd.smd.etcd.wire import EtcdError, EtcdUnreachable, HistoryDiverged, KeyValue, LeaseExpired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from asudfd.smd.etcd.gateway import Gateway
    from asudfd.smd.etcd.watch_cache import WatchCache

KEEPS = 3
"""How many times a lease is renewed within its time to live: two renewals may fail without harm."""

CALL_SECONDS = 1.5
"""Timeout of one request about the lease."""

RETRY_SECONDS = 0.2
"""Pause before a request that failed is sent again."""

FROZEN_SECONDS = 1.0
"""A request that exceeds its timeout by this much means that this process was frozen, not that etcd was silent."""

PAST_MAX = 64
"""How many expired leases of this process are remembered as its own."""

TRANSACTION_KEYS_MAX = 50
"""Keys of one transaction; etcd takes 128 operations, and as many comparisons."""


class KeyTaken(Exception):  # noqa: N818 - named for what happened
    """A key that was to be claimed belongs to another live process, the ``holder``."""

    def __init__(self, holder: KeyValue) -> None:
        super().__init__(holder.key)
        self.holder = holder

    @property
    def node(self) -> str:
        """Id of the node whose key it is."""
        return self.holder.key.rpartition(b"/")[2].decode("utf-8", "replace")


class EtcdLease:
    """Renews a lease of ``ttl`` seconds, and keeps the keys of this process under it.

    ``liveness`` tells whether the lease is believed to be alive. ``warn`` and ``alarm`` write to the log; ``alarm`` what an
    operator has to act on.
    """

    def __init__(
        self,
        gateway: Gateway,
        cache: WatchCache,
        ttl: int,
        *,
        warn: Callable[[str], None],
        alarm: Callable[[str], None],
    ) -> None:
        self.ttl = ttl
        self.liveness = Liveness(ttl, lambda: cache.connected, warn=warn, alarm=alarm)
        self._gateway = gateway
        self._cache = cache
        self._id = 0
        self._past: deque[int] = deque(maxlen=PAST_MAX)
        self._kept: dict[bytes, bytes] = {}
        self._claims: list[list[bytes]] = []  # keys that are claimed together, in the order in which they are
        self._unwritten: set[bytes] = set()
        self._wake = asyncio.Event()
        self._lost = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def claim(self, keys: Mapping[bytes, bytes], also: Sequence[dict[str, Any]] = ()) -> int:
        """Make ``keys``, none of which may be another's, ours; the revision. Raises KeyTaken and EtcdError.

        ``also`` are further operations of the transaction. When they have to be put back, it is in the order of the
        first claims, and each when everything up to the claim before was delivered.
        """
        # two that get a lease at once would leave keys under one that nobody renews
        async with self._claiming:
            self._cache.identity.proof()
            identity = await self._renewed()
            revision = await self._claim(identity, keys, also)
        for key, value in keys.items():
            self._kept.setdefault(key, value)  # what was to be written meanwhile is newer
        if list(keys) not in self._claims:
            self._claims.append(list(keys))
        if not self._tasks:
            self.liveness.restoring = False  # there was nothing to be lost
            self._lost.clear()
            self._tasks = [asyncio.create_task(run()) for run in (self._keep, self._mend, self._write)]
        return revision

    def begin(self) -> None:
        """Be up: the first claim was made, and everything up to it delivered."""
        if not self.liveness.restoring:
            self.liveness.up()

    def write(self, keys: Mapping[bytes, bytes]) -> None:
        """Have ``keys``, which are ours, changed soon; of several values for one key, at least the last is written."""
        self._kept.update(keys)
        self._unwritten.update(keys)
        self._wake.set()

    async def drop(self, keys: Iterable[bytes]) -> None:
        """Give ``keys`` back, if etcd can be told so; else they end with the lease."""
        mine = [key for key in keys if self._kept.pop(key, None) is not None]
        self._unwritten.difference_update(mine)
        with contextlib.suppress(EtcdError):
            for start in range(0, len(mine), TRANSACTION_KEYS_MAX):
                part = mine[start : start + TRANSACTION_KEYS_MAX]
                proof = [self.proof(key) for key in part]
                await self._gateway.transact(proof, [wire.delete(key) for key in part], seconds=CALL_SECONDS)

    async def stop(self) -> None:
        """End the lease: whatever is under it goes at once."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.liveness.close()
        if self._id:
            with contextlib.suppress(EtcdError):
                await self._gateway.revoke(self._id, seconds=CALL_SECONDS)
        self._id = 0

    def check(self) -> None:
        """See to it that our keys are there: somebody has found one missing."""
        if self.liveness.alive:
            self.liveness.down("etcd does not count it as a member")
            self.liveness.restoring = True
            self._lost.set()

    def proof(self, key: bytes) -> dict[str, Any]:
        """The comparison that ``key`` is ours. Raises EtcdError without a lease.

        To etcd a key that is not there has the lease of number 0, and what is put under that stays for ever.
        """
        if not self._id:
            raise EtcdError("this node has no lease just now")
        return wire.is_leased(key, self._id)

    def has(self, entry: KeyValue) -> bool:
        """Whether ``entry`` is under our lease."""
        return entry.lease != 0 and entry.lease == self._id

    def owns(self, entry: KeyValue) -> bool:
        """Whether this process has written ``entry``, maybe under a lease it had before."""
        return self.has(entry) or entry.lease in self._past

    # --- claims ---

    async def _claim(self, identity: int, keys: Mapping[bytes, bytes], also: Sequence[dict[str, Any]]) -> int:
        puts = [wire.put(key, value, identity) for key, value in keys.items()]
        look = [*self._cache.identity.fetches(), *map(wire.fetch, keys)]
        nobodys: dict[
            bytes, int
        ] = {}  # keys that nobody keeps, or that we had under a lease before, and revisions
        while True:
            mark = self._cache.identity.mark
            free = [wire.is_revision(key, nobodys.get(key, 0)) for key in keys]
            comparisons = [*self._cache.identity.proof(), *free]
            outcome = await self._transact(identity, comparisons, [*puts, *also], look)
            if outcome.succeeded:
                return outcome.revision
            self._cache.identity.check(outcome.ranges[:2], mark)
            found = [entry for answer in outcome.ranges[2:] for entry in answer.keys]
            if len(found) == len(keys) and all(entry.lease == identity for entry in found):
                return max(entry.mod for entry in found)  # an answer was lost
            for entry in found:
                if entry.lease and not self.owns(entry):
                    raise KeyTaken(entry)
            nobodys = {entry.key: entry.mod for entry in found}

    async def _transact(self, identity: int, *parts: Sequence[dict[str, Any]]) -> wire.TransactionResult:
        try:
            return await self._gateway.transact(*parts, seconds=CALL_SECONDS)
        except LeaseExpired:
            self._ended(identity)  # while we waited for another's to end; the next attempt gets a new one
            raise

    async def _renewed(self) -> int:
        """A lease with all of its time before it: the one there is may have waited for another's to end."""
        began = asyncio.get_running_loop().time()
        identity = self._id
        if identity:
            try:
                await self._gateway.keep_alive(identity, seconds=CALL_SECONDS)
            except LeaseExpired:
                self._ended(identity)
                raise
        else:
            identity = self._id = await self._gateway.grant(self.ttl, seconds=CALL_SECONDS)
        self.liveness.proven(began)
        return identity

    # --- up and down ---

    def _ended(self, identity: int) -> None:
        """The lease ``identity`` is no more."""
        if identity == self._id:
            self._id = 0
            self._past.append(identity)
            self.liveness.down(f"etcd had not heard of it for {self.ttl} s")
            self.liveness.restoring = True
            self._lost.set()

    # --- what goes on all the time ---

    async def _keep(self) -> None:
        """Keep the lease from ending."""
        clock = asyncio.get_running_loop().time
        interval = self.ttl / KEEPS
        pause = interval
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.liveness.hurry.wait(), pause)
            self.liveness.hurry.clear()
            pause = RETRY_SECONDS
            identity, began = self._id, clock()
            if not identity:
                continue
            try:
                self._cache.identity.proof()
                await self._gateway.keep_alive(identity, seconds=min(CALL_SECONDS, interval))
            except (LeaseExpired, HistoryDiverged):
                self._ended(identity)
            except EtcdError:
                if clock() - began < CALL_SECONDS + FROZEN_SECONDS:
                    self.liveness.unheard()
            else:
                pause = interval if identity == self._id and self.liveness.proven(began) else 0

    async def _mend(self) -> None:
        """Put our keys back when they are lost; tried until that is done."""
        while True:
            await self._lost.wait()
            if not await self._restored():
                await asyncio.sleep(RETRY_SECONDS)
                continue  # it is to be done still
            self.liveness.restoring = False
            if not self.liveness.alive and self._kept:
                self.liveness.warn("this node is a member of the cluster again")
            self.liveness.up()
            self.write(dict(self._kept))

    async def _restored(self) -> bool:
        """Whether all of our keys are there, and everything that happened before was delivered."""
        self._lost.clear()
        try:
            for keys in list(self._claims):
                kept = {key: self._kept[key] for key in keys if key in self._kept}
                if kept:
                    await self._cache.reached(await self.claim(kept, [self._cache.identity.stamp()]))
                if self._lost.is_set():
                    return False  # the lease has ended meanwhile, and the first are to be first again
        except KeyTaken as error:
            self.liveness.complain(
                f"another process has taken the node-id {error.node}: stop one of them", self.liveness.alarm
            )
        except EtcdUnreachable:
            pass  # the cache tells
        except EtcdError as error:
            self.liveness.complain(f"etcd does not take this node back: {error}", self.liveness.warn)
        else:
            return True
        self._lost.set()
        return False

    async def _write(self) -> None:
        """Write what has changed; what changes meanwhile goes together into the next transactions."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            keys = [(key, self._kept[key]) for key in self._unwritten if key in self._kept]
            for start in range(0, len(keys), TRANSACTION_KEYS_MAX):
                if not await self._put(dict(keys[start : start + TRANSACTION_KEYS_MAX])):
                    await asyncio.sleep(RETRY_SECONDS)
                    self._wake.set()
                    break

    async def _put(self, keys: Mapping[bytes, bytes]) -> bool:
        """Whether ``keys`` are written; a lease that has ended is noticed here too."""
        identity = self._id
        try:
            comparisons = [*self._cache.identity.proof(), *map(self.proof, keys)]
            puts = [wire.put(key, value, identity) for key, value in keys.items()]
            outcome = await self._gateway.transact(comparisons, puts, seconds=CALL_SECONDS)
        except LeaseExpired:
            self._ended(identity)
            return False
        except EtcdUnreachable:
            return False
        except EtcdError as error:
            if self.liveness.alive:
                self._complain_of_writing(error)
            return False
        if not outcome.succeeded:
            self.check()
            return False
        self._unwritten -= {key for key, value in keys.items() if self._kept.get(key) == value}
        if self.liveness.alive and self.liveness.trouble:
            self.liveness.up()
        return True

    def _complain_of_writing(self, error: EtcdError) -> None:
        self.liveness.complain(
            f"etcd does not let this node say what it has applied: {error}", self.liveness.warn
        )
