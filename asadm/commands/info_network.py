"""``info network``: an overview of the nodes, one row each, the silent ones with their reason."""

from __future__ import annotations

from asadm.outcome import CommandOutcome
from asinfo.errors import WireError
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import text
from asinfo.wire.info import is_error, parameter
from asinfo.wire.udf import modules

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import NodeAnswer
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

ASKED = (b"node", b"build", b"cluster-name", b"statistics", b"udf-list")
UNNAMED = b"null"
"""What a node says whose configuration gives no name to its cluster."""

AWAY = "away"
_METADATA = {b"true": "connected", b"false": AWAY, None: None}
"""Whether an asudfd reaches the store of its cluster's metadata; a real server does not say."""

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
    answers = session.cluster(arguments).each(ASKED)
    facts = [_facts(answer) for answer in answers]
    for answer in answers:
        if answer.status == "error" and not is_error(answer.answer):
            answer.status, answer.error = "ok", ""
    named = any(answer.node.name != answer.node.address for answer in answers)
    keys = [key for key in COLUMNS if key != "address" or named]
    rows = [_row(answer, each, keys) for answer, each in zip(answers, facts, strict=True)]
    titles = ["Node", *(COLUMNS[key] for key in keys), "State"]
    reached = sum(answer.good for answer in answers)
    sheet = Sheet("Network", titles, rows, f"{reached} of {len(answers)} nodes answered")
    network = [
        {"node": answer.node.name, **each, "state": answer.status}
        for answer, each in zip(answers, facts, strict=True)
    ]
    return CommandOutcome(answers, [sheet], extra={"network": network}, told=True)


def _facts(answer: NodeAnswer) -> dict[str, str | int | None]:
    facts: dict[str, str | int | None] = dict.fromkeys((*COLUMNS, "metadata"))
    facts["address"] = answer.node.address
    if not answer.answers:
        return facts
    identity, build, name, statistics, listed = (None if is_error(each) else each for each in answer.answers)
    facts["id"] = None if identity is None else text(identity)
    facts["build"] = None if build is None else text(build)
    facts["cluster"] = None if name in {None, UNNAMED} else text(name)
    facts["modules"] = _count(listed)
    for key, statistic in (
        ("size", b"cluster_size"),
        ("connections", b"client_connections"),
        ("uptime", b"uptime"),
    ):
        value = parameter(statistics or b"", statistic)
        facts[key] = int(value) if value and value.isdigit() else None
    facts["metadata"] = _METADATA.get(parameter(statistics or b"", b"smd_connected"))
    return facts


def _count(listed: bytes | None) -> int | None:
    try:
        return None if listed is None else len(modules(listed))
    except WireError:
        return None


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
