"""The protocol's side of a connection: cuts the bytes into commands, and has each one answered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire.resp import RequestLimits, RequestParser
from asudfd.valkey.engine import ARGUMENTS_MAX, LUA_ERROR
from asudfd.valkey.lua_text import CommandHeldError

if TYPE_CHECKING:
    from asinfo.wire.resp import Request
    from asudfd.valkey.client import Client
    from asudfd.valkey.dispatch import Dispatcher

_ERROR = ord("-")
_NONE: list[bytes] = []

SHORT = 1024
"""Most bytes of a request that goes the short way; of a longer one the way is a small part."""

REPLIES_MAX = 1 << 20
"""Bytes of replies that are made before the client has to take them: some bytes of requests can ask for gigabytes."""

CHANGES = frozenset({b"load", b"delete", b"flush", b"restore"})
"""Subcommands of FUNCTION that change libraries: one after the other. So does EXEC, which may have some of them."""


class Executed(NamedTuple):
    """What came of a request that has been given to the engine: its reply, None if it is not one for the engine, and when it began."""

    reply: bytes | None
    began: float


class RespConversation:
    """Answers the commands of one client."""

    __slots__ = (
        *("_client", "_dispatcher", "_execute", "_is_large", "_parser", "_requests", "_state"),
        *("_used",),
    )

    def __init__(self, dispatcher: Dispatcher, client: Client) -> None:
        self._dispatcher = dispatcher
        self._state = dispatcher.state
        self._execute = dispatcher.state.engine.execute
        self._used = dispatcher.state.engine.memory_used
        self._client = client
        settings = dispatcher.state.settings
        self._parser = RequestParser(
            RequestLimits(bulk=settings.bulk_max), authenticated=client.authenticated
        )
        self._parser.words_end_at_quotes = settings.is_old
        self._requests: list[Request] = []  # that have come and are not answered
        self._is_large = False  # what has come may have large requests: more than one read brings, or to be logged for their size

    def feed(self, data: bytes) -> bytes:
        """Answer the whole requests in ``data`` in order, after those that have waited.

        A single short request is executed right here, and that is all if it has no consequences: each step costs.
        """
        client, state, parser = self._client, self._state, self._parser
        settings = state.settings
        if client.closing:
            return b""
        if self._requests or parser.is_amid or len(data) > SHORT or len(data) >= settings.request_large:
            return self._feed(data)
        requests = parser.feed(data)
        if (
            len(requests) != 1
            or self._parser.is_amid
            or self._used() > state.engine.high
            or not self._is_simple()
        ):
            return self._answer_all(requests)
        arguments, journal, began = requests[0], state.journal, time.time()
        client.replies = _NONE
        try:
            reply = self._execute(began * 1000, client.database, client.resp, client.id, *arguments)
        except LUA_ERROR as error:
            reply = state.failed(error)
        if (
            not reply
            or reply[0] == _ERROR
            or client.pushed
            or self._client.closing
            or state.ready
            or (journal is not None and journal.waits)
            or time.time() - began >= settings.slow_seconds
            or len(reply) >= settings.reply_large
        ):
            return self._answer_all(requests, Executed(reply, began))
        client.replies = None
        client.command = arguments[0]
        client.commands += 1
        state.statistics.commands += 1
        return reply

    def _feed(self, data: bytes) -> bytes:
        """The same, where something has waited, or much has come."""
        parser = self._parser
        self._is_large = parser.is_amid or len(data) >= self._state.settings.request_large
        requests = parser.feed(data)
        if self._requests:
            requests = self._requests + requests
            self._is_large = True
        replies = self._answer_all(requests)
        if self._is_large:
            self._is_large = False
            self._state.engine.make_room()  # no more than usual from now on
        return replies

    def _answer_all(self, requests: list[Request], first: Executed | None = None) -> bytes:
        """Answer as many as can be answered now; the first may have been executed."""
        client, parser = self._client, self._parser
        replies: list[bytes] = []
        client.replies = replies
        answered = self._answer(requests, replies, first)
        while not parser.authenticated and answered == len(requests) > 0:
            requests = self._feed_stranger()
            answered = self._answer(requests, replies)
        client.replies = None
        if client.pushed:
            replies += client.pushed
            client.pushed.clear()
        self._requests = requests[answered:]
        journal = self._state.journal
        if journal is not None and journal.waits and not self._state.is_written():
            replies.clear()  # what they promise may be lost
            client.closing = True
            client.settle()
        if parser.is_amid or self._requests or client.waiting is not None or client.closing:
            self._rest(replies)
        return replies[0] if len(replies) == 1 else b"".join(replies)

    @property
    def owes_replies(self) -> bool:
        """Whether requests wait for their turn or for an end that comes by itself.

        One that waits for a key does not count: as on the real server it is given up, with those behind it, when its client
        sends no more.
        """
        client, state = self._client, self._state
        if client.closing or state.blocked.is_waiting(client):
            return False
        return bool(self._requests) or client.waiting is not None or state.pause.is_held(client)

    @property
    def may_be_evicted(self) -> bool:
        """Whether the client has not asked for CLIENT NO-EVICT."""
        return not self._client.no_evict

    def evicted(self) -> None:
        """The connection is going to be cut: too much waits for all clients together."""
        self._state.evict(self._client)

    def ended(self) -> None:
        """The connection has ended."""
        self._state.left(self._client)

    def _feed_stranger(self) -> list[Request]:
        """The next request of a client that had to log in; the last one may have done so, which lifts limits."""
        self._parser.authenticated = self._client.authenticated
        return self._parser.feed(b"")

    def _answer(self, requests: list[Request], replies: list[bytes], first: Executed | None = None) -> int:  # noqa: C901, PLR0912 - calls for each request are dear
        """Answer requests until the client has to wait, or its connection ends; returns how many have been answered.

        What is done for each request is written out: it is most of what a request costs.
        """
        client, state, execute, used, clock = self._client, self._state, self._execute, self._used, time.time
        slow, large = state.settings.slow_seconds, state.settings.reply_large
        simple, is_large, engine = self._is_simple(), self._is_large, state.engine
        now, count, size = first.began if first else clock(), 0, 0
        for arguments in requests:
            if is_large or used() > engine.high:
                engine.make_room_for(arguments)
            if first is not None:
                reply, first = first.reply, None
            elif simple and len(arguments) <= ARGUMENTS_MAX:
                try:
                    reply = execute(now * 1000, client.database, client.resp, client.id, *arguments)
                except LUA_ERROR as error:
                    reply = state.failed(error)
            elif self._is_held(arguments):
                break
            else:
                reply = None
            if reply is None:
                try:
                    reply = self._dispatcher.handle(client, arguments)
                except CommandHeldError:
                    break
                simple = self._is_simple()
            else:
                client.command = arguments[0]
            count += 1
            if reply:
                replies.append(reply)
                size += len(reply)
                if reply[0] == _ERROR:
                    state.statistics.count_error(reply)
            if client.pushed:
                replies += client.pushed
                client.pushed.clear()
            if state.ready:
                state.blocked.serve()
            before, now = now, clock()
            if (now - before >= slow or is_large or len(reply) >= large) and client.waiting is None:
                state.command_log.note(client, arguments, now - before, len(reply))
            if client.waiting is not None or client.closing or size > REPLIES_MAX:
                break
        done = count if client.waiting is None else count - 1
        state.statistics.commands += done
        client.commands += done
        return count

    def _is_simple(self) -> bool:
        """Whether the client's commands are executed without a look at each.

        They are looked at while a script is busy, somebody monitors, clients are paused, or libraries change.
        """
        state = self._state
        return self._client.plain and not (
            state.running.busy or state.monitors or state.pause.mode or state.libraries.is_changing
        )

    def _is_held(self, arguments: list[bytes]) -> bool:
        """Whether the command waits for the end of CLIENT PAUSE, or of a change of libraries by another client."""
        state = self._state
        if state.running.busy:
            return False
        waits = state.libraries.is_changing and self._may_change_libraries(arguments)
        if not waits and not (state.pause.mode and self._dispatcher.is_paused(self._client, arguments)):
            return False
        state.pause.hold(self._client)
        return True

    def _may_change_libraries(self, arguments: list[bytes]) -> bool:
        name = arguments[0].lower()
        if name != b"function":
            return name == b"exec"
        return self._client.queue is None and len(arguments) > 1 and arguments[1].lower() in CHANGES

    def _rest(self, replies: list[bytes]) -> None:
        """What follows when not all is answered: the client waits, its bytes are wrong or too many, or it is to go."""
        client, parser, state = self._client, self._parser, self._state
        connection = client.connection
        assert connection is not None
        is_waiting = client.waiting is not None or state.pause.is_held(client)
        if parser.error is not None and not (self._requests or is_waiting or client.closing):
            replies.append(parser.error.reply)
            state.statistics.count_error(parser.error.reply)
            client.closing = True
        if client.closing or parser.held > state.settings.query_max:
            client.closing = True
            self._requests = []
            connection.finish()
        elif is_waiting:
            connection.pause()
        elif self._requests:
            connection.go_on_later()  # when these replies have been taken
