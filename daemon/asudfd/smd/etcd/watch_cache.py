"""The watch cache: a copy of all keys under one prefix of etcd, read once and then kept up to date by a watch.

Changes are delivered in the order of their revisions. A watch that breaks is resumed after the last revision that was
delivered completely. When etcd has compacted that revision, all keys are read again, and the difference is delivered,
removals included. A watch that stays silent although there are changes (its endpoint is frozen, or the network drops
packets) is detected by a query every second.

An etcd whose history diverged (it was restored from a copy, or replaced) is not followed: that would remove what
clients were told is stored. The module `identity` detects it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from asudfd.smd.etcd import wire
from asudfd.smd.etcd.identity import LOOK_SECONDS, StoreIdentity
from asudfd.smd.etcd.key_pages import pages_of
from asudfd.smd.etcd.wire import (
    AccessDenied,
    EtcdError,
    EtcdRefused,
    EtcdUnreachable,
    KeyValue,
    RevisionCompacted,
    Revisions,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asudfd.smd.etcd.gateway import Gateway

    Accept = Callable[[Sequence[KeyValue], int], None]

BEAT_SECONDS = 1.0
"""How often etcd is asked whether the watch has missed something."""

AWAY_SECONDS = 1.0
"""How long no endpoint may be of use before etcd counts as away; an election takes about as long."""

SILENCE_SECONDS = 0.5
"""How long a watch may lag behind what etcd says before it counts as stuck."""

RETRY_SECONDS = (0.05, 2.0)
"""Shortest and longest pause before etcd is tried again."""

TELL_SECONDS = 30.0
"""How often the log is told that etcd is still away."""

ALARM_SECONDS = 5.0
"""How often etcd is asked whether it is short of something."""

STUCK_MAX = 2
"""How often the watch may begin anew that misses something before everything is read anew."""

VALUE_SIZE_KEPT = 64
"""What is read again is kept until the end of the read only up to this size."""

TURN_BYTES = 1 << 20
"""How much is delivered before others have their turn."""


class WatchCache:
    """Follows all keys that begin with ``root``. ``position`` is the revision up to which everything was delivered.

    A change goes to the subscriber of the first part of its key after the root, in the order of the subscriptions. Keys
    that begin with ``unwatched`` are not watched. ``trouble`` says why etcd is unreachable; ``alarm`` lists etcd's alarms,
    such as NOSPACE.
    """

    def __init__(self, gateway: Gateway, root: bytes, warn: Callable[[str], None]) -> None:
        self.root = root
        self.identity = StoreIdentity(gateway, root)
        self.head = self.identity.head  # written with every change; its revision tells whether there is news
        self.unwatched = root + b"applied/"  # comes before all others, so that one range has the rest
        self.position = 0
        self.connected = False
        self.trouble = ""
        self.alarm = ""
        self._gateway = gateway
        gateway.silent = self._restart
        self._start, self._end = wire.range_end(self.unwatched), wire.range_end(root)
        self.skip = partial(_skip, warn)
        self._warn = warn
        self._subscribers: dict[bytes, Accept] = {}
        self._known: dict[bytes, Revisions] = {}  # of each key that was delivered
        self._whole = False  # whether everything was read, and the watch is to go on from there
        self._stuck = 0
        self._alarmed = -ALARM_SECONDS
        self._failures = 0
        self._since = 0.0
        self._told = -TELL_SECONDS
        self._loaded: asyncio.Future[None] | None = None
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stream: asyncio.Task[None] | None = None

    def subscribe(self, part: bytes, accept: Accept) -> None:
        """Hand changes of keys ``root/part/...`` to ``accept``, with the revision up to which they are complete."""
        self._subscribers[part] = accept

    async def start(self) -> None:
        """Return when everything there is was delivered. Waits for an etcd that is away. Raises AccessDenied."""
        self._loaded = asyncio.get_running_loop().create_future()
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._beat())]
        for task in self._tasks:
            task.add_done_callback(self._ended)
        await self._loaded

    async def reached(self, revision: int) -> None:
        """Return when everything up to ``revision`` was delivered."""
        if revision > self.position:
            done = asyncio.get_running_loop().create_future()
            self._waiting.append((revision, done))
            await done

    async def stop(self) -> None:
        """Deliver nothing more."""
        tasks, self._tasks = self._tasks, []
        self.connected = False
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Tell of a fault of ours: what is known is served on, and everybody sees that nothing new comes."""
        if not task.cancelled() and (error := task.exception()):
            self.connected, self.trouble = False, "a fault of this node"
            fault = {"message": "the watch of etcd failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(fault)

    def refresh(self) -> None:
        """Begin the watch anew at another endpoint: somebody misses what it should have delivered."""
        self._gateway.turn()
        self._restart()

    def _restart(self) -> None:
        if self._stream is not None:
            self._stream.cancel()

    async def _run(self) -> None:
        """Read, then watch; again and again."""
        clock = asyncio.get_running_loop().time
        while True:
            asked, began = self._gateway.size, clock()  # a look asks every endpoint, a watch one
            try:
                if self._whole:
                    await self._verify()  # an etcd that was set back would keep silent on the watch
                else:
                    await self._read()
                    self._whole = True
                asked = 1
                await self._follow_once()
            except EtcdError as error:
                self._whole = self._whole and not isinstance(error, RevisionCompacted)
                self._lost(error, asked, clock() if asked == 1 else began)
            await self._pause()

    async def _follow_once(self) -> None:
        """Follow until the watch breaks, or until ``refresh``."""
        self._stream = asyncio.create_task(self._follow())
        try:
            await asyncio.wait((self._stream,))
        finally:
            self._stream.cancel()
            await asyncio.wait((self._stream,))
        if not self._stream.cancelled():
            self._stream.result()

    async def _pause(self) -> None:
        shortest, longest = RETRY_SECONDS
        pause = min(longest, shortest * 2 ** min(self._failures, 10))
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - so that nodes do not come all at once

    def _lost(self, error: EtcdError, asked: int, began: float) -> None:
        """Note that ``asked`` endpoints failed, from ``began`` on; when all have for a while, etcd is away.

        A watch that moves to another endpoint, or an election, is no more than a moment.
        """
        now = asyncio.get_running_loop().time()
        if isinstance(error, RevisionCompacted):
            return
        if not self._failures:
            self._since = began
        self._failures += asked
        if isinstance(error, EtcdUnreachable) and (
            self._failures < self._gateway.size or now - self._since < AWAY_SECONDS
        ):
            return
        if self.connected or now - self._told >= TELL_SECONDS:
            self._told = now
            self._warn(f"the metadata store etcd is away: {error}")
        self.connected = False
        self.trouble = str(error)
        if isinstance(error, AccessDenied) and self._loaded and not self._loaded.done():
            self._loaded.set_exception(error)

    async def _read(self) -> None:
        """Read everything and deliver what differs from what is known."""
        await self.identity.learn()
        proven = await self._is_continued()
        found: list[KeyValue] = []
        revision = 0
        async with contextlib.aclosing(pages_of(self._gateway, self._start, self._end)) as pages:
            async for page in pages:
                revision = page.revision
                self.identity.fail_behind(revision, self.position)
                found += [_thin(entry, self._known) for entry in page.keys]
        if not proven:
            self.identity.check_pages(found, self._known, self.position)
        created = {entry.key: entry.create for entry in found}
        gone = [
            KeyValue(key, create=known.create, mod=revision)
            for key, known in self._known.items()
            if created.get(key) != known.create
        ]
        changed = [entry for entry in found if self._known.get(entry.key) != entry.revisions]
        changed.sort(key=lambda entry: entry.create)  # the order in which they came to be
        await self._deliver_in_turns([*gone, *changed], revision)
        if self._loaded and not self._loaded.done():
            self._loaded.set_result(None)

    async def _is_continued(self) -> bool:
        """Whether etcd is known to have the history that was delivered; if it has forgotten that, its keys must tell."""
        if not self.position:
            return True
        try:
            await self._verify()
        except RevisionCompacted:
            return False
        return True

    async def _verify(self) -> None:
        """Raise HistoryDiverged when etcd has not the history that was delivered, RevisionCompacted when it has forgotten it."""
        position = self.position
        now = await self._gateway.transact((), self.identity.fetches(), seconds=LOOK_SECONDS)
        self.identity.fail_behind(now.revision, position)
        await self.identity.verify(now.ranges)

    async def _follow(self) -> None:
        """Deliver what a watch tells, until it breaks."""
        waiting: list[KeyValue] = []  # of the last revision, which may go on in the next message
        stream = self._gateway.watch(self._start, self._end, self.position + 1)
        async with contextlib.aclosing(stream):
            async for message in stream:
                self._found()
                waiting += [event for event in message.events if event.mod > self.position]
                if message.partial and waiting:
                    last = waiting[-1].mod
                    whole = [event for event in waiting if event.mod < last]
                    waiting = waiting[len(whole) :]
                    if whole:
                        self._deliver(whole, whole[-1].mod)
                elif waiting:
                    events, waiting = waiting, []
                    self._deliver(events, events[-1].mod)
                elif message.progress > self.position and not message.partial:
                    self._deliver((), message.progress)

    def _found(self) -> None:
        """Note that changes come."""
        if not self.connected and self._told > 0:
            self._warn("the metadata store etcd is there again")
        self.connected, self.trouble = True, ""
        self._failures = 0
        self._told = -TELL_SECONDS

    def _deliver(self, events: Sequence[KeyValue], position: int) -> None:
        parts: dict[bytes, list[KeyValue]] = {}
        for event in events:
            if event.version:
                self._known[event.key] = event.revisions
            else:
                self._known.pop(event.key, None)
            if event.key == self.head:
                self.identity.note(event)
            parts.setdefault(event.key[len(self.root) :].partition(b"/")[0], []).append(event)
        for part, accept in self._subscribers.items():
            if part in parts:
                hand_over(partial(_accepted, accept, position), parts[part], self.skip)
        self._stuck = 0
        self.position = position
        reached = [done for revision, done in self._waiting if revision <= position and not done.done()]
        self._waiting = [(revision, done) for revision, done in self._waiting if revision > position]
        for done in reached:
            done.set_result(None)

    async def _deliver_in_turns(self, events: Sequence[KeyValue], position: int) -> None:
        """Deliver much, all of it as of ``position``; those who serve meanwhile have their turns."""
        times = self.root + b"time/"  # are to be known before what was changed then
        ordered = sorted(events, key=lambda event: not event.key.startswith(times))
        turn: list[KeyValue] = []
        size = 0
        for event in ordered:
            turn.append(event)
            size += len(event.value)
            if size > TURN_BYTES:
                self._deliver(turn, self.position)
                turn, size = [], 0
                await asyncio.sleep(0)
        self._deliver(turn, position)

    async def _beat(self) -> None:
        """Find out whether the watch has missed something, and whether etcd is short of something."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            if not self.connected:
                continue
            if await self._is_stuck():
                self.refresh()
            elif asyncio.get_running_loop().time() - self._alarmed >= ALARM_SECONDS:
                self._alarmed = asyncio.get_running_loop().time()
                await self._ask_for_alarms()

    async def _ask_for_alarms(self) -> None:
        with contextlib.suppress(EtcdRefused):  # it tells that only to those who may ask
            try:
                alarm = ", ".join(await self._gateway.alarms(seconds=LOOK_SECONDS))
            except EtcdUnreachable:
                return  # the next look tells
            if alarm and not self.alarm:
                self._warn(
                    f"the metadata store etcd has the alarm {alarm}: it takes no changes until that is mended"
                )
            elif self.alarm and not alarm:
                self._warn("the metadata store etcd has no alarm any more")
            self.alarm = alarm

    async def _is_stuck(self) -> bool:
        """Whether etcd has news and the watch does not bring them, or etcd does not answer."""
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            if not await self._look():
                return False
            position, heard = self.position, self._gateway.heard
            await asyncio.sleep(SILENCE_SECONDS)
            began = clock()
            if heard != self._gateway.heard:
                return False  # a large module may take a while
            return position == self.position and await self._look() and self._misses()
        except EtcdError as error:
            self._lost(error, self._gateway.size, began)
            return True

    def _misses(self) -> bool:
        """Note that the watch misses something; when it does again and again, everything is to be read anew."""
        self._stuck += 1
        self._whole = self._whole and self._stuck <= STUCK_MAX
        return True

    async def _look(self) -> bool:
        """Whether etcd has news that were not delivered: a later change, or keys that came or went."""
        operations = [*self.identity.fetches(), wire.count(self._start, self._end)]
        position, mark = self.position, self.identity.mark
        now = await self._gateway.transact((), operations, seconds=LOOK_SECONDS)
        self.identity.fail_behind(now.revision, position)
        *marks, keys = now.ranges
        head = self.identity.check(marks, mark)
        return head.mod > self.position or keys.count != len(self._known)


def _thin(entry: KeyValue, known: Mapping[bytes, Revisions]) -> KeyValue:
    """``entry`` without its value if it is ``known`` and large: all of them at once may be much."""
    if known.get(entry.key) == entry.revisions and len(entry.value) > VALUE_SIZE_KEPT:
        return replace(entry, value=b"")
    return entry


_Thing = TypeVar("_Thing")


def hand_over(
    accept: Callable[[Sequence[_Thing]], None],
    things: Sequence[_Thing],
    skip: Callable[[_Thing, Exception], None],
) -> None:
    """Let ``accept`` have the ``things``; what makes it fail is skipped, and the rest goes on."""
    try:
        accept(things)
    except Exception as error:  # noqa: BLE001 - listed in tests/tidy
        if len(things) == 1:
            skip(things[0], error)
            return
        for thing in things:
            hand_over(accept, (thing,), skip)


def _accepted(accept: Accept, position: int, events: Sequence[KeyValue]) -> None:
    accept(events, position)


def _skip(warn: Callable[[str], None], event: KeyValue, error: Exception) -> None:
    """Tell the log that what etcd has at a key is left out: somebody else may have written it."""
    key = event.key.decode("utf-8", "backslashreplace")
    warn(f"{key} in etcd is skipped: {str(error) or type(error).__name__}")
