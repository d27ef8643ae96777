"""Payloads and files of ours on a real Valkey, and its own read by us: values of keys, function libraries, RDB files."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asinfo.wire import functions
from asinfo.wire.rdb import COMPRESSED_MAX, FOOTER_SIZE, VERSION_9_1, VERSION_PORTABLE, footer
from asinfo.wire.rdb_stream import ZERO, StreamEntry, StreamId, StreamValue
from asinfo.wire.rdb_value import (
    BadDataFormat,
    HashField,
    HashValue,
    ListValue,
    SetValue,
    SortedSetValue,
    StringValue,
    dump,
    restored,
)
from asinfo.wire.resp_reply import ErrorReply
from tests.real_valkey import RealClient, RealValkey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asinfo.wire.rdb_value import KeyValue

ROUNDS = 32
"""After which each kind of key has been met in each of its encodings, and in each size."""

ABC = bytes(b"abc"[byte % 3] for byte in range(256))
TIME = 4_102_444_800_000
LIBRARIES = [
    b"#!lua name=a\nserver.register_function('f', function() return 1 end)",
    b"#!lua name=b\nserver.register_function('g', function() return 2 end)\n--" + b"x" * 300,
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealValkey]:
    running = RealValkey(tmp_path_factory.mktemp("valkey"), "--sanitize-dump-payload", "yes")
    yield running
    running.stop()


@pytest.fixture
def valkey(server: RealValkey) -> Iterator[RealClient]:
    client = server.connect()
    client.done("FLUSHALL")
    client.done("FUNCTION", "FLUSH", "SYNC")
    yield client
    client.close()


def words(chance: random.Random, count: int) -> list[bytes]:
    """Strings and integers of all sizes, each once."""
    found: dict[bytes, None] = {}
    while len(found) < count:
        size = chance.choice([0, 3, 9, 63, 64, 65, 300, 5000])
        power = chance.randint(0, 18)
        choice = chance.random()
        if choice < 0.5:
            found[b"%d" % chance.randint(-(10**power), 10**power)] = None
        else:
            word = chance.randbytes(size)
            found[word if choice < 0.7 else word.translate(ABC)] = None
    return list(found)


def flat(pairs: list[tuple[bytes, Any]]) -> list[Any]:
    return [part for pair in pairs for part in pair]


def make_string(chance: random.Random, valkey: RealClient) -> StringValue:
    (word,) = words(chance, 1)
    valkey.done("SET", "k", word)
    return StringValue(word)


def make_list(chance: random.Random, valkey: RealClient) -> ListValue:
    items = words(chance, chance.choice([1, 5, 200]))
    valkey.done("RPUSH", "k", *items)
    return ListValue(items)


def make_set(chance: random.Random, valkey: RealClient) -> SetValue:
    members = words(chance, chance.choice([1, 5, 200]))
    if chance.random() < 0.3:
        members = [b"%d" % number for number in chance.sample(range(-(10**9), 10**9), 20)]
    valkey.done("SADD", "k", *members)
    return SetValue(members)


def make_sorted_set(chance: random.Random, valkey: RealClient) -> SortedSetValue:
    members = words(chance, chance.choice([1, 5, 200]))
    scores = [chance.choice([1.0, -2.5, 1e17, 1e300, 0.1, math.inf, chance.uniform(-9, 9)]) for _ in members]
    valkey.done(
        "ZADD", "k", *flat([(b"%r" % score, name) for name, score in zip(members, scores, strict=True)])
    )
    return SortedSetValue(list(zip(members, scores, strict=True)))


def make_hash(chance: random.Random, valkey: RealClient) -> HashValue:
    names = words(chance, chance.choice([1, 5, 600]))
    values = [chance.choice(names) for _ in names]
    expiring = set(names[: chance.choice([0, 0, 3])])
    valkey.done("HSET", "k", *flat(list(zip(names, values, strict=True))))
    if expiring:
        valkey.done("HPEXPIREAT", "k", TIME, "FIELDS", len(expiring), *expiring)
    fields = zip(names, values, strict=True)
    return HashValue([HashField(name, value, TIME if name in expiring else -1) for name, value in fields])


def make_stream(chance: random.Random, valkey: RealClient) -> StreamValue:
    entries = []
    stream_id = StreamId(chance.randint(1, 10**12), 0)
    for _ in range(chance.choice([1, 5, 150])):
        stream_id = StreamId(stream_id.milliseconds + chance.choice([0, 1, 10**9]), stream_id.number + 1)
        names = chance.choice([[b"f"], [b"f"], [b"g", b"h"]])
        entries.append(
            StreamEntry(stream_id, [(name, chance.choice([b"v", b"5", b"x" * 100])) for name in names])
        )
        valkey.done("XADD", "k", f"{stream_id.milliseconds}-{stream_id.number}", *flat(entries[-1].fields))
    return StreamValue(entries, stream_id, ZERO, len(entries), [])


KINDS: list[Callable[[random.Random, RealClient], Any]] = [
    make_string, make_list, make_set, make_sorted_set, make_hash, make_stream,
]  # fmt: skip
READS: dict[bytes, tuple[str | int, ...]] = {
    b"string": ("GET",),
    b"list": ("LRANGE", 0, -1),
    b"set": ("SMEMBERS",),
    b"zset": ("ZRANGE", 0, -1, "WITHSCORES"),
    b"hash": ("HGETALL",),
    b"stream": ("XRANGE", "-", "+"),
}
IN_ORDER = {b"listpack", b"intset", b"int", b"embstr", b"raw", b"quicklist", b"skiplist", b"stream"}
"""Encodings whose bytes follow from what was added: a hash table has an order of its own."""


def content(valkey: RealClient, key: str) -> Any:
    kind = valkey.done("TYPE", key)
    name, *rest = READS[kind]
    value = valkey.done(name, key, *rest)
    return sorted(value) if kind in {b"set", b"hash"} else value


def is_refused(payload: bytes) -> bool:
    try:
        restored(payload)
    except BadDataFormat:
        return True
    return False


def in_no_order(value: Any) -> Any:
    if isinstance(value, SetValue | SortedSetValue | HashValue):
        return type(value), sorted(value[0])
    return value


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_values_go_both_ways(make: Callable[[random.Random, RealClient], Any], valkey: RealClient) -> None:
    for number in range(ROUNDS):
        valkey.done("DEL", "k")
        value = make(random.Random(number), valkey)
        theirs = valkey.done("DUMP", "k")
        assert in_no_order(restored(theirs)) == in_no_order(value)
        ours, plain = dump(value), dump(value, compressed=False)
        encoding = valkey.done("OBJECT", "ENCODING", "k")
        # a set that was an intset before has other members first
        mixed = encoding == b"listpack" and isinstance(value, SetValue)
        if encoding in IN_ORDER and not mixed:
            assert ours == theirs or (ours == plain and len(plain) > COMPRESSED_MAX)
            valkey.done("CONFIG", "SET", "rdbcompression", "no")
            assert plain == valkey.done("DUMP", "k")
            valkey.done("CONFIG", "SET", "rdbcompression", "yes")
        valkey.done("RESTORE", "k2", 0, ours, "REPLACE")
        assert content(valkey, "k2") == content(valkey, "k")


def test_the_groups_of_a_stream_go_both_ways(valkey: RealClient) -> None:
    for number in range(5):
        valkey.done("XADD", "k", f"{number + 1}-1", "f", "v")
    for group, start in (("g", 0), ("h", "$"), ("i", "2-1")):
        valkey.done("XGROUP", "CREATE", "k", group, start)
    for consumer in ("me", "you"):
        valkey.done("XREADGROUP", "GROUP", "g", consumer, "COUNT", 2, "STREAMS", "k", ">")
    valkey.done("XGROUP", "CREATECONSUMER", "k", "h", "idle")
    value = restored(valkey.done("DUMP", "k"))
    assert isinstance(value, StreamValue)
    assert [len(group.pending) for group in value.groups] == [4, 0, 0]
    assert dump(value) == valkey.done("DUMP", "k")
    valkey.done("RESTORE", "k2", 0, dump(value))
    assert valkey.done("XINFO", "STREAM", "k2", "FULL") == valkey.done("XINFO", "STREAM", "k", "FULL")


def test_what_we_refuse_or_take_the_server_does_too(valkey: RealClient) -> None:
    """Damaged payloads with a right footer, of values that hold strings and packed lists."""
    values: list[KeyValue] = [
        StringValue(b"a" * 40), ListValue([b"a", b"300", b"x" * 70]), SetValue([b"1", b"70000"]), SetValue([b"a", b"b"]),
        HashValue([HashField(b"a", b"b"), HashField(b"c", b"5")]), HashValue([HashField(b"a", b"b", TIME)]), SetValue([b"a", b"x" * 70]),
    ]  # fmt: skip
    chance = random.Random(7)
    taken = 0
    for _ in range(600):
        body = bytearray(dump(chance.choice(values))[:-FOOTER_SIZE])
        for _ in range(chance.choice([1, 1, 2])):
            body[chance.randrange(len(body))] = chance.choice(
                [0, 1, 2, 3, 63, 64, 128, 129, 192, 240, 255, chance.randrange(256)]
            )
        payload = bytes(body) + footer(bytes(body), VERSION_PORTABLE)
        theirs = valkey("RESTORE", "k", 0, payload, "REPLACE")
        if not is_refused(payload):
            assert theirs == b"OK", payload
        elif theirs == b"OK":
            taken += 1  # a server takes a size that has the form of a string
        else:
            assert theirs == ErrorReply(b"ERR Bad data format")
    assert taken < 10


def test_libraries_go_both_ways(valkey: RealClient) -> None:
    for version in (VERSION_PORTABLE, VERSION_9_1):
        for compressed in (False, True):
            payload = functions.dump(LIBRARIES, version, compressed=compressed)
            assert valkey("FUNCTION", "RESTORE", payload, "FLUSH") == b"OK"
            assert valkey("FCALL", "g", 0) == 2
    theirs = valkey.done("FUNCTION", "DUMP")
    texts = list(functions.restored(theirs))
    assert sorted(texts) == LIBRARIES
    assert functions.dump(texts, VERSION_9_1, compressed=True) == theirs


def test_a_server_starts_with_our_file_and_we_read_what_it_saves(tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes(functions.rdb_file(LIBRARIES))
    server = RealValkey(tmp_path)
    try:
        client = server.connect()
        assert client("FCALL", "f", 0) == 1
        for make in KINDS:
            make(random.Random(1), client)
            client.done("RENAME", "k", make.__name__)
        client.done("EXPIRE", "make_string", 1000)
        client.done("SAVE")
        client.close()
    finally:
        server.stop()
    assert sorted(functions.libraries((tmp_path / "dump.rdb").read_bytes())) == LIBRARIES
