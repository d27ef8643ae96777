"""The applied index: each process writes to etcd the revision up to which it has applied all changes.

The keys are under the process's lease. A process that is frozen or cut off is therefore waited for no longer than its
lease lasts. The keys also claim the ids of the process's nodes: a process that starts fails when one of them exists. It
makes the claim after the first read, and becomes ready when its watch has delivered the revision of the claim. So it
has applied every earlier change by then, and every later change waits for it.

Nobody watches these keys: with N processes, each change would cause N * N messages. A process that waits for the others
polls etcd. A process that was alive at the revision of a change is found by any later poll.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from asudfd.errors import StartError
from asudfd.smd.etcd import wire
from asudfd.smd.etcd.lease import KeyTaken
from asudfd.smd.etcd.wire import AccessDenied, EtcdError, EtcdRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asudfd.smd.etcd.gateway import Gateway
    from asudfd.smd.etcd.lease import EtcdLease
    from asudfd.smd.etcd.watch_cache import WatchCache
    from asudfd.smd.etcd.wire import KeyRange, KeyValue

CLAIM_SECONDS = 0.25
"""Pause between two attempts to claim the id of a node."""

CLAIM_MARGIN_SECONDS = 3.0
"""How much longer than its time to live a lease may last: etcd checks for expired leases only now and then."""

SLOW_SECONDS = 0.5
"""A claim that takes longer may have met an election of etcd's leader."""

ASK_SECONDS = (0.002, 0.02)
"""Shortest and longest pause between two polls of the applied revisions; the pause grows with each poll."""

POLL_CALL_SECONDS = 1.0
"""Timeout of one poll."""

REVISION_SIZE_MAX = 19
"""Digits of a revision that are looked at."""


class AppliedIndex:
    """Publishes the applied revision of this process, which runs ``nodes``, and waits for those of the other processes."""

    def __init__(self, cache: WatchCache, gateway: Gateway, lease: EtcdLease, nodes: Sequence[str]) -> None:
        self._cache = cache
        self._gateway = gateway
        self._lease = lease
        self._own = [cache.unwatched + node.encode() for node in nodes]
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._asking: asyncio.Task[None] | None = None
        self._started = False

    async def start(self) -> None:
        """Claim the ids of the nodes, and catch up. Raises StartError when one is taken, AccessDenied."""
        await self._cache.reached(await self._claim())
        self._started = True
        self._lease.begin()
        self.say(self._cache.position)

    def proof(self) -> dict[str, Any]:
        """The comparison that the others count on this process. Raises EtcdError when they cannot."""
        return self._lease.proof(self._own[0])

    def fetch(self) -> dict[str, Any]:
        """The operation whose answer tells whether that is so."""
        return wire.fetch(self._own[0])

    def is_proven(self, answer: KeyRange) -> bool:
        """Whether the ``answer`` says so."""
        return any(map(self._lease.has, answer.keys))

    def say(self, position: int) -> None:
        """Let the others know, soon, that everything up to ``position`` is applied."""
        if self._started:
            self._lease.write(dict.fromkeys(self._own, b"%d" % position))

    async def stop(self) -> None:
        """Ask nobody any more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait((self._asking,))

    async def confirmed(self, revision: int) -> None:
        """Return when this process and all others that are alive have applied ``revision``."""
        await self._cache.reached(revision)
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((revision, done))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        await done

    async def _claim(self) -> int:
        """The revision at which the ids became ours; waits for the lease of one who may have died."""
        clock = asyncio.get_running_loop().time
        value = b"%d" % self._cache.position
        limit, told = None, False
        while True:
            began = clock()
            try:
                stamp = self._cache.identity.stamp()
                return await self._lease.claim(dict.fromkeys(self._own, value), [stamp])
            except KeyTaken as error:
                taken = error
            except AccessDenied:
                raise
            except EtcdError as error:
                taken = None  # it was there a moment ago; when it has gone away, the cache tells the log
                if type(error) is EtcdRefused and not told:
                    told = True
                    self._lease.liveness.warn(f"this node waits, because etcd does not take it: {error}")
            if taken is None or clock() - began > SLOW_SECONDS or limit is None:
                limit = clock() + await self._left(taken)  # a new leader of etcd lets all leases begin anew
            elif clock() > limit:
                raise StartError(
                    f"node-id {taken.node} is in use by another node of this cluster, which is alive; "
                    f"every node needs a node-id of its own"
                ) from taken
            await asyncio.sleep(CLAIM_SECONDS)

    async def _left(self, taken: KeyTaken | None) -> float:
        """How long to wait for the end of the lease that another process holds; the log is told what is waited for."""
        left = self._lease.ttl
        if taken:
            with contextlib.suppress(EtcdError):
                whole = await self._gateway.time_left(taken.holder.lease, seconds=POLL_CALL_SECONDS)
                left = 1 + max(0, whole)
            self._lease.liveness.warn(
                f"node-id {taken.node} was in use until a moment ago, or still is: this node waits up to "
                f"{left + CLAIM_MARGIN_SECONDS:.0f} s for that lease to end"
            )
        return left + CLAIM_MARGIN_SECONDS

    async def _ask(self) -> None:
        """Ask how far the others are, and let those go on whose revision all have applied, until nobody waits."""
        pause, longest = ASK_SECONDS
        while self._waiting:
            with contextlib.suppress(EtcdError):
                self._release(*await self._floor())
            self._waiting = [(revision, done) for revision, done in self._waiting if not done.done()]
            await asyncio.sleep(pause)
            pause = min(longest, 1.2 * pause)

    async def _floor(self) -> tuple[int, int]:
        """Up to which revision all others have applied everything, and as of which revision that is so."""
        keys = self._cache.unwatched
        found = await self._gateway.range(keys, wire.range_end(keys), seconds=POLL_CALL_SECONDS)
        others = [entry.value[:REVISION_SIZE_MAX] for entry in found.keys if self._is_other(entry)]
        floor = min((int(digits) if digits.isdigit() else 0 for digits in others), default=found.revision)
        return floor, found.revision

    def _is_other(self, entry: KeyValue) -> bool:
        """Whether ``entry`` is what another live process says; some stand in the way of names that are none of ours."""
        name = entry.key.removeprefix(self._cache.unwatched)
        return entry.lease != 0 and b"/" not in name and not self._lease.owns(entry)

    def _release(self, floor: int, present: int) -> None:
        for revision, done in self._waiting:
            if revision <= floor and revision <= present and not done.done():
                done.set_result(None)
