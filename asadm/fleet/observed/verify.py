"""Verification: reads modules back from every node and compares the bytes."""

from __future__ import annotations

import time

from asadm.fleet.observed.node_progress import NOT_VERIFIED, ModuleProgress
from asadm.outcome import NodeAnswer
from asadm.target.timing import BYTES_PER_SECOND
from asadm.time_budget import ENOUGH, SHARE
from asinfo.errors import WireError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asadm.fleet.observed.node_progress import ModuleChange, NodeProgress
    from asadm.target.interface import Target

MEMORY = 64 * 1024 * 1024
"""Bytes of replies of all nodes together that may be in memory at a time, roughly."""

ITEMS = 32
"""Modules of one request at most."""

DIFFERENT = "serves other bytes than it lists"

NEVER = float("inf")
"""The deadline of what has none: only each node has its time limit."""


def verify(
    cluster: Target, items: Sequence[ModuleChange], states: Sequence[NodeProgress], deadline: float = NEVER
) -> None:
    """Read each of ``items`` from every node that lists it; what is not as it should be becomes a failed cell.

    It is ``unverified`` where the node serves something else, or says no; a node that gave no whole answer in its time
    has the kind of that failure instead, and is not asked for more. Where it was ``deadline`` (a time of
    `time.monotonic`) that left too little time, that is no failure of the node: its cells are ``late``.
    Raises KeyboardInterrupt; what was not read then stays as it was.
    """
    asked = [state for state in states if state.fresh]
    silent: dict[str, NodeAnswer] = {}
    present = [item for item in items if item.content is not None]
    for part in _parts(present, len(asked)):
        left = [(state, [item for item in part if state.has(item)]) for state in asked]
        left = [(state, wanted) for state, wanted in left if wanted]
        speaking = [(state, wanted) for state, wanted in left if state.node.address not in silent]
        answers = {answer.node.address: answer for answer in _read(cluster, speaking, deadline)}
        silent |= {address: answer for address, answer in answers.items() if not answer.answers}
        for state, wanted in left:
            address = state.node.address
            _judge(cluster, state, wanted, silent[address] if address in silent else answers[address])


def _read(
    cluster: Target, asks: Sequence[tuple[NodeProgress, Sequence[ModuleChange]]], deadline: float
) -> list[NodeAnswer]:
    """One answer a node. Raises KeyboardInterrupt."""
    largest = max((sum(item.size for item in wanted) for _, wanted in asks), default=0)
    whole = cluster.timeout + largest / BYTES_PER_SECOND
    share = (deadline - time.monotonic()) * SHARE
    if share < ENOUGH:
        return [NodeAnswer(state.node, "late", (), NOT_VERIFIED) for state, _ in asks]
    answers = cluster.ask(
        [(state.node, tuple(cluster.get_command(item.name) for item in wanted)) for state, wanted in asks],
        timeout=min(whole, share),
    )
    if any(answer.status == "interrupted" for answer in answers):
        raise KeyboardInterrupt
    if share < cluster.timeout:
        return [_excused(answer) for answer in answers]
    return answers


def _excused(answer: NodeAnswer) -> NodeAnswer:
    """An answer for which there was less time than a node may take: that it did not come proves nothing."""
    if answer.status.startswith("timeout") or answer.status == "late":
        return NodeAnswer(answer.node, "late", (), NOT_VERIFIED, answer.milliseconds)
    return answer


def _judge(cluster: Target, state: NodeProgress, items: Sequence[ModuleChange], answer: NodeAnswer) -> None:
    for number, item in enumerate(items):
        wrong = _wrong(cluster, item, answer, number)
        if wrong:
            cell = state.cells.setdefault(item.name, ModuleProgress())
            silent = number >= len(answer.answers)
            cell.status, cell.error = answer.status if silent else "unverified", wrong


def _wrong(cluster: Target, item: ModuleChange, answer: NodeAnswer, number: int) -> str:
    """Why the answer does not prove that the node has ``item``; empty when it does."""
    if answer.status == "late":
        return NOT_VERIFIED
    if number >= len(answer.answers):
        return f"could not be read back: {answer.error}"
    said = cluster.judge(answer.answers[number])
    if not said.done:
        return f"could not be read back: {said.reason}"
    try:
        return "" if cluster.content(answer.answers[number]) == item.content else DIFFERENT
    except WireError as error:
        return f"could not be read back: {error}"


def _parts(items: Sequence[ModuleChange], nodes: int) -> Iterator[list[ModuleChange]]:
    """``items`` in parts whose replies are not too large together."""
    part: list[ModuleChange] = []
    size = 0
    for item in items:
        size += item.size * nodes
        if part and (size > MEMORY or len(part) == ITEMS):
            yield part
            part, size = [], item.size * nodes
        part.append(item)
    if part:
        yield part
