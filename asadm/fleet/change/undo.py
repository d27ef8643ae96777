"""Finds in the history what a rollback has to undo, and on which nodes.

A change stays to be undone on each of its nodes until a rollback of it has reached that node. What is looked for is
the latest change that a node which answers still has; it goes back on all nodes of the run that still have it, and on
no other.
"""

from __future__ import annotations

from asadm.fleet.history.history import BEGUN, DONE, FOUND

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from asadm.fleet.history.history import History, HistoryEntry


class RunUndo:
    """One run to undo: ``back`` has an entry for each of its modules."""

    def __init__(self, begun: HistoryEntry) -> None:
        self.begun = begun
        self.back: list[ModuleUndo] = []

    @property
    def nodes(self) -> frozenset[str]:
        """All nodes that it is about."""
        return frozenset[str]().union(*(each.nodes for each in self.back))

    @property
    def key(self) -> object:
        """Equal for what would do the same."""
        return self.begun.run, [(each.module, each.usual.hash, each.nodes) for each in self.back]


class ModuleUndo:
    """One module to undo: addresses of its ``nodes``, and ``found``: what they had before, the commonest first."""

    def __init__(self, module: bytes, nodes: frozenset[str], found: Sequence[HistoryEntry]) -> None:
        self.module = module
        self.nodes = nodes
        self.found = found

    @property
    def usual(self) -> HistoryEntry:
        """What most of them had."""
        return self.found[0]


def latest(
    history: History,
    scope: Collection[str],
    answering: Collection[str],
    module: bytes | None = None,
    run: str | None = None,
) -> RunUndo | None:
    """The latest change that a node of ``answering`` still has, for the nodes of ``scope``; None when there is none.

    With ``module`` just changes of that one, with ``run`` just that run. A repair that gave nodes what most of them had is
    passed over, as is a rewarming: to undo it would change nothing.
    """
    seen = set()
    answers = frozenset(answering)
    for row in history.begun(module):
        if (
            row.run in seen
            or row.action == "rewarm"
            or not row.others & answers
            or run not in {None, row.run}
        ):
            continue
        seen.add(row.run)
        rows = history.of_run(row.run)
        if not _mended(rows):
            undo = _of_run(history, rows, frozenset(scope), answers, module)
            if undo is not None:
                return undo
    return None


def later(history: History, undo: RunUndo) -> list[HistoryEntry]:
    """Of each module of ``undo`` the latest entry that came after it on one of its nodes, where there is one: it is undone, too."""
    found = []
    for back in undo.back:
        rows = [row for row in history.entries(None, back.module) if row.id > undo.begun.id]
        done = (row for row in rows if row.state == DONE and row.run != undo.begun.run)
        found += [row for row in done if row.nodes & back.nodes][:1]
    return found


def _of_run(
    history: History,
    rows: Sequence[HistoryEntry],
    scope: frozenset[str],
    answers: frozenset[str],
    module: bytes | None,
) -> RunUndo | None:
    begun = [row for row in rows if row.state == BEGUN and module in {None, row.module}]
    undo = RunUndo(begun[0])
    undoing = history.undoing(begun[0].run)
    for row in begun:
        undone = _undone(history, row, [each for each in undoing if each.module == row.module])
        left = (row.others & scope) - undone
        found = [each for each in rows if each.state == FOUND and each.module == row.module]
        if left and found:
            found.sort(key=lambda each: (-len(each.nodes & left), -each.ok))
            found = [each for each in found if each.nodes & left] or found[:1]
            undo.back.append(ModuleUndo(row.module, left, found))
    return undo if undo.nodes & answers else None


def _undone(history: History, begun: HistoryEntry, undoing: Sequence[HistoryEntry]) -> frozenset[str]:
    """The nodes that have that change no more: a rollback reached them, or a repair gave them what such nodes have.

    A node that was repaired since then is where most of the others are, whether it was reached itself or not.
    """
    undone = _latest(undoing)
    repairs = history.repairs(begun.module, begun.id)
    repaired = _latest([each for each in repairs if _mended(history.of_run(each.run))])
    moved = {node for node, number in repaired.items() if number > undone.get(node, 0)}
    others = begun.others - moved
    if not others:
        return frozenset(undone)
    most = 2 * sum(node in undone for node in others) > len(others)
    return frozenset(undone).difference(moved).union(moved if most else ())


def _latest(rows: Sequence[HistoryEntry]) -> dict[str, int]:
    """By node, the latest of ``rows`` that reached it."""
    return {node: row.id for row in sorted(rows, key=lambda row: row.id) for node in row.nodes}


def _mended(rows: Sequence[HistoryEntry]) -> bool:
    """Whether ``rows`` are those of a repair of nodes that did not have what most had."""
    usual: dict[bytes, HistoryEntry] = {}
    for row in rows:
        if row.state == FOUND:
            usual[row.module] = max(usual.get(row.module, row), row, key=lambda each: each.ok)
    return all(
        row.action == "repair" and (row.module not in usual or usual[row.module].hash == row.hash)
        for row in rows
        if row.state == BEGUN
    )
