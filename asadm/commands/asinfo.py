"""``asinfo``: info commands to every node, every answer shown."""

from __future__ import annotations

import os

from asadm.outcome import CommandOutcome
from asadm.target.aerospike.cluster import info_cluster
from asinfo.command import CHANGING, meant, parts
from asinfo.errors import UsageError
from asinfo.terminal.options import Option
from asinfo.wire.info import request, split_line

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.outcome import NodeAnswer
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OPTIONS = (
    Option(
        "value",
        "v",
        "list",
        metavar="COMMAND",
        help="Info command to send. Repeat it to send several in one request.",
    ),
    Option(
        "line-separator",
        "l",
        "flag",
        help="Print each field of an answer on a line of its own; fields end at ; or : or ,.",
    ),
    Option(
        "no-node-name",
        kind="flag",
        help="Print only the answers, one a line, without a line that names the node before them.",
    ),
)


class InfoRequest:  # plain class: dataclasses cost more to import than the whole run
    """The commands that are sent, and how answers are shown.

    ``commands``  no command, or an empty one, asks for the node's own summary
    ``bare``      no line names the node
    ``shape``     what an answer becomes
    """

    __slots__ = ("bare", "commands", "shape")

    def __init__(self, arguments: CommandArguments) -> None:
        """Raises UsageError for a ``like`` that is no pattern."""
        options = arguments.options
        self.commands = [meant(value) for value in options.texts("value") if value]
        self.bare = options.flag("no-node-name")
        self.shape = _filter(arguments.clauses.get("like", []), lines=options.flag("line-separator"))


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for commands that cannot be sent, and for a ``like`` that is no pattern."""
    arguments.prepared = InfoRequest(arguments)
    request(arguments.prepared.commands)


def changing(arguments: CommandArguments) -> bool:
    """Whether one of the commands changes the cluster."""
    asked: InfoRequest = arguments.prepared
    return any(split_line(command)[0] in CHANGING for command in asked.commands)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask every node; a block for each, in the configured order."""
    asked: InfoRequest = arguments.prepared
    answers = info_cluster(session.cluster(arguments)).each(asked.commands)
    if session.json:
        return CommandOutcome(answers, read=sum(bool(answer.answers) for answer in answers))
    show = _bare if asked.bare else _block
    blocks = [show(session, answer, asked.shape) for answer in answers]
    return CommandOutcome(answers, b"".join(blocks), told=not asked.bare and "like" not in arguments.clauses)


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


def _filter(words: Sequence[str], *, lines: bool) -> Callable[[bytes], bytes]:
    """How an answer is shown: only the fields that a ``like`` word finds, and with ``-l`` one a line."""
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
