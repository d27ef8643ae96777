"""Detects an etcd that lost its data or was restored from a copy.

The revision alone does not tell: after a restore etcd counts on from an older revision and soon reaches the same number.

The first process ever writes a random name. Every change writes a random mark under one key, and each process remembers
the last mark that it has seen: an etcd that has this mark at this revision has the same history up to there. Every
transaction that writes, and every query of the watch cache, compares name and mark.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from asudfd.smd.etcd import wire
from asudfd.smd.etcd.wire import EtcdRefused, HistoryDiverged, KeyValue, RevisionCompacted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asudfd.smd.etcd.gateway import Gateway

LOOK_SECONDS = 2.0
"""How long an answer may take that shows what etcd it is, or whether a watch has missed something."""

NAME_SIZE = 16
MARK_SIZE = 8

ADVICE = "Stop all nodes and start them again to let them take over what etcd has"


class StoreIdentity:
    """Name and last mark of the etcd that keeps the keys under ``root``; ``lost`` says why its history diverged."""

    def __init__(self, gateway: Gateway, root: bytes) -> None:
        self.head = root + b"head"
        self.lost = ""
        self._gateway = gateway
        self._place = root + b"id"
        self._name = b""
        self._mark = KeyValue(self.head)

    async def learn(self) -> None:
        """Read the name, or give one; to be called once, before anything else is read."""
        while not self._name:
            _, name = (await self._gateway.transact((), self.fetches(), seconds=LOOK_SECONDS)).ranges
            if name.keys:
                self._name = name.keys[0].value
                return
            new = secrets.token_hex(NAME_SIZE).encode()
            absent, put = [wire.is_revision(self._place, 0)], [wire.put(self._place, new)]
            if (await self._gateway.transact(absent, put, seconds=LOOK_SECONDS)).succeeded:
                self._name = new

    def stamp(self) -> dict[str, Any]:
        """The operation that marks a change."""
        return wire.put(self.head, secrets.token_bytes(MARK_SIZE))

    def note(self, event: KeyValue) -> None:
        """Have ``event`` as the last mark."""
        if event.version:
            self._mark = event

    def proof(self) -> list[dict[str, Any]]:
        """Comparisons that hold only where the history goes on that is known. Raises HistoryDiverged when it is known not to."""
        if self.lost:
            raise HistoryDiverged(self.lost)
        name = [wire.is_value(self._place, self._name)] if self._name else []
        return [*name, wire.is_later(self.head, self._mark.mod - 1)] if self._mark.mod else name

    def fetches(self) -> list[dict[str, Any]]:
        """The operations whose two answers ``check`` takes."""
        return [wire.fetch(self.head), wire.fetch(self._place)]

    def check(self, answers: Sequence[wire.KeyRange], known: KeyValue | None = None) -> KeyValue:
        """The last mark by these ``answers``. Raises HistoryDiverged when they cannot come from the etcd that was known.

        ``known`` is the mark that was known when it was asked.
        """
        known = known or self._mark
        heads, names = (answer.keys for answer in answers)
        head = heads[0] if heads else KeyValue(self.head)
        if self._name and (not names or names[0].value != self._name):
            self._fail("etcd is another one than it was, or has lost everything: it was set back")
        if head.mod < known.mod or (head.mod == known.mod and head.value != known.value):
            self._fail(
                f"etcd had a change at revision {known.mod} that it does not know any more: it was set back"
            )
        return head

    @property
    def mark(self) -> KeyValue:
        """The last mark."""
        return self._mark

    async def verify(self, answers: Sequence[wire.KeyRange]) -> None:
        """See that the history up to the last mark is the one that is known, by ``answers`` and what else it takes.

        Raises HistoryDiverged, and RevisionCompacted when etcd has forgotten it.
        """
        known = self._mark
        if self.check(answers).mod != known.mod and known.mod:
            try:
                then = await self._gateway.range(
                    self.head, self.head + b"\0", revision=known.mod, seconds=LOOK_SECONDS
                )
            except RevisionCompacted:
                raise
            except EtcdRefused as error:
                if "future" in str(error):
                    self._fail("etcd knows less than this node: it was set back")
                raise
            if [(entry.mod, entry.value) for entry in then.keys] != [(known.mod, known.value)]:
                self._fail(
                    f"etcd tells another history than it did up to revision {known.mod}: it was set back"
                )
        self.lost = ""

    def check_pages(
        self, found: Sequence[KeyValue], known: dict[bytes, wire.Revisions], position: int
    ) -> None:
        """See that what was last changed up to ``position`` is what was ``known``: creations and changes by key."""
        names = [entry.value for entry in found if entry.key == self._place]
        if names != [self._name]:
            self._fail("etcd is another one than it was, or has lost everything: it was set back")
        if any(entry.mod <= position and known.get(entry.key) != entry.revisions for entry in found):
            self._fail(f"etcd tells another history than it did up to revision {position}: it was set back")
        self.lost = ""

    def fail_behind(self, revision: int, position: int) -> None:
        """Raise HistoryDiverged when etcd, asked for its latest revision, knows less than was delivered before."""
        if revision < position:
            self._fail(f"etcd is at revision {revision} and was at {position}: it was set back")

    def _fail(self, reason: str) -> None:
        self.lost = f"{reason}. {ADVICE}"
        raise HistoryDiverged(self.lost)
