"""How an outcome looks: bytes for standard output, lines for standard error, or one JSON document."""

from __future__ import annotations

from asadm.cluster import address
from asinfo.wire.info import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import Answer, Outcome
    from asadm.session import Session
    from asadm.statement import Call


def output(session: Session, call: Call, outcome: Outcome) -> bytes:
    """What standard output gets for ``outcome`` of ``call``."""
    if session.json:
        return document(call, outcome)
    if isinstance(outcome.show, bytes):
        return outcome.show
    from io import StringIO

    from asinfo.render import plain, show

    written = []
    for sheet in outcome.show:
        if session.terminal:
            stream = StringIO()
            stream.isatty = lambda: True  # type: ignore[method-assign]  # the sheet is to look as on our terminal
            show(sheet, stream, colour=session.colour)
            written.append(stream.getvalue())
        else:
            written.append(plain(sheet))
    return "".join(written).encode("utf-8", "replace")


def document(call: Call, outcome: Outcome) -> bytes:
    """One JSON document on one line: the command, what every node said, and what the command adds."""
    import json

    nodes = [_node(answer) for answer in outcome.answers]
    whole = {"command": call.text, "code": outcome.code, "nodes": nodes, **outcome.extra}
    if outcome.messages:
        whole["messages"] = outcome.messages
    return json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _node(answer: Answer) -> dict[str, object]:
    """``answer`` is a text for one command, a list of texts for several, null for none."""
    said = [text(each) for each in answer.answers]
    return {
        "node": answer.node.name,
        "address": address(answer.node),
        "status": answer.status,
        "answer": said if len(said) > 1 else said[0] if said else None,
        "error": answer.error or None,
        "ms": round(answer.milliseconds, 3),
    }


def messages(outcome: Outcome) -> list[str]:
    """Lines for standard error: what the command says, and a line for every failed node it has not named itself."""
    if outcome.silent:
        return outcome.messages
    return [*outcome.messages, *(failure(answer) for answer in outcome.answers if not answer.good)]


def failure(answer: Answer) -> str:
    """One line about a failed node."""
    where = address(answer.node)
    name = where if answer.node.name == where else f"{answer.node.name} ({where})"
    if answer.status == "error":
        return f"{name}: {answer.error}"
    return f"{name}: {answer.error} ({answer.status}, {answer.milliseconds:.0f} ms)"
