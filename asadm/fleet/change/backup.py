"""The entries of a change in the history: old contents and intended changes before it, results after it.

A marker version that is found counts as the content that it stands for: that is what has to come back.
"""

from __future__ import annotations

from asadm.fleet.change.lock import scope
from asadm.fleet.history.history import BEGUN, FOUND, HistoryRecord, new_run
from asadm.fleet.observed.fetch import ModuleFetcher
from asadm.fleet.observed.grouping import gather
from asinfo.text import text

TOGETHER = 8 * 1024 * 1024
"""Bytes of contents that are written at a time."""

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from asadm.fleet.history.history import History
    from asadm.fleet.observed.fetch import FetchedModule
    from asadm.fleet.observed.survey import Survey
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint

    Key = tuple[bytes, str]


class IntendedChange:
    """One module that is about to be changed.

    ``action``   for the history
    ``hash``     what the nodes are to list; None where the module is to be removed
    ``content``  the same; None also where it is what nodes have under that hash already
    ``nodes``    addresses of the nodes that are meant
    """

    __slots__ = ("action", "content", "hash", "name", "nodes")

    def __init__(
        self, action: str, name: bytes, hash_: str | None, content: bytes | None, nodes: Collection[str]
    ) -> None:
        self.action = action
        self.name = name
        self.hash = hash_
        self.content = content
        self.nodes = frozenset(nodes)


class ChangeResult:
    """The result of one module: addresses of the nodes that have the change (``good``), and of those that have not."""

    __slots__ = ("bad", "good", "intent", "note")

    def __init__(
        self, intent: IntendedChange, good: Collection[str], bad: Collection[str] = (), note: str = ""
    ) -> None:
        self.intent = intent
        self.good = frozenset(good)
        self.bad = frozenset(bad)
        self.note = note


class Backup:
    """Writes the entries of one run into the history."""

    def __init__(self, history: History, cluster: Target, *, note: str, undoes: str | None = None) -> None:
        self.history = history
        self.cluster = cluster
        self.note = note
        self.undoes = undoes
        self.run = new_run()
        self.contents: dict[Key, str] = {}
        """The SHA-256 of what the history has of each module; the contents themselves are not kept in memory."""
        self.stands_for: dict[Key, str] = {}
        """The hash of the true content, by the hash of a marker version."""
        self.usual: dict[bytes, str] = {}
        """What most of the nodes had that had the module, as far as it is known."""

    def begin(self, survey: Survey, intents: Sequence[IntendedChange], deadline: float) -> list[str]:
        """Write down what is there, with the content, and what is to be; what could not be read is told.

        ``deadline`` is a time of `time.monotonic` for reading. Raises ConfigError and KeyboardInterrupt; nothing was
        sent then.
        """
        told = self._read(survey, intents, deadline)
        records: list[HistoryRecord] = []
        for name in dict.fromkeys(intent.name for intent in intents):
            records += self._found(survey, name)
        records += [self._record(intent, BEGUN, (), intent.nodes, "") for intent in intents]
        self._write(records)
        return told

    def end(self, results: Sequence[ChangeResult]) -> None:
        """Write down how it went. Raises ConfigError."""
        self._write(
            [
                self._record(each.intent, "done", each.good, each.bad, each.note)
                for each in results
                if each.good or each.bad
            ]
        )

    def _write(self, records: Sequence[HistoryRecord]) -> None:
        self.history.record(self.run, scope(self.cluster), records, undoes=self.undoes)

    def _record(
        self, intent: IntendedChange, state: str, nodes: Collection[str], others: Collection[str], note: str
    ) -> HistoryRecord:
        """For a removal the content that is gone now."""
        sha256, hash_ = None, intent.hash
        if hash_ is None:
            sha256 = self.usual.get(intent.name)
        elif intent.content is None:
            hash_ = self.stands_for.get((intent.name, hash_), hash_)
            sha256 = self.contents.get((intent.name, hash_))
        notes = "; ".join(each for each in (self.note, note) if each)
        return HistoryRecord(
            intent.action,
            intent.name,
            hash_,
            intent.content,
            sha256=sha256,
            state=state,
            nodes=nodes,
            others=others,
            note=notes,
        )

    def _found(self, survey: Survey, name: bytes) -> list[HistoryRecord]:
        """A row for each content of a module on the nodes that were read, the commonest first."""
        read = [listing for listing in survey.listings if listing.read]
        listed = [(listing.modules or {}).get(name) for listing in read]
        true = [hash_ and self.stands_for.get((name, hash_), hash_) for hash_ in listed]
        found = []
        for hash_, positions in gather(true).items():
            sha256 = self.contents.get((name, hash_)) if hash_ else None
            if sha256 is not None:
                self.usual.setdefault(name, sha256)
            nodes = [read[position].node.address for position in positions]
            found.append(HistoryRecord(FOUND, name, hash_, None, sha256=sha256, nodes=nodes))
        return found

    def _read(self, survey: Survey, intents: Sequence[IntendedChange], deadline: float) -> list[str]:
        """Get the contents that are about to go from nodes that list them, unless the history has them."""
        given = {(each.name, each.hash): each.content for each in intents if each.content is not None}
        pending = _WriteBatch(self.history, self.contents)
        wanted: dict[Key, list[Endpoint]] = {}
        for name in dict.fromkeys(each.name for each in intents):
            for listed, positions in gather(survey.hashes(name)).items():
                if listed is None:
                    continue
                content = given.get((name, listed))
                known = self.history.known(name, listed) if content is None else None
                if content is not None:
                    pending.add((name, listed), content)
                elif known is not None:
                    self.contents[name, listed] = known
                else:
                    wanted[name, listed] = [survey.listings[position].node for position in positions]
        told = []
        for (name, listed), fetched in ModuleFetcher(self.cluster, deadline).each(wanted):
            if not self._take(pending, name, listed, fetched.content):
                told.append(_lost(name, listed, fetched))
        pending.write()
        return told

    def _take(self, pending: _WriteBatch, name: bytes, listed: str, content: bytes | None) -> bool:
        """Keep what a node serves under the hash ``listed``, or what that is known to stand for."""
        leftovers = self.cluster.leftovers
        true = leftovers.content(listed) if content is None else leftovers.original(content)
        if true is not None:
            hash_ = self.stands_for[name, listed] = self.cluster.hash(name, true)
            pending.add((name, hash_), true)
        elif content is not None:
            pending.add((name, listed), content)
        return true is not None or content is not None


class _WriteBatch:
    """Contents that wait to be written: several in a transaction, since one each would be slow and all at once large."""

    def __init__(self, history: History, written: dict[Key, str]) -> None:
        self._history = history
        self._written = written
        self._waiting: dict[Key, bytes] = {}
        self._size = 0

    def add(self, key: Key, content: bytes) -> None:
        """One more. Raises ConfigError."""
        self._waiting[key] = content
        self._size += len(content)
        if self._size > TOGETHER:
            self.write()

    def write(self) -> None:
        """All that wait. Raises ConfigError."""
        if self._waiting:
            written = self._history.keep(list(self._waiting.values()))
            self._written.update(zip(self._waiting, written, strict=True))
            self._waiting, self._size = {}, 0


def _lost(name: bytes, listed: str, fetched: FetchedModule) -> str:
    return (
        f"{text(name)} {listed[:10]} could not be read before it was replaced, and cannot be rolled back to: "
        f"{fetched.node.name}: {fetched.reason}"
    )
