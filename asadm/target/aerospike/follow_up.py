"""A second request on the same connection: what it is made of, and the answers to both."""

from __future__ import annotations

from asadm.outcome import NodeAnswer
from asadm.target.aerospike.info_answer import judged
from asinfo.errors import WireError
from asinfo.info_dialogue import follow_up_dialogue
from asinfo.wire.info import answers, request, summary

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asinfo.exchange import Reply
    from asinfo.info_dialogue import Follow

_SPLITTING = frozenset(b"\n\0")
"""Bytes that end a command: a node that names a thing so is not asked for it."""

__all__ = ["answer", "follow_up_dialogue", "maker"]


def maker(commands: tuple[bytes, ...], second: Callable[[dict[bytes, bytes]], Sequence[bytes]]) -> Follow:
    """Makes the body of the second request of the reply to ``commands``; a reply that cannot be read has none."""

    def follow(body: bytes) -> bytes:
        try:
            found = answers(body, commands)
        except WireError:
            return b""
        wanted = second(dict(zip(commands, found, strict=True)))
        return request(command for command in wanted if not _SPLITTING & set(command))

    return follow


def answer(reply: Reply, commands: tuple[bytes, ...]) -> NodeAnswer:
    """What the node said to ``commands``, and to what was asked after them."""
    made = _read(reply, commands)
    made.note = reply.note
    return made


def _read(reply: Reply, commands: tuple[bytes, ...]) -> NodeAnswer:
    if reply.failure is not None:
        return NodeAnswer(reply.node, reply.failure.kind, (), reply.failure.reason, reply.milliseconds)
    body = reply.body or b""
    try:
        found = dict(zip(commands, answers(body[: reply.ends[0]], commands), strict=True))
        found |= dict(summary(body[reply.ends[0] :]))
    except WireError as error:
        return NodeAnswer(reply.node, "protocol", (), str(error), reply.milliseconds)
    made = judged(reply.node, list(found.values()), reply.milliseconds)
    made.commands = tuple(found)
    return made
