"""Function libraries in DUMP payloads and RDB files: recorded ones, and what is wrong with them."""

from __future__ import annotations

import json
from base64 import b64decode
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire import rdb
from asinfo.wire.crc64 import crc64
from asinfo.wire.functions import (
    NotAFunction,
    PreReleaseFormat,
    UnreadableLibrary,
    WrongPayload,
    dump,
    libraries,
    portable,
    rdb_file,
    restored,
)
from tests.each import for_each, for_each_row

VECTORS = Path(__file__).parent / "vectors"
TEXT = b"#!lua name=a\nserver.register_function('f', function() return 1 end)"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (VECTORS / name).read_text().splitlines()]


def payload(body: bytes, version: int = 10) -> bytes:
    return body + rdb.footer(body, version)


@pytest.mark.parametrize("server", ["9.1", "8.1"])
@for_each(rows("function_payloads.jsonl"), itemgetter("id"))
def test_recorded_payloads(row: dict[str, Any], server: str) -> None:
    data = row["payload"].encode("latin-1")
    versions = rdb.VERSIONS_9_1 if server == "9.1" else rdb.VERSIONS_8_1
    if row[server] is None:
        assert list(restored(data, versions)) == [text.encode("latin-1") for text in row["libraries"]]
    else:
        with pytest.raises((WrongPayload, NotAFunction, PreReleaseFormat, UnreadableLibrary)) as caught:
            list(restored(data, versions))
        assert str(caught.value) == row[server]


@for_each(rows("function_dumps.jsonl"), itemgetter("id"))
def test_recorded_dumps_as_portable_ones(row: dict[str, Any]) -> None:
    texts = [text.encode("latin-1") for text in row["libraries"]]
    made = {portable(row[server].encode("latin-1")) for server in ("9.1", "8.1")}
    assert made == {dump(texts, rdb.VERSION_PORTABLE, compressed=row["compressed"])}
    assert {portable(each) for each in made} == made


@for_each_row(
    ("wrong", "error"),
    [
        (b"", WrongPayload),
        (b"\0" * 10, WrongPayload),
        (dump([TEXT], 80)[:-1] + b"\0", WrongPayload),
        (payload(b"\0\1a", 80), NotAFunction),
        (payload(b"\xf6\1a", 80), PreReleaseFormat),
        (payload(b"\xf5\x80\xff\xff\xff\xff", 80), UnreadableLibrary),
        (payload(b"\xf5\x81\x20\0\0\0\0\0\0\0", 80), UnreadableLibrary),
        (payload(b"\xf5\x81" + b"\xff" * 8, 80), UnreadableLibrary),
    ],
)
def test_what_cannot_be_made_portable(wrong: bytes, error: type[WireError]) -> None:
    with pytest.raises(error):
        portable(wrong)


@pytest.mark.parametrize("row", rows("function_dumps.jsonl"), ids=lambda row: row["id"])
def test_recorded_dumps_come_out_byte_for_byte(row: dict[str, Any]) -> None:
    texts = [text.encode("latin-1") for text in row["libraries"]]
    for server, version in (("9.1", rdb.VERSION_9_1), ("8.1", rdb.VERSION_8_1)):
        recorded = row[server].encode("latin-1")
        assert dump(texts, version, compressed=row["compressed"]) == recorded
        assert list(restored(recorded)) == texts


def test_the_portable_payload() -> None:
    assert dump([]) == b"\n\0]\x9b\\@\x0f\x7f\xa2\xda"  # recorded
    data = dump([TEXT, TEXT])
    assert data[-10:-8] == b"\n\0"
    for versions in (rdb.VERSIONS_8_1, rdb.VERSIONS_9_1, frozenset(range(11))):
        assert list(restored(data, versions)) == [TEXT, TEXT]


def test_libraries_are_given_until_the_fault() -> None:
    found = restored(payload(b"\xf5\x01a\xf5\x01b\0\x01c" + b"\xf5\x01d"))
    assert [next(found), next(found)] == [b"a", b"b"]
    with pytest.raises(NotAFunction):
        next(found)
    with pytest.raises(WrongPayload):
        restored(b"\xf5\x01a")  # at once, before a text is asked for


def test_together_the_texts_have_a_limit() -> None:
    data = dump([b"a" * 5000] * 3, compressed=True)
    assert len(data) < 300
    assert list(restored(data, limit=15_000)) == [b"a" * 5000] * 3
    found = restored(data, limit=14_999)
    assert len(next(found) + next(found)) == 10_000
    with pytest.raises(UnreadableLibrary):
        next(found)
    plain = restored(dump([b"a" * 5000] * 3), limit=14_999)
    assert len(next(plain) + next(plain)) == 10_000
    with pytest.raises(UnreadableLibrary):
        next(plain)


def test_large_libraries_are_not_compressed() -> None:
    assert len(dump([b"a" * 16_384] * 2, compressed=True)) < 1000
    assert len(dump([b"a" * 16_384] * 2 + [b"a"], compressed=True)) > 32_768


@given(texts=st.lists(st.binary(max_size=60), max_size=4), compressed=st.booleans())
def test_texts_there_and_back(texts: list[bytes], compressed: bool) -> None:
    assert list(restored(dump(texts, compressed=compressed))) == texts
    assert libraries(rdb_file(texts)) == texts


# --- RDB files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", rows("rdb_files.jsonl"), ids=lambda row: f"{row['server']} {row['policy']}")
def test_recorded_files_with_keys_of_all_types(row: dict[str, Any]) -> None:
    data = b64decode(row["base64"])
    assert sorted(text.decode() for text in libraries(data)) == row["libraries"]
    assert libraries(data + b"what follows is not looked at") == libraries(data)
    for end in range(0, len(data), 5):
        with pytest.raises(WireError):
            libraries(data[:end])
    for at in (20, 100, len(data) - 20):
        with pytest.raises(WireError):
            libraries(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def file(*entries: bytes, magic: bytes = b"REDIS0010", checksum: bytes | None = None) -> bytes:
    body = magic + b"".join(entries) + b"\xff"
    return body + (crc64(body).to_bytes(8, "little") if checksum is None else checksum)


LIBRARY = b"\xf5\x01a"
KEY = b"\x01k"
OTHER_ENTRIES = {
    "a zipmap": b"\x09" + KEY + b"\x02ab",
    "a ziplist": b"\x0a" + KEY + b"\x02ab",
    "a list of strings": b"\x01" + KEY + b"\x02\x01a\xc0\x05",
    "a list of ziplists": b"\x0e" + KEY + b"\x01\x02ab",
    "an old sorted set": b"\x03" + KEY + b"\x04\x01a\x031.5\x01b\xff\x01c\xfe\x01d\xfd",
    "a stream of the first version": b"\x0f" + KEY + b"\x01\x02id\x02lp\x01\x01\x01\x01\x01g\x01\x01\x01" + bytes(16 + 8) + b"\x01\x01\x01c" + bytes(8)
    + b"\x01" + bytes(16),
    "a stream of the second version": b"\x13" + KEY + b"\0\0\0\0\0\0\0\0\0\x01\x01g\x01\x01\x05\0\0",
    "an expiry in seconds": b"\xfd\0\0\0\0\0" + KEY + b"\x01v",
    "a compressed value": b"\0" + KEY + b"\xc3\x09\x32\x01aa\xe0\x25\0\x01aa",
}  # fmt: skip


@for_each_row("name", OTHER_ENTRIES)
def test_values_of_older_servers_are_gone_over(name: str) -> None:
    data = file(OTHER_ENTRIES[name], LIBRARY)
    assert libraries(data) == [b"a"]
    assert libraries(file(OTHER_ENTRIES[name], LIBRARY, magic=b"REDIS0005", checksum=bytes(8))) == [b"a"]
    for end in range(9, len(data)):
        with pytest.raises(WireError):
            libraries(data[:end])


@for_each_row(
    ("data", "text"),
    [
        (b"", "no RDB file"),
        (b"REDIS001", "no RDB file"),
        (b"REDISXXXX", "no RDB file"),
        (b"VALKEY08", "no RDB file"),
        (b"#!lua name=a\n", "no RDB file"),
        (file(magic=b"REDIS0012"), "has version 12"),
        (file(magic=b"VALKEY081"), "has version 81"),
        (file(LIBRARY, checksum=b"12345678"), "checksum is wrong"),
        (file(b"\xf6\x01a"), "candidate of Redis 7.0"),
        (file(b"\x07" + KEY), "values of a module"),
        (file(b"\x06" + KEY), "values of a module"),
        (file(b"\xf7\x01"), "values of a module"),
        (file(b"\x17" + KEY), "unknown type 23 at byte 9"),
        (file(b"\x01" + KEY + b"\x80\xff\xff\xff\xff"), "shorter than they say"),
        (file(b"\xf5\xc3\x01\x01"), "LZF"),
    ],
)
def test_files_that_cannot_be_read(data: bytes, text: str) -> None:
    with pytest.raises(WireError, match=text):
        libraries(data)


def test_together_the_libraries_of_a_file_have_a_limit() -> None:
    data = rdb_file([b"a" * 500] * 3)
    assert len(libraries(data, 1500)) == 3
    with pytest.raises(WireError, match="larger than 1499 bytes together"):
        libraries(data, 1499)
