"""Modules on several nodes: sent to one, waited for on all, sent again where they do not arrive by themselves.

Nodes of one cluster pass a change on to each other, and a real server says ``ok`` only after that; nodes that merely
stand in one inventory do not. Both are served: a node that does not show the change by itself soon after the first
``ok`` gets its own command, which is harmless where it had the change already.
"""

from __future__ import annotations

import time

from asadm.outcome import Answer
from asinfo.errors import UsageError, WireError
from asinfo.wire.info import text
from asinfo.wire.udf import Module, modules

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.cluster import Cluster
    from asinfo.exchange import Node
    from asinfo.wire.failure import CompileError

LIST = b"udf-list"
GRACE = 0.4
"""Seconds a node has to show a change that another node took; a real cluster of three needs 0.013."""

PAUSE = 0.05
"""Seconds between two looks at the lists."""

TIMED_OUT = b"error=timeout"
"""The node could not tell within two seconds whether all others have it; they may."""


def sendable(name: bytes) -> bytes:
    """``name`` when it can stand in a command; UsageError otherwise. What a name may be else, the node decides."""
    if not name or any(byte in b";\n\0" for byte in name):
        raise UsageError(f"{text(name)!r} cannot be the name of a module")
    return name


def listed(answer: Answer) -> list[Module]:
    """The modules a node lists; none when it did not answer well. An answer that is no list becomes a failure."""
    try:
        return modules(answer.answer) if answer.good else []
    except WireError as error:
        answer.status, answer.error = "protocol", str(error)
        return []


def describe(error: CompileError, name: bytes, path: str, content: bytes) -> list[str]:
    """``path:line: message``, and below it the line of ``content`` that it is about, and more of the message.

    The node knows the module by ``name`` (cut to 45 characters in its messages); the user knows it by ``path``. An
    error inside another file, as in a module that this one requires, keeps that file's name and has no source line.
    """
    head, *more = error.message.split("\n")
    rest = [f"    {line.strip()}" for line in more if line.strip()]
    if not error.line:
        return [f"{path}: {head}", *rest]
    if not text(name).startswith(error.file.removesuffix("...")):
        return [f"{path}: {error.file}:{error.line}: {head}", *rest]
    lines = content.split(b"\n")
    about = [f"    {text(lines[error.line - 1]).strip()}"] if error.line <= len(lines) else []
    return [f"{path}:{error.line}: {head}", *about, *rest]


class Row:
    """How the change went on one node: ``how`` in a few words, and the last answer it gave."""

    __slots__ = ("answer", "done", "how", "milliseconds")

    def __init__(self, node: Node) -> None:
        self.answer = Answer(node, "pending", (), "not asked")
        self.done = False
        self.how = ""
        self.milliseconds = 0.0
        """From the start of the whole change until it was known how it went on this node."""

    @property
    def waiting(self) -> bool:
        """Whether the node may still come to have the change."""
        return not self.done and (self.answer.status in {"ok", "pending"} or self.answer.answer == TIMED_OUT)


class Change:
    """One change of one module, brought to every node of ``cluster``.

    ``command``  the put or the remove
    ``arrived``  whether a node's list shows the change
    ``wait``     seconds for the whole, from now on
    """

    def __init__(
        self, cluster: Cluster, command: bytes, arrived: Callable[[list[Module]], bool], *, wait: float
    ) -> None:
        self.cluster = cluster
        self.command = command
        self.arrived = arrived
        self.started = time.monotonic()
        self.deadline = self.started + wait
        self.rows = [Row(node) for node in cluster.nodes]
        self.interrupted = False

    def run(self, first: Sequence[Node]) -> None:
        """Send to the first of ``first`` that answers, and see to it that all nodes follow.

        Ctrl-C ends it with what was reached; the rows tell.
        """
        try:
            if self.send_to_one(first):
                self.settle()
        except KeyboardInterrupt:
            self.interrupted = True
        for row in self.rows:
            self.close(row)

    def ask(self, command: bytes, nodes: Sequence[Node], share: float = 1.0) -> list[Answer]:
        """One answer a node, within ``share`` of the time that is left for the whole."""
        left = max(0.0, self.deadline - time.monotonic())
        return self.cluster.each([command], nodes=nodes, timeout=min(self.cluster.timeout, left * share))

    def learned(self, row: Row, answer: Answer) -> None:
        """What ``row``'s node said last, and when."""
        row.answer = answer
        row.milliseconds = (time.monotonic() - self.started) * 1000

    def send_to_one(self, nodes: Sequence[Node]) -> bool:
        """Whether a node took the command; the next is tried only when one cannot be reached at all.

        A node that hangs gets half of the time that is left, so that there is always some for the next.
        """
        for node in nodes:
            if time.monotonic() >= self.deadline:
                return False
            row = self.row(node)
            self.learned(row, self.ask(self.command, [node], 1.0 if node is nodes[-1] else 0.5)[0])
            if row.answer.status == "interrupted":
                raise KeyboardInterrupt
            if row.answer.good or row.answer.answer == TIMED_OUT:
                row.how = "sent"
                return True
            if row.answer.answers:
                return False
        return False

    def settle(self) -> None:
        """Look at the lists until all agree; send to those that do not show it by themselves in time."""
        patience = time.monotonic() + GRACE
        own = False
        while True:
            self.look()
            left = [
                row for row in self.rows if not row.done and row.answer.status in {"ok", "pending", "error"}
            ]
            if not left:
                return
            if not own and time.monotonic() >= patience:
                self.send_to_each(left)
                own = True
            else:
                time.sleep(PAUSE)
            if time.monotonic() + PAUSE >= self.deadline:  # a look in what is left would only time out
                return

    def look(self) -> None:
        """Ask every node that is waited for for its list."""
        asked = [row for row in self.rows if row.waiting]
        answers = self.ask(LIST, [row.answer.node for row in asked])
        for row, answer in zip(asked, answers, strict=True):
            found = listed(answer)
            if answer.status == "interrupted":
                self.interrupted = True
            elif not answer.good:
                self.learned(row, answer)
            elif self.arrived(found):
                row.done = True
                row.how = row.how or "replicated"
                self.learned(row, Answer(answer.node, "ok", row.answer.answers or [b"ok"]).like(answer))
        if self.interrupted:
            raise KeyboardInterrupt

    def send_to_each(self, rows: Sequence[Row]) -> None:
        """Nodes that do not replicate among each other get the command one by one, all at once."""
        unsent = [row for row in rows if row.how != "sent"]
        answers = self.ask(self.command, [row.answer.node for row in unsent])
        for row, answer in zip(unsent, answers, strict=True):
            self.learned(row, answer)
            row.how = "sent by itself" if answer.good else ""

    def row(self, node: Node) -> Row:
        """The row of ``node``."""
        return next(row for row in self.rows if row.answer.node is node)

    def close(self, row: Row) -> None:
        """Give a node its final status and reason."""
        answer = row.answer
        answer.milliseconds = row.milliseconds
        if row.done:
            answer.status, answer.error = "ok", ""
        elif row.waiting and self.interrupted:
            answer.status, answer.error = "interrupted", "stopped before the node was seen to have it"
        elif row.waiting and any(each.how for each in self.rows):
            seconds = time.monotonic() - self.started
            answer.status, answer.error = "late", f"does not show the change after {seconds:.1f} s"
            answer.milliseconds = seconds * 1000
        elif row.waiting:
            answer.status, answer.error = "skipped", "not sent, because no node took it"
