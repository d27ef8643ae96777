"""The exchange against peers of every kind."""

from __future__ import annotations

import _socket
import contextlib
import errno
import signal
import threading
import time
from collections.abc import Iterator
from itertools import count

import pytest

import asinfo.exchange as engine
from asinfo.exchange import Endpoint, Reply, exchange
from tests.each import for_each_row
from tests.fakes.node import (
    GARBAGE,
    OVERSIZE,
    Behaviour,
    FakeNode,
    Peer,
    answering,
    closing,
    closing_at_once,
    dripping,
    frame,
    half_then_close,
    in_pieces,
    never_accepting,
    refusing,
    sending,
    silent,
)

ANSWERS = {"build": "8.1.2.0"}
GOOD = b"build\t8.1.2.0\n"


def one(node: FakeNode, body: bytes = b"build\n", timeout: float = 5) -> Reply:
    return exchange([(Endpoint(node.host, node.port), body)], timeout=timeout)[0]


def kind(reply: Reply) -> str:
    assert reply.failure is not None
    return reply.failure.kind


@for_each_row(
    "behaviour",
    [
        answering(ANSWERS),
        answering(ANSWERS, delay=0.02),
        dripping(ANSWERS),
        in_pieces(ANSWERS, 3),
        in_pieces(ANSWERS, 8),
        in_pieces(ANSWERS, 1, 9),
        sending(frame(GOOD) + b"more than was asked for"),
    ],
)
def test_answer(behaviour: Behaviour) -> None:
    with FakeNode(behaviour=behaviour) as node:
        reply = one(node)
    assert reply.body == GOOD
    assert reply.failure is None
    assert reply.milliseconds > 0
    assert node.requests == [b"build\n"]


@for_each_row(
    ("behaviour", "expected", "word"),
    [
        (closing, "closed", "before it answered"),
        (closing_at_once, "closed", "closed"),
        (half_then_close(ANSWERS), "closed", "after 11 bytes"),
        (GARBAGE, "protocol", "version is 72"),
        (OVERSIZE, "protocol", "134217729"),
        (sending(frame(b"", 3)), "protocol", "type 3"),
        (sending(b"\x02\x09" + bytes(6)), "protocol", "type 9"),
    ],
)
def test_ugly_peer(behaviour: Behaviour, expected: str, word: str) -> None:
    with FakeNode(behaviour=behaviour) as node:
        reply = one(node)
    assert kind(reply) == expected
    assert word in str(reply.failure)
    assert reply.body is None


@pytest.mark.parametrize(
    "behaviour", [silent, sending(b""), sending(b"\x02\x01\0\0"), dripping(ANSWERS, pause=0.02)]
)
def test_one_deadline_for_everything(behaviour: Behaviour) -> None:
    with FakeNode(behaviour=behaviour) as node:
        start = time.monotonic()
        reply = one(node, timeout=0.1)
    assert kind(reply) == "timeout-reply"
    assert time.monotonic() - start >= 0.1
    assert reply.milliseconds >= 100


def test_never_accepted() -> None:
    with never_accepting() as node:
        assert kind(one(node, timeout=0.1)) == "timeout-connect"


def test_refused() -> None:
    host, port = refusing()
    (reply,) = exchange([(Endpoint(host, port), b"build\n")], timeout=30)
    assert kind(reply) == "refused"
    assert reply.milliseconds < 5000


def test_no_asks() -> None:
    assert exchange([], timeout=1) == []


@pytest.mark.parametrize("size", [0, 1, 70_000, 5_000_000])
def test_sizes(size: int) -> None:
    """A request and a reply far larger than any socket buffer."""
    command = b"x" * size

    def echo(line: bytes) -> bytes:
        return line[::-1]

    with FakeNode(echo) as node:
        reply = one(node, command + b"\n")
    assert reply.body == command + b"\t" + command + b"\n"


def test_a_peer_that_never_reads() -> None:
    with FakeNode(behaviour=silent) as node:
        assert kind(one(node, b"x" * 20_000_000 + b"\n", timeout=0.2)) == "timeout-reply"


def test_order_is_that_of_the_asks() -> None:
    with contextlib.ExitStack() as stack:
        nodes = [
            stack.enter_context(
                FakeNode(behaviour=answering({"node": f"A{number}"}, delay=(5 - number) / 100))
            )
            for number in range(5)
        ]
        seen: list[Reply] = []
        replies = exchange(
            [(Endpoint(n.host, n.port), b"node\n") for n in nodes], timeout=5, arrived=seen.append
        )
    assert [reply.body for reply in replies] == [b"node\tA%d\n" % number for number in range(5)]
    assert sorted(map(id, seen)) == sorted(map(id, replies))


@contextlib.contextmanager
def crowd(hung_every: int) -> Iterator[tuple[FakeNode, list[tuple[Endpoint, bytes]]]]:
    """300 nodes on one port; every ``hung_every``-th never answers."""

    def behave(peer: Peer) -> None:
        if int(peer.connection.getsockname()[0].rsplit(".", 1)[1]) % hung_every == 0:
            peer.wait()
        answering(ANSWERS)(peer)

    node = FakeNode(behaviour=behave, host="0.0.0.0")
    with node:
        yield (
            node,
            [(Endpoint(f"127.0.{1 + i // 100}.{1 + i % 100}", node.port), b"build\n") for i in range(300)],
        )


def test_hung_nodes_cost_one_deadline() -> None:
    """Even when they would fill the window several times over: who answers has done so when the first is given up."""
    arrived: list[Reply] = []
    with crowd(10) as (_, asks):
        replies = exchange(asks, timeout=3, window=8, arrived=arrived.append)
    kinds = [reply.failure.kind if reply.failure else "ok" for reply in arrived]
    assert kinds == ["ok"] * 270 + ["timeout-reply"] * 30
    assert sorted(map(id, arrived)) == sorted(map(id, replies))


@pytest.mark.parametrize("refusals", [{3}, {2}, {9}])
def test_few_descriptors(monkeypatch: pytest.MonkeyPatch, refusals: set[int]) -> None:
    """A run with fewer descriptors than nodes waits for its own; it does not fail."""
    calls = count(1)
    opened = engine._open

    def scarce(address: engine.Address) -> _socket.socket:
        if next(calls) in refusals:
            raise OSError(errno.EMFILE, "Too many open files")
        return opened(address)

    monkeypatch.setattr(engine, "_open", scarce)
    with crowd(1000) as (_, asks):
        replies = exchange(asks[:9], timeout=5)
    assert [reply.failure for reply in replies] == [None] * 9


def test_no_descriptor_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_address: engine.Address) -> _socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(engine, "_open", none)
    replies = exchange([(Endpoint("127.0.0.1", 1), b"")] * 2, timeout=5)
    assert [kind(reply) for reply in replies] == ["unreachable"] * 2


def test_interrupted_keeps_what_arrived() -> None:
    """Ctrl-C gives the answers that are there and a failure to every other node."""
    main = threading.main_thread().ident
    assert main is not None
    with FakeNode(ANSWERS) as good, FakeNode(behaviour=silent) as hung:

        def interrupt(reply: Reply) -> None:
            if reply.failure is None:
                signal.pthread_kill(main, signal.SIGINT)

        asks = [(Endpoint(each.host, each.port), b"build\n") for each in (hung, good, hung, hung)]
        replies = exchange(asks, timeout=30, window=3, arrived=interrupt)
    assert replies[1].body == GOOD
    assert [kind(replies[number]) for number in (0, 2, 3)] == ["interrupted"] * 3


def test_names_are_looked_up() -> None:
    with FakeNode(ANSWERS) as node:
        asks = [
            (Endpoint("localhost", node.port), b"build\n"),
            (Endpoint("nosuch.invalid", 3000), b"build\n"),
        ]
        good, bad, again = exchange([*asks, asks[0]], timeout=5)
    assert good.body == again.body == GOOD
    assert kind(bad) == "resolve"


def test_a_name_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = threading.Event()

    def hang(*_: object) -> list[object]:
        ends.wait(10)
        return []

    monkeypatch.setattr("asinfo.resolve._socket.getaddrinfo", hang)
    with FakeNode(ANSWERS) as node:
        slow, good = exchange(
            [(Endpoint("slow.test"), b""), (Endpoint(node.host, node.port), b"build\n")], timeout=1
        )
    ends.set()
    assert kind(slow) == "resolve"
    assert good.body == GOOD


@for_each_row("name", ["a..b", "x" * 300, "ünï.invalid", "a b", "256.1.1.1", ""])
def test_odd_names(name: str) -> None:
    (reply,) = exchange([(Endpoint(name, 1), b"")], timeout=5)
    assert kind(reply) in {"resolve", "refused"}


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with a dead and a silent address before the good one; they share the deadline."""
    _, dead = refusing()
    with FakeNode(ANSWERS) as node, never_accepting() as hole:
        found = [(2, 1, 6, "", ("127.0.0.1", port)) for port in (dead, hole.port, node.port)]
        monkeypatch.setattr("asinfo.resolve._socket.getaddrinfo", lambda *_: found)
        (reply,) = exchange([(Endpoint("many.test"), b"build\n")], timeout=3)
    assert reply.body == GOOD


def test_patience() -> None:
    """Another node answers only when the one that takes no connection is given up, and is in time."""
    given_up = threading.Event()

    def behave(peer: Peer) -> None:
        peer.request()
        given_up.wait(60)
        peer.send(frame(GOOD))

    def arrived(reply: Reply) -> None:
        given_up.set()

    with FakeNode(behaviour=behave) as node, never_accepting() as hole:
        asks = [(Endpoint(node.host, node.port), b"build\n"), (Endpoint(hole.host, hole.port), b"")]
        good, late = exchange(asks, timeout=30, patience=0.1, arrived=arrived)
    assert kind(late) == "timeout-connect"
    assert good.body == GOOD


def test_an_error_of_the_caller_closes_everything() -> None:
    def fail(_reply: Reply) -> None:
        raise RuntimeError("caller")

    with (
        FakeNode(ANSWERS) as node,
        FakeNode(behaviour=silent) as hung,
        pytest.raises(RuntimeError, match="caller"),
    ):
        exchange(
            [(Endpoint(each.host, each.port), b"build\n") for each in (hung, node)], timeout=5, arrived=fail
        )


def test_without_epoll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asinfo.exchange._EPOLL", None)
    host, port = refusing()
    with FakeNode(ANSWERS) as node, FakeNode(behaviour=silent) as hung:
        asks = [
            (Endpoint(h, p), b"build\n")
            for h, p in ((node.host, node.port), (hung.host, hung.port), (host, port))
        ]
        good, slow, refused = exchange(asks, timeout=1)
    assert (good.body, kind(slow), kind(refused)) == (GOOD, "timeout-reply", "refused")


def test_ipv6() -> None:
    try:
        node = FakeNode(ANSWERS, host="::1")
    except OSError as error:
        pytest.skip(f"this machine has no ::1: {error}")
    with node:
        reply = one(node)
    assert reply.body == GOOD
    assert reply.node.name == f"[::1]:{node.port}"
