"""The entries in the history of a change that is none of modules: configuration, indexes, truncations, queries.

One row before it and one after it, both with a JSON document as content:

    {"what": {...}, "nodes": {"10.0.0.1:3000": {"before": "1", "after": "3", "result": "changed"}}}

``what`` is the change's own description; ``before`` and ``after`` are null where a node had nothing, and are left out where
they are secrets or were not read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from asadm.fleet.change.lock import scope
from asadm.fleet.history.history import DONE, INTENDED, HistoryRecord, new_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asadm.fleet.history.history import History, HistoryEntry
    from asadm.target.interface import Target


class ManagedIntent(NamedTuple):
    """What is about to be changed: ``name`` stands where others have the module.

    ``what``   the change's description
    ``nodes``  by address what is known of each node
    """

    action: str
    name: str
    what: Mapping[str, Any]
    nodes: Mapping[str, Mapping[str, Any]]
    note: str = ""


class ManagedResult(NamedTuple):
    """How that went: addresses of the nodes that followed, and of those that did not."""

    intent: ManagedIntent
    good: Iterable[str]
    bad: Iterable[str]


class ManagedRecord:
    """Writes one run into the history."""

    def __init__(self, history: History, cluster: Target, *, note: str, undoes: str | None = None) -> None:
        self.history = history
        self.cluster = cluster
        self.note = note
        self.undoes = undoes
        self.run = new_run()

    def begin(self, _survey: object, intents: Sequence[ManagedIntent], _deadline: float) -> list[str]:
        """Write down what is there and what is to be. Raises ConfigError; nothing was sent then."""
        self._write([self._record(each, INTENDED, (), each.nodes) for each in intents])
        return []

    def end(self, results: Sequence[ManagedResult]) -> None:
        """Write down how it went. Raises ConfigError."""
        self._write([self._record(each.intent, DONE, each.good, each.bad) for each in results])

    def _write(self, records: Sequence[HistoryRecord]) -> None:
        self.history.record(self.run, scope(self.cluster), records, undoes=self.undoes)

    def _record(
        self, intent: ManagedIntent, state: str, good: Iterable[str], bad: Iterable[str]
    ) -> HistoryRecord:
        content = json.dumps({"what": intent.what, "nodes": intent.nodes}, indent=1) + "\n"
        return HistoryRecord(
            intent.action,
            intent.name.encode("utf-8", "surrogateescape"),
            None,
            content.encode("utf-8", "surrogateescape"),
            state=state,
            nodes=good,
            others=bad,
            note="; ".join(each for each in (intent.note, self.note) if each),
        )


class RecordedChange(NamedTuple):
    """A change as the history has it: see the documents above; ``entry`` is its latest row, which `udf history` lists."""

    entry: HistoryEntry
    what: Mapping[str, Any]
    nodes: Mapping[str, Mapping[str, Any]]


def recorded(history: History, run: str) -> RecordedChange | None:
    """What is known of a run; None where it is no such change, or its content cannot be read."""
    rows = history.of_run(run)
    if not any(row.state == INTENDED for row in rows):
        return None
    for row in reversed(rows):
        content = history.content(row)
        document = _document(content) if content else None
        if document is not None:
            return RecordedChange(rows[-1], document["what"], document["nodes"])
    return None


def _document(content: bytes) -> dict[str, dict[str, Any]] | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    what, nodes = found.get("what"), found.get("nodes")
    if not (isinstance(what, dict) and isinstance(nodes, dict)):
        return None
    if not all(isinstance(each, dict) for each in nodes.values()):
        return None
    return {"what": what, "nodes": nodes}
