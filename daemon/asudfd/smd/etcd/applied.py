"""Who is alive and how far he is: each process writes the revision up to which it has applied all changes.

The keys are under the process's lease, so that one which is frozen or cut off is waited for no longer than that lasts.
They also are the claim to the ids of its nodes: they must not be there when a process begins. A claim is made after
the first read, and the process is ready only when its watch has brought news of that revision: whatever was changed
before has been applied by then, and whoever changes something afterwards waits for this process too.

Nobody watches these keys, or each change would be told N times to N processes. Whoever waits for the others asks etcd,
again and again for as long as he waits: whoever was alive at the revision of a change is found by a later look.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from asudfd.errors import StartError
from asudfd.smd.etcd import wire
from asudfd.smd.etcd.lease import Taken
from asudfd.smd.etcd.wire import Denied, EtcdError, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asudfd.smd.etcd.feed import Feed
    from asudfd.smd.etcd.gateway import Gateway
    from asudfd.smd.etcd.lease import Lease
    from asudfd.smd.etcd.wire import KeyValue, Range

CLAIM_SECONDS = 0.25
"""Pause before it is asked again whether the id of a node is free."""

CLAIM_MARGIN_SECONDS = 3.0
"""How much longer than its time a lease may last: etcd looks now and then."""

SLOW_SECONDS = 0.5
"""A claim that takes longer may have met an election."""

ASK_SECONDS = (0.002, 0.02)
"""Shortest and longest pause before it is asked again how far the others are; a little longer each time."""

CALL_SECONDS = 1.0
"""How long the answer to that may take."""

REVISION_SIZE_MAX = 19
"""Digits of a revision that are looked at."""


class Applied:
    """How far this process, with the nodes of ids ``nodes``, and all others are."""

    def __init__(self, feed: Feed, gateway: Gateway, lease: Lease, nodes: Sequence[str]) -> None:
        self._feed = feed
        self._gateway = gateway
        self._lease = lease
        self._own = [feed.unwatched + node.encode() for node in nodes]
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._asking: asyncio.Task[None] | None = None
        self._started = False

    async def start(self) -> None:
        """Claim the ids of the nodes, and catch up. Raises StartError when one is taken, Denied."""
        await self._feed.reached(await self._claim())
        self._started = True
        self._lease.begin()
        self.say(self._feed.position)

    def proof(self) -> dict[str, Any]:
        """The comparison that the others count on this process. Raises EtcdError when they cannot."""
        return self._lease.proof(self._own[0])

    def fetch(self) -> dict[str, Any]:
        """The operation whose answer tells whether that is so."""
        return wire.fetch(self._own[0])

    def is_proven(self, answer: Range) -> bool:
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
        await self._feed.reached(revision)
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((revision, done))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        await done

    async def _claim(self) -> int:
        """The revision at which the ids became ours; waits for the lease of one who may have died."""
        clock = asyncio.get_running_loop().time
        value = b"%d" % self._feed.position
        limit, told = None, False
        while True:
            began = clock()
            try:
                stamp = self._feed.identity.stamp()
                return await self._lease.claim(dict.fromkeys(self._own, value), [stamp])
            except Taken as error:
                taken = error
            except Denied:
                raise
            except EtcdError as error:
                taken = None  # it was there a moment ago; when it has gone away, the feed tells the log
                if type(error) is Refused and not told:
                    told = True
                    self._lease.standing.warn(f"this node waits, because etcd does not take it: {error}")
            if taken is None or clock() - began > SLOW_SECONDS or limit is None:
                limit = clock() + await self._left(taken)  # a new leader of etcd lets all leases begin anew
            elif clock() > limit:
                raise StartError(
                    f"node-id {taken.node} is in use by another node of this cluster, which is alive; "
                    f"every node needs a node-id of its own"
                ) from taken
            await asyncio.sleep(CLAIM_SECONDS)

    async def _left(self, taken: Taken | None) -> float:
        """How long to wait for the end of the lease that another process holds; the log is told what is waited for."""
        left = self._lease.ttl
        if taken:
            with contextlib.suppress(EtcdError):
                whole = await self._gateway.time_left(taken.holder.lease, seconds=CALL_SECONDS)
                left = 1 + max(0, whole)
            self._lease.standing.warn(
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
        keys = self._feed.unwatched
        found = await self._gateway.range(keys, wire.range_end(keys), seconds=CALL_SECONDS)
        others = [entry.value[:REVISION_SIZE_MAX] for entry in found.keys if self._is_other(entry)]
        floor = min((int(digits) if digits.isdigit() else 0 for digits in others), default=found.revision)
        return floor, found.revision

    def _is_other(self, entry: KeyValue) -> bool:
        """Whether ``entry`` is what another live process says; some stand in the way of names that are none of ours."""
        name = entry.key.removeprefix(self._feed.unwatched)
        return entry.lease != 0 and b"/" not in name and not self._lease.owns(entry)

    def _release(self, floor: int, present: int) -> None:
        for revision, done in self._waiting:
            if revision <= floor and revision <= present and not done.done():
                done.set_result(None)
