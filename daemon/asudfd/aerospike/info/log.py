"""Info commands about the log: its sinks, and their levels by context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.text import text
from asudfd.aerospike.info.table import InfoCommand
from asudfd.config.schema import Level
from asudfd.errors import Code, CommandError

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode


MESSAGE_SIZE_MAX = 1024
"""Longest `message` of log-message, in bytes."""


def logs(node: AerospikeNode, _request: Request) -> bytes:
    """logs[:]

    The sinks, `NUMBER:PATH;...`; the console is `stderr`.
    """
    return ";".join(f"{number}:{sink.name}" for number, sink in enumerate(node.log.sinks)).encode()


def log(node: AerospikeNode, request: Request) -> bytes:
    """log[/SINK[/CONTEXT]]

    The levels of a sink, `CONTEXT:LEVEL;...`, or of one context; without a number of the first sink.
    """
    number, slash, context = request.parameters.partition(b"/")
    sink = _number(number) if number else 0
    if sink is None:
        raise CommandError(Code.PARAMETER, "bad sink-id")
    try:
        levels = node.log.levels(sink)
    except IndexError:
        raise CommandError(Code.UNKNOWN, "bad-id") from None
    if slash:
        levels = {name: level for name, level in levels.items() if name.encode() == context}
    if not levels:
        raise CommandError(Code.UNKNOWN, "bad-context")
    return ";".join(f"{name}:{level.name}" for name, level in levels.items()).encode()


def log_set(node: AerospikeNode, request: Request) -> bytes:
    """log-set:id=SINK;CONTEXT=LEVEL

    Change the level of a context of a sink until the next start; `any` is every context. What follows is ignored.
    """
    segments = [segment.partition(b"=") for segment in request.parameters.split(b";")]
    word, equals, number = segments[0]
    if (word, equals) != (b"id", b"="):
        raise CommandError(Code.PARAMETER, "missing id")
    sink = _number(number)
    if sink is None:
        raise CommandError(Code.PARAMETER, "bad id")
    context, equals, level = segments[1] if len(segments) > 1 else (b"", b"", b"")
    if not equals:
        raise CommandError(Code.PARAMETER, "missing context")
    if not level:
        raise CommandError(Code.PARAMETER, "bad level")
    try:
        node.log.set_level(sink, text(context).lower(), Level[text(level).upper()])
    except LookupError:
        raise CommandError(Code.PARAMETER, "bad parameter") from None
    return b"ok"


def log_message(node: AerospikeNode, request: Request) -> bytes:
    """log-message:message=TEXT[;who=NAME]

    Write a line into the log, to mark a moment in it. Failures of UDFs that were held back are told before; behind the mark a warning
    is told anew, however soon it comes again.
    """
    message = request.required(b"message", size_max=MESSAGE_SIZE_MAX)
    who = request.parameter(b"who")
    node.failures.tell_again()
    node.log.tell_again()
    node.log.info("info-command", f"log-message{' from ' + text(who) if who else ''}: {text(message)}")
    return b""


def _number(digits: bytes) -> int | None:
    """The number of a sink, or None for what is not a number; 4 digits are more sinks than can be."""
    return int(digits) if digits.isdigit() and len(digits) <= 4 else None


ROWS = (
    InfoCommand(b"logs", logs),
    InfoCommand(b"log", log),
    InfoCommand(b"log-set", log_set, privilege="sys-admin"),
    InfoCommand(b"set-log", log_set, privilege="sys-admin"),
    InfoCommand(b"log-message", log_message),
)
