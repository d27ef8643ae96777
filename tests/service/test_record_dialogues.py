"""Records over a real connection: pipelines, chunks, UDFs that loop, clients that do not read."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asinfo.wire import frame, message, request
from asinfo.wire.request import Key, Policy, RecordReply
from asinfo.wire.result import Result
from asinfo.wire.udf import put
from tests.processes import Daemon, log_path, receive_exactly, spawn

if TYPE_CHECKING:
    from tests.conftest import StartDaemon

KEY = Key("test", "records", "k1")
ALL = b"".join(number.to_bytes(2, "little") for number in range(4096))
PIECE = 1_000_000

COUNTER = b"""
function increment(rec, bin_name, amount)
    if aerospike:exists(rec) then
        rec[bin_name] = rec[bin_name] + amount
        aerospike:update(rec)
    else
        rec[bin_name] = amount
        aerospike:create(rec)
    end
    return rec[bin_name]
end
function count(rec, ...)
    return select("#", ...)
end
function loop(rec)
    rec.n = 99
    aerospike:update(rec)
    while true do end
end
"""


class Client:
    """One connection that sends record messages."""

    def __init__(self, daemon: Daemon) -> None:
        self.socket = daemon.connect()

    def send(self, *bodies: bytes) -> None:
        self.socket.sendall(b"".join(frame.pack(frame.MESSAGE, body) for body in bodies))

    def body(self) -> bytes:
        kind, size = frame.unpack_header(receive_exactly(self.socket, frame.HEADER_SIZE))
        assert kind == frame.MESSAGE
        return receive_exactly(self.socket, size)

    def ask(self, body: bytes) -> RecordReply:
        self.send(body)
        return request.reply(self.body())


@pytest.fixture
def daemon(start_daemon: StartDaemon) -> Daemon:
    return start_daemon()


@pytest.fixture
def client(daemon: Daemon) -> Iterator[Client]:
    client = Client(daemon)
    yield client
    client.socket.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A node for the tests that leave nothing in it but the record at KEY."""
    directory = tmp_path_factory.mktemp("records") / "work"
    daemon = Daemon(spawn(directory), directory, log_path(directory))
    try:
        register(daemon)
        yield daemon
        assert daemon.stop() == 0
        assert "Traceback" not in daemon.log.read_text()
    finally:
        daemon.kill()


@pytest.fixture
def guest(shared: Daemon) -> Iterator[Client]:
    """A client of the shared node, in which there is no record yet."""
    client = Client(shared)
    try:
        client.ask(request.remove(KEY))
        yield client
    finally:
        client.socket.close()


def register(daemon: Daemon) -> None:
    assert daemon.ask(put(b"counter.lua", COUNTER) + b"\n").endswith(b"\tok\n")


def test_requests_sent_ahead_are_answered_in_order(guest: Client) -> None:
    bodies = []
    for number in range(300):
        bodies += [request.put(KEY, {"n": number}), request.get(KEY)]
    guest.send(*bodies)
    for number in range(300):
        assert request.reply(guest.body()).generation == number + 1
        assert request.reply(guest.body()).bins == {"n": number}


def test_a_request_may_come_in_any_chunks(guest: Client) -> None:
    data = frame.pack(frame.MESSAGE, request.put(KEY, {"n": 1})) + frame.pack(frame.MESSAGE, request.get(KEY))
    for byte in data:
        guest.socket.sendall(bytes([byte]))
    assert request.reply(guest.body()).result == 0
    assert request.reply(guest.body()).bins == {"n": 1}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", Result.PARAMETER),
        (bytes(21), Result.PARAMETER),
        (request.get(KEY) + b"\0", Result.PARAMETER),
        (request.put(KEY, {"n": 1}) + b"\0", Result.PARAMETER),
        (request.get(KEY)[:-1], Result.PARAMETER),
        (message.request(3, fields=[(0, b"test"), (4, bytes(19))]), Result.PARAMETER),
        (message.request(3, fields=[(0, b"test"), (4, KEY.digest), (99, b"?")]), Result.NOT_FOUND),
        (b"\x00" + request.get(KEY)[1:], Result.NOT_FOUND),  # nobody looks at the size of the header
        (b"\x16" + bytes(21), Result.NAMESPACE),
    ],
)  # fmt: skip
def test_a_bad_message_does_not_end_the_connection(guest: Client, body: bytes, code: int) -> None:
    assert guest.ask(body).result == code
    assert guest.ask(request.exists(KEY)).result == Result.NOT_FOUND


def test_compressed_messages_are_enterprise_only(guest: Client) -> None:
    guest.socket.sendall(frame.pack(frame.COMPRESSED, bytes(8) + b"zlib"))
    assert request.reply(guest.body()).result == Result.ENTERPRISE_ONLY
    assert guest.ask(request.get(KEY)).result == Result.NOT_FOUND


def test_the_counter(daemon: Daemon, client: Client) -> None:
    register(daemon)
    first = client.ask(request.apply(KEY, "counter", "increment", ["count", 5]))
    assert (first.result, first.generation, first.bins) == (0, 1, {"SUCCESS": 5})
    second = client.ask(request.apply(KEY, "counter", "increment", ["count", 3]))
    assert (second.result, second.generation, second.bins) == (0, 2, {"SUCCESS": 8})
    assert client.ask(request.get(KEY)).bins == {"count": 8}
    figures = daemon.ask(b"namespace/test\n")
    assert b";client_udf_complete=2;" in figures
    assert b";client_lang_write_success=2;" in figures


def test_a_call_without_a_list_of_arguments_has_none(guest: Client) -> None:
    place = [(0, b"test"), (1, b"records"), (4, KEY.digest), (30, b"counter"), (31, b"count")]
    for arguments in (b"", b"\xc1\xff", b"\x05"):
        reply = guest.ask(message.request(0, 1, fields=[*place, (32, arguments)]))
        assert reply.bins == {"SUCCESS": 0}


def test_a_udf_that_loops_costs_nobody_else_anything(daemon: Daemon, client: Client) -> None:
    register(daemon)
    other = Key("test", "records", "other")
    client.ask(request.put(KEY, {"n": 1}))
    client.ask(request.put(other, {"n": 2}))
    looping, waiting = Client(daemon), Client(daemon)
    looping.send(request.apply(KEY, "counter", "loop", policy=Policy(limit=3000)))
    while client.ask(request.get(KEY, policy=Policy(limit=20))).result != Result.TIMEOUT:
        pass  # until the call has begun
    for _ in range(100):
        assert client.ask(request.get(other)).bins == {"n": 2}
    assert not select.select([looping.socket], [], [], 0)[0]  # it went on meanwhile
    waiting.send(request.get(KEY, policy=Policy(limit=60_000)))
    answer = request.reply(looping.body())
    assert (answer.result, answer.bins) == (Result.UDF, {"FAILURE": "UDF Execution Timeout"})
    assert answer.generation == 1
    assert request.reply(waiting.body()).bins == {"n": 1}  # it waited in line, and nothing was changed
    looping.socket.close()
    waiting.socket.close()


@pytest.mark.parametrize("way", ["close", "reset", "half-close"])
def test_a_call_whose_client_has_gone_frees_its_record(shared: Daemon, guest: Client, way: str) -> None:
    guest.ask(request.put(KEY, {"n": 1}))
    looping, waiting = Client(shared), Client(shared)
    looping.send(request.apply(KEY, "counter", "loop", policy=Policy(limit=600_000)))
    while guest.ask(request.get(KEY, policy=Policy(limit=20))).result != Result.TIMEOUT:
        pass  # until the call has begun
    waiting.send(request.apply(KEY, "counter", "increment", ["n", 1], policy=Policy(limit=20_000)))
    if way == "reset":
        looping.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if way == "half-close":
        looping.socket.shutdown(socket.SHUT_WR)
    else:
        looping.socket.close()
    assert request.reply(waiting.body()).bins == {"SUCCESS": 2}
    for each in (looping, waiting):
        each.socket.close()


def test_a_pipeline_behind_a_slow_call_is_answered_in_order(guest: Client) -> None:
    guest.ask(request.put(KEY, {"n": 1}))
    guest.send(request.apply(KEY, "counter", "loop", policy=Policy(limit=200)))
    large = request.put(KEY, {"data": b"x" * 50_000})
    for _ in range(40):
        guest.send(large)  # more than is read ahead
    guest.send(request.get(KEY))
    assert request.reply(guest.body()).bins == {"FAILURE": "UDF Execution Timeout"}
    results = [request.reply(guest.body()).result for _ in range(40)]
    assert results == [Result.OK] * 40
    assert request.reply(guest.body()).generation == 41


def scan(set_name: bytes = b"records") -> bytes:
    fields = [(0, b"test"), (1, set_name), (7, bytes(7) + b"\1"), (11, ALL)]
    return message.request(3, 0, message.INFO3_PARTITION_DONE, limit=0, fields=fields)


def resident(daemon: Daemon) -> int:
    pages = int(Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1])
    return pages * 4096


class TestLargeReplies:
    @pytest.fixture
    def full(self, client: Client) -> Client:
        for number in range(48):
            assert client.ask(request.put(Key("test", "records", number), {"data": bytes(PIECE)})).result == 0
        return client

    def read_all(self, client: Client) -> int:
        found = 0
        while True:
            for each in message.replies(client.body()):
                if each[2] & message.INFO3_LAST:
                    assert each[4] == 0
                    return found
                found += 1

    def test_are_made_as_fast_as_they_are_taken(self, daemon: Daemon, full: Client) -> None:
        before = resident(daemon)
        slow = Client(daemon)
        slow.send(scan(), request.get(KEY))
        head = slow.socket.recv(1, socket.MSG_PEEK)  # it has begun
        for _ in range(50):  # others go on, and meanwhile nothing heaps up
            assert full.ask(request.exists(KEY)).result == Result.NOT_FOUND
        assert head
        assert resident(daemon) - before < 24 * PIECE
        assert self.read_all(slow) == 48
        assert request.reply(slow.body()).result == Result.NOT_FOUND
        slow.socket.close()

    def test_end_with_their_client(self, daemon: Daemon, full: Client) -> None:
        for _ in range(3):
            hasty = Client(daemon)
            hasty.send(scan())
            hasty.socket.recv(1)
            hasty.socket.close()
        full.send(scan())
        assert self.read_all(full) == 48
        assert daemon.stop() == 0
        assert "Traceback" not in daemon.log.read_text()

    def test_two_at_a_time(self, daemon: Daemon, full: Client) -> None:
        others = [Client(daemon) for _ in range(2)]
        counts: list[int] = []
        for other in others:
            other.send(scan())
        threads = [
            threading.Thread(target=lambda other=other: counts.append(self.read_all(other)))
            for other in others
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counts == [48, 48]
        for other in others:
            other.socket.close()


def test_records_die_with_a_memory_engine_and_the_daemon_stops_cleanly(
    daemon: Daemon, client: Client
) -> None:
    register(daemon)
    client.ask(request.put(KEY, {"n": 1}))
    client.send(request.apply(KEY, "counter", "loop", policy=Policy(limit=300)))
    while b"udf_contexts_idle=0" not in daemon.ask(b"statistics\n"):
        pass
    assert daemon.stop() == 0
    assert request.reply(client.body()).result == Result.UDF  # what was under way has been answered
    assert "Traceback" not in daemon.log.read_text()
