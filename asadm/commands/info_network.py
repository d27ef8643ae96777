"""``info network``: an overview of the nodes, one row each, the silent ones with their reason."""

from __future__ import annotations

from asadm.fleet.observed.grouping import count
from asadm.outcome import CommandOutcome
from asinfo.terminal.render import Cell, Sheet

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import NodeAnswer
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

AWAY = "away"

COLUMNS = {
    "id": "Node ID",
    "address": "Address",
    "build": "Build",
    "cluster": "Cluster",
    "size": "Size",
    "modules": "Modules",
    "connections": "Clients",
    "uptime": "Uptime",
}


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for everything in one request each.

    A node that refuses one of the questions (an old or a locked one) is still shown; the cell has a dash. Addresses
    have a column only where nodes have names of their own.
    """
    found = session.cluster(arguments).overview()
    answers = [each.answer for each in found]
    facts = [each.facts for each in found]
    named = any(answer.node.name != answer.node.address for answer in answers)
    keys = [key for key in COLUMNS if key != "address" or named]
    rows = [_row(answer, each, keys) for answer, each in zip(answers, facts, strict=True)]
    titles = ["Node", *(COLUMNS[key] for key in keys), "State"]
    reached = sum(answer.good for answer in answers)
    sheet = Sheet("Network", titles, rows, f"{reached} of {count(len(answers), 'node')} answered")
    network = [
        {"node": answer.node.name, **each, "state": answer.status}
        for answer, each in zip(answers, facts, strict=True)
    ]
    return CommandOutcome(answers, [sheet], extra={"network": network}, told=True)


def _row(answer: NodeAnswer, facts: dict[str, str | int | None], keys: list[str]) -> list[Cell]:
    shown = {**facts, "uptime": duration(facts["uptime"])}
    state = Cell("ok", "good") if answer.good else Cell(f"{answer.status}: {answer.error}", "bad")
    if answer.good and facts["metadata"] == AWAY:
        state = Cell("ok, but its metadata store is away: modules cannot be changed", "bad")
    return [Cell(answer.node.name), *(Cell(shown[key]) for key in keys), state]


def duration(seconds: str | int | None) -> str | None:
    """``3 d 04:05:06``; None stays None."""
    if not isinstance(seconds, int):
        return None
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    clock = f"{hour:02}:{minute:02}:{second:02}"
    return f"{days} d {clock}" if days else clock
