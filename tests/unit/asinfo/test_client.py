"""Seeds: the first that can be reached answers, within one deadline."""

from __future__ import annotations

from typing import Any

import pytest

from asinfo import client
from asinfo.client import answers, ask
from asinfo.errors import UsageError
from asinfo.exchange import Endpoint, Reply
from asinfo.exchange import exchange as original
from tests.fakes.node import SUMMARY, Behaviour, FakeNode, closing, never_accepting, refusing, sending, silent


def test_answers() -> None:
    with FakeNode({"a": "1", "b": "2"}) as fake:
        reply, found = ask([Endpoint(fake.host, fake.port)], [b"a", b"b", b"c"], 5)
    assert found == [b"1", b"2", b"ERROR:4:unrecognized command"]
    assert fake.requests == [b"a\nb\nc\n"]
    assert reply.failure is None


def test_the_next_seed_is_asked() -> None:
    skipped: list[Reply] = []
    host, port = refusing()
    with FakeNode({"a": "1"}) as fake:
        nodes = [Endpoint(host, port), Endpoint("nosuch.invalid"), Endpoint(fake.host, fake.port)]
        reply, found = ask(nodes, [b"a"], 5, skipped.append)
    assert found == [b"1"]
    assert reply.node is nodes[2]
    assert [each.failure.kind for each in skipped if each.failure] == ["refused", "resolve"]


@pytest.fixture
def shares(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float | None]]:
    """What each exchange was given: seconds in all, and seconds to be accepted. The clock goes on by what it took."""
    given: list[tuple[float, float | None]] = []
    now = 0.0

    def exchange(asks: Any, timeout: float, patience: float | None = None) -> list[Reply]:
        nonlocal now
        given.append((timeout, patience))
        replies = original(asks, timeout=timeout, patience=patience)
        now += timeout if patience is None else patience
        return replies

    monkeypatch.setattr(client, "exchange", exchange)
    monkeypatch.setattr(client, "monotonic", lambda: now)
    return given


def test_a_seed_that_never_accepts_gets_its_share(shares: list[tuple[float, float | None]]) -> None:
    with never_accepting() as hole, FakeNode({"a": "1"}) as fake:
        _, found = ask([Endpoint(hole.host, hole.port), Endpoint(fake.host, fake.port)], [b"a"], 1.2)
    assert found == [b"1"]
    assert shares == [(1.2, 0.6), (0.6, None)]


def test_one_deadline_for_all_seeds(shares: list[tuple[float, float | None]]) -> None:
    with never_accepting() as hole:
        reply, _ = ask([Endpoint(hole.host, hole.port)] * 3, [b"a"], 0.75)
    assert reply.failure is not None
    assert reply.failure.kind == "timeout-connect"
    assert shares == [(0.75, 0.25), (0.5, 0.25), (0.25, None)]


@pytest.mark.parametrize(("behaviour", "kind"), [(closing, "closed"), (silent, "timeout-reply")])
def test_a_node_that_took_the_request_is_the_answer(behaviour: Behaviour, kind: str) -> None:
    """A command may change something: it is never sent to a second node after the first has it."""
    with FakeNode(behaviour=behaviour) as bad, FakeNode({"a": "1"}) as good:
        reply, found = ask([Endpoint(bad.host, bad.port), Endpoint(good.host, good.port)], [b"a"], 0.2)
    assert reply.failure is not None
    assert (reply.failure.kind, found, good.requests) == (kind, [], [])


@pytest.mark.parametrize(("behaviour", "kind"), [(closing, "closed"), (silent, "timeout-reply")])
@pytest.mark.parametrize("commands", [[b"build", b"udf-get:filename=a.lua"], []])
def test_what_only_reads_is_asked_of_the_next(
    behaviour: Behaviour, kind: str, commands: list[bytes], shares: list[tuple[float, float | None]]
) -> None:
    """A node that is frozen takes the connection and no more; it gets its share of the time."""
    skipped: list[Reply] = []
    with FakeNode(behaviour=behaviour) as bad, FakeNode({"build": "8", SUMMARY: "node\tA1\n"}) as good:
        reply, _ = ask(
            [Endpoint(bad.host, bad.port), Endpoint(good.host, good.port)], commands, 1.2, skipped.append
        )
    assert reply.failure is None
    assert [each.failure.kind for each in skipped if each.failure] == [kind]
    assert shares == [(0.6, 0.6), (0.6, None)]


def test_a_reply_to_something_else() -> None:
    with FakeNode(behaviour=sending(b"\x02\x01\0\0\0\0\0\x04x\ty\n")) as fake:
        reply, found = ask([Endpoint(fake.host, fake.port)], [b"a"], 5)
    assert found == []
    assert reply.failure is not None
    assert reply.failure.kind == "protocol"


def test_summary() -> None:
    with FakeNode({SUMMARY: "features\ta;b\nnode\tA1\n"}) as fake:
        reply, said = ask([Endpoint(fake.host, fake.port)], [], 5)
    assert fake.requests == [b""]
    assert said == [b"features\ta;b\nnode\tA1"]
    reply.body = b"half a line"
    assert answers(reply, []) == []
    assert reply.failure is not None


def test_a_command_is_one_line() -> None:
    with pytest.raises(UsageError):
        ask([Endpoint("127.0.0.1", 1)], [b"a\nb"], 5)
