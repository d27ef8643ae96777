"""One node: the first of the seeds that can be reached answers."""

from __future__ import annotations

from time import monotonic

from asinfo.errors import Unreachable, WireError
from asinfo.exchange import exchange
from asinfo.wire import info

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asinfo.dialogue import Node, Reply

NOT_REACHED = frozenset({"resolve", "refused", "unreachable", "timeout-connect"})
"""Failures before anything was sent: another node may be asked instead."""


def ask(
    nodes: Sequence[Node],
    commands: Sequence[bytes],
    timeout: float,
    skipped: Callable[[Reply], None] | None = None,
) -> tuple[Reply, list[bytes]]:
    """Reply and answers of the first node that can be reached; no answers where the reply is a failure.

    No command means the node's default summary, which stays in the reply's body. ``timeout`` (seconds) covers
    everything; each seed gets its share of what is left to accept the connection. ``skipped`` is told of the
    seeds that were passed over. Raises UsageError for a command that cannot be sent.
    """
    body = info.request(commands)
    end = monotonic() + timeout
    for left in range(len(nodes), 0, -1):
        remaining = max(0.0, end - monotonic())
        patience = remaining / left if left > 1 else None
        (reply,) = exchange([(nodes[-left], body)], timeout=remaining, patience=patience)
        if left == 1 or reply.failure is None or reply.failure.kind not in NOT_REACHED:
            break
        if skipped is not None:
            skipped(reply)
    return reply, answers(reply, commands)


def answers(reply: Reply, commands: Sequence[bytes]) -> list[bytes]:
    """The answers in ``reply``; a body that does not fit the commands makes the reply a failure."""
    if reply.body is None or not commands:
        return []
    try:
        return info.answers(reply.body, commands)
    except WireError as error:
        reply.failure = Unreachable("protocol", str(error))
        return []


def summary(reply: Reply) -> list[tuple[bytes, bytes]]:
    """Names and values of the default summary; a body that is none makes the reply a failure."""
    if reply.body is None:
        return []
    try:
        return info.summary(reply.body)
    except WireError as error:
        reply.failure = Unreachable("protocol", str(error))
        return []
