"""Hashes, lists, sets, sorted sets and streams of a keyspace: beside models in Python, through scans, and what the journal is told."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.asudfd.valkey.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.asudfd.valkey.conftest import TestedKeyspace

SAME_KEYSPACE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)


def bulks(reply: bytes) -> list[bytes]:
    """The bulk strings of a flat array without line ends in its elements."""
    return reply.split(b"\r\n")[2::2]


def test_a_large_sorted_set_is_as_its_model(keyspace: TestedKeyspace) -> None:
    chance = random.Random(7)
    model: dict[bytes, float] = {}
    for round_ in range(30):
        members = [b"m%d" % chance.randrange(3000) for _ in range(300)]
        scores = [chance.choice([chance.randrange(50), chance.random() * 1e6]) for _ in members]
        keyspace.run("ZADD", "z", *[word for pair in zip(scores, members, strict=True) for word in pair])
        model.update(zip(members, map(float, scores), strict=True))
        gone = chance.sample(sorted(model), 120)
        assert keyspace.run("ZREM", "z", *gone) == b":120\r\n"
        for member in gone:
            del model[member]
        order = sorted(model, key=lambda member: (model[member], member))
        if round_ % 5 == 4:
            first = chance.randrange(len(order) // 2)
            keyspace.run("ZREMRANGEBYRANK", "z", first, first + 200)
            for member in order[first : first + 201]:
                del model[member]
            del order[first : first + 201]
        assert bulks(keyspace.line("ZRANGE z 0 -1")) == order
        assert bulks(keyspace.line("ZRANGE z 100 140 REV")) == order[::-1][100:141]
        some = chance.choice(order)
        assert keyspace.run("ZRANK", "z", some) == b":%d\r\n" % order.index(some)
        low, high = sorted((model[chance.choice(order)], model[chance.choice(order)]))
        within = [member for member in order if low < model[member] <= high]
        assert bulks(keyspace.run("ZRANGEBYSCORE", "z", f"({low!r}", repr(high))) == within
        assert keyspace.run("ZCOUNT", "z", f"({low!r}", repr(high)) == b":%d\r\n" % len(within)
    stored = keyspace.line("ZUNIONSTORE copy 1 z")
    assert stored == b":%d\r\n" % len(model)
    assert bulks(keyspace.line("ZRANGE copy 0 -1")) == order


LIST_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["LPUSH", "RPUSH", "LPOP", "RPOP", "INSERT", "REM", "TRIM", "SET"]),
        st.integers(-8, 8),
        st.sampled_from([b"a", b"b", b"c"]),
    ),
    max_size=60,
)


def _step(model: list[bytes], name: str, number: int, item: bytes) -> tuple[object, ...]:
    """The command of a step; the model changes as the list is to change."""
    if name in {"LPUSH", "RPUSH"}:
        model.insert(0 if name == "LPUSH" else len(model), item)
        return name, "l", item
    if name in {"LPOP", "RPOP"}:
        if model:
            model.pop(0 if name == "LPOP" else -1)
        return name, "l"
    if name == "INSERT":
        if item in model:
            model.insert(model.index(item) + (number > 0), b"n%d" % number)
        return "LINSERT", "l", "AFTER" if number > 0 else "BEFORE", item, f"n{number}"
    if name == "REM":
        places = [place for place, each in enumerate(model) if each == item]
        chosen = places[number:] if number < 0 else places[: number or None]
        model[:] = [each for place, each in enumerate(model) if place not in chosen]
        return "LREM", "l", number, item
    if name == "TRIM":
        model[:] = model[1:-1]
        return "LTRIM", "l", 1, -2
    if -len(model) <= number < len(model):
        model[number] = item
    return "LSET", "l", number, item


@SAME_KEYSPACE
@given(LIST_STEPS)
def test_a_list_is_as_its_model(keyspace: TestedKeyspace, steps: list[tuple[str, int, bytes]]) -> None:
    keyspace.line("DEL l")
    model: list[bytes] = []
    for step in steps:
        keyspace.run(*_step(model, *step))
        assert bulks(keyspace.line("LRANGE l 0 -1")) == model
        assert keyspace.line("EXISTS l") == b":%d\r\n" % bool(model)
        for place in (0, -1, len(model) // 2):
            expected = model[place] if -len(model) <= place < len(model) else None
            found = keyspace.run("LINDEX", "l", place)
            assert found == (b"$-1\r\n" if expected is None else b"$%d\r\n%b\r\n" % (len(expected), expected))


FILL: dict[str, Callable[[list[str]], list[object]]] = {
    "HSCAN": lambda names: ["HSET", "k", *[word for name in names for word in (name, 1)]],
    "SSCAN": lambda names: ["SADD", "k", *names],
    "ZSCAN": lambda names: ["ZADD", "k", *[word for name in names for word in (len(name) * 7, name)]],
}
REMOVE = {"HSCAN": "HDEL", "SSCAN": "SREM", "ZSCAN": "ZREM"}


@pytest.mark.parametrize("command", sorted(FILL))
def test_a_scan_sees_every_element_that_stays(keyspace: TestedKeyspace, command: str) -> None:
    chance = random.Random(3)
    stay, go = [f"stay{number}" for number in range(700)], [f"go{number}" for number in range(700)]
    both = stay + go
    chance.shuffle(both)
    keyspace.run(*FILL[command](both))
    seen: set[bytes] = set()
    cursor, steps = b"0", 0
    while cursor != b"0" or not steps:
        parts = keyspace.run(command, "k", cursor, "COUNT", 25).split(b"\r\n")
        cursor = parts[2]
        seen.update(parts[5::2])
        steps += 1
        gone, go = go[:40], go[40:]
        if gone:
            keyspace.run(REMOVE[command], "k", *gone)
        if steps < 40:
            keyspace.run(
                *FILL[command]([f"new{steps}.{number}" for number in range(chance.randrange(30))] + ["stay0"])
            )
        assert steps < 1000
    assert {name.encode() for name in stay} <= seen


def test_fields_of_a_hash_expire(keyspace: TestedKeyspace) -> None:
    keyspace.line("HSET h a 1 b 2 c 3")
    assert keyspace.line("HPEXPIRE h 1500 FIELDS 2 a b") == b"*2\r\n:1\r\n:1\r\n"
    assert keyspace.line("HPTTL h FIELDS 2 a c") == b"*2\r\n:1500\r\n:-1\r\n"
    keyspace.effects.clear()
    keyspace.now = NOW + 1500
    assert bulks(keyspace.line("HGETALL h")) == [b"c", b"3"]
    assert keyspace.effects == [(b"HDEL", b"h", b"a", b"b")]
    keyspace.line("HPEXPIRE h 10 FIELDS 1 c")
    keyspace.now = NOW + 1510
    assert keyspace.line("HLEN h") == b":1\r\n"  # until somebody looks at it
    assert keyspace.line("HGET h c") == b"$-1\r\n"
    assert keyspace.line("EXISTS h") == b":0\r\n"


def test_the_sweep_removes_fields_that_nobody_asks_for(keyspace: TestedKeyspace) -> None:
    keyspace.line("HSET h a 1")
    keyspace.line("HSET g a 1 b 2")
    keyspace.line("HPEXPIRE h 10 FIELDS 1 a")
    keyspace.line("HPEXPIRE g 10 FIELDS 1 a")
    lua = keyspace.engine.lua
    lua[b"state"][b"now"] = NOW + 10
    lua[b"sweep_fields"](100)
    keyspace.now = NOW
    assert keyspace.line("EXISTS h g") == b":1\r\n"
    assert bulks(keyspace.line("HKEYS g")) == [b"b"]


EFFECTS = [
    ("HINCRBYFLOAT h f 0.5", ["HSET h f 1.5"]),
    ("HEXPIRE h 10 FIELDS 1 f", ["HPEXPIREAT h 1700000010000 FIELDS 1 f"]),
    ("HEXPIRE h 0 FIELDS 1 f", ["HDEL h f"]),
    ("HSETEX h EX 10 FIELDS 1 f 2", ["HSETEX h PXAT 1700000010000 FIELDS 1 f 2"]),
    ("HGETEX h PX 5 FIELDS 1 f", ["HPEXPIREAT h 1700000000005 FIELDS 1 f"]),
    ("HGETDEL h FIELDS 1 f", ["HDEL h f"]),
    ("HGETEX h FIELDS 1 f", []),
    ("HGETEX h PERSIST FIELDS 1 f", []),
    ("BLPOP none l 0", ["LPOP l"]),
    ("BLMOVE l m LEFT RIGHT 0", ["LMOVE l m LEFT RIGHT"]),
    ("BLMPOP 0 1 l RIGHT COUNT 5", ["RPOP l 2"]),
    ("SPOP s", ["SREM s a"]),
    ("BZPOPMIN z 0", ["ZPOPMIN z 1"]),
    ("BZMPOP 0 1 z MAX COUNT 9", ["ZPOPMAX z 2"]),
    ("ZADD z 1 a", []),
    ("ZADD z XX 1 new", []),
    ("SADD s a", []),
    ("XADD x * f v", ["XADD x 1700000000000-0 f v"]),
    ("XADD x MAXLEN 1 5-* f v", ["XADD x 5-0 f v", "XTRIM x MAXLEN = 1"]),
    ("XREADGROUP GROUP g c COUNT 1 STREAMS x >", [
        "XGROUP CREATECONSUMER x g c",
        "XCLAIM x g c 0 1-1 TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 1-1",
        "XGROUP SETID x g 1-1 ENTRIESREAD 1",
    ]),
    ("XREAD STREAMS x 0", []),
    ("GEOSEARCHSTORE d e FROMLONLAT 0 0 BYRADIUS 1 km", ["GEOSEARCHSTORE d e FROMLONLAT 0 0 BYRADIUS 1 km"]),
]  # fmt: skip


@pytest.mark.parametrize(("line", "effects"), EFFECTS)
def test_the_journal_is_told_what_gives_the_same_again(
    keyspace: TestedKeyspace, line: str, effects: list[str]
) -> None:
    for each in (
        "HSET h f 1",
        "RPUSH l a b",
        "SADD s a",
        "ZADD z 1 a 2 b",
        "XADD x 1-1 f v",
        "XADD x 2-1 f v",
    ):
        keyspace.line(each)
    keyspace.line("XGROUP CREATE x g 0")
    keyspace.line("GEOADD e 0 0 zero")
    keyspace.effects.clear()
    keyspace.line(line)
    assert keyspace.effects == [tuple(effect.encode().split()) for effect in effects]


def test_random_members_that_go_are_told_by_name(keyspace: TestedKeyspace) -> None:
    keyspace.run("SADD", "s", *range(100))
    popped = bulks(keyspace.line("SPOP s 10"))
    assert len(set(popped)) == 10
    assert keyspace.effects[1:] == [(b"SREM", b"s", *popped)]


def test_random_choices_are_all_that_there_are(keyspace: TestedKeyspace) -> None:
    keyspace.run("SADD", "s", *range(1000, 1600))
    everything = {b"%d" % number for number in range(1000, 1600)}
    chosen = bulks(keyspace.line("SRANDMEMBER s 599"))
    assert len(set(chosen)) == 599
    assert set(chosen) < everything
    assert set(bulks(keyspace.line("SRANDMEMBER s 600"))) == everything
    assert len(bulks(keyspace.line("SRANDMEMBER s -1000"))) == 1000
    seen: set[bytes] = set()
    while seen != everything:
        seen.add(keyspace.line("SRANDMEMBER s").split(b"\r\n")[1])
    assert keyspace.line("SRANDMEMBER s -4611686018427387904").startswith(b"-ERR value is out of range")


@pytest.mark.parametrize(
    ("fill", "encoding"),
    [
        (["HSET", "k", *["f", "v"]], b"listpack"),
        (["HSET", "k", *[word for number in range(512) for word in (number, 1)]], b"listpack"),
        (["HSET", "k", *[word for number in range(513) for word in (number, 1)]], b"hashtable"),
        (["HSET", "k", "f", "v" * 65], b"hashtable"),
        (["SADD", "k", *range(512)], b"intset"),
        (["SADD", "k", *range(513)], b"hashtable"),
        (["SADD", "k", "a", *range(127)], b"listpack"),
        (["SADD", "k", "a", *range(128)], b"hashtable"),
        (["ZADD", "k", *[word for number in range(128) for word in (1, number)]], b"listpack"),
        (["ZADD", "k", *[word for number in range(129) for word in (1, number)]], b"skiplist"),
        (["RPUSH", "k", "x" * 8000], b"listpack"),
        (["RPUSH", "k", "x" * 8200], b"quicklist"),
        (["XADD", "k", "1-1", "f", "v"], b"stream"),
    ],
)
def test_encodings_are_those_of_the_real_server(
    keyspace: TestedKeyspace, fill: list[object], encoding: bytes
) -> None:
    keyspace.run(*fill)
    assert bulks(b"*1\r\n" + keyspace.line("OBJECT ENCODING k")) == [encoding]
    keyspace.line("COPY k other")
    assert bulks(b"*1\r\n" + keyspace.line("OBJECT ENCODING other")) == [encoding]


def test_identifiers_of_streams_reach_their_end(keyspace: TestedKeyspace) -> None:
    last = 2**64 - 1
    assert keyspace.run("XADD", "x", f"{last - 1}-{last}", "f", "v").endswith(b"\r\n")
    assert keyspace.line("XADD x * f v") == b"$22\r\n%d-0\r\n" % last
    assert keyspace.run("XADD", "x", f"{last}-{last}", "f", "v").endswith(b"%d-%d\r\n" % (last, last))
    assert keyspace.line("XADD x * f v").startswith(b"-ERR The stream has exhausted")
    assert keyspace.run("XRANGE", "x", f"({last}-{last}", "+").startswith(b"-ERR invalid start ID")
    assert keyspace.run("XREVRANGE", "x", f"({last}-{last}", "-").startswith(b"*2\r\n")
    assert keyspace.line("XLEN x") == b":3\r\n"


@SAME_KEYSPACE
@given(st.lists(st.integers(0, 400), min_size=1, max_size=60), st.integers(0, 60))
def test_streams_are_as_their_model(keyspace: TestedKeyspace, gaps: list[int], length: int) -> None:
    keyspace.line("DEL x")
    model: list[int] = []
    at = 0
    for gap in gaps:
        at += gap + 1
        keyspace.run("XADD", "x", at, "f", "v" * gap)
        model.append(at)
    for deleted in model[::7]:
        assert keyspace.run("XDEL", "x", deleted) == b":1\r\n"
    del model[::7]
    keyspace.run("XTRIM", "x", "MAXLEN", length)
    model = model[len(model) - length :] if length < len(model) else model
    middle = at // 2
    for command, expected in (
        (("XRANGE", "x", "-", "+"), model),
        (("XREVRANGE", "x", "+", "-"), model[::-1]),
        (("XRANGE", "x", middle, "+"), [each for each in model if each >= middle]),
        (("XREVRANGE", "x", middle, "-"), [each for each in model[::-1] if each <= middle]),
    ):
        found = [
            int(part[:-2])
            for part in keyspace.run(*command).split(b"\r\n")
            if part.endswith(b"-0") and part[:-2].isdigit()
        ]
        assert found == expected
