"""The JSON form of what one node said; the same members in every tool, for one node and for many."""

from __future__ import annotations

import json

from asinfo.text import text as readable
from asinfo.wire import info
from asinfo.wire.failure import explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asinfo.dialogue import Endpoint, Reply


VERSION = 2
"""Of the form of JSON documents: it grows when a member goes, or means something else. New members do not change it."""


def entry(
    node: Endpoint,
    commands: Sequence[bytes],
    answers: Sequence[bytes],
    *,
    status: str,
    error: str,
    milliseconds: float,
    note: str = "",
) -> dict[str, object]:
    """One node.

    ``status`` is ``ok``, ``error`` (the node answered an error) or the kind of the failure; ``error`` says why, or is
    null; ``answer`` is the answer to the first command, null for none. Only where several commands were asked,
    ``answers`` has an object for each; the lines of the summary (no command at all) count as such. Only an answer
    that is not UTF-8 has its bytes in ``answer_base64``, and only a node with one has a ``note``.
    """
    said: dict[str, object] = {
        "node": node.name,
        "address": node.address,
        "status": status,
        "answer": None,
        "error": error or None,
        "ms": round(milliseconds, 3),
    }
    if answers:
        said |= _exact(answers[0])
    pairs = list(zip(commands, answers, strict=False)) if commands else _summary(answers)
    if len(commands) != 1:
        said["answers"] = [_answer(command, answer) for command, answer in pairs]
    if note:
        said["note"] = note
    return said


def _summary(answers: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """Names and values of the lines that make up the only answer; a refusal has no name."""
    lines = answers[0].split(b"\n") if answers and answers[0] else []
    pairs = (line.partition(b"\t") for line in lines)
    return [(name, value) if tab else (b"", name) for name, tab, value in pairs]


def _answer(command: bytes, answer: bytes) -> dict[str, object]:
    error = explain(answer) if info.is_error(answer) else None
    return {"command": readable(command), **_exact(answer), "error": error}


def _exact(answer: bytes) -> dict[str, object]:
    """The answer as text, and in base64 where the text cannot give the bytes back."""
    said: dict[str, object] = {"answer": readable(answer)}
    try:
        answer.decode()
    except UnicodeDecodeError:
        from asinfo.wire.udf import base64

        said["answer_base64"] = base64(answer).decode()
    return said


def written(value: object) -> str:
    r"""``value`` as JSON on one line: readable, and what is not printable as ``\uXXXX``, which decodes to the same."""
    plain = json.dumps(value, ensure_ascii=False)
    if plain.isprintable():
        return plain
    return "".join(
        character if character.isprintable() else json.dumps(character)[1:-1] for character in plain
    )


def text(reply: Reply, commands: Sequence[bytes], answers: Sequence[bytes]) -> str:
    """The document of one node, ASCII, ending in a newline."""
    wrong = next((answer for answer in answers if info.is_error(answer)), None)
    status, error = ("ok", "") if wrong is None else ("error", explain(wrong))
    if reply.failure is not None:
        status, error = reply.failure.kind, reply.failure.reason
    said = {"version": VERSION} | entry(
        reply.node,
        commands,
        answers,
        status=status,
        error=error,
        milliseconds=reply.milliseconds,
        note=reply.note,
    )
    return json.dumps(said, indent=2) + "\n"
