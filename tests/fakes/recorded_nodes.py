"""Nodes that answer what three real ones once did: each request line gets the answer that was recorded for it.

What was asked of the principal alone, which all nodes say alike, the others answer as it did. A line that was not recorded in the run is
noted in ``missed``, and answered as it was in another run; where there is none, it is an unknown command. A node that hung or closed
then closes now, which a test need not wait for.
"""

from __future__ import annotations

from contextlib import ExitStack
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from tests.fakes.node import Behaviour, FakeNode, answering, closing, refusing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ASKED_OF_PRINCIPAL = frozenset({"sindex-list:", "udf-list", "racks:", "masking-show:"})
"""What the vendor asks of one node, where every node says the same."""

Answers = dict[str, str]


class RecordedNodes:
    """The nodes of a recorded run, in the order of their ports. ``addresses`` are where they listen now, ``names`` where they did.

    ``elsewhere`` has the answers of the same nodes in other runs; ``fault`` is how the nodes behave that had one.
    """

    def __init__(
        self,
        row: dict[str, Any],
        elsewhere: Mapping[str, Answers] = MappingProxyType({}),
        *,
        fault: Behaviour = closing,
    ) -> None:
        faults = {f"127.0.0.1:{port}": kind for port, kind in (row["fault"] or {}).items()}
        seeds = row["seeds"].split(",") if "--single-node" in row["flags"] else []
        self.names = sorted({*row["nodes"], *faults, *seeds})
        self.faults = faults
        self._fault = fault
        self._recorded = row["nodes"].keys()
        self._answers = {name: answers(row["nodes"].get(name, ())) for name in self.names}
        self._principal = {
            line: answer
            for known in self._answers.values()
            for line, answer in known.items()
            if line in ASKED_OF_PRINCIPAL
        }
        self._elsewhere = elsewhere
        self.missed: list[str] = []
        self.fakes: dict[str, FakeNode] = {}
        self.addresses: dict[str, str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for name in self.names:
            if self.faults.get(name) == "close" or name not in self._recorded:
                self.addresses[name] = "{}:{}".format(*refusing())
                continue
            behaviour = self._fault if name in self.faults else answering(self._answering(name))
            self.fakes[name] = self._stack.enter_context(FakeNode(behaviour=behaviour))
            self.addresses[name] = self.fakes[name].address
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _answering(self, name: str) -> Any:
        known = {**self._principal, **self._answers[name]}

        def answer(request: bytes) -> str | None:
            line = request.decode()
            if line not in known:
                self.missed.append(line)
            return known.get(line, self._elsewhere.get(name, {}).get(line))

        return answer

    @property
    def requests(self) -> dict[str, int]:
        """How many frames each node got."""
        return {name: len(fake.requests) for name, fake in self.fakes.items()}


def answers(exchanges: Sequence[tuple[str, str | None]]) -> Answers:
    """The answer to each line that a node was asked; the last counts."""
    found: Answers = {}
    for _, reply in exchanges:
        for line in (reply or "").splitlines():
            name, tab, value = line.partition("\t")
            if tab:
                found[name] = value
    return found


def all_answers(rows: Sequence[dict[str, Any]]) -> dict[str, Answers]:
    """What each node answered in any of the runs."""
    found: dict[str, Answers] = {}
    for row in rows:
        for name, exchanges in row["nodes"].items():
            found.setdefault(name, {}).update(answers(exchanges))
    return found
