"""One node: the first of the seeds that can be reached answers.

A node that took a command and keeps silent may have obeyed it, so the next seed is asked only for commands that read.
"""

from __future__ import annotations

from time import monotonic

from asinfo.command import answer_of_summary, only_read
from asinfo.errors import Unreachable, WireError
from asinfo.exchange import exchange
from asinfo.wire import info

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asinfo.dialogue import Endpoint, Reply

NOT_REACHED = frozenset({"resolve", "refused", "unreachable", "timeout-connect"})
"""Failures before anything was sent: another node may be asked instead."""

SILENT = frozenset({"timeout-reply", "closed"})
"""Failures after the request was sent: the node may have obeyed."""


def ask(
    nodes: Sequence[Endpoint],
    commands: Sequence[bytes],
    timeout: float,
    skipped: Callable[[Reply], None] | None = None,
) -> tuple[Reply, list[bytes]]:
    """Reply and answers of the first node that can be reached; no answers where the reply is a failure.

    No command asks for the node's own summary, which is one answer then. ``timeout`` (seconds) covers
    everything; each seed gets its share of what is left to accept the connection, and for commands that only read
    to answer too. ``skipped`` is told of the seeds that were passed over. Raises UsageError for a command that cannot
    be sent.
    """
    body = info.request(commands)
    end = monotonic() + timeout
    reading = len(nodes) > 1 and only_read(commands)
    passed = NOT_REACHED | SILENT if reading else NOT_REACHED
    for left in range(len(nodes), 0, -1):
        remaining = max(0.0, end - monotonic())
        share = remaining / left
        patience = share if left > 1 else None
        whole = share if reading else remaining
        (reply,) = exchange([(nodes[-left], body)], timeout=whole, patience=patience)
        if left == 1 or reply.failure is None or reply.failure.kind not in passed:
            break
        if skipped is not None:
            skipped(reply)
    return reply, answers(reply, commands)


def answers(reply: Reply, commands: Sequence[bytes]) -> list[bytes]:
    """The answers in ``reply``; a body that does not fit the commands makes the reply a failure."""
    if reply.body is None:
        return []
    try:
        return info.answers(reply.body, commands) if commands else [answer_of_summary(reply.body)]
    except WireError as error:
        reply.failure = Unreachable("protocol", str(error))
        return []
