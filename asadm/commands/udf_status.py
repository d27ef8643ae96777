"""``udf status``: the version of every module on every node, once or repeatedly."""

from __future__ import annotations

import time
from contextlib import suppress

from asadm import display
from asadm.commands import REPEAT_SECONDS
from asadm.fleet.observed import matrix
from asadm.fleet.observed.survey import survey
from asadm.outcome import FAILED, GOOD, INTERRUPTED, PENDING, CommandOutcome, worst
from asadm.redraw import QUIT, Redrawing
from asinfo.errors import UsageError
from asinfo.terminal.options import SECONDS_MAX, Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.fleet.desired.directory import ModuleDirectory
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.interface import Target

WATCH = Option(
    "watch",
    kind="optional",
    metavar="SECONDS",
    help="Repeat every SECONDS until Ctrl-C.  [2]",
)
DIR = Option(
    "dir",
    metavar="DIRECTORY",
    help="Compare every node with the modules in DIRECTORY, instead of with what most nodes have.",
)
VERIFY = Option(
    "verify",
    kind="flag",
    help="Also read every module from every node, to find nodes that serve other bytes than they list.",
)
OPTIONS = (WATCH, DIR, VERIFY)

NOTES = """\
On a terminal a table of modules and nodes; if it is too wide, nodes with the same modules share a column.
In a pipe one line for each module and node: module, node, state, hash. The states:
  same      the hash that most nodes have; with --dir the directory's
  other     another hash
  missing   the node does not list the module
  extra     the directory does not have the module (with --dir)
  damaged   the node serves other bytes than it lists (checked only with --verify)
A node that could not be read has one line: "*", the node, the kind of failure, the reason.

Exit codes: 0 all nodes were read and are the same, 1 a node could not be read, or with --verify a node serves other bytes than
it lists, 3 all were read and not all are the same, 2 usage.
With --watch, Ctrl-C ends the command with the worst of these codes.

Examples:
  asadm udf status
  asadm udf status --watch 5 --dir udf
  asadm udf status | grep -v ' same '"""


class StatusSettings:
    """What the nodes are compared with, and the ``pause`` in seconds between two looks; None for one look."""

    __slots__ = ("directory", "pause", "verify")

    def __init__(self, directory: ModuleDirectory | None, pause: float | None, *, verify: bool) -> None:
        self.directory = directory
        self.pause = pause
        self.verify = verify


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a pause that is none, and for a directory that cannot be."""
    pause, path = arguments.options.text("watch"), arguments.options.text("dir")
    directory = None
    if path is not None:
        from asadm.fleet.desired.directory import read

        directory = read(path, arguments.rules)
    arguments.prepared = StatusSettings(
        directory,
        None if pause is None else _seconds(pause, arguments.family),
        verify=arguments.options.flag("verify"),
    )


def _seconds(word: str, family: str) -> float:
    if not word:
        return REPEAT_SECONDS
    plain = word.replace(".", "", 1)
    if not (plain.isascii() and plain.isdigit() and len(word) <= 9 and 0 < float(word) <= SECONDS_MAX):
        raise UsageError(f"{family} status: --watch: {word!r} is not a number of seconds")
    return float(word)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """One look, or one after the other."""
    settings: StatusSettings = arguments.prepared
    cluster = session.cluster(arguments)
    if settings.pause is None:
        return look(session, cluster, settings.directory, verify=settings.verify)
    return _watch(session, cluster, settings.directory, settings.pause, verify=settings.verify)


def look(
    session: CommandSession, cluster: Target, directory: ModuleDirectory | None, *, verify: bool = False
) -> CommandOutcome:
    """What every node has now."""
    seen = survey(cluster)
    served = None
    if verify and not any(answer.status == "interrupted" for answer in seen.answers):
        from asadm.fleet.observed.served import ServedModules

        served = ServedModules(cluster, seen)
    status = matrix.StatusMatrix(seen, directory, served)
    answers = seen.answers
    code = _code(status)
    messages = [f"{node.name}: {reason}" for node, reason in served.silent.items()] if served else []
    if session.json:
        return CommandOutcome(answers, messages=messages, code=code, extra=status.document())
    if not session.terminal:
        return CommandOutcome(answers, [matrix.lines(status)], messages=messages, code=code, told=True)
    from shutil import get_terminal_size

    shown = matrix.sheets(status, get_terminal_size().columns)
    return CommandOutcome(answers, shown, messages=messages, code=code, told=True)


def _code(status: matrix.StatusMatrix) -> int | None:
    """The exit code of one look; None: what the answers of the nodes say."""
    served = status.served
    if served is not None and (served.damaged or served.silent):
        return FAILED
    differing = status.survey.complete and not status.agreed
    return PENDING if differing else None


def _watch(
    session: CommandSession, cluster: Target, directory: ModuleDirectory | None, pause: float, *, verify: bool
) -> CommandOutcome:
    """Look again and again. q and Ctrl-C are the ways to end it, and no failure."""
    code = GOOD
    with Redrawing(session) as redrawing, suppress(KeyboardInterrupt):
        while True:
            outcome = look(session, cluster.afresh(), directory, verify=verify)
            if outcome.code == INTERRUPTED:
                break
            code = worst((code, outcome.code))
            redrawing.show(_frame(session, outcome, pause, cluster.rules.FAMILY))
            if not session.terminal:
                for message in display.messages(session, outcome):
                    session.warn(message)
            if redrawing.rest(pause) == QUIT:
                break
    return CommandOutcome(code=code, shown=True)


def _frame(session: CommandSession, outcome: CommandOutcome, pause: float, family: str) -> bytes:
    """One look."""
    if session.json:
        return display.as_json(f"{family} status", outcome)
    assert not isinstance(outcome.show, bytes)
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    heading = f"[ {now} {family} status, every {pause:g} s; q or Ctrl-C ends ]"
    return session.bold(heading) + b"\n" + display.rendered(session, outcome.show)
