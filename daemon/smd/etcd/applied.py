"""Who is alive and how far he is: each process writes the revision up to which it has applied all changes.

The keys are under the process's lease, so that one which is frozen or cut off is waited for no longer than that lasts.
They also are the claim to the ids of its nodes: they must not be there when a process begins. A claim is made after
the first read, and the process is ready only when its watch has brought that claim back: whatever was changed before
has been applied by then, and whoever changes something afterwards waits for this process too.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from daemon.errors import StartError
from daemon.smd.etcd.lease import Taken
from daemon.smd.etcd.wire import Denied, EtcdError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.smd.etcd.feed import Feed
    from daemon.smd.etcd.lease import Lease
    from daemon.smd.etcd.wire import KeyValue

CLAIM_SECONDS = 0.25
"""Pause before it is asked again whether the id of a node is free."""

CLAIM_MARGIN_SECONDS = 3.0
"""How much longer than its time a lease may last: etcd looks now and then."""

SLOW_SECONDS = 0.5
"""A claim that takes longer may have met an election."""

REVISION_SIZE_MAX = 19
"""Digits of a revision that are looked at."""


class Applied:
    """How far this process, with the nodes of ids ``nodes``, and all others are."""

    def __init__(self, feed: Feed, lease: Lease, nodes: Sequence[str]) -> None:
        self._feed = feed
        self._lease = lease
        self._own = [feed.root + b"applied/" + node.encode() for node in nodes]
        self._others: dict[bytes, int] = {}
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._started = False
        feed.subscribe(b"applied", self._accept)
        feed.moved = self._release

    async def start(self) -> None:
        """Claim the ids of the nodes, and catch up. Raises StartError when one is taken, Denied."""
        await self._feed.reached(await self._claim())
        self._started = True
        self.say(self._feed.position)

    def say(self, position: int) -> None:
        """Let the others know, soon, that everything up to ``position`` is applied."""
        if self._started:
            self._lease.write(dict.fromkeys(self._own, b"%d" % position))

    async def confirmed(self, revision: int) -> None:
        """Return when this process and all others that are alive have applied ``revision``."""
        await self._feed.reached(revision)  # whoever was alive then is known now
        if revision > min(self._others.values(), default=revision):
            done = asyncio.get_running_loop().create_future()
            self._waiting.append((revision, done))
            await done

    async def _claim(self) -> int:
        """The revision at which the ids became ours; waits for the lease of one who may have died."""
        clock = asyncio.get_running_loop().time
        value = b"%d" % self._feed.position
        waited_since = None
        while True:
            began = clock()
            try:
                return await self._lease.claim(dict.fromkeys(self._own, value))
            except Taken as error:
                taken = error
            except Denied:
                raise
            except EtcdError:
                taken = None  # it was there a moment ago; the feed tells the log
            if taken is None or clock() - began > SLOW_SECONDS or waited_since is None:
                waited_since = clock()  # a new leader of etcd lets all leases begin anew
            elif clock() - waited_since > self._lease.ttl + CLAIM_MARGIN_SECONDS:
                node = taken.holder.key.rpartition(b"/")[2].decode("utf-8", "replace")
                raise StartError(
                    f"node-id {node} is in use by another node of this cluster, which is alive; "
                    f"every node needs a node-id of its own"
                ) from taken
            await asyncio.sleep(CLAIM_SECONDS)

    def _accept(self, changed: Sequence[KeyValue], _position: int) -> None:
        for entry in changed:
            if entry.key in self._own:
                if not entry.version and self._started:
                    self._lease.check()
            elif entry.version:
                digits = entry.value[:REVISION_SIZE_MAX]
                self._others[entry.key] = int(digits) if digits.isdigit() else 0
            else:
                self._others.pop(entry.key, None)

    def _release(self) -> None:
        """Let those go on whose revision everybody has applied."""
        if not self._waiting:
            return
        floor = min(self._others.values(), default=self._feed.position)
        for revision, done in self._waiting:
            if revision <= floor and not done.done():
                done.set_result(None)
        self._waiting = [(revision, done) for revision, done in self._waiting if not done.done()]
