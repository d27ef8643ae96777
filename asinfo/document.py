"""The JSON form of a reply; the same keys for one node in asinfo and for many in asadm."""

from __future__ import annotations

import json

from asinfo.client import summary
from asinfo.wire import info
from asinfo.wire.failure import explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asinfo.dialogue import Reply


def entry(reply: Reply, commands: Sequence[bytes], answers: Sequence[bytes]) -> dict[str, object]:
    """One node.

    ``status`` is ``ok``, ``error`` (the node answered an error) or the kind of the failure; ``error`` says why;
    ``answers`` has one object per command, the summary's lines counting as commands.
    """
    if not commands:
        pairs = summary(reply)
        commands, answers = [name for name, _ in pairs], [value for _, value in pairs]
    said = [_answer(command, answer) for command, answer in zip(commands, answers, strict=False)]
    error = next((each["error"] for each in said if each["error"]), None)
    status = "error" if error else "ok"
    if reply.failure is not None:
        status, error = reply.failure.kind, reply.failure.reason
    return {
        "node": reply.node.name,
        "host": reply.node.host,
        "port": reply.node.port,
        "status": status,
        "error": error,
        "milliseconds": round(reply.milliseconds, 3),
        "answers": said,
    }


def _answer(command: bytes, answer: bytes) -> dict[str, object]:
    said: dict[str, object] = {
        "command": info.text(command),
        "answer": info.text(answer),
        "error": explain(answer) if info.is_error(answer) else None,
    }
    if b"\\" in answer or not answer.isascii():
        _add_exact(said, answer)
    return said


def _add_exact(said: dict[str, object], answer: bytes) -> None:
    """Bytes that are not UTF-8 come in base64 as well, because the text cannot give them back."""
    try:
        answer.decode()
    except UnicodeDecodeError:
        from asinfo.wire.udf import base64

        said["answer_base64"] = base64(answer).decode()


def text(reply: Reply, commands: Sequence[bytes], answers: Sequence[bytes]) -> str:
    """The document of one node, ASCII, ending in a newline."""
    return json.dumps(entry(reply, commands, answers), indent=2) + "\n"
