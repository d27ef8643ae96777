"""``manage udfs add``: register a module, and see every node list it."""

from __future__ import annotations

import os

from asadm.display import failure
from asadm.modules import Change, Row, describe, sendable
from asadm.outcome import Answer, Outcome
from asinfo.errors import UsageError
from asinfo.options import Option
from asinfo.render import Cell, Sheet
from asinfo.wire.failure import compile_error
from asinfo.wire.info import text
from asinfo.wire.udf import SOURCE_SIZE_MAX, Module, base64, digest, put

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.session import Session
    from asadm.statement import Arguments

WAIT = Option(
    "wait", kind="seconds", default=10.0, help="Seconds until every node must show the change.  [10]"
)
OPTIONS = (WAIT,)

PIPE_SECONDS = 30.0
"""How long a pipe that is given as the file may stay silent: somebody must be writing to it."""


def check(arguments: Arguments) -> None:
    """Raises UsageError for a name that cannot be sent and a file that cannot be a module."""
    sendable(os.fsencode(arguments.names[0]))
    arguments.prepared = _read(arguments.clauses["path"][0])


def run(session: Session, arguments: Arguments) -> Outcome:
    """Send to one node, wait for the hash on all, send to those that do not get it by themselves."""
    name = os.fsencode(arguments.names[0])
    content: bytes = arguments.prepared  # read once: what a pipe holds cannot be read again
    expected = digest(name, base64(content))

    def arrived(modules: Sequence[Module]) -> bool:
        return any(module.filename == name and module.hash == expected for module in modules)

    cluster = session.cluster(arguments)
    change = Change(cluster, put(name, content), arrived, wait=arguments.options.number("wait") or 10.0)
    change.run(cluster.nodes)
    messages = _compile_errors(change.rows, name, arguments.clauses["path"][0], content)
    return report(
        change,
        f"UDF {text(name)}",
        f"{text(name)} {expected}",
        messages,
        {"name": text(name), "hash": expected},
    )


def report(
    change: Change, title: str, note: str, messages: Sequence[str], extra: dict[str, object]
) -> Outcome:
    """A row for every node: how it got the change, or why it has not."""
    answers = [row.answer for row in change.rows]
    how = {row.answer.node.name: row.how for row in change.rows if row.answer.good}
    sheet = Sheet(
        title,
        ["Node", "Status", "Detail", "After ms"],
        [_cells(row) for row in change.rows],
        note if how else "",
    )
    return Outcome(
        answers,
        [sheet],
        messages=messages or failures(answers),
        code=130 if change.interrupted else None,
        extra={**extra, "how": how},
        silent=True,
    )


def failures(answers: Sequence[Answer]) -> list[str]:
    """One line for each node that failed."""
    return [failure(each) for each in answers if not each.good and each.status != "skipped"]


def _cells(row: Row) -> list[Cell]:
    answer = row.answer
    if answer.good:
        return [
            Cell(answer.node.name),
            Cell("ok", "good"),
            Cell(row.how),
            Cell(round(answer.milliseconds, 1)),
        ]
    mark = "quiet" if answer.status == "skipped" else "bad"
    return [
        Cell(answer.node.name),
        Cell(answer.status, mark),
        Cell(answer.error),
        Cell(round(answer.milliseconds, 1)),
    ]


def _read(path: str) -> bytes:
    """The module's bytes, whatever encoding they are in."""
    try:
        with open(path, "rb", opener=_opener) as stream:
            content = stream.read(SOURCE_SIZE_MAX + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if not content:
        raise UsageError(f"{path} is empty: a node accepts no empty module")
    if len(content) > SOURCE_SIZE_MAX:
        raise UsageError(f"{path} is larger than {SOURCE_SIZE_MAX} bytes: a node accepts no larger module")
    return content


def _opener(path: str, flags: int) -> int:
    """Open ``path``; a pipe must have something to read soon. Raises UsageError when nobody writes to it."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)  # a pipe without a writer would not even open otherwise
    if os.fstat(descriptor).st_mode & 0o170000 == 0o010000:  # S_ISFIFO, without the import of stat
        import select

        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if not poll.poll(PIPE_SECONDS * 1000):
            os.close(descriptor)
            raise UsageError(f"{path}: nothing came through this pipe within {PIPE_SECONDS:g} s")
    os.set_blocking(descriptor, True)
    return descriptor


def _compile_errors(rows: Sequence[Row], name: bytes, path: str, content: bytes) -> list[str]:
    """What is wrong in the user's file, said once however many nodes say it; empty when it compiles."""
    for row in rows:
        error = compile_error(row.answer.answer)
        if error is not None:
            lines = describe(error, name, path, content)
            row.answer.error = f"does not compile: {lines[0]}"
            return lines
    return []
