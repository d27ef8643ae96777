"""The protocol's side of a connection: cuts the bytes into commands, and has each one answered."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from asinfo.wire.resp import RequestLimits, RequestParser
from asudfd.network.socket_connection import FeedProgress
from asudfd.valkey.engine import ARGUMENTS_MAX

if TYPE_CHECKING:
    from asudfd.valkey.client import Client
    from asudfd.valkey.dispatch import Dispatcher

_ERROR = ord("-")


class RespConversation:
    """Answers the commands of one client."""

    __slots__ = ("_client", "_dispatcher", "_parser", "_requests")

    def __init__(self, dispatcher: Dispatcher, client: Client) -> None:
        self._dispatcher = dispatcher
        self._client = client
        settings = dispatcher.state.settings
        self._parser = RequestParser(
            RequestLimits(bulk=settings.bulk_max), authenticated=client.authenticated
        )
        self._parser.words_end_at_quotes = settings.is_old
        self._requests: deque[list[bytes]] = deque()  # that have come and are not answered

    def feed(self, data: bytes, replies: list[bytes]) -> FeedProgress:
        """Answer the whole requests in ``data`` in order, after those that have waited."""
        client, parser, requests = self._client, self._parser, self._requests
        if client.closing:
            return FeedProgress(len(data), 1)
        self._dispatcher.state.statistics.bytes_in += len(data)
        client.replies = replies
        try:
            requests.extend(parser.feed(data))
            while requests and not self._answer(replies):
                if not parser.authenticated:
                    parser.authenticated = client.authenticated
                    requests.extend(parser.feed(b""))
        finally:
            client.replies = None
        if parser.error is not None and not requests and not client.closing:
            replies.append(parser.error.reply)
            self._dispatcher.state.statistics.count_error(replies[-1])
            client.closing = True
        if parser.held > self._dispatcher.state.settings.query_max:
            client.closing = True
        self._stop()
        return FeedProgress(len(data), parser.wanted if not requests else 1)

    def ended(self) -> None:
        """The connection has ended."""
        self._dispatcher.state.left(self._client)

    def _answer(self, replies: list[bytes]) -> bool:
        """Answer the requests that are there; says whether the client has to wait, or its connection ends."""
        client, dispatcher, requests = self._client, self._dispatcher, self._requests
        state = dispatcher.state
        execute, clock, watching = state.engine.execute, time.time, self._is_watched
        slow = state.settings.slow_microseconds / 1e6
        now, count, careful = clock(), 0, watching()
        while requests:
            arguments = requests.popleft()
            if careful and self._is_held(arguments):
                requests.appendleft(arguments)
                break
            reply = None
            if client.plain and not careful and len(arguments) <= ARGUMENTS_MAX:
                reply = execute(now * 1000, client.database, client.resp, client.id, *arguments)
            if reply is None:
                reply = dispatcher.handle(client, arguments)
                careful = watching()
            count += 1
            if reply:
                replies.append(reply)
                if reply[0] == _ERROR:
                    state.statistics.count_error(reply)
            if state.ready:
                state.blocked.serve()
            before, now = now, clock()
            if now - before >= slow >= 0:
                self._log_slow(arguments, now - before)
            if client.waiting is not None or client.closing:
                break
        self._count(count, arguments)
        return client.waiting is not None or client.closing or bool(requests)

    def _is_watched(self) -> bool:
        """Whether each command has to be looked at: a script is busy, somebody monitors, or clients are paused."""
        state = self._dispatcher.state
        return bool(state.busy or state.monitors or state.pause.mode)

    def _is_held(self, arguments: list[bytes]) -> bool:
        """Whether the command waits for the end of CLIENT PAUSE."""
        state = self._dispatcher.state
        if state.busy or not state.pause.mode or not self._dispatcher.is_paused(self._client, arguments):
            return False
        state.pause.hold(self._client)
        return True

    def _log_slow(self, arguments: list[bytes], seconds: float) -> None:
        state = self._dispatcher.state
        state.command_log.add(self._client, arguments, int(seconds * 1e6), state.settings.slow_max_len)

    def _count(self, count: int, last: list[bytes]) -> None:
        """So many commands have been answered."""
        client = self._client
        self._dispatcher.state.statistics.commands += count
        client.commands += count
        if client.plain:
            client.command = last[0][:_NAME_MAX].decode("latin-1").lower()

    def _stop(self) -> None:
        """Answer nothing more for now: the client waits, or its connection is to end."""
        client = self._client
        connection = client.connection
        assert connection is not None
        if client.closing:
            self._requests.clear()
            connection.finish()
        elif client.waiting is not None or self._requests:
            connection.pause()


_NAME_MAX = 32
"""Bytes that CLIENT LIST shows of an unknown command."""
