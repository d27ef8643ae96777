"""System metadata in etcd: a change is one transaction, and done when every live process has applied it.

A change compares the key's revision (compare-and-swap): of two at the same time one comes first, and the other is applied to
its result. Every process publishes the revision up to which it has applied all changes; the process that was asked waits
until all live processes have reached that of the change. Reads come from memory, also while etcd is unreachable.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from asudfd.clock import now_milliseconds
from asudfd.errors import StartError
from asudfd.smd.etcd import wire
from asudfd.smd.etcd.applied_index import AppliedIndex
from asudfd.smd.etcd.lease import EtcdLease
from asudfd.smd.etcd.lock import EtcdLock
from asudfd.smd.etcd.membership import EtcdMembership
from asudfd.smd.etcd.watch_cache import WatchCache, hand_over
from asudfd.smd.etcd.wire import AccessDenied, EtcdError, EtcdUnreachable, HistoryDiverged, KeyValue
from asudfd.smd.interface import CONFIRM_SECONDS, Accept, LockHolder, SmdFailed, SmdItem, SmdState, SmdTimeout
from asudfd.smd.local import REMOVED_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from asudfd.cluster.cluster import Member
    from asudfd.smd.etcd.gateway import Gateway

GIVE_UP_MAX = 16
"""How many slots of removed keys one removal gives up; a transaction of etcd has at most 128 operations."""

CHANGE_KEYS = 40
"""How many keys one change may have: each takes two operations, beside those of `GIVE_UP_MAX` slots and a few of ours."""

CHANGE_BYTES = 1 << 20
"""How many bytes of values one change may have: etcd takes requests of up to 1.5 MiB by default."""

RETRY_SECONDS = 0.05
"""Pause before a change is tried again that no endpoint took."""

KEY_MASK = (1 << 48) - 1
"""A cluster key has 48 bits on the wire, etcd's id of its cluster 64."""

AWAY = "the metadata store cannot be reached: modules cannot be changed, all else is served"

TIME_SIZE_MAX = 18
"""Digits of a time that are looked at; what stands there may have been written by hand."""


@dataclass(slots=True)
class _EtcdModule:
    """The items of one SMD module, in order, and the revision of each in etcd."""

    items: dict[str, SmdItem] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    subscribers: list[Accept] = field(default_factory=list)
    tid: int = 0
    pending: int = 0

    def take(self, item: SmdItem, revision: int) -> None:
        """Have ``item`` as of ``revision``; a known key keeps its place."""
        self.tid = revision
        if item.generation:
            self.items[item.key] = item
            self.revisions[item.key] = revision
        else:
            self.items.pop(item.key, None)
            self.revisions.pop(item.key, None)


class EtcdSmd:
    """System metadata in etcd (an `Smd`); it closes ``gateway`` when it stops.

    ``nodes`` are the ids of the nodes of this process; ``start`` raises StartError when one of them is taken by
    another live process. ``lease_ttl`` is in seconds: how long a process counts as alive that says nothing.
    """

    def __init__(
        self,
        gateway: Gateway,
        prefix: str,
        cluster_name: str,
        nodes: Sequence[str],
        *,
        lease_ttl: int = 5,
        warn: Callable[[str], None] = lambda _: None,
        alarm: Callable[[str], None] | None = None,
    ) -> None:
        root = f"{prefix.rstrip('/')}/{quote(cluster_name, safe='')}/".encode()
        self.cache = WatchCache(gateway, root, warn)
        self.lease = EtcdLease(gateway, self.cache, lease_ttl, warn=warn, alarm=alarm or warn)
        self._gateway = gateway
        self._lock = EtcdLock(gateway, root + b"lock")
        self._modules: dict[str, _EtcdModule] = {}
        self._times: dict[bytes, int] = {}
        self._loaded = False
        self.cache.subscribe(b"time", self._accept_times)
        self.cache.subscribe(b"smd", self._accept)
        self._applied = AppliedIndex(self.cache, gateway, self.lease, nodes)
        self._membership: EtcdMembership | None = None

    @property
    def connected(self) -> bool:
        """Whether changes can be stored: etcd can be reached, and the others count on this process."""
        return self.cache.connected and self.lease.liveness.alive

    @property
    def trouble(self) -> str:
        """Why changes cannot be stored; empty when nothing speaks against it."""
        if self.cache.identity.lost:
            return self.cache.identity.lost
        if not self.cache.connected:
            return AWAY
        if self.cache.alarm:
            return f"the metadata store etcd has the alarm {self.cache.alarm}: modules cannot be changed"
        return self.lease.liveness.trouble

    @property
    def shared(self) -> bool:
        """Yes, with every process of the cluster."""
        return True

    def watch_members(self, tell: Callable[[Sequence[Member]], None]) -> None:
        """Call ``tell`` on the event loop with all live members, at every change; to be called once, before ``start``."""
        self._membership = EtcdMembership(self.cache, self.lease, tell)

    async def join(self, members: Sequence[Member]) -> None:
        """Make ``members`` known to all processes. Waits for an etcd that is away. Raises StartError."""
        assert self._membership
        await self._membership.start(members)

    async def leave(self) -> None:
        """Let the nodes of this process leave; the others see it at once."""
        if self._membership:
            await self._membership.stop()

    def subscribe(self, module: str, accept: Accept) -> None:
        """Hand every change of ``module`` to ``accept``; to be called before ``start``, once for each node."""
        self._modules.setdefault(module, _EtcdModule()).subscribers.append(accept)

    async def start(self) -> None:
        """Accept everything there is, be known as alive, and have all that was changed until then.

        Waits for an etcd that is away, until it is cancelled. Raises StartError when etcd does not let us in, or a
        node's id is taken.
        """
        try:
            await self.cache.start()
            self._loaded = True
            for module, known in self._modules.items():
                self._publish(module, list(known.items.values()))
            await self._applied.start()
        except AccessDenied as error:
            raise StartError(f"the metadata store etcd does not let this node in: {error}") from error

    async def stop(self) -> None:
        """Be known as gone, and close the connections."""
        await self._applied.stop()
        await self.lease.stop()
        await self.cache.stop()
        await self._gateway.close()

    async def set(
        self, module: str, key: str, value: str | None, *, keep: Callable[[str], bool] | None = None
    ) -> None:
        """Store ``value`` (None removes) and return when every live node has accepted it, or the one that ``keep`` keeps.

        Raises SmdTimeout after CONFIRM_SECONDS, when the change may still be applied; SmdFailed when it is not.
        """
        await self._set(module, [{key: value}], keep)

    async def set_many(self, module: str, values: Mapping[str, str | None]) -> None:
        """The same for several keys, as one change as far as CHANGE_KEYS and CHANGE_BYTES go; what is more as others behind it."""
        if values:
            await self._set(module, _parts(values), None)

    async def _set(
        self,
        module: str,
        changes: Sequence[Mapping[str, str | None]],
        keep: Callable[[str], bool] | None,
    ) -> None:
        if any(value == "" for values in changes for value in values.values()):
            raise SmdFailed("an empty value cannot be stored")
        if not self.connected:
            raise SmdFailed(self._away())
        known = self._modules[module]
        known.pending += 1
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                revision = 0
                with _told():
                    for values in changes:
                        wanted = {_name(module, key): _encoded(value) for key, value in values.items()}
                        revision = max(revision, await self._change(module, wanted, keep))
                await self._applied.confirmed(revision)
        except TimeoutError as error:
            keys = ", ".join(key for values in changes for key in values)
            raise SmdTimeout(f"{keys} was not confirmed within {CONFIRM_SECONDS:g} s") from error
        finally:
            known.pending -= 1

    def items(self, module: str) -> Sequence[SmdItem]:
        """All items of ``module`` in the order of their first change, removed ones included."""
        known = self._modules.get(module)
        return list(known.items.values()) if known else []

    def state(self, module: str) -> SmdState:
        """Figures of ``module``: etcd's cluster, and the revision of the last change."""
        known = self._modules.get(module)
        if known is None:
            return SmdState()
        return SmdState(self._gateway.cluster_id & KEY_MASK, known.tid, len(known.items), known.pending)

    async def lock(self, owner: str, seconds: int) -> LockHolder | None:
        """Take the lock for ``owner``, or say who holds it."""
        if not self.connected:
            raise SmdFailed(self._away())
        with _told():
            return await self._lock.take(owner, seconds)

    async def unlock(self, owner: str) -> LockHolder | None:
        """Give the lock back, if ``owner`` holds it; or say who else does."""
        if not self.connected:
            raise SmdFailed(self._away())
        with _told():
            return await self._lock.give(owner)

    def _away(self) -> str:
        if self.cache.connected:
            reason = self.lease.liveness.trouble or "it is not running"
            return f"metadata store etcd: this node is no member of the cluster just now: {reason}"
        if self.cache.identity.lost:
            return f"metadata store etcd is not what it was: {self.cache.identity.lost}"
        return f"metadata store etcd is unreachable: {self.cache.trouble or 'the node is not running'}"

    # --- changes ---

    async def _change(
        self, module: str, values: Mapping[bytes, bytes], keep: Callable[[str], bool] | None
    ) -> int:
        """Make the change; the revision at which all have their ``values``, or 0 when they never had any."""
        present = {name: self._known(module, name) for name in values}
        given_up = [] if any(values.values()) else self._to_give_up(module, values)
        maybe = False
        deadline = asyncio.get_running_loop().time() + CONFIRM_SECONDS - RETRY_SECONDS
        while True:
            left = deadline - asyncio.get_running_loop().time()
            mark = self.cache.identity.mark
            wanted = {name: _kept(present[name], value, keep) for name, value in values.items()}
            try:
                outcome = await self._transact(wanted, present, given_up, left)
                if not outcome.succeeded:
                    self._check(outcome.ranges[len(values) :], mark)
            except EtcdUnreachable as error:
                maybe = error.maybe = error.maybe or maybe
                if not self.connected or left <= RETRY_SECONDS:
                    raise
                await asyncio.sleep(RETRY_SECONDS)
                continue
            except EtcdError as error:
                error.maybe = error.maybe or maybe
                raise
            if outcome.succeeded:
                changed = any(present[name].value != value for name, value in wanted.items())
                return outcome.revision if changed else max(entry.mod for entry in present.values())
            for name, found in zip(values, outcome.ranges, strict=False):
                present[name] = found.keys[0] if found.keys else KeyValue(name)
            given_up = []  # one of them may have been in the way

    def _known(self, module: str, name: bytes) -> KeyValue:
        """What is known of ``name``."""
        known, key = self._modules[module], name.decode("utf-8", "surrogateescape").partition("/")[2]
        return KeyValue(name, _value(known.items.get(key)), mod=known.revisions.get(key, 0))

    def _check(self, looks: Sequence[wire.KeyRange], mark: KeyValue) -> None:
        """Raise EtcdError when nothing was done because it is another etcd, or we are not known to be alive there."""
        *marks, applied = looks
        try:
            self.cache.identity.check(marks, mark)
        except HistoryDiverged:
            self.cache.refresh()
            raise
        if not self._applied.is_proven(applied):
            self.lease.check()
            raise EtcdError("this node is no member of the cluster just now")

    async def _transact(
        self,
        wanted: Mapping[bytes, bytes],
        present: Mapping[bytes, KeyValue],
        given_up: Sequence[tuple[bytes, int]],
        seconds: float,
    ) -> wire.TransactionResult:
        """Write what is ``wanted`` upon what is ``present``, or only look whether that is still so if it would be no change."""
        comparisons = [*self.cache.identity.proof(), self._applied.proof()]
        looks, operations = [], []
        for name, value in wanted.items():
            place, stamp = self._places(name)
            comparisons.append(wire.is_revision(place, present[name].mod))
            looks.append(wire.fetch(place))
            if present[name].value != value:
                operations += [wire.put(place, value), wire.put(stamp, b"%d" % now_milliseconds())]
        if operations:
            operations.append(self.cache.identity.stamp())
            for victim, revision in given_up:
                place, stamp = self._places(victim)
                comparisons.append(wire.is_revision(place, revision))
                operations += [wire.delete(place), wire.delete(stamp)]
        looks += [*self.cache.identity.fetches(), self._applied.fetch()]
        return await self._gateway.transact(comparisons, operations, looks, seconds=seconds)

    def _places(self, name: bytes) -> tuple[bytes, bytes]:
        """The keys of the value and of its time."""
        return self.cache.root + b"smd/" + name, self.cache.root + b"time/" + name

    def _to_give_up(self, module: str, names: Collection[bytes]) -> list[tuple[bytes, int]]:
        """The first removed keys and their revisions, when there are more than REMOVED_MAX with ``names``."""
        known = self._modules[module]
        removed = [key for key, item in known.items.items() if item.value is None]
        victims = removed[: min(GIVE_UP_MAX, max(0, len(removed) + len(names) - REMOVED_MAX))]
        named = ((_name(module, key), known.revisions[key]) for key in victims)
        return [(name, revision) for name, revision in named if name not in names]

    # --- what etcd tells ---

    def _accept_times(self, changed: Sequence[KeyValue], _position: int) -> None:
        """Note when values were changed; comes before the values themselves."""
        for entry in changed:
            name = entry.key.removeprefix(self.cache.root + b"time/")
            self._times.pop(name, None)
            if entry.version and entry.value.isdigit():
                self._times[name] = int(entry.value[:TIME_SIZE_MAX])

    def _accept(self, changed: Sequence[KeyValue], position: int) -> None:
        """Take over changed values and hand them on, those of each SMD module together."""
        items: dict[str, list[SmdItem]] = {}
        for entry in changed:
            name = entry.key.removeprefix(self.cache.root + b"smd/")
            module, _, key = name.decode("utf-8", "surrogateescape").partition("/")
            if module in self._modules:
                item = self._item(key, entry, self._times.get(name, 0))
                self._modules[module].take(item, entry.mod)
                items.setdefault(module, []).append(item)
        if self._loaded:
            for module, changes in items.items():
                self._publish(module, changes)
            self._applied.say(position)

    @staticmethod
    def _item(key: str, entry: KeyValue, timestamp: int) -> SmdItem:
        value = _text(entry.value) or None
        return SmdItem(key, value, entry.version, timestamp)

    def _publish(self, module: str, items: Sequence[SmdItem]) -> None:
        for accept in self._modules[module].subscribers:
            hand_over(accept, items, partial(self._skip, module))

    def _skip(self, module: str, item: SmdItem, error: Exception) -> None:
        name = f"{module}/{item.key}".encode("utf-8", "surrogateescape")
        place, _ = self._places(name)
        self.cache.skip(KeyValue(place), error)


def _parts(values: Mapping[str, str | None]) -> list[dict[str, str | None]]:
    """The values in as many changes as they take: removals last, so that nothing is missing in between."""
    parts: list[dict[str, str | None]] = [{}]
    size = 0
    for key in sorted(values, key=lambda key: values[key] is None):
        value = values[key]
        bytes_more = len(_encoded(value))
        if len(parts[-1]) == CHANGE_KEYS or (parts[-1] and size + bytes_more > CHANGE_BYTES):
            parts.append({})
            size = 0
        parts[-1][key] = value
        size += bytes_more
    return parts


def _name(module: str, key: str) -> bytes:
    return f"{module}/{key}".encode("utf-8", "surrogateescape")


def _encoded(value: str | None) -> bytes:
    return (value or "").encode("utf-8", "surrogateescape")


def _kept(present: KeyValue, value: bytes, keep: Callable[[str], bool] | None) -> bytes:
    """What is to stand there: ``value``, or what there is if ``keep`` keeps it."""
    return present.value if keep and present.value and keep(_text(present.value)) else value


def _text(value: bytes) -> str:
    """What ``value`` is to those who do not know etcd."""
    return value.decode("utf-8", "surrogateescape")


def _value(item: SmdItem | None) -> bytes:
    """What stands in etcd for ``item``."""
    return b"" if item is None or item.value is None else item.value.encode("utf-8", "surrogateescape")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Put what etcd says into the words of system metadata."""
    try:
        yield
    except EtcdError as error:
        if error.maybe:
            raise SmdTimeout(str(error)) from error
        away = " is unreachable" if isinstance(error, EtcdUnreachable) else ""
        raise SmdFailed(f"metadata store etcd{away}: {error}") from error
