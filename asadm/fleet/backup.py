"""What a run writes into the history: before it, what the nodes have and what is about to be done; after it, how it went.

A marker version that is found counts as the content that it stands for: that is what has to come back.
"""

from __future__ import annotations

from asadm.fleet import journal
from asadm.fleet.fetch import fetch
from asadm.fleet.gathered import gather
from asadm.fleet.history import BEGUN, FOUND, Record, new_run
from asadm.fleet.lock import scope
from asadm.fleet.marker import unmarked
from asinfo.wire.info import text
from asinfo.wire.udf import base64, digest

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from asadm.cluster import Cluster
    from asadm.fleet.fetch import Fetched
    from asadm.fleet.history import History
    from asadm.fleet.survey import Survey
    from asinfo.exchange import Node

    Key = tuple[bytes, str]


class Intent:
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


class Result:
    """How it went with one module: addresses of the nodes that have it as they should (``good``), and that have not."""

    __slots__ = ("bad", "good", "intent", "note")

    def __init__(
        self, intent: Intent, good: Collection[str], bad: Collection[str] = (), note: str = ""
    ) -> None:
        self.intent = intent
        self.good = frozenset(good)
        self.bad = frozenset(bad)
        self.note = note


class Backup:
    """The rows of one run."""

    def __init__(self, history: History, cluster: Cluster, *, note: str, undoes: str | None = None) -> None:
        self.history = history
        self.cluster = cluster
        self.note = note
        self.undoes = undoes
        self.run = new_run()
        self.contents: dict[Key, bytes] = {}
        self.stands_for: dict[Key, str] = {}
        """The hash of the true content, by the hash of a marker version."""
        self.usual: dict[bytes, bytes] = {}
        """What most of the nodes had that had the module, as far as it is known."""

    def begin(self, survey: Survey, intents: Sequence[Intent]) -> list[str]:
        """Write down what is there, with the content, and what is to be; what could not be read is told.

        Raises ConfigError and KeyboardInterrupt; nothing was sent then.
        """
        told = self._read(survey, intents)
        records: list[Record] = []
        for name in dict.fromkeys(intent.name for intent in intents):
            records += self._found(survey, name)
        records += [self._record(intent, BEGUN, (), intent.nodes, "") for intent in intents]
        self._write(records)
        return told

    def end(self, results: Sequence[Result]) -> None:
        """Write down how it went. Raises ConfigError."""
        self._write(
            [
                self._record(each.intent, "done", each.good, each.bad, each.note)
                for each in results
                if each.good or each.bad
            ]
        )

    def _write(self, records: Sequence[Record]) -> None:
        self.history.record(self.run, scope(self.cluster), records, undoes=self.undoes)

    def _record(
        self, intent: Intent, state: str, nodes: Collection[str], others: Collection[str], note: str
    ) -> Record:
        """For a removal the content that is gone now."""
        content, hash_ = intent.content, intent.hash
        if hash_ is None:
            content = self.usual.get(intent.name)
        elif content is None:
            hash_ = self.stands_for.get((intent.name, hash_), hash_)
            content = self.contents.get((intent.name, hash_))
        notes = "; ".join(each for each in (self.note, note) if each)
        return Record(
            intent.action,
            intent.name,
            hash_,
            content,
            state=state,
            nodes=nodes,
            others=others,
            note=notes,
        )

    def _found(self, survey: Survey, name: bytes) -> list[Record]:
        """A row for each content of a module on the nodes that were read, the commonest first."""
        read = [listing for listing in survey.listings if listing.read]
        listed = [(listing.modules or {}).get(name) for listing in read]
        true = [hash_ and self.stands_for.get((name, hash_), hash_) for hash_ in listed]
        found = []
        for hash_, positions in gather(true).items():
            content = self.contents.get((name, hash_)) if hash_ else None
            if content is not None:
                self.usual.setdefault(name, content)
            nodes = [read[position].node.address for position in positions]
            found.append(Record(FOUND, name, hash_, content, nodes=nodes))
        return found

    def _read(self, survey: Survey, intents: Sequence[Intent]) -> list[str]:
        """Get the contents that are about to go from the history, or from nodes that list them."""
        wanted: dict[Key, list[Node]] = {}
        given = {
            (each.name, each.hash): each.content for each in intents if each.hash and each.content is not None
        }
        for name in dict.fromkeys(each.name for each in intents):
            for listed, positions in gather(survey.hashes(name)).items():
                if listed is None:
                    continue
                known = given.get((name, listed)) or self.history.known(name, listed)
                if known is None:
                    wanted[name, listed] = [survey.listings[position].node for position in positions]
                else:
                    self.contents[name, listed] = known
        told = []
        for (name, listed), fetched in fetch(self.cluster, wanted).items():
            if not self._take(name, listed, fetched.content):
                told.append(_lost(name, listed, fetched))
        for key, content in given.items():
            if content is not None:
                self.contents.setdefault((key[0], key[1] or ""), content)
        return told

    def _take(self, name: bytes, listed: str, content: bytes | None) -> bool:
        """Keep what a node serves under the hash ``listed``, or what that is known to stand for."""
        true = journal.content(listed) if content is None else unmarked(content)
        if true is not None:
            hash_ = self.stands_for[name, listed] = digest(name, base64(true))
            self.contents[name, hash_] = true
        elif content is not None:
            self.contents[name, listed] = content
        return true is not None or content is not None


def _lost(name: bytes, listed: str, fetched: Fetched) -> str:
    return (
        f"{text(name)} {listed[:10]} could not be read before it was replaced, and cannot be rolled back to: "
        f"{fetched.node.name}: {fetched.reason}"
    )
