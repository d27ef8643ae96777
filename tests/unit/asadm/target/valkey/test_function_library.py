"""The name of a library: what its first line says, and the reasons where it says none."""

from __future__ import annotations

import pytest

from asadm.target.valkey.function_library import library_name
from asadm.target.valkey.server_version import ServerVersion, parse
from asinfo.errors import UsageError, WireError
from tests.each import for_each_row


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"#!lua name=mylib", b"mylib"),
        (b"#!LUA\tNAME=1_a \r", b"1_a"),
        (b'#!lua name=a"b"', b"ab"),
        (b"#!lua 'name=a'", b"a"),
        (b"#!lua name=" + b"n" * 300, b"n" * 300),
    ],
)
def test_the_name_in_the_first_line(line: bytes, name: bytes) -> None:
    assert library_name(line + b"\nrest") == name


@for_each_row(
    ("text", "reason"),
    [
        (b"", "Missing library metadata"),
        (b"\n#!lua name=a\n", "Missing library metadata"),
        (b"#!lua name=a", "Invalid library metadata"),
        (b'#!lua name="a\n', "Invalid library metadata"),
        (b"#!lua name=a\0\n", "Invalid library metadata"),
        (b"#!lua foo=bar\n", "Invalid metadata value given: foo=bar"),
        (b"#!lua name=a \xff\n", "Invalid metadata value given: \\xff"),
        (b"#!lua name=a name=a\n", "Invalid metadata value, name argument was given multiple times"),
        (b"#!lua\n", "Library name was not given"),
        (b"#!js name=\xc3\xa9\n", "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"),
        (b"#!lua name=\n", "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"),
        (b"#! name=a\n", "Engine '' not found"),
        (b"#!js name=a\n", "Engine 'js' not found"),
    ],
)  # fmt: skip
def test_a_first_line_without_a_name(text: bytes, reason: str) -> None:
    with pytest.raises(WireError) as raised:
        library_name(text)
    assert str(raised.value) == reason


def test_servers_by_their_names() -> None:
    assert parse("valkey-9.1") == ServerVersion("valkey", (9, 1))
    assert str(parse("Redis-7.0.15")) == "Redis 7.0.15"
    assert {parse("asudf-1.0"), ServerVersion("asudf", (1, 0))} == {parse("asudf-1.0")}
    assert parse("valkey-9") != parse("valkey-9.0")


@for_each_row(
    "word",
    ["", "valkey", "valkey-", "valkey-9.", "keydb-6.3", "valkey-9.1b", "valkey-٩", "redis-1" + "0" * 5000],
)
def test_a_word_that_names_no_server(word: str) -> None:
    with pytest.raises(UsageError, match="write PRODUCT-VERSION"):
        parse(word)
