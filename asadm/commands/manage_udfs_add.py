"""``manage udfs add``: register a module, and see every node list it."""

from __future__ import annotations

import errno
import os
import time

from asadm.display import failure
from asadm.fleet.change.report import compile_error
from asadm.fleet.change.rollout import Rollout, followed
from asadm.fleet.observed.node_progress import ModuleChange
from asadm.fleet.observed.survey import survey
from asadm.outcome import INTERRUPTED, CommandOutcome, NodeAnswer
from asinfo.errors import UsageError
from asinfo.files import PIPE_SECONDS, FileError, read_file
from asinfo.terminal.options import Option
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.observed.node_progress import ModuleProgress
    from asadm.fleet.observed.survey import Survey
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint
    from asinfo.terminal.options import Values

WAIT_SECONDS = 10.0
"""How long one module may take to all nodes; a real cluster of three needs 0.013 s for it."""

WAIT = Option(
    "wait",
    kind="seconds",
    default=WAIT_SECONDS,
    help="How many seconds to wait until every node lists the change. A node that does not by then counts as failed.  [10]",
)
OPTIONS = (WAIT,)


class AddSettings:
    """The module ``name``, the ``path`` and the ``content`` of its file, and seconds until all nodes have to show it.

    The file is read once: what a pipe holds cannot be read again.
    """

    __slots__ = ("content", "name", "path", "wait")

    def __init__(self, name: bytes, path: str, content: bytes, wait: float) -> None:
        self.name = name
        self.path = path
        self.content = content
        self.wait = wait


def seconds(options: Values) -> float:
    """The time of ``--wait``."""
    return options.number("wait") or WAIT_SECONDS


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a name that a node refuses and a file that cannot be a module."""
    name = arguments.rules.registrable(os.fsencode(arguments.names[0]))
    path = arguments.clauses["path"][0]
    arguments.prepared = AddSettings(
        name, path, _read(path, arguments.rules.SOURCE_SIZE_MAX), seconds(arguments.options)
    )


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Send to one node of each cluster, wait for the hash on all, send to those that do not get it by themselves."""
    settings: AddSettings = arguments.prepared
    name, content, wait = settings.name, settings.content, settings.wait
    cluster = session.cluster(arguments)
    item = ModuleChange(name, content, cluster.hash(name, content), path=settings.path)
    started = time.monotonic()
    if cluster.budget is not None:
        cluster.budget.limit(wait)
    rollout = bring(cluster, item, survey(cluster), started, wait)
    return report(
        rollout,
        f"UDF {text(name)}",
        f"{text(name)} {item.wanted}",
        compile_error(rollout),
        {"name": text(name), "hash": item.wanted},
    )


def bring(cluster: Target, item: ModuleChange, seen: Survey, started: float, wait: float) -> Rollout:
    """``item`` on all nodes of ``seen``, within ``wait`` seconds from ``started``. Raises KeyboardInterrupt."""
    if any(listing.answer.status == "interrupted" for listing in seen.listings):
        raise KeyboardInterrupt
    rollout = Rollout(cluster, [item], seen, wait=started + wait - time.monotonic())
    rollout.group()
    rollout.run()
    followed(rollout)
    return rollout


def report(
    rollout: Rollout, title: str, note: str, messages: Sequence[str], extra: dict[str, object]
) -> CommandOutcome:
    """A row for every node: how it got the change, or why it has not."""
    [item] = rollout.items
    cells = [state.cells.get(item.name) for state in rollout.states]
    answers = [_answer(state.node, cell, messages) for state, cell in zip(rollout.states, cells, strict=True)]
    hows = [cell.how if cell else "has it already" for cell in cells]
    how = {answer.node.name: how for answer, how in zip(answers, hows, strict=True) if answer.good}
    sheet = Sheet(
        title,
        ["Node", "Status", "Detail", "After ms"],
        [_row(answer, detail) for answer, detail in zip(answers, hows, strict=True)],
        note if how else "",
    )
    return CommandOutcome(
        answers,
        [sheet],
        messages=messages or failures(answers),
        code=INTERRUPTED if rollout.interrupted else None,
        extra={**extra, "how": how},
        silent=True,
    )


def _answer(node: Endpoint, cell: ModuleProgress | None, messages: Sequence[str]) -> NodeAnswer:
    if cell is None:
        return NodeAnswer(node, "ok", [b"ok"])
    reason = f"does not compile: {messages[0]}" if messages and cell.status == "error" else cell.error
    return NodeAnswer(node, cell.status, [b"ok"] if cell.good else (), reason, cell.milliseconds)


def failures(answers: Sequence[NodeAnswer]) -> list[str]:
    """One line for each node that failed."""
    return [failure(each) for each in answers if not each.good and each.status != "skipped"]


def _row(answer: NodeAnswer, how: str) -> list[Cell]:
    mark = "good" if answer.good else "quiet" if answer.status == "skipped" else "bad"
    detail = how if answer.good else answer.error
    return [
        Cell(answer.node.name),
        Cell(answer.status, mark),
        Cell(detail),
        Cell(round(answer.milliseconds, 1)),
    ]


def _read(path: str, size_max: int) -> bytes:
    """The module's bytes, whatever encoding they are in."""
    try:
        content = read_file(path, size_max, pipe_seconds=PIPE_SECONDS)
    except FileError as error:
        if error.errno == errno.EFBIG:
            raise UsageError(f"{path} {error.reason}: a node accepts no larger module") from None
        raise UsageError(str(error)) from None
    if not content:
        raise UsageError(f"{path} is empty: a node accepts no empty module")
    return content
