"""The scripted servers answer as real ones do, and show the faults that they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from asinfo.errors import WireError
from asinfo.wire import functions
from asinfo.wire.resp_reply import ErrorReply, ReplyParser, Verbatim
from tests.fakes.valkey_fleet import BYTES, ValkeyFleet, ValkeyServer, library
from tests.fakes.valkey_node import REFUSALS, Running, User
from tests.real_valkey import RealClient, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.function_fleet.topology import Cluster, Group

A = b"#!lua name=a\nserver.register_function('f', function() return 1 end)"
B = b"#!lua name=b\nserver.register_function('g', function() return 2 end)"
CLASH = b"#!lua name=c\nserver.register_function('f', function() return 3 end)"
COMMANDS: list[tuple[bytes | str | int, ...]] = [
    ("PING",),
    ("PING", "x"),
    ("FUNCTION", "DUMP"),
    ("FUNCTION", "LIST"),
    ("FUNCTION", "RESTORE", functions.dump([A])),
    ("FUNCTION", "LIST", "WITHCODE"),
    ("FUNCTION", "LIST", "LIBRARYNAME", "a"),
    ("FUNCTION", "LIST", "LIBRARYNAME", "b"),
    ("FUNCTION", "DUMP"),
    ("FUNCTION", "STATS"),
    ("FUNCTION", "RESTORE", functions.dump([A])),
    ("FUNCTION", "RESTORE", functions.dump([A]), "REPLACE"),
    ("FUNCTION", "RESTORE", functions.dump([CLASH]), "REPLACE"),
    ("FUNCTION", "RESTORE", functions.dump([A])[:-1] + b"?", "REPLACE"),
    ("FUNCTION", "RESTORE", functions.dump([A]), "ODD"),
    ("FUNCTION", "RESTORE", functions.dump([b"nothing"]), "REPLACE"),
    ("FUNCTION", "LOAD", A),
    ("FUNCTION", "LOAD", "REPLACE", A),
    ("FUNCTION", "RESTORE", functions.dump([B]), "FLUSH"),
    ("FUNCTION", "LIST"),
    ("FUNCTION", "DELETE", "a"),
    ("FUNCTION", "DELETE", "b"),
    ("FUNCTION", "KILL"),
    ("FUNCTION", "ODD"),
    ("FUNCTION", "DUMP"),
    ("AUTH", "nobody", "x"),
    ("ACL", "WHOAMI"),
    ("ACL", "DRYRUN", "default", "FUNCTION", "RESTORE", "x"),
    ("EVAL", "return redis.call('INFO') and 1", 0),
    ("CLIENT", "SETINFO", "LIB-NAME", "x"),
    ("INFO", "cluster"),
    ("ODD", "a"),
]


@pytest.fixture
def fleet() -> Iterator[ValkeyFleet]:
    with ValkeyFleet(3, 3) as serving:
        yield serving


def client(node: ValkeyServer) -> RealClient:
    host, port = node.address
    return RealClient(port, host=host)


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_primary_answers_as_a_real_one(replicas: Group, protocol: int) -> None:
    primary = replicas.primaries[0]
    with ValkeyFleet(1, clustered=False) as fleet, client(fleet[0]) as fake, primary.connect() as real:
        for each in (fake, real):
            each("HELLO", protocol)
        for words in (*COMMANDS, ("CLUSTER", "NODES"), ("CLUSTER", "MYID")):
            assert fake(*words) == real(*words), words


def test_a_replica_answers_as_a_real_one(cluster: Cluster, fleet: ValkeyFleet) -> None:
    real_primary, fake_primary = cluster.primaries[0], fleet[0]
    with cluster.replica_of(real_primary).connect() as real, client(fleet[3]) as fake:
        payload = functions.dump([A, B])
        for primary in (real_primary.connect(), client(fake_primary)):
            with primary:
                assert primary("FUNCTION", "RESTORE", payload, "REPLACE") == b"OK"
                assert primary("WAIT", 1, 5000) == 1
        assert [shape(each("ROLE")) for each in (fake, real)] == [
            [b"slave", bytes, int, b"connected", int]
        ] * 2
        for words in (
            ("FUNCTION", "RESTORE", payload, "REPLACE"),
            ("FUNCTION", "RESTORE", b"odd"),
            ("FUNCTION", "DELETE", "a"),
            ("FUNCTION", "LOAD", A),
            ("WAIT", 1, 1),
            ("INFO", "cluster"),
            ("EVAL", "return redis.call('INFO') and 1", 0),
        ):
            assert fake(*words) == real(*words), words
        for each in (fake, real):
            assert set(functions.restored(each("FUNCTION", "DUMP"))) == {A, B}
    real_primary.ask("FUNCTION", "FLUSH")


def shape(reply: list[Any]) -> list[Any]:
    """A reply of ROLE without what differs between servers."""
    return [word if word in (b"slave", b"master", b"connected") else type(word) for word in reply]


def test_the_lines_of_a_cluster_have_the_same_words(cluster: Cluster, fleet: ValkeyFleet) -> None:
    with cluster.primaries[0].connect() as real, client(fleet[0]) as fake:
        found = [each("CLUSTER", "NODES") for each in (fake, real)]
        assert all(isinstance(text, Verbatim) for text in found)
        ours, theirs = (sorted(line.split() for line in text.text.splitlines()) for text in found)
        assert sorted((words[2], len(words)) for words in ours) == sorted(
            (words[2], len(words)) for words in theirs
        )
        assert {words[0] for words in ours if b"myself" in words[2]} == {fake("CLUSTER", "MYID")}
        assert sorted(words[8] for words in ours if b"master" in words[2]) == [
            b"0-5460",
            b"10922-16383",
            b"5461-10921",
        ]
        assert shape(fake("ROLE")) == shape(real("ROLE")) == [b"master", int, list]


def test_a_busy_server_answers_as_a_real_one(replicas: Group, fleet: ValkeyFleet) -> None:
    server, node = replicas.primaries[0], fleet[0]
    loop = b"#!lua name=l\nserver.register_function('loop', function() while true do end end)"
    node.load(loop)
    node.running = Running(b"loop", (b"FCALL", b"loop", b"0"), 10)
    with server.connect() as real, server.connect() as caller, client(node) as fake:
        real.done("CONFIG", "SET", "busy-reply-threshold", "1")
        real.done("FUNCTION", "LOAD", loop)
        caller.send("FCALL", "loop", 0)
        until(lambda: isinstance(real("PING"), ErrorReply))
        for words in (["PING"], ["FUNCTION", "DUMP"], ["CLUSTER", "NODES"], ["ROLE"]):
            assert fake(*words) == real(*words)
        ours, theirs = fake("FUNCTION", "STATS"), real("FUNCTION", "STATS")
        assert ours[1] == theirs[1]
        assert ours[0][1][:2] == theirs[0][1][:2]
        assert fake("FUNCTION", "KILL") == real("FUNCTION", "KILL") == b"OK"
        assert isinstance(caller.receive(), ErrorReply)
        assert fake("PING") == until(lambda: real("PING") == b"PONG" and b"PONG")


def test_logins_are_refused_as_by_a_real_one(replicas: Group, fleet: ValkeyFleet) -> None:
    server, node = replicas.primaries[0], fleet[0]
    node.users = {b"u": User(b"pw", frozenset({b"function|list", b"acl|dryrun"}))}
    with server.connect() as owner:
        owner.done("ACL", "SETUSER", "u", "on", ">pw", "+function|list", "+acl|dryrun")
        owner.done("ACL", "SETUSER", "default", "off")
        try:
            with server.connect() as real, client(node) as fake:
                for words in (
                    ["PING"],
                    ["AUTH", "u", "no"],
                    ["AUTH", "u", "pw"],
                    ["FUNCTION", "LIST"],
                    ["FUNCTION", "DUMP"],
                    ["CLUSTER", "MYID"],
                    ["ROLE"],
                    ["ACL", "DRYRUN", "u", "FUNCTION", "RESTORE", "x"],
                ):
                    assert fake(*words) == real(*words), words
        finally:
            owner.done("ACL", "SETUSER", "default", "on")
            owner.done("ACL", "DELUSER", "u")


# --- faults --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_is_an_error_and_changes_nothing(fleet: ValkeyFleet, kind: str) -> None:
    fleet[0].fail(kind, on=b"FUNCTION RESTORE", times=1)
    with client(fleet[0]) as fake:
        assert fake("FUNCTION", "RESTORE", functions.dump([A])) == REFUSALS[kind]
        assert fake("FUNCTION", "LIST") == []
        assert fake("FUNCTION", "RESTORE", functions.dump([A])) == b"OK"


@pytest.mark.parametrize("kind", ["closes", "closes amid", "restarts", "takes and closes"])
def test_a_connection_is_lost(fleet: ValkeyFleet, kind: str) -> None:
    fleet.load(A)
    fleet[0].fail(kind, on=b"FUNCTION DUMP", times=1)
    with client(fleet[0]) as fake, pytest.raises(ConnectionResetError):
        fake("FUNCTION", "DUMP")
    assert bool(fleet[0].texts) is (kind != "restarts")
    with client(fleet[0]) as fake:
        assert fake("PING") == b"PONG"


@pytest.mark.parametrize("kind", sorted(BYTES.keys() - {"another type", "null"}))
def test_bytes_that_are_no_reply(kind: str) -> None:
    parser = ReplyParser()
    try:
        assert parser.feed(BYTES[kind]) == []
        assert parser.begun
    except WireError:
        pass


def test_a_slow_server_answers_in_the_end(fleet: ValkeyFleet) -> None:
    fleet.load(A)
    fleet[0].fail("drips", on=b"FUNCTION DUMP")
    with client(fleet[0]) as fake:
        assert set(functions.restored(fake("FUNCTION", "DUMP"))) == {A}


def test_a_server_refuses_and_takes_connections_again(fleet: ValkeyFleet) -> None:
    fleet[1].refuse()
    with pytest.raises(ConnectionRefusedError):
        client(fleet[1])
    fleet[1].accept()
    with client(fleet[1]) as fake:
        assert fake("PING") == b"PONG"


def test_roles_move(fleet: ValkeyFleet) -> None:
    fleet.load(A)
    fleet[3].promote()
    with client(fleet[0]) as old, client(fleet[3]) as new:
        assert old("ROLE")[0] == b"slave"
        assert isinstance(old("FUNCTION", "RESTORE", functions.dump([B])), ErrorReply)
        assert new("FUNCTION", "RESTORE", functions.dump([B])) == b"OK"
        assert new("WAIT", 1, 10) == 1
    assert fleet[0].texts == fleet[3].texts == {b"a": A, b"b": B}


def test_a_replica_that_hears_nothing(fleet: ValkeyFleet) -> None:
    fleet[3].deaf = True
    with client(fleet[0]) as fake:
        assert fake("FUNCTION", "RESTORE", functions.dump([A])) == b"OK"
        assert fake("WAIT", 1, 10) == 0
    assert fleet[3].texts == {}


def test_an_older_replica_loses_a_new_payload_in_silence(fleet: ValkeyFleet) -> None:
    fleet[3].version = b"8.1.8"
    with client(fleet[0]) as fake:
        assert fake("FUNCTION", "RESTORE", functions.dump([A], 80)) == b"OK"
        assert fake("WAIT", 1, 10) == 1
        assert fleet[3].texts == {}
        assert fake("FUNCTION", "RESTORE", functions.dump([A]), "REPLACE") == b"OK"
    assert fleet[3].texts == {b"a": A}


def test_flags_and_an_empty_ip(fleet: ValkeyFleet) -> None:
    fleet[1].flags, fleet[1].link = b"master,fail", b"disconnected"
    fleet[2].has_ip = False
    with client(fleet[0]) as fake:
        _, failed, nowhere, *_ = fake("CLUSTER", "NODES").text.splitlines()
        assert failed.split()[2:4] == [b"master,fail", b"-"]
        assert nowhere.split()[1].startswith(b":")


def test_a_corrupt_payload(fleet: ValkeyFleet) -> None:
    fleet.load(library(1))
    fleet[0].corrupt = True
    with client(fleet[0]) as fake, pytest.raises(functions.WrongPayload):
        list(functions.restored(fake("FUNCTION", "DUMP")))
