"""Clients that wait for a key: who is served when, time that is over, and what ends a wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from asudfd.network.reactor import Reactor, ReactorTimer
from asudfd.network.socket_connection import SocketConnection
from asudfd.valkey.settings import ValkeySettings
from asudfd.valkey.state import ServerState

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_700_000_000_000.0


class StoppedReactor:
    """Keeps what is to be called later."""

    def __init__(self) -> None:
        self.timers: list[ReactorTimer] = []

    def call_later(self, seconds: float, call: Callable[[], None]) -> ReactorTimer:
        timer = ReactorTimer(seconds, call)
        self.timers.append(timer)
        return timer

    def due(self) -> list[float]:
        """After how many seconds something is to be called that has not been cancelled."""
        return [timer.when for timer in self.timers if timer.call is not None]

    def run(self) -> None:
        """The time of everything has come."""
        for timer in self.timers:
            if timer.call is not None:
                timer.call()


class Peer:
    """A client and what it has been sent after it had to wait."""

    bytes_received = bytes_sent = 0

    def __init__(self, server: WaitingServer) -> None:
        self._server = server
        self.client = server.state.connected(cast("SocketConnection", self))
        self.answers: list[bytes] = []
        self.received = self.sent = 0  # bytes, as a connection counts them

    def resume(self, reply: bytes) -> None:
        self.answers.append(reply)

    def line(self, line: str) -> bytes:
        """The reply to a command; empty if it has to wait. Those who wait for what has changed are served."""
        arguments = line.encode().split()
        client = self.client
        assert client.waiting is None
        reply: bytes = self._server.state.engine.execute(
            NOW, client.database, client.resp, client.id, *arguments
        )
        self._server.state.blocked.serve()
        return reply

    def wait(self, line: str) -> None:
        """A command that has to wait."""
        assert self.line(line) == b""
        assert self.client.waiting is not None
        assert self.client.waiting[0] == line.encode().split()[0]


class WaitingServer:
    """The state of a server without sockets."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.reactor = StoppedReactor()
        self.state = ServerState(ValkeySettings(), cast("Reactor", self.reactor), self.faults.append)

    def peers(self, count: int) -> list[Peer]:
        return [Peer(self) for _ in range(count)]


@pytest.fixture(scope="module")
def shared_server() -> WaitingServer:
    return WaitingServer()


@pytest.fixture
def server(shared_server: WaitingServer) -> WaitingServer:
    """A server whose keyspace is empty and which nobody waits for."""
    for client in list(shared_server.state.clients.values()):
        shared_server.state.left(client)
    Peer(shared_server).line("FLUSHALL")
    shared_server.reactor.timers.clear()
    assert not shared_server.faults
    return shared_server


def test_the_first_to_come_is_the_first_to_be_served(server: WaitingServer) -> None:
    first, second, third, other = server.peers(4)
    first.wait("BLPOP a 0")
    second.wait("BLPOP b a 0")
    third.wait("BRPOP a 0")
    assert other.line("RPUSH a 1 2") == b":2\r\n"
    assert [peer.answers for peer in (first, second, third)] == [
        [b"*2\r\n$1\r\na\r\n$1\r\n1\r\n"],
        [b"*2\r\n$1\r\na\r\n$1\r\n2\r\n"],
        [],
    ]
    assert other.line("EXISTS a") == b":0\r\n"
    assert third.client.waiting is not None


def test_a_command_that_serves_another_one_that_waits(server: WaitingServer) -> None:
    mover, popper, other = server.peers(3)
    popper.wait("BLPOP target 0")
    mover.wait("BLMOVE source target LEFT RIGHT 0")
    other.line("LPUSH source v")
    assert mover.answers == [b"$1\r\nv\r\n"]
    assert popper.answers == [b"*2\r\n$6\r\ntarget\r\n$1\r\nv\r\n"]


def test_keys_of_another_type_are_waited_for_all_the_same(server: WaitingServer) -> None:
    waiter, other = server.peers(2)
    waiter.wait("BLPOP a 0")
    other.line("SET a v")
    other.line("DEL a")
    other.line("ZADD a 1 m")
    assert waiter.answers == []
    other.line("DEL a")
    other.line("RPUSH a 1")
    assert len(waiter.answers) == 1
    assert waiter.line("PING") == b"+PONG\r\n"


def test_what_is_there_and_gone_within_one_command_serves_nobody(server: WaitingServer) -> None:
    waiter, other = server.peers(2)
    waiter.wait("BLPOP a 0")
    server.state.engine.execute(NOW, 0, 2, 0, b"RPUSH", b"a", b"1")
    server.state.engine.execute(NOW, 0, 2, 0, b"DEL", b"a")
    server.state.blocked.serve()
    assert waiter.answers == []
    assert other.line("EXISTS a") == b":0\r\n"


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("BLPOP none 1.5", b"*-1\r\n"),
        ("BLMOVE none other LEFT LEFT 1.5", b"*-1\r\n"),
        ("BZPOPMIN none 1.5", b"*-1\r\n"),
        ("BZMPOP 1.5 1 none MIN", b"*-1\r\n"),
        ("XREAD BLOCK 1500 STREAMS none $", b"*-1\r\n"),
    ],
)
def test_time_that_is_over(server: WaitingServer, line: str, reply: bytes) -> None:
    (waiter,) = server.peers(1)
    waiter.wait(line)
    assert server.reactor.due() == [1.5]
    server.reactor.run()
    assert waiter.answers == [reply]
    assert waiter.client.waiting is None


def test_who_is_served_has_no_time_any_more(server: WaitingServer) -> None:
    waiter, other = server.peers(2)
    waiter.wait("BLPOP a 10")
    other.line("RPUSH a 1")
    assert server.reactor.due() == []
    other.line("RPUSH a 2")
    assert other.line("LLEN a") == b":1\r\n"


@pytest.mark.parametrize(
    ("is_error", "reply"),
    [(False, b"*-1\r\n"), (True, b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")],
)
def test_a_wait_is_ended_by_another_client(server: WaitingServer, *, is_error: bool, reply: bytes) -> None:
    waiter, other = server.peers(2)
    waiter.wait("BLPOP a 0")
    assert server.state.blocked.unblock(waiter.client, is_error=is_error)
    assert waiter.answers == [reply]
    assert not server.state.blocked.unblock(waiter.client, is_error=is_error)
    other.line("RPUSH a 1")
    assert waiter.answers == [reply]


def test_a_client_that_goes_takes_nothing(server: WaitingServer) -> None:
    gone, waiter, other = server.peers(3)
    gone.wait("BLPOP a 5")
    waiter.wait("BLPOP a 0")
    server.state.left(gone.client)
    other.line("RPUSH a 1")
    assert gone.answers == []
    assert len(waiter.answers) == 1
    assert server.reactor.due() == []


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("DEL x", b"-NOGROUP No such key 'x' or consumer group 'g' in XREADGROUP with GROUP option\r\n"),
        ("XGROUP DESTROY x g", b"-NOGROUP No such key 'x' or consumer group 'g' in XREADGROUP with GROUP option\r\n"),
        ("FLUSHALL", b"-NOGROUP No such key 'x' or consumer group 'g' in XREADGROUP with GROUP option\r\n"),
        ("SET x v", b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
    ],
)  # fmt: skip
def test_a_group_that_goes_ends_the_wait_of_its_readers(
    server: WaitingServer, line: str, error: bytes
) -> None:
    reader, other = server.peers(2)
    other.line("XGROUP CREATE x g $ MKSTREAM")
    reader.wait("XREADGROUP GROUP g c BLOCK 0 STREAMS x >")
    other.line(line)
    assert reader.answers == [error]


def test_readers_of_a_stream_get_what_comes_after_they_asked(server: WaitingServer) -> None:
    first, second, other = server.peers(3)
    other.line("XADD x 1-1 f old")
    first.wait("XREAD BLOCK 0 STREAMS x $")
    second.wait("XREAD BLOCK 0 COUNT 1 STREAMS x 1-1")
    other.line("XADD x 2-1 f new")
    expected = b"*1\r\n*2\r\n$1\r\nx\r\n*1\r\n*2\r\n$3\r\n2-1\r\n*2\r\n$1\r\nf\r\n$3\r\nnew\r\n"
    assert first.answers == second.answers == [expected]


def test_the_same_key_twice_counts_once(server: WaitingServer) -> None:
    waiter, other = server.peers(2)
    waiter.wait("BLPOP a a 0")
    other.line("RPUSH a 1 2")
    assert len(waiter.answers) == 1
    assert other.line("LLEN a") == b":1\r\n"


RAISES = {
    "in the command": """function(rows) rows.BLPOP.run = function() error('broken') end end""",
    "as its error is told": """function(rows) rows.BLPOP.run = function()
        error(setmetatable({}, { __index = function() error('broken') end })) end end""",
    "behind the command": """function(_, state) state.announce = function(argv)
        if argv[1] == 'BLPOP' then error('broken') end end end""",
}


@pytest.mark.parametrize("where", RAISES)
def test_an_error_for_one_that_waits_is_nobody_elses(where: str) -> None:
    server = WaitingServer()
    broken, waiter, other = server.peers(3)
    broken.wait("BLPOP a 0")
    waiter.wait("BRPOP a 0")
    lua, make = server.state.engine.lua, server.state.engine._state.eval(RAISES[where].encode())
    make(lua[b"rows"], lua[b"state"])
    assert other.line("RPUSH a 1 2") == b":2\r\n"
    assert broken.answers == [b"-ERR internal error\r\n"]
    assert broken.client.waiting is None
    assert waiter.answers == [b"*2\r\n$1\r\na\r\n$1\r\n2\r\n"]
    assert "broken" in server.faults.pop()
    assert other.line("SET s v") == b"+OK\r\n"
    assert waiter.line("BRPOP s 0").startswith(b"-WRONGTYPE ")  # none that waited is tried again


@pytest.mark.parametrize("function", ["is_there", "timed_out"])
def test_what_is_asked_for_one_that_waits_may_fail(function: str) -> None:
    server = WaitingServer()
    waiter, other = server.peers(2)
    waiter.wait("BLPOP a 1")
    broken = server.state.engine._state.eval(b"function() error('broken') end")
    server.state.engine.lua[function.encode()] = broken
    if function == "is_there":
        assert other.line("RPUSH a 1") == b":1\r\n"
        assert waiter.answers == [b"*2\r\n$1\r\na\r\n$1\r\n1\r\n"]
    else:
        server.reactor.run()
        assert waiter.answers == [b"-ERR internal error\r\n"]
    assert waiter.client.waiting is None
    assert "broken" in server.faults.pop()
