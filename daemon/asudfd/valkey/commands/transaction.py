"""MULTI, EXEC, DISCARD, WATCH, UNWATCH."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from asudfd.valkey.monitoring import show_to_monitors
from asudfd.valkey.reply import CROSSSLOT, OK, CommandFailed, EncodedReply, NullArray

if TYPE_CHECKING:
    from asudfd.valkey.request import CommandRequest

WATCHED_MAX = 100_000
"""Keys that one client may watch, so that it cannot fill the memory."""


def multi(request: CommandRequest) -> object:
    """MULTI."""
    request.client.queue = []
    request.client.settle()
    return OK


def discard(request: CommandRequest) -> object:
    """DISCARD."""
    if request.client.queue is None:
        raise CommandFailed("ERR DISCARD without MULTI")
    _end(request)
    return OK


def exec_(request: CommandRequest) -> object:
    """EXEC."""
    state, client = request.state, request.client
    queue = client.queue
    if queue is None:
        raise CommandFailed("ERR EXEC without MULTI")
    failed, slots = client.queue_failed, client.queue_slots
    is_dirty = client.watched and state.engine.lua[b"is_dirty"](client.id, state.now())
    _end(request)
    if failed:
        raise CommandFailed("EXECABORT Transaction discarded because of previous errors.")
    if is_dirty:
        return NullArray()
    if len(slots) > 1:
        raise CommandFailed(CROSSSLOT)
    client.executing = True
    state.engine.lua[b"begin_transaction"]()
    try:
        replies = _run_all(request, queue)
    finally:
        client.executing = False
        state.engine.lua[b"end_transaction"]()
    if state.monitors:
        show_to_monitors(state, client, request.arguments)
    return EncodedReply(b"*%d\r\n%s" % (len(queue), b"".join(replies)))


def _run_all(request: CommandRequest, queue: list[list[bytes]]) -> list[bytes]:
    """Run the commands; when the replies are more than a client may have waiting, it is cut off, and the commands run all the same."""
    state, client = request.state, request.client
    replies, size = [], 0
    for arguments in queue:
        began = time.time()
        reply = state.run(client, arguments)
        state.command_log.note(client, arguments, time.time() - began, len(reply))
        size += len(reply)
        if size <= state.settings.output_max:
            replies.append(reply)
    if size > state.settings.output_max and client.connection is not None:
        client.connection.cut()
    return replies


def _end(request: CommandRequest) -> None:
    request.client.end_transaction()
    unwatch(request)


def watch(request: CommandRequest) -> object:
    """WATCH key..."""
    client = request.client
    lua = request.state.engine.lua
    lua[b"state"][b"now"] = request.state.now()
    for key in request.arguments[1:]:
        client.watched = int(lua[b"watch"](client.id, client.database, key))
        if client.watched > WATCHED_MAX:
            unwatch(request)
            raise CommandFailed(f"ERR a client of asudfd watches no more than {WATCHED_MAX} keys")
    return OK


def unwatch(request: CommandRequest) -> object:
    """UNWATCH."""
    if request.client.watched:
        request.client.watched = 0
        request.state.engine.lua[b"unwatch"](request.client.id)
    return OK


HANDLERS = {"multi": multi, "exec": exec_, "discard": discard, "watch": watch, "unwatch": unwatch}
