"""notify-keyspace-events: what subscribers are told of what commands change."""

from __future__ import annotations

import time

import pytest

from tests.unit.asudfd.valkey.served import ServedClient, ServedKeyspace

PAST = 1_000_000_000_000  # in 2001


@pytest.fixture
def keyspace() -> ServedKeyspace:
    return ServedKeyspace({"notify-keyspace-events": "EA"})


@pytest.fixture
def client(keyspace: ServedKeyspace) -> ServedClient:
    return keyspace.client()


@pytest.fixture
def listener(keyspace: ServedKeyspace) -> ServedClient:
    listener = keyspace.client()
    listener.raw([b"PSUBSCRIBE", b"__key*"])
    return listener


def told(listener: ServedClient) -> list[str]:
    """Events as "EVENT KEY"."""
    return [
        f"{channel.decode().partition('__:')[2]} {message.decode()}"
        for _, _, channel, message in listener.sent()
    ]


EVENTS = (
    ("SET k v", "set k"),
    ("SET k v EX 100", "set k, expire k"),
    ("SET k v KEEPTTL", "set k"),
    (f"SET t v PXAT {PAST}", "expired t"),
    ("SETEX k 100 v", "set k, expire k"),
    ("GETSET k v", "set k"),
    ("MSET a{} 1 b{} 2", "set a{}, set b{}"),
    ("MSETEX 2 a 1 b 2 EX 9", "set a, expire a, set b, expire b"),
    ("MSETEX 1 a 1", "set a"),
    ("APPEND t a", "append t"),
    ("SETRANGE t 0 b", "setrange t"),
    ("SETBIT bits 1 1", "setbit bits"),
    ("INCR n", "incrby n"),
    ("DECRBY n 2", "decrby n"),
    ("INCRBYFLOAT n 0.5", "incrbyfloat n"),
    ("DEL t none n", "del t, del n"),
    ("UNLINK t", "del t"),
    ("GETDEL t", "del t"),
    ("EXPIRE t 100", "expire t"),
    ("EXPIRE t -1", "expired t"),
    ("PERSIST soon", "persist soon"),
    ("GETEX t EX 10", "expire t"),
    ("GETEX soon PERSIST", "persist soon"),
    ("RENAME t u", "rename_from t, rename_to u"),
    ("COPY t u", "copy_to u"),
    ("MOVE t 3", "move_from t, move_to t"),
    ("LPUSH l a", "lpush l"),
    ("RPUSHX l a", "rpush l"),
    ("LPOP l", "lpop l"),
    ("LPOP l 9", "lpop l, del l"),
    ("LMPOP 2 none l LEFT", "lpop l"),
    ("BLPOP none l 0", "lpop l"),
    ("LMOVE l m LEFT RIGHT", "lpop l, rpush m"),
    ("LTRIM l 1 0", "ltrim l, del l"),
    ("LSET l 0 x", "lset l"),
    ("SADD s z", "sadd s"),
    ("SREM s a", "srem s"),
    ("SPOP s 9", "spop s, del s"),
    ("SMOVE s r a", "srem s, sadd r"),
    ("SUNIONSTORE u s", "sunionstore u"),
    ("SINTERSTORE s none", "del s"),
    ("HSET h f v", "hset h"),
    ("HMSET h f v", "hset h"),
    ("HINCRBY h n 1", "hincrby h"),
    ("HINCRBYFLOAT h n 1.5", "hincrbyfloat h"),
    ("HDEL h a b", "hdel h, del h"),
    ("HEXPIRE h 100 FIELDS 1 a", "hexpire h"),
    ("HEXPIRE h 0 FIELDS 2 a b", "hexpired h, del h"),
    ("HSETEX h EX 10 FIELDS 1 a 1", "hset h, hexpire h"),
    ("ZADD z 1 m", "zadd z"),
    ("ZADD z INCR 1 m", "zincr z"),
    ("ZREM z a", "zrem z"),
    ("ZREMRANGEBYRANK z 0 -1", "zrembyrank z, del z"),
    ("ZPOPMIN z", "zpopmin z"),
    ("ZRANGESTORE y z 0 -1", "zrangestore y"),
    ("BZPOPMAX none z 0", "zpopmax z"),
    ("GEOADD z 1 1 m", "zadd z"),
    ("XADD x * f v", "xadd x"),
    ("XTRIM x MAXLEN 0", "xtrim x"),
    ("XDEL x 1-1", "xdel x"),
    ("XGROUP CREATE x g $", "xgroup-create x"),
    ("SORT l ALPHA STORE m", "sortstore m"),
    ("SETNX t v", ""),
    ("GET t", ""),
    ("FLUSHALL", ""),
    ("SREM s none", ""),
)


@pytest.mark.parametrize(("line", "events"), EVENTS)
def test_each_change_is_told(client: ServedClient, listener: ServedClient, line: str, events: str) -> None:
    for before in (
        "SET t 1",
        "SET n 1",
        "SET soon 1 EX 1000",
        "RPUSH l a b c",
        "SADD s a b",
        "HSET h a 1 b 2",
        "ZADD z 1 a 2 b",
        "XADD x 1-1 f v",
    ):
        client.line(before)
    listener.sent()
    client.line(line)
    assert ", ".join(told(listener)) == events


def test_a_function_is_told_command_by_command(client: ServedClient, listener: ServedClient) -> None:
    client.run("EVAL", "redis.call('SET', 'a', 1) redis.call('DEL', 'a') redis.call('RPUSH', 'l', 1)", 0)
    assert told(listener) == ["set a", "del a", "rpush l"]


def test_a_key_whose_time_is_over_is_told_when_it_goes(
    keyspace: ServedKeyspace, client: ServedClient, listener: ServedClient
) -> None:
    client.line("SET k v PX 1")
    keyspace.state.now = lambda: time.time() * 1000 + 1000  # type: ignore[method-assign] # the time goes on
    told(listener)
    assert client.line("GET k") is None
    assert told(listener) == ["expired k"]


@pytest.mark.parametrize(
    ("letters", "events"),
    [
        ("", []),
        ("A", []),
        ("K", []),
        ("KE$", ["k set", "set k"]),
        ("Kg", ["k expire"]),
        ("En$", ["new k", "set k"]),
        ("El", []),
        ("KA", ["k set", "k expire"]),
    ],
)
def test_only_what_was_asked_for_is_told(
    client: ServedClient, listener: ServedClient, letters: str, events: list[str]
) -> None:
    client.run("CONFIG", "SET", "notify-keyspace-events", letters)
    client.line("SET k v EX 100")
    assert told(listener) == events
