"""The info protocol: request lines, reply lines, parameters, and which answers are errors.

A request body is lines, each ending in a newline:

    NAME [ ("/" | ":" | ";") PARAMETERS ] LF
    PARAMETERS = KEY "=" VALUE *( ";" KEY "=" VALUE )

A reply body has one line per request line, in order: the line as sent, a tab, the answer, a newline.
Source: the specification of the info protocol, section 2.
"""

from __future__ import annotations

from asinfo.errors import UsageError, WireError
from asinfo.text import text, visible

TYPE_CHECKING = (
    False  # this module is on the start-up path of the tools; typing would cost as much as the whole run
)
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COMMAND_NAME_SIZE_MAX = 31
"""Longest command name, in bytes, that a node recognises."""


def request(commands: Iterable[bytes]) -> bytes:
    """The body that asks ``commands`` in one request.

    Raises UsageError for a command with a newline or NUL in it: the node would take it for several, or cut it.
    """
    body = bytearray()
    for command in commands:
        if b"\n" in command or b"\0" in command:
            raise UsageError(f"a command may not contain a newline or NUL: {visible(text(command))}")
        body += command
        body += b"\n"
    return bytes(body)


def answers(body: bytes, commands: Sequence[bytes]) -> list[bytes]:
    """The answers in ``body`` to ``commands``, in order, byte for byte.

    A node that refuses the whole request in one line without an echo (time-out, login needed) gives that line to
    every command. Raises WireError when the reply does not answer just these commands in this order.
    """
    found = []
    offset = 0
    for command in commands:
        start = offset + len(command) + 1
        if body[offset:start] != command + b"\t":
            return _refused(body, len(commands))
        end = body.find(b"\n", start)
        if end < 0:
            raise WireError("the reply ends in the middle of a line")
        found.append(body[start:end])
        offset = end + 1
    if offset != len(body):
        raise WireError("the reply has more lines than the request")
    return found


def summary(body: bytes) -> list[tuple[bytes, bytes]]:
    """Names and values that a node answers to the empty request.

    A refusal of the whole request is one pair without a name. Raises WireError when ``body`` is neither.
    """
    if body and not body.endswith(b"\n"):
        raise WireError("the reply ends in the middle of a line")
    lines = body.split(b"\n")[:-1]
    if all(b"\t" in line for line in lines):
        return [(name, value) for name, _, value in (line.partition(b"\t") for line in lines)]
    return [(b"", answer) for answer in _refused(body, 1)]


def _refused(body: bytes, count: int) -> list[bytes]:
    line = body.removesuffix(b"\n")
    if b"\n" in line or not is_error(line):
        raise WireError("the reply does not repeat the command that was sent")
    return [line] * count


def split_line(line: bytes) -> tuple[bytes, bytes]:
    """Name and parameter text of one request line: the name ends at the first of ``/``, ``:`` and ``;``."""
    for position, byte in enumerate(line):
        if byte in b"/:;":
            return line[:position], line[position + 1 :]
    return line, b""


def parameter(parameters: bytes, key: bytes) -> bytes | None:
    """Value of the first ``key=value`` segment, or None; segments without ``=`` and unknown keys are ignored."""
    for segment in parameters.split(b";"):
        name, equals, value = segment.partition(b"=")
        if equals and name == key:
            return value
    return None


def is_error(answer: bytes) -> bool:
    """Whether a node said no. The one place that knows: ``ERROR`` and ``FAIL``, bare or before ``:`` or ``=``, any case.

    Not an error: a statistic such as ``error_count=0``, or data that mentions one further on.
    """
    word = answer[:6].lower()
    return word[:5] in {b"fail", b"fail:", b"fail="} or word in {b"error", b"error:", b"error="}


def without(separators: str, text: str) -> str:
    """``text`` as a value in an answer whose fields are separated so: those letters, and what is not printable, are ?."""
    return "".join("?" if letter in separators or not letter.isprintable() else letter for letter in text)
