"""The report of a rollout: by module, by node, and each failure with the version that the node has."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asadm.fleet.change.stuck import HOW as FORCED
from asadm.fleet.observed.grouping import NAMED_MAX, count, gather, named, short
from asadm.outcome import NodeAnswer
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import plural, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from asadm.fleet.change.rollout import Rollout
    from asadm.fleet.observed.node_progress import ModuleChange, ModuleProgress, NodeProgress
    from asinfo.exchange import Endpoint

    Row = list[Cell | str | float | None]

ROWS_MAX = 500
"""Rows of the sheet of failures."""

EACH_MAX = 12
"""So many nodes have a row each; of more, those that fared alike share one."""

MODULES_MAX = 6
"""So many modules that fared alike have a row each; more share one."""

NAMES_MAX = 30
"""So many nodes that failed are named in one row."""

REMARKS_MAX = 10
"""Modules that are named in remarks of the same kind; a count stands for the others."""

_MARKS = {"ok": "good", "skipped": "quiet"}


def answers(rollout: Rollout) -> list[NodeAnswer]:
    """One a node: ``ok``, or the status and the reason of the first module that it has not as it should."""
    return [_answer(state, rollout.items) for state in rollout.states]


def _answer(state: NodeProgress, items: Sequence[ModuleChange]) -> NodeAnswer:
    failed = [
        (item, state.cells[item.name])
        for item in items
        if item.name in state.cells and not state.cells[item.name].good
    ]
    last = max((cell.milliseconds for cell in state.cells.values()), default=0.0)
    if not failed:
        return NodeAnswer(state.node, "ok", [b"ok"], "", last)
    first = [(item, cell) for item, cell in failed if cell.status != "skipped"] or failed
    (item, cell), *_ = first
    if not state.fresh:
        return NodeAnswer(state.node, cell.status, (), cell.error, last)
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return NodeAnswer(state.node, cell.status, (), f"{text(item.name)}: {cell.error}{more}", last)


def counts(rollout: Rollout, item: ModuleChange) -> tuple[int, int]:
    """Numbers of nodes that have ``item`` as it should be, and that have not, as far as is known."""
    good = sum(item.name not in state.cells or state.cells[item.name].good for state in rollout.states)
    return good, len(rollout.states) - good


def sheets(rollout: Rollout, changed: Sequence[ModuleChange]) -> list[Sheet]:
    """By module, by node, and the failures one by one."""
    modules = [_module(rollout, item) for item in changed]
    nodes = _nodes(rollout)
    noun = rollout.cluster.noun.capitalize()
    found = [Sheet("", [noun, "Gets", "Nodes", "How", "After ms"], modules)] if modules else []
    found.append(Sheet("", ["Nodes", "Status", plural(noun), "How", "After ms"], nodes))
    failures = list(_failures(rollout))
    if failures:
        more = len(failures) - ROWS_MAX
        note = f"and {more} more" if more > 0 else ""
        columns = ["Nodes", noun, "Status", "Has", "Should have", "Reason"]
        found.append(Sheet("", columns, failures[:ROWS_MAX], note))
    return found


def remarks(rollout: Rollout) -> list[str]:
    """What is to be known of markers, loudly where one could not be taken back, and what mends damaged files."""
    marked: dict[bytes, list[Endpoint]] = {}
    left: dict[bytes, list[Endpoint]] = {}
    damaged: list[bytes] = []
    for state in rollout.states:
        for name, cell in state.cells.items():
            if cell.good and cell.how == FORCED:
                marked.setdefault(name, []).append(state.node)
            elif cell.status == "marker":
                left.setdefault(name, []).append(state.node)
            elif cell.status == "unverified":
                damaged.append(name)
    told = [f"NOT PUT BACK: {line}" for line in rollout.cluster.leftovers.lines(left)]
    for name, nodes in list(marked.items())[:REMARKS_MAX]:
        told.append(
            f"{text(name)}: {', '.join(node.name for node in nodes)}: the cluster had agreed on it, so that a put was no change: "
            "it went out with a marker line, and then as it should be"
        )
    if len(marked) > REMARKS_MAX:
        told.append(f"{count(len(marked) - REMARKS_MAX, 'more module')} in the same way")
    if damaged:
        names = " ".join(map(text, dict.fromkeys(damaged)))
        told.append(f"what a node serves is mended by: asadm udf repair --verify {names}")
    return told


def _module(rollout: Rollout, item: ModuleChange) -> Row:
    good, bad = counts(rollout, item)
    cells = [state.cells[item.name] for state in rollout.states if item.name in state.cells]
    last = max((cell.milliseconds for cell in cells if cell.good), default=None)
    return [
        text(item.name),
        short(item.wanted) or "removed",
        Cell(f"{good} of {good + bad}", "bad" if bad else "good"),
        _how(cells),
        last,
    ]


class NodeSummary(NamedTuple):
    """The result of one node: its status, ``3 of 4`` modules, and how it got them."""

    status: str
    modules: str
    how: str


def _nodes(rollout: Rollout) -> list[Row]:
    """A row a node, or for all that fared alike where there are many."""
    found = answers(rollout)
    summaries = [_summary(state, answer) for state, answer in zip(rollout.states, found, strict=True)]
    times = [
        answer.milliseconds if state.cells else None
        for state, answer in zip(rollout.states, found, strict=True)
    ]
    if len(summaries) <= EACH_MAX:
        return [
            _shown(state.node.name, summary, milliseconds)
            for state, summary, milliseconds in zip(rollout.states, summaries, times, strict=True)
        ]
    return [
        _shown(_named(rollout, positions), summary, max(times[each] or 0.0 for each in positions))
        for summary, positions in gather(summaries).items()
    ]


def _summary(state: NodeProgress, answer: NodeAnswer) -> NodeSummary:
    cells = list(state.cells.values())
    good = sum(cell.good for cell in cells)
    return NodeSummary(answer.status, f"{good} of {len(cells)}" if cells else "no change", _how(cells))


def _shown(names: str, summary: NodeSummary, milliseconds: float | None) -> Row:
    mark = _MARKS.get(summary.status, "bad")
    return [names, Cell(summary.status, mark), summary.modules, summary.how, milliseconds]


def _named(rollout: Rollout, positions: Sequence[int]) -> str:
    """The nodes at ``positions``, all of them by name while a person can read it."""
    nodes = [state.node for state in rollout.states]
    if NAMED_MAX < len(positions) <= NAMES_MAX and len(positions) < len(nodes) / 2:
        return f"{len(positions)} nodes: {', '.join(nodes[position].name for position in positions)}"
    return named(nodes, positions)


def _how(cells: Iterable[ModuleProgress]) -> str:
    """``2 sent, 10 replicated``."""
    numbers: dict[str, int] = {}
    for cell in cells:
        if cell.good:
            numbers[cell.how] = numbers.get(cell.how, 0) + 1
    return ", ".join(f"{number} {how}" for how, number in numbers.items())


def _failures(rollout: Rollout) -> Iterator[Row]:
    """What nodes have not as they should, those that fail alike together."""
    alike: dict[tuple[tuple[int, ...], str, str], list[tuple[ModuleChange, str]]] = {}
    for item in rollout.items:
        failed: dict[tuple[str, str, str], list[int]] = {}
        for position, state in enumerate(rollout.states):
            cell = state.cells.get(item.name)
            if cell is not None and not cell.good:
                failed.setdefault((cell.status, cell.error, _has(state, item)), []).append(position)
        for (status, error, has), positions in failed.items():
            alike.setdefault((tuple(positions), status, error), []).append((item, has))
    for (where, status, error), modules in alike.items():
        names = _named(rollout, where)
        for module, listed, wanted in _modules(modules, rollout.cluster.noun):
            yield [names, module, Cell(status, _MARKS.get(status, "bad")), listed, wanted, error]


def _modules(
    modules: Sequence[tuple[ModuleChange, str]], noun: str
) -> Iterator[tuple[str, str | None, str | None]]:
    """Each module with what it is and should be; many of them together."""
    if len(modules) <= MODULES_MAX:
        for item, has in modules:
            yield text(item.name), has, short(item.wanted) or "nothing"
        return
    found = dict.fromkeys(has for _, has in modules)
    first = ", ".join(text(item.name) for item, _ in modules[:MODULES_MAX])
    yield f"{len(modules)} {plural(noun)}: {first}, ...", next(iter(found)) if len(found) == 1 else None, None


def _has(state: NodeProgress, item: ModuleChange) -> str:
    if state.listed is None:
        return "unknown"
    has = short(state.listed.get(item.name)) or "nothing"
    return has if state.fresh else f"unknown (was {has})"


def document(rollout: Rollout) -> list[dict[str, object]]:
    """Every module that was to be changed somewhere, with every such node."""
    return [
        {
            "module": text(item.name),
            "hash": item.wanted,
            "nodes": [_entry(state, item) for state in rollout.states if item.name in state.cells],
        }
        for item in rollout.items
        if any(item.name in state.cells for state in rollout.states)
    ]


def _entry(state: NodeProgress, item: ModuleChange) -> dict[str, object]:
    cell = state.cells[item.name]
    listed = state.listed or {}
    return {
        "node": state.node.name,
        "status": cell.status,
        "how": cell.how or None,
        "error": cell.error or None,
        "hash": listed.get(item.name),
        "known": state.fresh,
        "ms": round(cell.milliseconds, 3),
    }


def compile_error(rollout: Rollout) -> list[str]:
    """``path:line: message`` and the line of the source; empty when all modules compile."""
    if rollout.broken is None:
        return []
    from asadm.compile_errors import describe

    item = rollout.broken.change
    return describe(rollout.broken.error, item.name, item.path, item.content or b"")
