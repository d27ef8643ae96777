"""Whatever of a request the thread does, replies and records are the same as when all is done in a turn of the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from asinfo.wire import expression as x
from asinfo.wire import message, msgpack, request
from asinfo.wire.message import (
    INFO3_PARTITION_DONE,
    OP_CDT_MODIFY,
    OP_CDT_READ,
    OP_EXPRESSION_READ,
    OP_WRITE,
    op,
)
from asinfo.wire.msgpack import MarkedMap, Raw
from asinfo.wire.particle import GEOJSON, LIST
from asinfo.wire.request import Key, Policy
from asudfd.aerospike.message import cost
from asudfd.record.indexes import Index, value_of
from asudfd.record.metadata import accept_indexes
from asudfd.smd.interface import SmdItem
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    Requests = list[bytes]

KEYS = [Key("test", "demo", number) for number in range(3)]
PLACE = [(0, b"test"), (1, b"demo")]
PARTITIONS = b"".join(number.to_bytes(2, "little") for number in range(4096))
INDEXES = {
    "number": Index("demo", "n", "numeric", "default"),
    "element": Index("demo", "l", "numeric", "list"),
    "key": Index("demo", "m", "string", "mapkeys"),
}
ITEMS, ENTRIES = [x.BIN, x.LIST, Raw(b"l")], [x.BIN, x.MAP, Raw(b"m")]


def tuples(*parts: Any) -> st.SearchStrategy[list[Any]]:
    return st.tuples(*(part if isinstance(part, st.SearchStrategy) else st.just(part) for part in parts)).map(
        list
    )


numbers = st.integers(-3, 12)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(numbers, st.none(), st.booleans(), st.sampled_from(["", "a", "bc"])),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=6,
)
lists = st.lists(values, max_size=12)
maps = st.dictionaries(st.sampled_from("abcdefg"), numbers, max_size=5)
bins = st.fixed_dictionaries({"l": lists, "m": maps | maps.map(MarkedMap), "n": numbers})
reads = st.one_of(
    tuples(16),
    tuples(st.sampled_from([19, 21]), 7, numbers),
    tuples(22, st.sampled_from([3, 5, 7]), values),
    tuples(25, st.sampled_from([5, 7, 0x1_0005]), values, values),
)
changes = st.one_of(
    tuples(1, values), tuples(2, lists), tuples(5, numbers), tuples(9, numbers, values), tuples(13, 0)
)
counts = st.one_of(
    tuples(22, 5, values).map(
        lambda read: [*read[:2], [x.QUOTE, read[2]] if type(read[2]) is list else read[2]]
    ),
    tuples(16),
).map(lambda read: [x.CALL, x.INTEGER, 0, read, ITEMS])
tests = st.one_of(
    tuples(st.sampled_from([x.EQ, x.GT, x.LE]), counts, numbers),
    tuples(st.sampled_from([x.EQ, x.LT]), st.just(ITEMS), tuples(x.QUOTE, lists)),
    tuples(x.EQ, st.just(ENTRIES), maps.map(MarkedMap)),
)
filters = st.one_of(tests, tuples(st.sampled_from([x.AND, x.OR]), tests, tests)).map(msgpack.pack)


def reading(command: list[Any]) -> bytes:
    return op(OP_CDT_READ, 4, b"l", msgpack.pack(command))


def changing(command: list[Any]) -> bytes:
    return op(OP_CDT_MODIFY, 4, b"l", msgpack.pack(command))


def computing(expression: list[Any]) -> bytes:
    return op(OP_EXPRESSION_READ, 4, b"x", msgpack.pack([expression, 16]))


def of_one(key: Key, wanted: bytes, ops: list[bytes], stored: dict[str, Any]) -> Requests:
    policy = Policy(filter=wanted)
    return [
        request.get(key, policy=policy),
        request.operate(key, ops, reads=True, writes=True, policy=policy),
        request.put(key, stored, policy),
        request.apply(key, "module", "function", [], policy),
        request.remove(key, policy),
    ]


def of_many(wanted: bytes, ops: list[bytes], low: int) -> Requests:
    rows = message.unpack(request.batch([(key, request.get_row(key)) for key in KEYS])).fields
    ends = (low.to_bytes(8, "big", signed=True), (9).to_bytes(8, "big"))
    return [
        message.request(message.INFO1_BATCH, fields=[*rows.items(), (43, wanted)]),
        query((43, wanted)),
        query(ops=ops),
        query((22, within(b"n", 1, *ends)), (43, wanted)),
        query((22, within(b"l", 1, *ends)), (26, b"\1")),
        query((22, within(b"m", 3, b"a", b"a")), (26, b"\2")),
        message.request(
            0, 1, fields=[*PLACE, (7, b"\1"), (43, wanted)], ops=[op(OP_WRITE, 1, b"j", bytes(8))]
        ),
    ]


def query(*more: tuple[int, bytes], ops: list[bytes] | None = None) -> bytes:
    fields = [*PLACE, (11, PARTITIONS), *more]
    return message.request(1 if ops else 3, 0, INFO3_PARTITION_DONE, fields=fields, ops=ops or [])


def within(name: bytes, kind: int, low: bytes, high: bytes) -> bytes:
    parts = b"".join(len(each).to_bytes(4, "big") + each for each in (low, high))
    return bytes((1, len(name))) + name + bytes([kind]) + parts


def answers(stored: list[dict[str, Any]], requests: Requests) -> list[bytes]:
    """The messages that a new node answers which has these records, those to a get of each at the end.

    How many of them are in a frame depends on the time.
    """
    world = World()
    items = [SmdItem(f"test|{name}", value_of(index), 1, 0) for name, index in INDEXES.items()]
    accept_indexes(world.node.namespaces, items)
    puts = map(request.put, KEYS, stored)
    return [b"".join(world.bodies(body)) for body in (*puts, *requests, *map(request.get, KEYS))]


def same_in_the_thread(work: Callable[[], Any]) -> None:
    here = work()
    with patch.object(cost, "TURN_STEPS", 0):
        assert work() == here


records = st.lists(bins, min_size=len(KEYS), max_size=len(KEYS))
several = st.lists(reads.map(reading) | changes.map(changing) | counts.map(computing), min_size=1, max_size=5)


@given(records, st.sampled_from(KEYS), filters, several, bins)
def test_requests_on_one_record(
    stored: list[dict[str, Any]], key: Key, wanted: bytes, ops: list[bytes], new: dict[str, Any]
) -> None:
    same_in_the_thread(lambda: answers(stored, of_one(key, wanted, ops, new)))


@given(
    records, filters, st.lists(reads.map(reading) | counts.map(computing), min_size=1, max_size=3), numbers
)
def test_requests_on_many_records(
    stored: list[dict[str, Any]], wanted: bytes, ops: list[bytes], low: int
) -> None:
    same_in_the_thread(lambda: answers(stored, of_many(wanted, ops, low)))


@given(
    st.sampled_from([LIST, GEOJSON, 19]),
    st.one_of(st.binary(max_size=100), values.map(msgpack.pack), maps.map(msgpack.pack)),
)
def test_values_that_a_put_has(kind: int, value: bytes) -> None:
    fields = [*PLACE, (4, KEYS[0].digest)]
    put = message.request(0, 1, fields=fields, ops=[op(OP_WRITE, kind, b"b", value)])
    same_in_the_thread(lambda: answers([], [put]))
