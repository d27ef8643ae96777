"""``asinfo``: info commands to every node, every answer shown."""

from __future__ import annotations

import os

from asadm.outcome import CommandOutcome
from asadm.target.aerospike.cluster import info_cluster
from asinfo.command import meant, parts
from asinfo.errors import UsageError
from asinfo.terminal.options import Option
from asinfo.wire.info import request, split_line

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable

    from asadm.outcome import NodeAnswer
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OPTIONS = (
    Option("value", "v", "list", metavar="COMMAND", help="Info command to send; may be repeated."),
    Option("line-separator", "l", "flag", help="One field of the answer a line."),
    Option(
        "no-node-name", kind="flag", help="Bare answers, one a line, without the line that names the node."
    ),
)

CHANGING = frozenset(
    b"""
    eviction-reset jobs log-set masking mcast quiesce quiesce-undo query-abort query-abort-all recluster revive
    roster-set scan-abort scan-abort-all services-alumni-reset set-config set-log sindex-create sindex-delete tip
    tip-clear truncate truncate-namespace truncate-namespace-undo truncate-undo udf-put udf-remove undun xdr-command
    """.split()
)
"""Info commands that change a cluster for good; they ask for ``enable``. All others read, or only drop a cache."""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for commands that cannot be sent, and for a ``like`` that is no pattern."""
    request(_commands(arguments))
    _filter(arguments)


def changing(arguments: CommandArguments) -> bool:
    """Whether one of the commands changes the cluster."""
    return any(split_line(command)[0] in CHANGING for command in _commands(arguments))


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask every node; a block for each, in the configured order."""
    answers = info_cluster(session.cluster(arguments)).each(_commands(arguments))
    if session.json:
        return CommandOutcome(answers, read=sum(bool(answer.answers) for answer in answers))
    shape = _filter(arguments)
    bare = arguments.options.flag("no-node-name")
    blocks = [_bare(session, answer, shape) if bare else _block(session, answer, shape) for answer in answers]
    return CommandOutcome(answers, b"".join(blocks), told=not bare and "like" not in arguments.clauses)


def _commands(arguments: CommandArguments) -> list[bytes]:
    """What to send: no ``-v``, or an empty one, asks for the node's own summary."""
    return [meant(value) for value in arguments.options.texts("value") if value]


def _bare(session: CommandSession, answer: NodeAnswer, shape: Callable[[bytes], bytes]) -> bytes:
    """The answers byte for byte, as far as standard output takes them."""
    return b"".join(session.safe(shape(each)) + b"\n" for each in answer.answers)


def _block(session: CommandSession, answer: NodeAnswer, shape: Callable[[bytes], bytes]) -> bytes:
    """The real tool's block; a node that gave no answer says so where its answer would stand."""
    node = answer.node
    head = f"{node.name} ({node.host}) "
    if answer.answers:
        return session.bold(head + "returned:") + b"\n" + _bare(session, answer, shape) + b"\n"
    reason = f"{answer.error} ({answer.status}, {answer.milliseconds:.0f} ms)"
    return session.bold(head + "gave no answer:") + b"\n" + reason.encode() + b"\n\n"


def _filter(arguments: CommandArguments) -> Callable[[bytes], bytes]:
    """How an answer is shown: only the fields that a ``like`` word finds, and with ``-l`` one a line."""
    lines = arguments.options.flag("line-separator")
    words = arguments.clauses.get("like")
    if not words:
        return _lines if lines else _stripped
    import re  # 5 ms, and only runs with ``like`` pay it

    try:
        pattern = re.compile(b"|".join(b"(?:" + os.fsencode(word) + b")" for word in words))
    except re.error as error:
        raise UsageError(f"asinfo: like {' '.join(words)}: {error}") from None

    def shape(answer: bytes) -> bytes:
        fields = [field for field in _stripped(answer).split(b";") if pattern.search(field)]
        return (b"\n" if lines else b";").join(fields)

    return shape


def _stripped(answer: bytes) -> bytes:
    """The answer as the real tool shows it: without the separators at both ends."""
    return answer.strip(b";")


def _lines(answer: bytes) -> bytes:
    """One field of the answer a line."""
    return b"\n".join(parts(answer))
