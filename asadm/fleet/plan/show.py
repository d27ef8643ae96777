"""Rendering of a plan: sheets for a person, members of the JSON document for a program."""

from __future__ import annotations

import os

from asadm.fleet.observed.grouping import count, gather, named, short
from asadm.fleet.observed.survey import unknown
from asadm.fleet.observed.unread import failures
from asadm.fleet.plan.plan import CHANGES, CREATE, REMOVE, SAME, UNREAD, UPDATE
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import text, visible

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterator

    from asadm.fleet.observed.survey import Survey
    from asadm.fleet.plan.plan import FleetPlan, PlanStep
    from asadm.target.interface import Leftovers

CIRCLES_MAX = 10
"""Circles that are told; each has a line."""

VERSIONS_MAX = 8
"""Versions of one module that have a row each; more of them share one."""

MARKS = {CREATE: "good", UPDATE: "changed", REMOVE: "bad", SAME: "quiet", UNREAD: "bad"}
ACTIONS = (CREATE, UPDATE, REMOVE, SAME, UNREAD)


def sheets(plan: FleetPlan, *, everything: bool = False) -> list[Sheet]:
    """The plan, one row for all nodes that need the same, and the nodes that were not read.

    Modules that are the same on all nodes are only counted, unless ``everything`` is to be shown.
    """
    rows = [row for step in plan.steps if everything or step.pending for row in _rows(plan, step)]
    found = []
    if rows:
        found.append(Sheet("", [plan.survey.noun.capitalize(), "Action", "Nodes", "Has", "Gets"], rows))
    found.extend(failures(plan.survey))
    return found


def _is_no_change(action: str, _seen: str | None) -> bool:
    return action not in CHANGES


def _rows(plan: FleetPlan, step: PlanStep) -> Iterator[list[Cell]]:
    """A row for each situation, changes before the nodes that have it already; unread nodes have a sheet of their own."""
    nodes = plan.survey.nodes()
    groups = gather(zip(step.actions, _versions(step), strict=True))
    situations = sorted(groups, key=lambda situation: _is_no_change(*situation))
    for action, seen in situations:
        positions = groups[action, seen]
        never = step.source is None and action == SAME  # what does not have it loses nothing
        if action != UNREAD and not never:
            yield [
                Cell(text(step.name)),
                Cell(action, MARKS[action]),
                Cell(named(nodes, positions)),
                Cell(seen),
                Cell(short(step.wanted)),
            ]


def _versions(step: PlanStep) -> list[str | None]:
    """What each node has, for a table; where there are very many versions, only how many."""
    versions = set(step.seen) - {None, step.wanted}
    if len(versions) <= VERSIONS_MAX:
        return [short(digest) for digest in step.seen]
    many = f"{len(versions)} versions"
    return [many if digest in versions else short(digest) for digest in step.seen]


def summary(plan: FleetPlan) -> str:
    """One line: how many modules are to be created and so on, and on how many nodes."""
    counts = dict.fromkeys(ACTIONS, 0)
    for step in plan.steps:
        for action in CHANGES.intersection(step.actions):
            counts[action] += 1
        counts[SAME] += not step.pending
    changed = {
        position for step in plan.steps for position, action in enumerate(step.actions) if action in CHANGES
    }
    read = plan.survey.read
    nodes = len(plan.survey.listings)
    if not read:
        return unknown(nodes)
    if not changed:
        return f"no change: {count(counts[SAME], plan.survey.noun)} as in {visible(plan.directory.path)} on {read} of {count(nodes, 'node')}"
    return (
        f"{counts[CREATE]} to create, {counts[UPDATE]} to update, {counts[REMOVE]} to remove"
        f" on {len(changed)} of {count(nodes, 'node')}; {counts[SAME]} the same{_gap(plan.survey)}"
    )


def _gap(survey: Survey) -> str:
    """What stands behind a summary where nodes were not read."""
    missing = len(survey.listings) - survey.read
    return f"; {missing} of {count(len(survey.listings), 'node')} not read" if missing else ""


def remarks(plan: FleetPlan, leftovers: Leftovers, settings: str) -> list[str]:
    """What else is to be known, for standard error: required modules that nobody has, disagreement, other modules.

    ``settings`` is the name of the file beside the modules that may say which of them are kept.
    """
    said = [
        f"{text(name)} requires {text(required)}, which neither {plan.directory.path} nor a node{_read(plan)} has"
        for name, required in plan.missing()
    ]
    said += [
        f"modules require each other in a circle: {' -> '.join(map(text, circle))}; a node refuses them unless that is "
        "inside of functions"
        for circle in plan.directory.circles[:CIRCLES_MAX]
    ]
    if plan.findings:
        from asadm.fleet.plan.plan_lint import lines

        said += lines(plan)
    if plan.directory.others:
        said.append(
            f"not looked at, for the first line of a {plan.survey.noun} begins with #!: {_some(list(map(os.fsencode, plan.directory.others)))}"
        )
    if plan.foreign:
        how = "" if plan.prune else f"; --prune would remove those that {settings} does not keep"
        said.append(
            f"{count(len(plan.foreign), plan.survey.noun)} on the nodes that {plan.directory.path} does not have: "
            f"{_some(plan.foreign)}{how}"
        )
    differing = plan.survey.differing()
    if differing:
        said.append(
            f"the nodes disagree with each other on {count(len(differing), plan.survey.noun)}: {_some(differing)}"
        )
    known = [(source.name, source.content) for source in plan.directory.sources.values()]
    return [*said, *leftovers.lines(leftovers.held(plan.survey.listings, known))]


def _read(plan: FleetPlan) -> str:
    return "" if plan.complete else " that was read"


def _some(names: list[bytes]) -> str:
    shown = ", ".join(map(text, names[:10]))
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown


def document(plan: FleetPlan) -> dict[str, object]:
    """What the JSON document says of ``plan`` beside its nodes."""
    return {
        "directory": plan.directory.path,
        "pending": plan.pending,
        "complete": plan.complete,
        "prune": plan.prune,
        "steps": [
            {
                "module": text(step.name),
                "hash": step.wanted,
                "requires": [text(name) for name in step.source.requires] if step.source else [],
                **{action: step.actions.count(action) for action in ACTIONS},
            }
            for step in plan.steps
        ],
        "differing": [text(name) for name in plan.survey.differing()],
        "foreign": [text(name) for name in plan.foreign],
        "missing": [{"module": text(name), "requires": text(required)} for name, required in plan.missing()],
        "lint": _findings(plan),
        "nodes": [
            {**node, "modules": modules}
            for node, modules in zip(_entries(plan.survey), _modules_by_node(plan), strict=True)
        ],
    }


def _findings(plan: FleetPlan) -> list[dict[str, object]]:
    """What lint warns of, as 'udf lint --json' has it."""
    if not plan.findings:
        return []
    from asinfo.lint.formats import entries

    return entries(plan.findings)


def _entries(survey: Survey) -> Iterator[dict[str, object]]:
    from asadm.display import node

    return map(node, survey.answers)


def _modules_by_node(plan: FleetPlan) -> Iterator[list[dict[str, object]] | None]:
    """For each node what it has of each module, and what is to be done; None for a node that was not read."""
    names = [text(step.name) for step in plan.steps]
    for position, listing in enumerate(plan.survey.listings):
        yield (
            [
                {
                    "name": name,
                    "action": step.actions[position],
                    "hash": step.seen[position],
                    "wanted": step.wanted,
                }
                for name, step in zip(names, plan.steps, strict=True)
            ]
            if listing.read
            else None
        )
