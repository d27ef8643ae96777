"""Pages of a query by index: each goes on after the value and the digest of the last record of the one before."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from asinfo.wire import message, request
from asinfo.wire.message import INFO1_NO_BINS, INFO3_PARTITION_DONE
from asinfo.wire.request import Key
from asinfo.wire.result import Result
from asudfd.aerospike.message.many.reply_pieces import PIECE_SIZE
from asudfd.aerospike.message.many.selection import SelectedRecord, Selection
from asudfd.record.indexes import Index
from tests.fakes.world import World

PARTITION = 77
INDEXES = {
    b"n": Index("demo", "n", "numeric", "default"),
    b"s": Index("demo", "s", "string", "default"),
    b"y": Index("demo", "y", "blob", "default"),
    b"l": Index("demo", "l", "numeric", "list"),
    b"k": Index("demo", "m", "string", "mapkeys"),
    b"v": Index("demo", "m", "numeric", "mapvalues"),
}
BOTH = (-1 << 63).to_bytes(8, "big", signed=True), ((1 << 63) - 1).to_bytes(8, "big", signed=True)


class Row(NamedTuple):
    """A record of a reply, as far as a client needs it for the next page."""

    digest: bytes
    value: bytes


def key(number: int) -> Key:
    """A key whose digest says its number, in reverse, and is of the partition."""
    made = Key("test", "demo", number)
    made.digest = bytes((PARTITION, 0)) + (1000 - number).to_bytes(18, "big")
    return made


def put(world: World, number: int, **bins: Any) -> None:
    assert world.ask(request.put(key(number), bins)).result == 0


@pytest.fixture
def indexed(world: World) -> World:
    world.namespace.indexes.update(INDEXES)
    return world


def within(name: bytes, kind: int = 1, low: bytes = BOTH[0], high: bytes = BOTH[1]) -> bytes:
    """A range as field 22 has it; of numbers, all of them."""
    bounds = b"".join(len(each).to_bytes(4, "big") + each for each in (low, high))
    return bytes((1, len(name))) + name + bytes([kind]) + bounds


def answer(world: World, *fields: tuple[int, bytes], most: int = 0) -> tuple[list[Row], int]:
    """The records of a reply, and the code of its last message."""
    all_fields = [(0, b"test"), (1, b"demo"), *fields, (13, most.to_bytes(8, "big"))]
    body = message.request(3 | INFO1_NO_BINS, 0, INFO3_PARTITION_DONE, fields=all_fields)
    *found, last = [each for part in world.bodies(body) for each in message.replies(part)]
    return [Row(each[8] or b"", each[9][15]) for each in found], last[4]


def page(world: World, after: Row | None, most: int, *fields: tuple[int, bytes]) -> list[Row]:
    at = [(11, bytes((PARTITION, 0)))] if after is None else [(12, after.digest), (15, after.value)]
    found, code = answer(world, *at, *fields, most=most)
    assert code == Result.OK
    return found


def pages(world: World, most: int, *fields: tuple[int, bytes]) -> list[Row]:
    """All rows, a page at a time."""
    rows: list[Row] = []
    while found := page(world, rows[-1] if rows else None, most, *fields):
        assert len(found) <= most
        rows += found
    return rows


def numbers(rows: list[Row]) -> list[int]:
    """The numbers of the records."""
    return [1000 - int.from_bytes(row.digest[2:], "big") for row in rows]


NUMBERS = (22, within(b"n"))


@pytest.mark.parametrize("most", [1, 2, 3, 7, 100])
def test_pages_come_in_the_order_of_values(indexed: World, most: int) -> None:
    values = {0: 5, 1: -7, 2: 1 << 62, 3: 0, 4: -(1 << 63), 5: 255, 6: 256, 7: 1, 8: (1 << 63) - 1, 9: -1}
    for number, value in values.items():
        put(indexed, number, n=value)
    rows = pages(indexed, most, NUMBERS)
    assert numbers(rows) == sorted(values, key=values.__getitem__)
    assert [int.from_bytes(row.value, "little", signed=True) for row in rows] == sorted(values.values())


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_records_with_one_value_come_by_digest(indexed: World, most: int) -> None:
    for number in range(20):
        put(indexed, number, n=number % 3)
    rows = pages(indexed, most, NUMBERS)
    assert numbers(rows) == sorted(range(20), key=lambda number: (number % 3, -number))


@pytest.mark.parametrize(
    ("wanted", "bins"),
    [
        (((22, within(b"s", 3, b"x", b"x")),), {"s": "x"}),
        (((22, within(b"y", 4, b"\0\1", b"\0\1")),), {"y": b"\0\1"}),
        (((22, within(b"m", 3, b"a", b"a")), (26, b"\2")), {"m": {"a": 1, "b": 2}}),
    ],
)
def test_strings_and_blobs(indexed: World, wanted: Any, bins: dict[str, Any]) -> None:
    for number in range(11):
        put(indexed, number, **bins)
    put(indexed, 11, s="other", y=b"other", m={"other": 1})
    rows = pages(indexed, 4, *wanted)
    assert numbers(rows) == list(range(10, -1, -1))
    assert len({row.value for row in rows}) == 1
    assert rows == pages(indexed, 100, *wanted)


def test_other_strings_have_other_values(indexed: World) -> None:
    put(indexed, 0, s="a")
    put(indexed, 1, s="b")
    first, second = (pages(indexed, 9, (22, within(b"s", 3, text, text))) for text in (b"a", b"b"))
    assert first[0].value != second[0].value


@pytest.mark.parametrize(
    ("wanted", "bins"),
    [
        (((22, within(b"l")), (26, b"\1")), lambda number: {"l": [50, number % 4, "x", 70]}),
        (((22, within(b"m")), (26, b"\3")), lambda number: {"m": {"a": 50, "b": number % 4}}),
    ],
)
def test_a_collection_is_shown_once_by_its_least_value(indexed: World, wanted: Any, bins: Any) -> None:
    for number in range(10):
        put(indexed, number, **bins(number))
    rows = pages(indexed, 3, *wanted)
    assert numbers(rows) == sorted(range(10), key=lambda number: (number % 4, -number))


def test_only_values_within_the_range_count(indexed: World) -> None:
    put(indexed, 0, l=[1, 30])
    put(indexed, 1, l=[2, 20])
    wanted = within(b"l", 1, *(each.to_bytes(8, "big") for each in (10, 40)))
    rows = pages(indexed, 1, (22, wanted), (26, b"\1"))
    assert numbers(rows) == [1, 0]


def test_what_changes_between_pages(indexed: World) -> None:
    for number in range(10):
        put(indexed, number, n=number * 10)
    first = page(indexed, None, 4, NUMBERS)
    assert numbers(first) == [0, 1, 2, 3]
    put(indexed, 20, n=5)  # before the place: the client has passed it
    put(indexed, 21, n=35)
    indexed.ask(request.remove(key(3)))  # the place itself
    put(indexed, 5, n=1)  # to before the place
    put(indexed, 0, n=1000)  # to after the place: its entry is a new one
    indexed.ask(request.remove(key(6)))
    rest = page(indexed, first[-1], 100, NUMBERS)
    assert numbers(rest) == [21, 4, 7, 8, 9, 0]


def test_what_changes_while_the_query_walks(indexed: World) -> None:
    for number in range(5):
        put(indexed, number, n=number)
    selection = Selection(indexed.namespace, {1: b"demo", 22: within(b"n", 1, bytes(8), BOTH[1])})
    found = (each for each in selection.records(PARTITION) if isinstance(each, SelectedRecord))
    assert next(found).value == 0
    put(indexed, 1, n=-1)  # out of the range
    indexed.ask(request.remove(key(2)))
    put(indexed, 3, n=99)  # shown where its entry was found
    assert [(each.value, numbers([Row(each.digest, b"")])) for each in found] == [(3, [3]), (4, [4])]


def test_others_have_a_turn_while_the_order_is_found(indexed: World) -> None:
    for number in range(30):
        put(indexed, number, n=-number)
    found = list(Selection(indexed.namespace, {1: b"demo", 22: within(b"n")}).records(PARTITION))
    assert found[:30] == [None] * 30
    assert None not in found[30:]


def test_large_records_are_not_all_held(indexed: World) -> None:
    for number in range(10):
        put(indexed, number, n=-number, data=b"x" * PIECE_SIZE)
    fields = [(0, b"test"), (1, b"demo"), (11, bytes((PARTITION, 0))), NUMBERS]
    bodies = indexed.bodies(message.request(3, 0, INFO3_PARTITION_DONE, fields=fields))
    assert len(bodies) == 11


def test_the_partition_array_goes_with_places(indexed: World) -> None:
    put(indexed, 1, n=1)
    put(indexed, 2, n=2)
    other = Key("test", "demo", 3)
    other.digest = bytes((PARTITION + 1, 0)) + bytes(18)
    for number, each in enumerate((other, Key("test", "demo", 4))):
        indexed.ask(request.put(each, {"n": number}))
    [before] = page(indexed, None, 1, NUMBERS)
    found, code = answer(
        indexed, (11, bytes((PARTITION + 1, 0))), (12, before.digest), (15, before.value), NUMBERS
    )
    assert ({row.digest for row in found}, code) == ({other.digest, key(2).digest}, 0)


@pytest.mark.parametrize("values", [None, b"", bytes(7), bytes(9), bytes(16)])
def test_values_that_do_not_fit_the_digests(indexed: World, values: bytes | None) -> None:
    put(indexed, 1, n=1)
    fields = [(12, key(1).digest), *([(15, values)] if values is not None else [])]
    assert answer(indexed, *fields, NUMBERS) == ([], Result.PARAMETER)


def test_a_query_without_an_index_goes_on_after_the_digest_alone(indexed: World) -> None:
    for number in range(5):
        put(indexed, number, n=-number)
    body = message.request(
        3, 0, INFO3_PARTITION_DONE, fields=[(0, b"test"), (12, key(2).digest), (15, bytes(3))]
    )
    *found, last = [each for part in indexed.bodies(body) for each in message.replies(part)]
    assert [each[8] for each in found] == [key(1).digest, key(0).digest]
    assert last[4] == 0
