"""Info commands about the log: its sinks, and their levels by context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.info import text
from daemon.config.schema import Level
from daemon.errors import Code, CommandError
from daemon.table import Row

if TYPE_CHECKING:
    from daemon.info.request import Request
    from daemon.node import Node


def logs(node: Node, _request: Request) -> bytes:
    """logs[:]

    The sinks, `NUMBER:PATH;...`; the console is `stderr`.
    """
    return ";".join(f"{number}:{sink.name}" for number, sink in enumerate(node.log.sinks)).encode()


def log(node: Node, request: Request) -> bytes:
    """log[/SINK[/CONTEXT]]

    The levels of a sink, `CONTEXT:LEVEL;...`, or of one context; without a number of the first sink.
    """
    number, _, context = request.parameters.partition(b"/")
    sink = _number(number) if number else 0
    if sink is None:
        raise CommandError(Code.PARAMETER, "bad sink-id")
    try:
        levels = node.log.levels(sink)
    except IndexError:
        raise CommandError(Code.UNKNOWN, "bad-id") from None
    if context:
        levels = {name: level for name, level in levels.items() if name.encode() == context}
    if not levels:
        raise CommandError(Code.UNKNOWN, "bad-context")
    return ";".join(f"{name}:{level.name}" for name, level in levels.items()).encode()


def log_set(node: Node, request: Request) -> bytes:
    """log-set:id=SINK;CONTEXT=LEVEL[;...]

    Change levels of a sink until the next start; `any` is every context. Of several changes all or none.
    """
    sink = request.parameter(b"id")
    if sink is None:
        raise CommandError(Code.PARAMETER, "missing id")
    changes = [segment.partition(b"=") for segment in request.parameters.split(b";") if b"=" in segment]
    levels = {name: level for name, _, level in reversed(changes) if name != b"id"}
    if not levels:
        raise CommandError(Code.PARAMETER, "missing context")
    try:
        _set(node, sink, levels)
    except LookupError:
        raise CommandError(Code.PARAMETER, "bad parameter") from None
    return b"ok"


def _set(node: Node, sink: bytes, levels: dict[bytes, bytes]) -> None:
    """Make the changes; raises LookupError, before any change, when one of them cannot be."""
    number = _number(sink)
    if number is None:
        raise LookupError(sink)
    known = {"any", *node.log.levels(number)}
    changes = {text(context): Level[text(level).upper()] for context, level in levels.items()}
    if not changes.keys() <= known:
        raise LookupError(levels)
    for context, level in changes.items():
        node.log.set_level(number, context, level)


def log_message(node: Node, request: Request) -> bytes:
    """log-message:message=TEXT[;who=NAME]

    Write a line into the log, to mark a moment in it.
    """
    message = request.required(b"message")
    who = request.parameter(b"who")
    node.log.info("info-command", f"log-message{' from ' + text(who) if who else ''}: {text(message)}")
    return b""


def _number(digits: bytes) -> int | None:
    """The number of a sink, or None for what is not a number; 4 digits are more sinks than can be."""
    return int(digits) if digits.isdigit() and len(digits) <= 4 else None


ROWS = (
    Row(b"logs", logs),
    Row(b"log", log),
    Row(b"log-set", log_set, privilege="sys-admin"),
    Row(b"set-log", log_set, privilege="sys-admin"),
    Row(b"log-message", log_message),
)
