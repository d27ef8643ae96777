"""Sizes, strings, compression and checksums of RDB: known values, there and back, and sizes that lie."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire import lzf, rdb
from asinfo.wire.crc64 import crc64
from asinfo.wire.rdb import RdbReader, WrongPayload
from tests.each import for_each_row


def test_the_checksum_of_digits() -> None:
    assert crc64(b"123456789") == 0xE9C6D914C4B8D9CA
    assert crc64(b"") == 0


@given(data=st.binary(max_size=60), cut=st.integers(0, 60))
def test_a_checksum_goes_on(data: bytes, cut: int) -> None:
    checksum = 0
    for byte in data:
        checksum = crc64(bytes([byte]), checksum)
    assert crc64(data[cut:], crc64(memoryview(data)[:cut])) == crc64(data) == checksum


COMPRESSED = [  # DUMP of Valkey 9.1.2, without type and footer
    (b"a" * 50, "c3 09 32 01 61 61 e0 25 00 01 61 61"),
    (b"\x1c" * 22, "c3 08 16 01 1c 1c e0 0a 00 00 1c"),  # the copy reaches the last two bytes
    (b"M" * 21, "c3 06 15 01 4d 4d e0 0a 00"),
    (b"abc" * 12, "c3 0b 24 03 61 62 63 61 e0 15 02 01 62 63"),
    (b"x" * 70, "c3 09 40 46 01 78 78 e0 39 00 01 78 78"),
    (b"x" * 20, "14" + b"x".hex() * 20),  # not tried
    (b"abcdefghijklmnopqrstu", "15" + b"abcdefghijklmnopqrstu".hex()),  # not shorter
]


@for_each_row(("data", "stored"), COMPRESSED)
def test_strings_are_compressed_as_servers_do(data: bytes, stored: str) -> None:
    assert rdb.string(data) == bytes.fromhex(stored)
    assert RdbReader(bytes.fromhex(stored)).string() == data


@for_each_row(
    ("data", "stored"),
    [
        (b"", "00"), (b"5", "c0 05"), (b"-128", "c0 80"), (b"300", "c1 2c 01"), (b"-129", "c1 7f ff"), (b"100000", "c2 a0 86 01 00"),
        (b"-2147483648", "c2 00 00 00 80"), (b"2147483648", "0a 32313437343833363438"), (b"007", "03 303037"), (b"-0", "02 2d30"),
        (b"+1", "02 2b31"), (b"1 ", "02 3120"),
    ],
)  # fmt: skip
def test_integers_are_short(data: bytes, stored: str) -> None:
    assert rdb.string(data) == bytes.fromhex(stored)
    assert RdbReader(bytes.fromhex(stored)).string() == data


@for_each_row(
    ("value", "stored"),
    [
        (0, "00"), (63, "3f"), (64, "40 40"), (16383, "7f ff"), (16384, "80 00 00 40 00"), (2**32 - 1, "80 ff ff ff ff"),
        (2**32, "81 00 00 00 01 00 00 00 00"), (2**64 - 1, "81 ff ff ff ff ff ff ff ff"),
    ],
)  # fmt: skip
def test_sizes(value: int, stored: str) -> None:
    assert rdb.size(value) == bytes.fromhex(stored)
    assert RdbReader(bytes.fromhex(stored)).size() == value


@given(
    data=st.binary(max_size=300)
    | st.text("ab", max_size=400).map(str.encode)
    | st.integers(1, 40_000).map(bytes)
)
def test_strings_are_read_back(data: bytes) -> None:
    for compressed in (True, False):
        stored = rdb.string(data, compressed=compressed)
        reader = RdbReader(stored + b"rest")
        assert reader.string() == data
        assert reader.take(4) == b"rest"
        skipping = RdbReader(stored)
        skipping.skip_string()
        assert skipping.left == 0


@given(data=st.text("abc", max_size=300).map(str.encode), cut=st.integers(0, 40))
def test_compressed_data_that_are_cut_are_refused(data: bytes, cut: int) -> None:
    short = lzf.compress(data)
    if short is not None:
        assert len(short) <= len(data) - 4
        assert lzf.decompress(short, len(data)) == data
        with pytest.raises(WireError):
            lzf.decompress(short[: min(cut, len(short) - 1)], len(data))
        with pytest.raises(WireError):
            lzf.decompress(short, len(data) - 1)


def test_a_long_string_is_not_compressed() -> None:
    assert len(rdb.string(bytes(32_768))) < 1000
    assert len(rdb.string(bytes(32_769))) > 32_769


BROKEN = [
    "", "05 61", "40", "80 00 00 00", "81 00 00 00 00 00 00 00", "82", "bf", "80 ff ff ff ff 61", "81 ff ff ff ff ff ff ff ff 61",
    "c0", "c1 00", "c2 00 00 00", "c3", "c3 05", "c3 01 01", "c3 c0 01", "c4 00", "ff 00", "c3 02 01 20 00", "c3 01 01 00", "c3 01 02 e0",
    "c3 02 05 e0 00", "c3 03 03 00 61 00", "c3 02 80 ff ff ff ff 00 61", "c3 00 01", "c3 04 02 00 61 20 01", "c3 02 00 00 61",
]  # fmt: skip


@for_each_row("stored", BROKEN)
def test_broken_strings(stored: str) -> None:
    with pytest.raises(WireError):
        RdbReader(bytes.fromhex(stored)).string()


def test_an_empty_compressed_string_is_one() -> None:
    assert RdbReader(bytes.fromhex("c3 00 00")).string() == b""


def test_a_size_where_a_string_has_a_form() -> None:
    with pytest.raises(WireError, match="no size"):
        RdbReader(b"\xc0\x05").size()
    with pytest.raises(WireError, match="shorter"):
        RdbReader(b"\x05abcd").count()
    assert RdbReader(b"\x04abcd").count() == 4
    with pytest.raises(WireError, match="shorter"):
        RdbReader(b"\x04abcd").count(2)


def test_a_bomb_is_refused_before_it_is_made() -> None:
    bomb = b"\x01aa" + b"\xe0\xff\0" * 1000
    stored = b"\xc3" + rdb.size(len(bomb)) + rdb.size(2 + 264 * 1000) + bomb
    assert RdbReader(stored).string() == b"a" * 264_002
    with pytest.raises(WireError, match="larger than 264001 bytes"):
        RdbReader(stored, limit=264_001).string()
    tracemalloc.start()
    for size in (2**62, 536_870_912):
        with pytest.raises(WireError):
            RdbReader(b"\xc3" + rdb.size(len(bomb)) + rdb.size(size) + bomb).string()
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


def test_footers() -> None:
    body = b"\0\5hello"
    payload = body + rdb.footer(body, 9)
    assert payload == b"\0\5hello\t\0\xb3\x80\x8e\xba1\xb2C\xbb"  # recorded
    rdb.check_footer(payload, rdb.VERSIONS_9_1)
    for wrong in (b"", payload[:-1], payload[2:], payload + b"x", payload[-9:]):
        with pytest.raises(WrongPayload, match=r"^DUMP payload version or checksum are wrong$"):
            rdb.check_footer(wrong, rdb.VERSIONS_9_1)
    for version in range(100):
        for versions, right in ((rdb.VERSIONS_8_1, range(12)), (rdb.VERSIONS_9_1, (*range(1, 12), 80))):
            payload = body + rdb.footer(body, version)
            if version in right:
                rdb.check_footer(payload, versions)
            else:
                with pytest.raises(WrongPayload):
                    rdb.check_footer(payload, versions)
