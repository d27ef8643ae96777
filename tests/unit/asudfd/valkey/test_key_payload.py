"""DUMP and RESTORE: a value comes back as it was, and what the payload says of it."""

from __future__ import annotations

import pytest

from tests.unit.asudfd.valkey.conftest import NOW, TestedKeyspace


def bulk(reply: bytes) -> bytes:
    return reply[reply.index(b"\r\n") + 2 : -2]


VALUES = {
    "a string": ["SET k hello"],
    "a number": ["SET k -12"],
    "a long string": ["SET k " + "x" * 3000],
    "a short list": ["RPUSH k a 1 c"],
    "a long list": ["RPUSH k " + " ".join(f"element{number}" for number in range(9000))],
    "whole numbers": ["SADD k 3 1 2"],
    "a short set": ["SADD k b a 1"],
    "a sorted set": ["ZADD k 1.5 a -inf b 0.1 c"],
    "a long sorted set": ["ZADD k " + " ".join(f"{number / 3} m{number}" for number in range(500))],
    "a hash": ["HSET k a 1 b 2"],
    "fields that expire": ["HSET k a 1 b 2", f"HPEXPIREAT k {int(NOW) + 5000} FIELDS 1 b"],
    "a stream": ["XADD k 1-1 a 1 b 2", "XADD k 2-1 c 3", "XADD k 18446744073709551615-7 d 4", "XDEL k 2-1"],
    "an empty stream": ["XADD k 1-1 a 1", "XDEL k 1-1"],
    "an entry of many fields": ["XADD k 1-1 " + " ".join(str(number) for number in range(10_000))],
    "groups": [
        "XADD k 1-1 a 1", "XADD k 2-1 a 2", "XGROUP CREATE k g 0", "XGROUP CREATE k other $ ENTRIESREAD 2",
        "XREADGROUP GROUP g one COUNT 1 STREAMS k >", "XGROUP CREATECONSUMER k g two",
    ],
}  # fmt: skip

READ = {
    b"+string": ["GET {}"],
    b"+list": ["LRANGE {} 0 -1"],
    b"+set": ["SMEMBERS {}"],
    b"+zset": ["ZRANGE {} 0 -1 WITHSCORES"],
    b"+hash": ["HGETALL {}", "HPEXPIRETIME {} FIELDS 2 a b"],
    b"+stream": ["XINFO STREAM {} FULL COUNT 0"],
}


@pytest.mark.parametrize("lines", VALUES.values(), ids=VALUES)
def test_a_value_comes_back(keyspace: TestedKeyspace, lines: list[str]) -> None:
    for line in lines:
        keyspace.line(line)
    payload = bulk(keyspace.line("DUMP k"))
    assert keyspace.run("RESTORE", "again", 0, payload) == b"+OK\r\n"
    for line in [*READ[keyspace.line("TYPE k").strip()], "OBJECT ENCODING {}", "DUMP {}"]:
        assert keyspace.line(line.format("again")) == keyspace.line(line.format("k"))


def test_the_journal_has_the_payload(keyspace: TestedKeyspace) -> None:
    keyspace.line("SET k v")
    payload = bulk(keyspace.line("DUMP k"))
    keyspace.effects.clear()
    keyspace.run("RESTORE", "k", 10, payload, "REPLACE")
    assert keyspace.effects == [(b"RESTORE", b"k", b"%d" % (NOW + 10), payload, b"ABSTTL", b"REPLACE")]
    keyspace.effects.clear()
    keyspace.run("RESTORE", "k", 10, payload, "REPLACE", "ABSTTL")
    assert keyspace.effects == [(b"UNLINK", b"k")]


def test_a_hash_of_which_all_has_expired_is_not_there(keyspace: TestedKeyspace) -> None:
    keyspace.line("HSET h a 1")
    keyspace.line(f"HPEXPIREAT h {int(NOW) + 5000} FIELDS 1 a")
    payload = bulk(keyspace.line("DUMP h"))
    keyspace.now += 6000
    assert keyspace.run("RESTORE", "again", 0, payload) == b"+OK\r\n"
    assert keyspace.line("EXISTS again") == b":0\r\n"


def test_a_broken_payload_changes_nothing(keyspace: TestedKeyspace) -> None:
    keyspace.line("RPUSH k a b c")
    payload = bulk(keyspace.line("DUMP k"))
    for at in range(len(payload)):
        broken = payload[:at] + bytes((payload[at] ^ 1,)) + payload[at + 1 :]
        reply = keyspace.run("RESTORE", "k", 0, broken, "REPLACE")
        assert reply == b"-ERR DUMP payload version or checksum are wrong\r\n"
    assert keyspace.line("LRANGE k 0 -1") == b"*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"
