"""Requests are answered the same, however their bytes arrive."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from asudfd.valkey.conversation import RespConversation
from asudfd.valkey.server import ValkeyServer
from asudfd.valkey.settings import ValkeySettings
from tests.each import for_each


class StillConnection:
    """A connection without a socket: what is written goes nowhere."""

    address = local_address = "127.0.0.1:1"
    closed = False
    backlog = descriptor = bytes_received = bytes_sent = last_read = 0

    def __init__(self) -> None:
        self.is_finished = False

    def write(self, data: bytes) -> None:
        """Nobody reads it."""

    def pause(self) -> None:
        """It is not read from anyway."""

    def resume(self, reply: bytes) -> None:
        """Nobody reads it."""

    def finish(self) -> None:
        self.is_finished = True


@cache
def server() -> ValkeyServer:
    return ValkeyServer(ValkeySettings(), print)


def answered(chunks: list[bytes]) -> bytes:
    """The replies to bytes that arrive in these chunks, on a new connection and an empty keyspace."""
    state = server().state
    connection: Any = StillConnection()
    client = state.connected(connection)
    conversation = RespConversation(server()._dispatcher, client)
    conversation.feed(b"FLUSHALL\r\n")
    replies = b"".join([conversation.feed(chunk) for chunk in chunks])
    conversation.ended()
    return replies + (b"<end>" if connection.is_finished else b"")


LINES = (
    "PING", "SET a 1", "GET a", "INCR a", "GET", "NOSUCH x", "MULTI", "EXEC", "DISCARD", "SUBSCRIBE c", "UNSUBSCRIBE",
    "CLIENT REPLY SKIP", "SELECT 3", "RESET", "ECHO x", "WATCH a", "HELLO 3 SETNAME n", "CLIENT NO-EVICT on",
    "ECHO 'a", "QUIT", "PUBLISH c m", "COMMAND COUNT", "CONFIG GET timeout", "*0",
)  # fmt: skip


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """Commands, inline or as arrays, as a whole and in pieces."""
    frames = []
    for line in draw(st.lists(st.sampled_from(LINES), max_size=12)):
        words = line.encode().split()
        array = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(each), each) for each in words)
        frames.append(draw(st.sampled_from([line.encode() + b"\r\n", array])))
    data = b"".join(frames)
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=20)))
    bounds = [0, *cuts, len(data)]
    return data, [data[start:end] for start, end in itertools.pairwise(bounds)]


@given(conversations())
def test_the_replies_do_not_depend_on_how_bytes_arrive(conversation: tuple[bytes, list[bytes]]) -> None:
    whole, pieces = conversation
    expected = answered([whole])
    assert _without_ids(answered([piece for piece in pieces if piece])) == _without_ids(expected)


def _without_ids(replies: bytes) -> bytes:
    """The replies without the numbers of clients that HELLO tells."""
    before, mark, after = replies.partition(b"$2\r\nid\r\n:")
    return before + mark + _without_ids(after.partition(b"\r\n")[2]) if mark else replies


@given(st.binary(max_size=300))
def test_any_bytes_get_replies_or_an_end(data: bytes) -> None:
    answered([data])
    answered([data[at : at + 1] for at in range(len(data))])


CONSEQUENCES = (
    "SET a 1", "GET a", "INCR a", "GET", "NOSUCH x", "INCR l", "LPUSH l y", "BLPOP none 0", "PUBLISH own m", "CLIENT LIST", "ECHO long-long-long-long",
    "QUIT",
)  # fmt: skip


@for_each(CONSEQUENCES)
def test_a_request_that_comes_alone_has_the_same_consequences(line: str) -> None:
    assert consequences([line.encode() + b"\r\n"]) == consequences([b"ECHO x\r\n" + line.encode() + b"\r\n"])


def consequences(chunks: list[bytes]) -> tuple[object, ...]:
    """What there is to see of commands, but for ECHO x, that one client sends, has subscribed to a channel and waits for a list."""
    settings = {
        "commandlog-request-larger-than": "30",
        "commandlog-reply-larger-than": "20",
        "commandlog-execution-slower-than": "-1",
    }
    made = ValkeyServer(ValkeySettings(values=settings), print)
    state = made.state
    client, waiting = (state.connected(StillConnection()) for _ in range(2))  # type: ignore[arg-type] # no socket
    own, other = (RespConversation(made._dispatcher, each) for each in (client, waiting))
    own.feed(b"HELLO 3\r\n")
    own.feed(b"SUBSCRIBE own\r\n")
    own.feed(b"ECHO x\r\n")
    other.feed(b"BLPOP l 0\r\n")
    commands = state.statistics.commands
    replies = b"".join([own.feed(chunk) for chunk in chunks])
    pipelined = replies.startswith(b"$1\r\nx\r\n")
    logs = [
        [entry.arguments for entry in state.command_log.entries(kind)]
        for kind in (b"large-request", b"large-reply")
    ]
    made.reactor.close()
    return (
        replies.removeprefix(b"$1\r\nx\r\n") if b"id=" not in replies else b"",
        state.statistics.commands - commands - pipelined,
        client.commands - pipelined,
        client.command,
        client.waiting,
        client.closing,
        waiting.waiting,
        dict(state.statistics.errors),
        logs,
    )
