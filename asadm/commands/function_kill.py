"""``function kill``: end a function or script that runs on nodes."""

from __future__ import annotations

from asadm.fleet.change import confirm
from asadm.fleet.change.options import YES
from asadm.outcome import FAILED, GOOD, CommandOutcome
from asadm.target.one_node import one_node
from asadm.target.valkey import scripts
from asinfo.terminal.options import Option
from asinfo.terminal.render import Cell, Sheet

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.valkey.scripts import KillResult, NodeStats

NODE = Option(
    "node",
    metavar="NODE",
    help="End what runs on NODE only. Without it: on every node on which something runs.",
)
OPTIONS = (NODE, YES)

NOTES = """\
What runs is shown, and asked about. One that has written already is unkillable: only a restart of its node ends it, with
SHUTDOWN NOSAVE. A function that ended by itself meanwhile is no error.

Exit codes: 0 nothing runs any more on the nodes that answered, 1 something does, or a node did not answer, 2 usage,
130 stopped by Ctrl-C.

Examples:
  asadm function stats                       what runs where
  asadm fn kill --node 10.0.0.1:6379         show it, ask, end it
  asadm fn kill --yes"""


class KillSettings:
    """The ``node``, if one was named, and whether it is not to be asked."""

    __slots__ = ("dry_run", "node", "yes")

    def __init__(self, arguments: CommandArguments) -> None:
        self.node = arguments.options.text("node")
        self.yes = arguments.options.flag("yes")
        self.dry_run = False


def check(arguments: CommandArguments) -> None:
    """Raises UsageError where nobody could confirm it."""
    arguments.prepared = KillSettings(arguments)
    confirm.require(arguments.prepared)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Look what runs, show it, ask, end it."""
    settings: KillSettings = arguments.prepared
    target = session.cluster(arguments)
    if settings.node is not None:
        target = one_node(target, "--node", settings.node)
    cluster = scripts.valkey_cluster(target)
    found = scripts.stats(cluster)
    busy = [each for each in found if each.running is not None]
    answers = [each.answer for each in found]
    if not busy:
        return CommandOutcome(answers, b"" if session.json else b"nothing runs on the nodes that answered\n")
    for line in _lines(busy):
        session.warn(line)
    if not confirm.confirmed("End that?", yes=settings.yes):
        return CommandOutcome(answers, messages=["not confirmed: nothing was sent"], code=FAILED)
    results = scripts.kill(cluster, [each.answer.node for each in busy])
    ended = {result.answer.node.address: result.answer for result in results}
    good = all(answer.good for answer in answers) and all(map(_is_good, results))
    rows = [[Cell(result.answer.node.name), *_cells(result)] for result in results]
    return CommandOutcome(
        [ended.get(answer.node.address, answer) for answer in answers],
        [Sheet("", ["Node", "Status", "Reason"], rows)],
        code=GOOD if good else FAILED,
        extra={"killed": [{"node": each.answer.node.name, "status": each.status} for each in results]},
    )


def _lines(busy: list[NodeStats]) -> list[str]:
    return [f"{each.answer.node.name}: {each.running}" for each in busy]


def _is_good(result: KillResult) -> bool:
    return result.status in {"killed", "none"}


def _cells(result: KillResult) -> list[Cell]:
    return [Cell(result.status, "good" if _is_good(result) else "bad"), Cell(result.answer.error or None)]
