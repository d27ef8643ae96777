"""The protocol's side of a connection: cuts the bytes into commands, and has each one answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.network.socket_connection import FeedProgress
from asudfd.valkey.parse import parse

if TYPE_CHECKING:
    from asudfd.valkey.client import Client
    from asudfd.valkey.dispatch import Dispatcher


class RespConversation:
    """Answers the commands of one client."""

    __slots__ = ("_client", "_dispatcher")

    def __init__(self, dispatcher: Dispatcher, client: Client) -> None:
        self._dispatcher = dispatcher
        self._client = client

    def feed(self, data: bytes, replies: list[bytes]) -> FeedProgress:
        """Answer the whole requests in ``data`` in order."""
        client, dispatcher = self._client, self._dispatcher
        state = dispatcher.state
        execute, busy, now = state.engine.execute, state.running.busy, state.now()
        requests, end, wanted, error = parse(data)
        for arguments, stop in requests:
            reply = None
            if client.plain and not busy:
                reply = execute(now, client.database, client.resp, client.id, *arguments)
            if reply is None:
                reply = dispatcher.handle(client, arguments)
            if reply:
                replies.append(reply)
            if state.ready:
                state.blocked.serve()
            if client.waiting is not None or client.closing:
                return self._stop(len(data) if client.closing else stop)
        if error:
            replies.append(b"-ERR %s\r\n" % error)
            client.closing = True
            return self._stop(len(data))
        return FeedProgress(end, wanted)

    def ended(self) -> None:
        """The connection has ended."""
        self._dispatcher.state.left(self._client)

    def _stop(self, end: int) -> FeedProgress:
        """Answer nothing behind ``end``: the client waits, or its connection is to end."""
        connection = self._client.connection
        assert connection is not None
        if self._client.closing:
            connection.finish()
        else:
            connection.pause()
        return FeedProgress(end, 1)
