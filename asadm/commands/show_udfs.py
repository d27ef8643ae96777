"""``show udfs``: the modules of every node side by side, or the source of one module."""

from __future__ import annotations

import os

from asadm.commands.modifiers import NamePattern
from asadm.display import HASH_SHOWN
from asadm.fleet.observed.survey import coverage, covered, survey
from asadm.outcome import FAILED, CommandOutcome, NodeAnswer, exit_code
from asinfo.errors import UsageError, WireError
from asinfo.terminal.options import Option
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.interface import Target


OPTIONS = (
    Option(
        "stats",
        kind="flag",
        help="Show how often the functions were called, how long they took and how many failed, on all nodes together.",
    ),
)


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a name that cannot be sent."""
    arguments.prepared = NamePattern(arguments.clauses.get("like", []))
    if arguments.prepared and (arguments.names or arguments.options.flag("stats")):
        raise UsageError(
            "show udfs: like chooses among the modules that are listed: leave the name and --stats out"
        )
    if arguments.names:
        if arguments.options.flag("stats"):
            raise UsageError("show udfs: --stats is about all modules: leave the name out")
        arguments.rules.sendable(os.fsencode(arguments.names[0]))


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """The table, or the source when a module is named, or figures of all functions."""
    if arguments.options.flag("stats"):
        return _stats(session, arguments)
    if arguments.names:
        return _source(session, arguments)
    listings = survey(session.cluster(arguments)).listings
    answers = [listing.answer for listing in listings]
    found = [listing.modules or {} for listing in listings]
    wanted: NamePattern = arguments.prepared
    names = sorted({name for modules in found for name in modules if wanted(text(name))})
    states = {
        name: _state(
            [modules.get(name) for modules, answer in zip(found, answers, strict=True) if answer.good]
        )
        for name in names
    }
    extra: dict[str, object] = {
        "modules": [
            {
                "name": text(name),
                "state": states[name],
                "hashes": {
                    answer.node.name: modules.get(name)
                    for modules, answer in zip(found, answers, strict=True)
                },
            }
            for name in names
        ]
    }
    rows = [_row(session, name, states[name], found, answers) for name in names]
    read = sum(answer.good for answer in answers)
    sheet = Sheet(
        "UDF modules" if read in {0, len(answers)} else f"UDF modules on {coverage(read, len(answers))}",
        ["Module", "State", *(answer.node.name for answer in answers)],
        rows,
        _note(states, read, len(answers)),
    )
    if wanted and not names:
        said = [f"no module matches: {', '.join(arguments.clauses['like'])}"] if read else []
        return CommandOutcome(answers, messages=said, code=max(exit_code(answers), FAILED), extra=extra)
    return CommandOutcome(answers, [sheet], extra=extra)


def _stats(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """One table of all nodes; the functions that took the most time come first."""
    from asadm.target.aerospike import function_figures
    from asadm.target.aerospike.cluster import info_cluster

    reading = function_figures.read(info_cluster(session.cluster(arguments)))
    functions = sorted(reading.merged().values(), key=lambda each: (-each.microseconds, each.name))
    extra: dict[str, object] = {"functions": [each.document() for each in functions]}
    note = covered("" if functions else "no function was called yet", reading.read, len(reading.answers))
    shown = function_figures.sheet(functions, note, cut=session.terminal)
    return CommandOutcome(reading.answers, [shown], extra=extra)


def _state(hashes: Sequence[str | None]) -> str:
    """``same`` on all nodes that answered, ``differs`` in content, or ``missing`` on some."""
    if len(set(hashes) - {None}) > 1:
        return "differs"
    return "missing" if None in hashes else "same"


def _row(
    session: CommandSession,
    name: bytes,
    state: str,
    found: Sequence[dict[bytes, str]],
    answers: Sequence[NodeAnswer],
) -> list[Cell]:
    usual = commonest(modules[name] for modules in found if name in modules)
    cells = [Cell(text(name)), Cell(state, "good" if state == "same" else "bad")]
    for modules, answer in zip(found, answers, strict=True):
        digest = modules.get(name)
        if not answer.good:
            cells.append(Cell(answer.status, "bad"))
        elif digest is None:
            cells.append(Cell("missing", "bad"))
        else:
            shown = digest[:HASH_SHOWN] if session.terminal else digest
            cells.append(Cell(shown, "" if digest == usual else "changed"))
    return cells


def _note(states: dict[bytes, str], read: int, asked: int) -> str:
    """How many modules, and of how many nodes that is known where not all were read."""
    wrong = sum(state != "same" for state in states.values())
    note = f"{len(states)} module{'' if len(states) == 1 else 's'}"
    if wrong:
        return f"{note}, {wrong} not the same on all nodes"
    return covered(note, read, asked)


def commonest(values: Iterable[str]) -> str | None:
    """The value that stands most often, the first of equals; None for none."""
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return max(counts, key=lambda value: counts[value]) if counts else None


def _source(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """The bytes of the module as the first node that has it holds them; nodes that hold others are named."""
    name = os.fsencode(arguments.names[0])
    cluster = session.cluster(arguments)
    asked = cluster.each([cluster.get_command(name), cluster.list_command()])
    answers = [_first(cluster, each) for each in asked]
    sources = [_content(cluster, answer) for answer in answers]
    usual = next((source for source in sources if source is not None), None)
    if usual is None:
        return CommandOutcome(answers, code=None if answers else 1)
    first = next(
        answer.node.name for answer, source in zip(answers, sources, strict=True) if source is not None
    )
    others = [
        answer.node.name
        for answer, source in zip(answers, sources, strict=True)
        if source is not None and source != usual
    ]
    messages = (
        [
            f"{text(name)}: {', '.join(others)} hold{'s' if len(others) == 1 else ''} other content than {first}, shown here"
        ]
        if others
        else []
    )
    damaged = [
        each.node.name
        for each, source in zip(asked, sources, strict=True)
        if source is not None and not _as_listed(cluster, each, name, source)
    ]
    messages += [f"{text(name)} on {node}: it serves other bytes than it lists" for node in damaged]
    return CommandOutcome(
        answers,
        session.safe(usual),
        messages=messages,
        extra={"name": text(name), "source": text(usual), "differs": others, "damaged": damaged},
    )


def _first(cluster: Target, answer: NodeAnswer) -> NodeAnswer:
    """The answer to the first command alone."""
    if not answer.answers:
        return answer
    said = cluster.judge(answer.answers[0])
    status = "ok" if said.done else "error"
    first = NodeAnswer(answer.node, status, answer.answers[:1], said.reason, answer.milliseconds)
    return first.like(answer, answer.commands[:1])


def _as_listed(cluster: Target, answer: NodeAnswer, name: bytes, source: bytes) -> bool:
    """Whether the list that came with it has the hash of ``source``; a node that does not list is believed."""
    listed = NodeAnswer(answer.node, "ok", answer.answers[1:])
    if not listed.answers or not cluster.judge(listed.answer).done:
        return True
    [listing] = cluster.listings([listed])
    return (listing.modules or {}).get(name) in {None, cluster.hash(name, source)}


def _content(cluster: Target, answer: NodeAnswer) -> bytes | None:
    if not answer.good:
        return None
    try:
        return cluster.content(answer.answer)
    except WireError as error:
        answer.status, answer.error = "protocol", str(error)
        return None
