"""Replies that come later: the client of a command waits for an end that is not its thread's to bring about, and others are served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.valkey.reply import OK, EncodedReply, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.valkey.libraries import Ended
    from asudfd.valkey.reply import CommandFailed
    from asudfd.valkey.request import CommandRequest

NO_REPLY = EncodedReply(b"")
"""The reply of a command whose client waits."""


def answered_later(request: CommandRequest, begin: Callable[[Ended | None], bytes | None]) -> object:
    """The reply that ``begin`` gives (None: OK) once what it begins has ended; its client waits for that. Raises CommandFailed.

    ``begin`` gets what is to be called at the end, or None where the end has to be waited for at once: in a transaction, whose
    commands follow each other, and for a client without a connection.
    """
    client, connection = request.client, request.client.connection
    if client.executing or connection is None:
        return begin(None) or OK
    failures: list[CommandFailed | None] = []
    is_silent = client.silent or client.skips
    reply: object = OK

    def ended(failure: CommandFailed | None) -> None:
        if client.waiting is None:
            failures.append(failure)  # before `begin` has returned
            return
        client.waiting = None
        answer = encode(reply, client.resp)
        if failure is not None:
            answer = encode(failure.reply, client.resp)
            _count_failure(request, answer)
        connection.resume(b"" if is_silent else answer)

    reply = begin(ended) or OK
    if not failures:
        client.waiting = request.arguments
        return NO_REPLY
    if failures[0] is not None:
        raise failures[0]
    return reply


def _count_failure(request: CommandRequest, answer: bytes) -> None:
    statistics = request.state.statistics
    statistics.failed[b"|".join(request.arguments[:2]).decode("latin-1").lower()] += 1
    statistics.count_error(answer)
