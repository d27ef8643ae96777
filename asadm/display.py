"""Rendering of an outcome: bytes for standard output, lines for standard error, or one JSON document."""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.outcome import CommandOutcome, NodeAnswer
    from asadm.session import CommandSession
    from asadm.statement import ParsedCommand
    from asadm.target.results import NodeRole
    from asinfo.terminal.render import Sheet

HASH_SHOWN = 10
"""Characters of a hash in a table: enough to tell versions apart, and short for a column. JSON and a pipe get all 40."""


def output(session: CommandSession, call: ParsedCommand, outcome: CommandOutcome) -> bytes:
    """What standard output gets for ``outcome`` of ``call``."""
    if session.json:
        return document(call, outcome)
    if isinstance(outcome.show, bytes):
        return outcome.show
    return rendered(session, outcome.show)


def rendered(session: CommandSession, sheets: Sequence[Sheet]) -> bytes:
    """``sheets`` as a person reads them: tables on a terminal, plain text in a pipe. One without a title stands apart."""
    from io import StringIO

    from asinfo.terminal.render import plain, show

    written: list[str] = []
    for sheet in sheets:
        if written and not sheet.title:
            written.append("\n")
        if session.terminal:
            stream = StringIO()
            stream.isatty = lambda: True  # type: ignore[method-assign]  # the sheet is to look as on our terminal
            show(sheet, stream, colour=session.colour)
            written.append(stream.getvalue())
        else:
            written.append(plain(sheet))
    return "".join(written).encode("utf-8", "replace")


def document(call: ParsedCommand, outcome: CommandOutcome) -> bytes:
    """What ``--json`` shows for ``outcome`` of ``call``."""
    return as_json(call.text, outcome)


def as_json(command: str, outcome: CommandOutcome) -> bytes:
    """One JSON document on one line: the command, what every node said, and what the command adds.

    A command that says more of each node gives ``nodes`` itself. ``complete`` is whether every node was read: where it is
    not, whatever the document says of all nodes is about ``nodes_read`` of ``nodes_asked``.
    """
    from asinfo.document import VERSION, written

    nodes = [] if "nodes" in outcome.extra else [node(answer) for answer in outcome.answers]
    asked = len(outcome.answers)
    counts = {"complete": outcome.read == asked, "nodes_read": outcome.read, "nodes_asked": asked}
    whole = {
        "command": command,
        "version": VERSION,
        "code": outcome.code,
        **(counts if asked else {}),
        "nodes": nodes,
        **outcome.extra,
    }
    if outcome.messages:
        whole["messages"] = outcome.messages
    return written(whole).encode() + b"\n"


def node(answer: NodeAnswer) -> dict[str, object]:
    """``answer`` in the form that it has in every tool."""
    from asinfo.document import entry

    said = entry(
        answer.node,
        answer.commands,
        answer.answers,
        status=answer.status,
        error=answer.error,
        milliseconds=answer.milliseconds,
        note=answer.note,
    )
    role: NodeRole | None = answer.node.role
    return said if role is None else said | role.facts()


def messages(session: CommandSession, outcome: CommandOutcome) -> list[str]:
    """Lines for standard error: what the command says, notes, and a line for every failed node not named yet."""
    lines = [*outcome.messages, *([] if outcome.hushed else _notes(session, outcome.answers))]
    if outcome.silent or (outcome.told and session.terminal and not session.json):
        return lines
    return [*lines, *(failure(answer) for answer in outcome.answers if not answer.good)]


def _notes(session: CommandSession, answers: Sequence[NodeAnswer]) -> list[str]:
    """What is to be known of nodes, each note once a session; one line for all nodes that have the same."""
    nodes: dict[str, list[str]] = {}
    for answer in answers:
        if answer.note and (answer.node.name, answer.note) not in session.noted:
            session.noted.add((answer.node.name, answer.note))
            nodes.setdefault(answer.note, []).append(answer.node.name)
    return [f"{', '.join(names)}: {note}" for note, names in nodes.items()]


def failure(answer: NodeAnswer) -> str:
    """One line about a failed node."""
    which = answer.node
    name = which.name if which.name == which.address else f"{which.name} ({which.address})"
    if answer.status == "error":
        return f"{name}: {answer.error}"
    from asinfo.reasons import advice

    return f"{name}: {answer.error} ({answer.status}, {answer.milliseconds:.0f} ms){advice(which, answer.status)}"
