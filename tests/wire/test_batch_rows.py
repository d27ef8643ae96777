"""The rows of a batch: recorded forms, what is refused, any bytes."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire import batch, message, request
from tests.each import for_each_row

DIGEST = bytes(range(20))
D = DIGEST.hex()
PLACE = "00000005 00 74657374 00000005 01 64656D6F"
KEYS = [request.Key("test", "demo", number) for number in range(4)]


def rows(text: str) -> tuple[int, list[tuple[Any, ...]]]:
    flags, found = batch.unpack(bytes.fromhex(text))
    return flags, [
        (
            index,
            digest,
            (row.info1, row.info2, row.info3, row.info4),
            row.generation,
            row.ttl,
            row.fields,
            row.ops,
        )
        for index, digest, row in found
    ]


PLACED = {0: b"test", 1: b"demo"}


def test_reads_of_which_the_second_repeats() -> None:
    text = f"00000002 05 | 00000000 {D} 0A 03 00 00 00000000 0002 0000 {PLACE} | 00000001 {D} 01"
    expected: tuple[Any, ...] = (DIGEST, (3, 0, 0, 0), 0, 0, PLACED, [])
    assert rows(text.replace("|", "")) == (5, [(0, *expected), (1, *expected)])
    _, ((*_, first), (*_, second)) = batch.unpack(bytes.fromhex(text.replace("|", "")))
    assert first is second


def test_a_write_with_generation_ttl_and_info4() -> None:
    text = f"00000001 0C 00000007 {D} 1E 00 81 08 10 0003 0000003C 0002 0001 {PLACE} 0000000D 02 01 00 01 61 {bytes(8).hex()}"
    assert rows(text) == (
        12, [(7, DIGEST, (0, 0x81, 8, 0x10), 3, 60, PLACED, [(2, 1, b"a", bytes(8))])],
    )  # fmt: skip


def test_a_row_in_the_old_form_and_bytes_after_the_last_row() -> None:
    assert rows(f"00000001 00 00000000 {D} 00 03 0000 0000 FFFF") == (
        0,
        [(0, DIGEST, (3, 0, 0, 0), 0, 0, {}, [])],
    )


def test_the_forms_may_be_mixed() -> None:
    text = (
        f"00000003 04 00000000 {D} 00 21 0002 0000 {PLACE} 00000001 {D} 01 00000002 {D} 02 030000 0000 0000"
    )
    _, found = batch.unpack(bytes.fromhex(text))
    assert [row.info1 for _, _, row in found] == [0x21, 0x21, 3]


FULL = f"00000001 {D} 0A 03 00 00 00000000 0002 0000 {PLACE}"


@for_each_row(
    "text",
    [
        "", "000000", "00000001", "0000000000", "0000000000" + FULL, "FFFFFFFF00" + FULL,
        f"0000000100 00000000 {D[2:]}", f"0000000100 00000000 {D} 01", f"0000000200 {FULL}",
        f"0000000200 {FULL} 00000000 {D}", f"0000000100 00000000 {D} 0A 03", f"0000000100 00000000 {D} 02 030000 0000",
        f"0000000100 00000000 {D} 02 030000 0001 0000", f"0000000100 00000000 {D} 02 030000 0001 0000 00000000 00",
        f"0000000100 00000000 {D} 02 030000 0000 0001 00000009 01 00 00 00",
        f"0000000100 00000000 {D} 00 03", f"0000000100 00000000 {D} 00 01 0000 0001 00000005 02 01 00 01 61",
        f"0000000100 00000000 {D} 08 00000000 0000 0000", f"0000000100 00000000 {D} 20 0000 0000 0000",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(WireError):
        batch.unpack(bytes.fromhex(text))


def test_requests() -> None:
    made = [
        request.get_row(KEYS[0]),
        request.get_row(KEYS[1]),
        request.get_row(KEYS[2], ["a"]),
        request.exists_row(KEYS[3]),
        request.put_row(KEYS[0], {"a": "x"}),
        request.remove_row(KEYS[0]),
        request.apply_row(KEYS[0], "m", "f", [1]),
    ]
    owners = [*KEYS, KEYS[0], KEYS[0], KEYS[0]]
    body = request.batch(zip(owners, made, strict=True), limit=7)
    info1, *_, limit, digest, fields, count, offset = message.unpack(body)
    assert (info1, limit, digest, count, offset) == (8, 7, None, 0, len(body))
    flags, found = batch.unpack(fields[message.FIELD_BATCH])
    assert flags == batch.RESPOND_ALL
    assert [(index, digest) for index, digest, _ in found] == [
        (i, key.digest) for i, key in enumerate(owners)
    ]
    assert found[0][2] is found[1][2]
    infos = [(row.info1, row.info2, row.info3) for *_, row in found]
    assert infos == [(3, 0, 0), (3, 0, 0), (1, 0, 0), (0x21, 0, 0), (0, 0x81, 0), (0, 0x83, 0), (0, 1, 0)]
    assert [row.ops for *_, row in found[2:5]] == [[(1, 0, b"a", b"")], [], [(2, 3, b"a", b"x")]]
    assert found[6][2].fields == {**PLACED, 30: b"m", 31: b"f", 32: b"\x91\1"}


def test_kinds_that_clients_send() -> None:
    assert batch.attributes(3)[0] == 0x0A
    assert batch.attributes(0, 1, generation=0)[0] == 0x0E
    assert batch.attributes(0, 1, generation=1, ttl=None)[0] == 0x06


@given(st.binary(max_size=120) | st.binary(max_size=90).map(lambda tail: b"\0\0\0\2\4" + tail))
def test_any_bytes_are_rows_or_a_wire_error(data: bytes) -> None:
    with contextlib.suppress(WireError):
        _, found = batch.unpack(data)
        assert 0 < len(found) <= len(data) // 25


@given(st.data())
def test_bent_batches(data: st.DataObject) -> None:
    body = bytearray(
        batch.pack([(DIGEST, request.get_row(KEYS[0])), (DIGEST, request.put_row(KEYS[0], {"a": 1}))])
    )
    for position in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=4)):
        body[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(WireError):
        batch.unpack(bytes(body[: data.draw(st.integers(0, len(body)))]))
