"""Long strings that are changed in place: what they hold, and that a change does not copy the whole."""

from __future__ import annotations

import random
import resource
from functools import reduce
from operator import and_, or_, xor

import pytest

from tests.unit.asudfd.valkey.conftest import TestedKeyspace

LARGE = 131072
"""Bytes from which a string is kept in chunks once it is changed in place; source: string_value.lua."""

CHUNK = 16384


def text_of(keyspace: TestedKeyspace) -> bytes:
    return keyspace.line("GET k").partition(b"\r\n")[2][:-2]


def changed(text: bytes, at: int, part: bytes) -> bytes:
    return text[:at].ljust(at, b"\0") + part + text[at + len(part) :]


@pytest.mark.parametrize("seed", range(6))
def test_random_changes_give_what_they_give_in_a_bytearray(keyspace: TestedKeyspace, seed: int) -> None:
    source = random.Random(seed)
    text = source.randbytes(source.choice([0, 1, LARGE - 1, LARGE, 3 * LARGE + 5]))
    keyspace.run("SET", "k", text)
    places = (0, 1, CHUNK - 1, CHUNK, LARGE - 2, LARGE, 3 * LARGE, 5 * LARGE + 7)
    for _ in range(60):
        at = source.choice([*places, len(text), source.randrange(len(text) + 1)])
        part = source.randbytes(source.choice([1, 7, CHUNK, CHUNK + 1, 3 * CHUNK]))
        match source.choice(("append", "setrange", "setbit", "bitfield", "read", "whole")):
            case "append":
                text += part
                assert keyspace.run("APPEND", "k", part) == b":%d\r\n" % len(text)
            case "setrange":
                text = changed(text, at, part)
                assert keyspace.run("SETRANGE", "k", at, part) == b":%d\r\n" % len(text)
            case "setbit":
                keyspace.run("SETBIT", "k", 8 * at, 1)
                text = changed(text, at, bytes([text[at] | 0x80 if at < len(text) else 0x80]))
            case "bitfield":
                keyspace.run("BITFIELD", "k", "SET", "u16", 8 * at, 515)
                text = changed(text, at, b"\2\3")
            case "read":
                assert keyspace.line("STRLEN k") == b":%d\r\n" % len(text)
                end = min(at + len(part), len(text)) - 1
                found = keyspace.run("GETRANGE", "k", at, end).partition(b"\r\n")[2][:-2]
                assert found == (text[at : end + 1] if end >= 0 else text)
                bit = text[at] >> 7 if at < len(text) else 0
                assert keyspace.run("GETBIT", "k", 8 * at) == b":%d\r\n" % bit
            case "whole":
                assert text_of(keyspace) == text
    assert text_of(keyspace) == text


def test_a_change_takes_no_copy_of_the_whole(keyspace: TestedKeyspace) -> None:
    """16 MB, and 1,000 changes in a state of 256 MB without a collection: copies would be 16 GB."""
    keyspace.run("SET", "k", b"x" * (16 << 20))
    keyspace.run("APPEND", "k", b"x")
    execute = keyspace.engine._state.execute
    execute(b"collectgarbage()")
    execute(b"collectgarbage('stop')")
    before = execute(b"return collectgarbage('count')")
    for number in range(1000):
        keyspace.run("APPEND", "k", b"x")
        keyspace.run("SETRANGE", "k", 16000 * number, b"yy")
        keyspace.run("SETBIT", "k", 100000 * number, 1)
        keyspace.run("BITFIELD", "k", "SET", "u8", 16000 * number, number % 256)
    grown = execute(b"return collectgarbage('count')") - before
    execute(b"collectgarbage('restart')")
    assert grown * 1024 < 5000 * 2 * CHUNK


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("TYPE k", b"+string\r\n"),
        ("OBJECT ENCODING k", b"$3\r\nraw\r\n"),
        ("EXISTS k", b":1\r\n"),
        ("SCAN 0 TYPE string", b"*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n"),
        ("LLEN k", b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("COPY k other", b":1\r\n"),
        ("RENAME k other", b"+OK\r\n"),
        ("MOVE k 1", b":1\r\n"),
        ("SWAPDB 0 1", b"+OK\r\n"),
        ("INCR k", b"-ERR value is not an integer or out of range\r\n"),
        ("DEL k", b":1\r\n"),
        ("BITCOUNT k 0 9", b":5\r\n"),
        ("GETRANGE k 999999 1000001", b"$1\r\nx\r\n"),
    ],
)
def test_other_commands_see_a_string(keyspace: TestedKeyspace, line: str, reply: bytes) -> None:
    keyspace.run("SETRANGE", "k", 999_999, b"x")
    keyspace.run("SETRANGE", "k", 0, b"\xf8")
    assert keyspace.line(line) == reply


def test_a_compaction_writes_it_whole(keyspace: TestedKeyspace) -> None:
    keyspace.run("SETRANGE", "k", 299_999, b"x")
    lua = keyspace.engine.lua
    lua[b"begin_compaction"]()
    assert lua[b"compact_some"](10, 1 << 20) == b"done"
    assert lua[b"take_compacted"]().count(b"\0") == 299_999
    lua[b"give_up_compaction"]()


PIECE = 65536
"""Bytes of a string of bits that Python is given at once; source: bitmap.lua."""


def test_bits_of_long_strings_are_looked_at_in_pieces(keyspace: TestedKeyspace) -> None:
    size = 2 * PIECE + 5
    keyspace.run("SETBIT", "k", 8 * size - 3, 1)
    keyspace.run("SETBIT", "k", 8 * PIECE, 1)
    assert keyspace.line("BITCOUNT k") == b":2\r\n"
    assert keyspace.line(f"BITCOUNT k {8 * PIECE + 1} -1 BIT") == b":1\r\n"
    assert keyspace.line("BITPOS k 1") == b":%d\r\n" % (8 * PIECE)
    assert keyspace.line(f"BITPOS k 1 {PIECE + 1}") == b":%d\r\n" % (8 * size - 3)
    assert keyspace.line(f"BITPOS k 1 {PIECE + 1} {size - 2}") == b":-1\r\n"
    keyspace.run("SET", "ones", b"\xff" * size)
    assert keyspace.line("BITPOS ones 0") == b":%d\r\n" % (8 * size)
    assert keyspace.line("BITPOS ones 0 0 -1") == b":-1\r\n"


@pytest.mark.parametrize("count", [1, 2, 16, 17, 40])
def test_long_strings_are_combined_in_pieces(keyspace: TestedKeyspace, count: int) -> None:
    source = random.Random(count)
    texts = [source.randbytes(source.choice([0, 9, PIECE, 2 * PIECE + 5])) for _ in range(count)]
    texts[0] = source.randbytes(2 * PIECE + 5)
    for number, text in enumerate(texts):
        keyspace.run("SET", f"s{number}", text)
    keyspace.run("SETRANGE", "s0", 0, texts[0][:1])  # in chunks
    numbers = [int.from_bytes(text.ljust(len(texts[0]), b"\0"), "big") for text in texts]
    for operation, combine in (("AND", and_), ("OR", or_), ("XOR", xor)):
        names = [f"s{number}" for number in range(count)]
        assert keyspace.run("BITOP", operation, "k", *names) == b":%d\r\n" % len(texts[0])
        assert text_of(keyspace) == reduce(combine, numbers).to_bytes(len(texts[0]), "big")
    assert keyspace.line("BITOP NOT k s0") == b":%d\r\n" % len(texts[0])
    assert text_of(keyspace) == bytes(255 - byte for byte in texts[0])


def test_combining_one_long_string_with_itself_takes_no_copies_of_it(keyspace: TestedKeyspace) -> None:
    """A hundred copies of 8 MB for Python would be 800 MB."""
    keyspace.run("SETRANGE", "k", 8 << 20, b"x")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    keyspace.run("BITOP", "XOR", "other", *["k"] * 100)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10


@pytest.mark.parametrize("line", ["SETRANGE k {at} x", "SETBIT k {bit} 1", "BITFIELD k SET u8 {bit} 120"])
def test_a_string_takes_what_reading_it_takes(line: str) -> None:
    """A little more than a power of two, in a state of five times its size; to double a text up to there takes seven."""
    keyspace, at = TestedKeyspace(64 << 20), 16 << 20
    assert not keyspace.line(line.format(at=at, bit=8 * at)).startswith(b"-")
    assert keyspace.line("GET k").startswith(b"$%d\r\n" % (at + 1))


def test_a_string_that_could_not_be_read_is_not_made() -> None:
    keyspace = TestedKeyspace(64 << 20)
    assert keyspace.line(f"SETRANGE k {20 << 20} x").startswith(b"-OOM ")
    assert keyspace.line("EXISTS k") == b":0\r\n"
