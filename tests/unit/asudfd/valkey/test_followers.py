"""SYNC: a client gets what there is as an RDB file, and then each change as a command."""

from __future__ import annotations

import pytest

from asinfo.wire.crc64 import crc64
from asinfo.wire.rdb_file import libraries
from asinfo.wire.resp_reply import ErrorReply
from asudfd.valkey import followers
from tests.unit.asudfd.valkey.served import ServedClient, ServedKeyspace


@pytest.fixture
def keyspace() -> ServedKeyspace:
    return ServedKeyspace()


@pytest.fixture
def client(keyspace: ServedKeyspace) -> ServedClient:
    return keyspace.client()


@pytest.fixture
def follower(keyspace: ServedKeyspace) -> ServedClient:
    return keyspace.client()


def file_of(follower: ServedClient) -> bytes:
    """The file that SYNC gives: a length, and its bytes without a line end."""
    head, _, file = follower.raw([b"SYNC"]).partition(b"\r\n")
    assert head == b"$%d" % len(file)
    return file


def lines(follower: ServedClient) -> list[str]:
    return [b" ".join(command).decode() for command in follower.sent()]


def test_the_file_has_all_keys_and_libraries(client: ServedClient, follower: ServedClient) -> None:
    for line in (
        "SET text v",
        "SET late v PXAT 4102444800000",
        "RPUSH list a b",
        "ZADD sorted 1.5 m",
        "SELECT 3",
        "HSET h f v",
    ):
        client.line(line)
    text = b"#!lua name=lib\nserver.register_function('f', function() return 1 end)"
    client.run("FUNCTION", "LOAD", text)
    file = file_of(follower)
    assert file.startswith(b"VALKEY080")
    assert libraries(file) == [text]
    assert int.from_bytes(file[-8:], "little") == crc64(file[:-8])
    assert b"\xfc" + (4102444800000).to_bytes(8, "little") + b"\x00\x04late\x01v" in file
    assert b"\xfe\x03" in file


def test_each_change_follows_as_a_command(client: ServedClient, follower: ServedClient) -> None:
    file_of(follower)
    client.line("SET k v")
    client.line("GET k")
    client.line("SELECT 2")
    client.line("INCRBYFLOAT n 1.5")
    assert lines(follower) == ["SELECT 0", "SET k v", "SELECT 2", "SET n 1.5 KEEPTTL"]


def test_what_belongs_together_is_a_transaction(client: ServedClient, follower: ServedClient) -> None:
    file_of(follower)
    for line in ("MULTI", "SET a 1", "GET a", "SET b 2", "EXEC", "MULTI", "SET c 3", "EXEC"):
        client.line(line)
    client.run("EVAL", "redis.call('SET', 'd', 1) redis.call('SET', 'e', 2)", 0)
    assert lines(follower) == [
        *("MULTI", "SELECT 0", "SET a 1", "SET b 2", "EXEC"),
        "SET c 3",
        *("MULTI", "SET d 1", "SET e 2", "EXEC"),
    ]


@pytest.mark.parametrize("line", ["GET k", "DEL none", "MULTI", "SETNX k 2", "EXPIRE none 10"])
def test_what_changes_nothing_does_not_follow(
    client: ServedClient, follower: ServedClient, line: str
) -> None:
    client.line("SET k v")
    file_of(follower)
    client.line(line)
    assert lines(follower) == []


def test_who_leaves_gets_nothing_more(keyspace: ServedKeyspace, client: ServedClient) -> None:
    first, second = keyspace.client(), keyspace.client()
    file_of(first)
    client.line("SET a 1")
    file_of(second)
    keyspace.state.left(first.client)
    first.sent()
    client.line("SET b 2")
    assert lines(first) == []
    assert lines(second) == ["SELECT 0", "SET b 2"]
    keyspace.state.left(second.client)
    assert keyspace.state.engine.lua[b"state"][b"journal"] is None


def test_only_the_file_is_asked_for(client: ServedClient, follower: ServedClient) -> None:
    follower.line("REPLCONF rdb-only 1")
    client.line("SET k v")
    assert b"\x01k\x01v" in file_of(follower)
    client.line("SET k w")
    assert lines(follower) == []


def test_a_large_keyspace_is_not_written_at_once(
    client: ServedClient, follower: ServedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followers, "SYNC_KEYS_MAX", 2)
    client.line("MSET a 1 b 2 c 3")
    assert isinstance(follower.line("SYNC"), ErrorReply)
    client.line("DEL a")
    assert b"\x01b\xc0\x02" in file_of(follower)


def test_the_one_who_follows_is_shown(client: ServedClient, follower: ServedClient) -> None:
    file_of(follower)
    assert b"connected_slaves:1" in client.line("INFO replication")
    assert b"flags=S " in client.line("CLIENT LIST TYPE replica")
