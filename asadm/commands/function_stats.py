"""``function stats``: what runs on every node, for how long, and how many libraries and functions it has."""

from __future__ import annotations

from asadm.outcome import CommandOutcome
from asadm.target.valkey import scripts
from asinfo.terminal.render import Cell, Sheet

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.valkey.scripts import NodeStats

NOTES = """\
FUNCTION STATS is answered by nodes that answer BUSY to all else.

Exit codes: 0 all nodes answered, 1 a node did not, 130 stopped by Ctrl-C.

Examples:
  asadm function stats
  asadm --json fn stats | jq '.nodes[] | select(.running)'"""


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes at once."""
    found = scripts.stats(scripts.valkey_cluster(session.cluster(arguments)))
    answers = [each.answer for each in found]
    if session.json:
        return CommandOutcome(answers, extra={"nodes": list(map(_entry, found))})
    titles = ["Node", "Role", "Libraries", "Functions", "Runs", "For s", "Command"]
    return CommandOutcome(answers, [Sheet("", titles, list(map(_row, found)))])


def _entry(stats: NodeStats) -> dict[str, object]:
    from asadm.display import node

    running = stats.running
    return {
        **node(stats.answer),
        "libraries": stats.libraries,
        "functions": stats.functions,
        "running": running and {"name": running.name, "command": running.command, "ms": running.milliseconds},
    }


def _row(stats: NodeStats) -> list[Cell]:
    node, running = stats.answer.node, stats.running
    name = Cell(None)
    if not stats.answer.good:
        name = Cell(f"not read: {stats.answer.status}", "bad")
    elif running is not None:
        name = Cell(running.name or "a script", "changed")
    return [
        Cell(node.name),
        Cell(node.role.kind if node.role else None),
        Cell(None if stats.libraries is None else str(stats.libraries)),
        Cell(None if stats.functions is None else str(stats.functions)),
        name,
        Cell(f"{running.milliseconds / 1000:.1f}" if running else None),
        Cell(running.command if running else None),
    ]
