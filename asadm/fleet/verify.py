"""Proof that nodes serve what was brought to them: the bytes of every module, from every node."""

from __future__ import annotations

import time

from asadm.fleet.place import Cell
from asinfo.errors import WireError
from asinfo.wire.failure import explain
from asinfo.wire.info import is_error
from asinfo.wire.udf import content

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asadm.cluster import Cluster
    from asadm.fleet.place import Item, Place
    from asadm.outcome import Answer

MEMORY = 64 * 1024 * 1024
"""Bytes of replies of all nodes together that may be in memory at a time, roughly."""

ITEMS = 32
"""Modules of one request at most."""

DIFFERENT = "serves other bytes than it lists"


def verify(cluster: Cluster, items: Sequence[Item], places: Sequence[Place], deadline: float) -> None:
    """Read each of ``items`` from every node that lists it; what is not as it should be becomes a failed cell.

    It is ``unverified`` where the node serves something else, or says no; a node that gave no whole answer in the time
    that was left has the kind of that failure instead.
    ``deadline`` is a time of `time.monotonic`. Raises KeyboardInterrupt; what was not read then stays as it was.
    """
    asked = [place for place in places if place.fresh]
    present = [item for item in items if item.content is not None]
    for part in _parts(present, len(asked)):
        left = [(place, [item for item in part if place.has(item)]) for place in asked]
        left = [(place, wanted) for place, wanted in left if wanted]
        seconds = max(0.0, min(cluster.timeout, deadline - time.monotonic()))
        answers = cluster.ask(
            [
                (place.node, tuple(b"udf-get:filename=" + item.name for item in wanted))
                for place, wanted in left
            ],
            timeout=seconds,
        )
        for (place, wanted), answer in zip(left, answers, strict=True):
            if answer.status == "interrupted":
                raise KeyboardInterrupt
            _judge(place, wanted, answer)


def _judge(place: Place, items: Sequence[Item], answer: Answer) -> None:
    for number, item in enumerate(items):
        wrong = _wrong(item, answer, number)
        if wrong:
            cell = place.cells.setdefault(item.name, Cell())
            silent = number >= len(answer.answers)
            cell.status, cell.error = answer.status if silent else "unverified", wrong


def _wrong(item: Item, answer: Answer, number: int) -> str:
    """Why the answer does not prove that the node has ``item``; empty when it does."""
    if number >= len(answer.answers):
        return f"could not be read back: {answer.error}"
    said = answer.answers[number]
    if is_error(said):
        return f"could not be read back: {explain(said)}"
    try:
        return "" if content(said) == item.content else DIFFERENT
    except WireError as error:
        return f"could not be read back: {error}"


def _parts(items: Sequence[Item], nodes: int) -> Iterator[list[Item]]:
    """``items`` in parts whose replies are not too large together."""
    part: list[Item] = []
    size = 0
    for item in items:
        size += item.size * nodes
        if part and (size > MEMORY or len(part) == ITEMS):
            yield part
            part, size = [], item.size * nodes
        part.append(item)
    if part:
        yield part
