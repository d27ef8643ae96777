"""Values of keys in DUMP payloads: recorded ones byte for byte, every type there and back, what is wrong with them."""

from __future__ import annotations

import json
import math
import tracemalloc
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire import listpack, lzf, rdb
from asinfo.wire.rdb import WrongPayload
from asinfo.wire.rdb_stream import (
    ZERO,
    PendingEntry,
    StreamConsumer,
    StreamEntry,
    StreamGroup,
    StreamId,
    StreamValue,
)  # fmt: skip
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
)  # fmt: skip
from tests.each import for_each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asinfo.wire.rdb_value import KeyValue

VECTORS = Path(__file__).parent / "vectors"
ROWS = [json.loads(line) for line in (VECTORS / "key_dumps.jsonl").read_text().splitlines()]
VERSIONS = {"9.1.2": rdb.VERSION_9_1, "8.1.8": rdb.VERSION_8_1}


def plain(value: Any) -> Any:
    """A value as the vectors have it."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    return repr(value) if isinstance(value, float) else value


def payload(body: bytes, version: int = 11) -> bytes:
    return body + rdb.footer(body, version)


@for_each(ROWS, lambda row: f"{row['server']} {row['note']} {row['encoding']}")
def test_recorded(row: dict[str, Any]) -> None:
    data = row["payload"].encode("latin-1")
    value = restored(data)
    assert (type(value).__name__, plain(value)) == (row["type"], row["value"])
    again = dump(value, VERSIONS[row["server"]])
    assert (again == data) == row["exact"]
    assert restored(again) == value
    assert restored(dump(value, compressed=False)) == value


@for_each([row for row in ROWS if row["server"] == "9.1.2"], itemgetter("note"))
def test_a_recorded_value_that_ends_too_early(row: dict[str, Any]) -> None:
    body = row["payload"].encode("latin-1")[:-10]
    for end in range(len(body)):
        with suppress(BadDataFormat):  # what is missing may be taken from the footer, as servers do
            restored(payload(body[:end]))


def test_what_servers_take_from_the_footer() -> None:
    assert restored(b"\0\5hell\n\0e\4u\x97r\xaa\xf5\x95") == StringValue(b"hell\n")  # recorded
    assert restored(b"\0\5helloX\n\0\xa9\xee>\x0f\6&\xec\xae") == StringValue(b"hello")


def test_versions_and_damage() -> None:
    value: KeyValue = StringValue(b"hello")
    for version in (9, 10, 11, 80):
        assert restored(dump(value, version)) == value
    with pytest.raises(WrongPayload):
        restored(dump(value, 80), rdb.VERSIONS_8_1)
    with pytest.raises(WrongPayload):
        restored(b"bad")
    with pytest.raises(BadDataFormat, match=r"^Bad data format$"):
        restored(payload(b"c\5hello"))
    with pytest.raises(BadDataFormat):
        restored(payload(b""), limit=0)
    expiring = HashValue([HashField(b"a", b"b", 5)])
    with pytest.raises(WireError, match="no form in version 11"):
        dump(expiring, 11)
    with pytest.raises(BadDataFormat):
        restored(dump(ListValue([])))
    value = ListValue([b"a" * 5000] * 5)
    assert restored(dump(value), limit=26_000) == value
    with pytest.raises(BadDataFormat):
        restored(dump(value), limit=25_000)


def test_small_items_that_are_compressed_are_no_bomb() -> None:
    """88 MB of two bytes each would take 2.5 GB as strings: a payload of 1 MB would."""
    count = 60_000
    for kind, packed in (
        (18, raw_listpack(b"\x0a\1" * count, 0xFFFF)),
        (18, raw_listpack(b"\x0a\1" * count, 5)),
        (10, ziplist(*[b"\xf2"] * count, count=0xFFFF)),
        (
            11,
            b"\x80"
            + (count * 2 + 8).to_bytes(4, "big")
            + b"\2\0\0\0"
            + count.to_bytes(4, "little")
            + bytes(2 * count),
        ),
    ):
        reader = rdb.RdbReader(packed)
        data = reader.string()
        short = lzf.compress(data)
        assert short is not None
        assert len(short) < 3000
        stored = b"\xc3" + rdb.size(len(short)) + rdb.size(len(data)) + short
        body = (b"\x12\1\2" if kind == 18 else bytes([kind])) + stored
        tracemalloc.start()
        with pytest.raises(BadDataFormat):
            restored(payload(body), limit=600_000)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
        tracemalloc.stop()


def test_a_large_value_is_not_compressed() -> None:
    small, large = ListValue([b"a" * 1000] * 32), ListValue([b"a" * 1000] * 33)
    assert len(dump(small)) < 2000
    assert len(dump(large)) > 33_000
    assert restored(dump(large)) == large


def lp(*items: bytes | int) -> bytes:
    return rdb.string(listpack.pack(items), compressed=False)


def raw_listpack(entries: bytes, count: int) -> bytes:
    data = (len(entries) + 7).to_bytes(4, "little") + count.to_bytes(2, "little") + entries + b"\xff"
    return rdb.size(len(data)) + data


def ziplist(*entries: bytes, tail: int | None = None, count: int | None = None) -> bytes:
    body, before, last = b"", 0, 10
    for entry in entries:
        last = 10 + len(body)
        link = bytes([before]) if before < 254 else b"\xfe" + before.to_bytes(4, "little")
        body += link + entry
        before = len(link + entry)
    head = (len(body) + 11).to_bytes(4, "little") + (last if tail is None else tail).to_bytes(4, "little")
    data = head + (len(entries) if count is None else count).to_bytes(2, "little") + body + b"\xff"
    return rdb.size(len(data)) + data


ZIPPED = [
    b"\x01a", b"\x41\x2c" + b"x" * 300, b"\x80\0\0\x40\0" + b"y" * 16384, b"\xf1", b"\xfd", b"\xfe\xff", b"\xc0\x2c\1",
    b"\xf0\xff\xff\xff", b"\xd0\0\0\0\x80", b"\xe0" + bytes(7) + b"\x80",
]  # fmt: skip
UNZIPPED = [
    b"a", b"x" * 300, b"y" * 16384, b"0", b"12", b"-1", b"300", b"-1", b"-2147483648", b"-9223372036854775808",
]  # fmt: skip


def test_forms_of_older_servers() -> None:
    assert restored(payload(b"\x0a" + ziplist(*ZIPPED))) == ListValue(UNZIPPED)
    assert restored(payload(b"\x0a" + ziplist(*ZIPPED, count=0xFFFF))) == ListValue(UNZIPPED)
    assert restored(payload(b"\x0e\2" + ziplist(b"\x01a") + ziplist(b"\xf2"))) == ListValue([b"a", b"1"])
    assert restored(payload(b"\x0d" + ziplist(b"\x01a", b"\xf2"))) == HashValue([HashField(b"a", b"1")])
    assert restored(payload(b"\x0c" + ziplist(b"\x01a", b"\x031.5"))) == SortedSetValue([(b"a", 1.5)])
    assert restored(payload(b"\1\2\1a\xc0\5")) == ListValue([b"a", b"5"])
    assert restored(payload(b"\3\3\1a\0031.5\1b\xff\1c\xfe")) == SortedSetValue(
        [(b"a", 1.5), (b"b", -math.inf), (b"c", math.inf)]
    )
    for kind, rest in ((15, b""), (19, b"\1\1\0\0\1")):
        body = (
            bytes([kind, 1, 16])
            + bytes(7)
            + b"\1"
            + bytes(7)
            + b"\1"
            + lp(1, 0, 1, b"f", 0, 2, 0, 0, b"v", 4)
            + b"\1\1\1"
            + rest
        )
        group = b"\1\1g\1\1" + (b"\1" if rest else b"") + b"\0\1\1c" + (5).to_bytes(8, "little") + b"\0"
        assert restored(payload(body + group)) == StreamValue(
            [StreamEntry(StreamId(1, 1), [(b"f", b"v")])], StreamId(1, 1), ZERO, 1,
            [StreamGroup(b"g", StreamId(1, 1), 1 if rest else -1, [], [StreamConsumer(b"c", 5, 5)])],
        )  # fmt: skip


def stream(items: bytes, counts: bytes = b"\1\1\1\1\1\0\0\1", groups: bytes = b"\0", key: int = 16) -> bytes:
    first = bytes([key]) + (bytes(7) + b"\1") * 2
    return b"\x15\1" + first[: key + 1] + items + counts + groups


ONE = lp(1, 0, 1, b"f", 0, 2, 0, 0, b"v", 4)
ID = (bytes(7) + b"\1") * 2
PENDING = ID + bytes(8) + b"\1"
ME = b"\1c" + bytes(16)

WRONG = {
    "a list without items": b"\1\0",
    "a list of nodes without items": b"\x12\0",
    "a node that is neither plain nor packed": b"\x12\1\3\1a",
    "a set without members": b"\2\0",
    "a member twice": b"\2\2\1a\1a",
    "a member twice, packed": b"\x14" + lp(b"a", b"a"),
    "more members than bytes": b"\2\x80\xff\xff\xff\xff\1a",
    "a score that is none": b"\5\1\1a" + b"\xff" * 8,
    "an old score that is none": b"\3\1\1a\xfd",
    "an old score of letters": b"\3\1\1a\1x",
    "a packed score of letters": b"\x11" + lp(b"a", b"x"),
    "a packed score that is none": b"\x11" + lp(b"a", b"nan"),
    "a member without a score": b"\x11" + lp(b"a"),
    "a field without a value": b"\x10" + lp(b"a", b"b", b"c"),
    "a field twice": b"\4\2\1a\1b\1a\1b",
    "a hash without fields": b"\x10" + lp(),
    "an expiry before there was time": b"\x16\1\1a\1b\xfe" + b"\xff" * 7,
    "a zipmap": b"\x09\1a",
    "a module": b"\7\1a",
    "an intset of another width": b"\x0b\x0a\3\0\0\0\1\0\0\0\5\0",
    "an intset of another count": b"\x0b\x0a\2\0\0\0\2\0\0\0\5\0",
    "an intset that is too short": b"\x0b\3\2\0\0",
    "an intset not in order": b"\x0b\x0c\2\0\0\0\2\0\0\0\5\0\5\0",
    "a listpack that is too short": b"\x14\6\6\0\0\0\0\xff",
    "a listpack without an end": b"\x14\7\7\0\0\0\0\0\0",
    "a listpack of another size": b"\x14\x0a\x0b\0\0\0\1\0\x81a\2\xff",
    "a listpack of another count": b"\x14" + raw_listpack(b"\x81a\2", 2),
    "a listpack of an unknown form": b"\x14" + raw_listpack(b"\xf5a\2", 1),
    "an entry that goes backwards wrongly": b"\x14" + raw_listpack(b"\x81a\3", 1),
    "an entry that ends too late": b"\x14" + raw_listpack(b"\x84a\2", 1),
    "an integer that ends too late": b"\x14" + raw_listpack(b"\xf4\1\2", 1),
    "a ziplist that is too short": b"\x0a\3\3\0\0",
    "a ziplist of another size": b"\x0a" + ziplist(b"\x01a").replace(b"\x0e\0\0\0", b"\x0d\0\0\0"),
    "a ziplist of another count": b"\x0a" + ziplist(b"\x01a", count=2),
    "a ziplist with another last entry": b"\x0a" + ziplist(b"\x01a", tail=11),
    "a ziplist of an unknown form": b"\x0a" + ziplist(b"\x81a"),
    "an entry of a ziplist that ends too late": b"\x0a" + ziplist(b"\x05a"),
    "an entry of a ziplist without a form": b"\x0a" + ziplist(b""),
    "a key of a listpack of 15 bytes": stream(ONE, key=15),
    "a stream of other entries": stream(ONE, b"\2\1\1\1\1\0\0\1"),
    "a stream whose last entry is later": stream(ONE, b"\1\1\0\1\1\0\0\1"),
    "a stream that says less": stream(lp(0, 0, 1, b"f", 0, 2, 0, 0, b"v", 4)),
    "a stream that says more": stream(lp(2, 0, 1, b"f", 0, 2, 0, 0, b"v", 4)),
    "a stream that says deleted": stream(lp(0, 1, 1, b"f", 0, 2, 0, 0, b"v", 4), b"\0\1\1\1\1\0\0\1"),
    "a stream with a negative count": stream(lp(-1, 0, 1, b"f", 0)),
    "a stream with a string for a count": stream(lp(b"a")),
    "a stream without an end of its master entry": stream(lp(1, 0, 1, b"f", 1, 2, 0, 0, b"v", 4)),
    "an entry of other items": stream(lp(1, 0, 1, b"f", 0, 2, 0, 0, b"v", 5)),
    "entries not in order": stream(lp(2, 0, 1, b"f", 0, 2, 0, 0, b"v", 4, 2, 0, 0, b"v", 4), b"\2\1\1\1\1\0\0\2"),
    "two groups of one name": stream(ONE, groups=b"\2" + b"\1g\1\1\1\0\0" * 2),
    "an entry pending twice": stream(ONE, groups=b"\1\1g\1\1\1\2" + PENDING * 2 + b"\1" + ME + b"\1" + ID),
    "an entry pending for nobody": stream(ONE, groups=b"\1\1g\1\1\1\1" + PENDING + b"\1" + ME + b"\0"),
    "a consumer of what is not pending": stream(ONE, groups=b"\1\1g\1\1\1\0\1" + ME + b"\1" + ID),
    "two consumers of one name": stream(ONE, groups=b"\1\1g\1\1\1\0\2" + (ME + b"\0") * 2),
}  # fmt: skip


@for_each(WRONG)
def test_what_is_no_value(note: str) -> None:
    with pytest.raises(BadDataFormat):
        restored(payload(WRONG[note]))


def test_a_stream_that_is_right_beside_those_that_are_not() -> None:
    value = restored(payload(stream(ONE, groups=b"\1\1g\1\1\1\1" + PENDING + b"\1" + ME + b"\1" + ID)))
    assert isinstance(value, StreamValue)
    assert value.groups[0].pending == [PendingEntry(StreamId(1, 1), b"c", 0, 1)]
    deleted = restored(payload(stream(lp(0, 1, 1, b"f", 0, 3, 0, 0, b"v", 4), b"\0\1\1\1\1\1\1\1")))
    assert deleted == StreamValue([], StreamId(1, 1), StreamId(1, 1), 1, [])


def test_an_integer_of_a_listpack_has_64_bits() -> None:
    assert listpack.unpack(listpack.pack([-(2**63), 2**63 - 1])) == [
        b"-9223372036854775808",
        b"9223372036854775807",
    ]
    with pytest.raises(WireError, match="64 bits at most"):
        listpack.pack([2**63])


@pytest.mark.parametrize("size", [0, 63, 64, 120, 4095, 4096, 16_381, 2_097_150])
def test_strings_of_listpacks_of_all_sizes(size: int) -> None:
    items = [b"x" * size, b"1", b"y" * size]
    assert listpack.unpack(listpack.pack(items)) == items


def test_a_listpack_of_more_entries_than_its_count_can_say() -> None:
    items = [b"1"] * 70_000
    assert listpack.unpack(listpack.pack(items)) == items


def test_large_values_have_large_forms() -> None:
    names = [b"%d" % number for number in range(600)]
    words = [b"w%d" % number for number in range(600)]
    for value, kind in (
        (SetValue(names[:512]), 11), (SetValue(names), 2), (SetValue(words[:128]), 20), (SetValue(words[:129]), 2),
        (SetValue([b"a" * 64]), 20), (SetValue([b"a" * 65]), 2), (HashValue([HashField(name, b"") for name in names[:512]]), 16),
        (HashValue([HashField(name, b"") for name in names[:513]]), 4), (SortedSetValue([(name, 1.0) for name in names[:128]]), 17),
        (SortedSetValue([(name, 1.0) for name in names[:129]]), 5), (ListValue(names), 18),
    ):  # fmt: skip
        data = dump(value)
        assert data[0] == kind
        assert restored(data)[0].__len__() == len(value[0])
    many = StreamValue(
        [StreamEntry(StreamId(1, number), [(b"f", b"v" * 50)]) for number in range(1, 300)],
        StreamId(1, 300),
        ZERO,
        300,
        [],
    )
    assert restored(dump(many)) == many


WORDS = (
    st.binary(max_size=12)
    | st.integers(-(2**63), 2**63 - 1).map(lambda number: b"%d" % number)
    | st.integers(60, 70).map(bytes)
)
NUMBERS = st.integers(0, 2**64 - 1)
IDS = st.builds(StreamId, NUMBERS, NUMBERS)
TIMES = st.integers(0, 2**63 - 1)


@st.composite
def streams(draw: st.DrawFn) -> StreamValue:
    ids = sorted(draw(st.sets(IDS, max_size=5)))
    fields = st.lists(st.tuples(st.sampled_from([b"f", b"g"]), WORDS), min_size=1, max_size=3)
    entries = [StreamEntry(one, draw(fields)) for one in ids]
    last = ids[-1] if ids else draw(IDS)
    groups = []
    for name in sorted(draw(st.sets(WORDS, max_size=2))):
        consumers = [
            StreamConsumer(one, draw(TIMES), draw(st.integers(-1, 2**63 - 1)))
            for one in sorted(draw(st.sets(WORDS, max_size=2)))
        ]
        pending = [
            PendingEntry(one, draw(st.sampled_from(consumers)).name, draw(TIMES), draw(NUMBERS)) for one in sorted(draw(st.sets(IDS, max_size=3)))
        ] if consumers else []  # fmt: skip
        groups.append(StreamGroup(name, draw(IDS), draw(st.integers(-1, 2**63 - 1)), pending, consumers))
    return StreamValue(entries, last, draw(IDS), draw(NUMBERS), groups)


VALUES = st.one_of(
    st.builds(StringValue, WORDS | st.text("ab", max_size=200).map(str.encode)),
    st.builds(ListValue, st.lists(WORDS, min_size=1, max_size=8)),
    st.builds(SetValue, st.lists(WORDS, min_size=1, max_size=8, unique=True)),
    st.builds(SetValue, st.lists(st.integers(-(2**63), 2**63 - 1).map(lambda number: b"%d" % number), min_size=1, max_size=8, unique=True)),
    st.builds(SortedSetValue, st.lists(st.tuples(WORDS, st.floats(allow_nan=False)), min_size=1, max_size=8, unique_by=lambda one: one[0])),
    st.builds(
        HashValue,
        st.lists(st.builds(HashField, WORDS, WORDS, st.just(-1) | TIMES), min_size=1, max_size=8, unique_by=lambda one: one.name),
    ),
    streams(),
)  # fmt: skip


@given(value=VALUES, compressed=st.booleans())
def test_values_there_and_back(value: KeyValue, compressed: bool) -> None:
    again = restored(dump(value, compressed=compressed))
    assert type(again) is type(value)
    if isinstance(value, SetValue | SortedSetValue):
        assert sorted(again[0]) == sorted(value[0])
    else:
        assert again == value
