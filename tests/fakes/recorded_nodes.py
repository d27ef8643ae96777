"""Nodes that answer what three real ones once did: each request line gets the answer that was recorded for it.

A line that was not recorded is an unknown command, and is noted in ``missed``. A node that hung or closed then closes now,
which a test need not wait for.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from tests.fakes.node import FakeNode, answering, closing, refusing

if TYPE_CHECKING:
    from collections.abc import Sequence


class RecordedNodes:
    """The nodes of a recorded run, in the order of their ports. ``addresses`` are where they listen now, ``names`` where they did."""

    def __init__(self, row: dict[str, Any]) -> None:
        faults = {f"127.0.0.1:{port}": kind for port, kind in (row["fault"] or {}).items()}
        seeds = row["seeds"].split(",") if "--single-node" in row["flags"] else []
        self.names = sorted({*row["nodes"], *faults, *seeds})
        self.faults = faults
        self._recorded = row["nodes"].keys()
        self._answers = {name: answers(row["nodes"].get(name, ())) for name in self.names}
        self.missed: list[str] = []
        self.fakes: dict[str, FakeNode] = {}
        self.addresses: dict[str, str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for name in self.names:
            if self.faults.get(name) == "close" or name not in self._recorded:
                self.addresses[name] = "{}:{}".format(*refusing())
                continue
            behaviour = closing if name in self.faults else answering(self._answering(self._answers[name]))
            self.fakes[name] = self._stack.enter_context(FakeNode(behaviour=behaviour))
            self.addresses[name] = self.fakes[name].address
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _answering(self, known: dict[str, str]) -> Any:
        def answer(line: bytes) -> str | None:
            found = known.get(line.decode())
            if found is None:
                self.missed.append(line.decode())
            return found

        return answer

    @property
    def requests(self) -> dict[str, int]:
        """How many frames each node got."""
        return {name: len(fake.requests) for name, fake in self.fakes.items()}


def answers(exchanges: Sequence[tuple[str, str | None]]) -> dict[str, str]:
    """The answer to each line that a node was asked; the last counts."""
    found: dict[str, str] = {}
    for _, reply in exchanges:
        for line in (reply or "").splitlines():
            name, tab, value = line.partition("\t")
            if tab:
                found[name] = value
    return found
