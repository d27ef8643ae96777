"""Replies of Valkey servers: errors, ROLE, HELLO, FUNCTION STATS."""

from __future__ import annotations

from typing import Any

import pytest

from asadm.target.valkey.replies import Product, Role, bulk, error, integer, running, status, values, words
from asinfo.errors import WireError
from asinfo.wire.resp_reply import encode
from tests.each import for_each_row


def reply(value: Any) -> bytes:
    return encode(value, protocol=2)


@for_each_row(
    ("said", "expected"),
    [
        ("BUSY a script runs", "busy"),
        ("LOADING data", "loading"),
        ("READONLY You can't write", "readonly"),
        ("NOAUTH Authentication required.", "login"),
        ("WRONGPASS invalid", "login"),
        ("NOPERM no permissions", "forbidden"),
        ("MASTERDOWN Link with MASTER is down", "lagging"),
        ("OOM command not allowed", "error"),
        ("ERR unknown", "error"),
    ],
)
def test_an_error_is_a_status(said: str, expected: str) -> None:
    frame = f"-{said}\r\n".encode()
    assert error(frame) == said
    assert status(error(frame)) == expected


def test_a_reply_that_is_no_error_has_no_text() -> None:
    assert [error(each) for each in (b"+OK\r\n", b":1\r\n", b"$-1\r\n", b"")] == [""] * 4


def test_roles() -> None:
    primary = Role(reply([b"master", 42, [[b"10.0.0.2", b"7001", b"42"], [b"10.0.0.3", b"7002", b"40"]]]))
    assert (primary.kind, primary.offset) == ("master", 42)
    assert primary.replicas == [("10.0.0.2", 7001), ("10.0.0.3", 7002)]
    replica = Role(reply([b"slave", b"10.0.0.1", 7000, b"connect", -1]))
    assert (replica.host, replica.port, replica.link, replica.offset) == ("10.0.0.1", 7000, "connect", -1)
    assert Role(reply([b"sentinel", [b"mymaster"]])).kind == "sentinel"


@for_each_row(
    "value",
    [[], [b"slave"], [b"slave", b"h", b"x", b"y", 1], [b"odd"], b"master", None, 1, [b"master", b"x"]],
)
def test_what_is_no_role_is_refused(value: Any) -> None:
    with pytest.raises(WireError):
        Role(reply(value))


def test_hello_tells_product_and_version() -> None:
    told = Product(reply([b"server", b"valkey", b"version", b"9.1.2", b"mode", b"cluster", b"modules", []]))
    assert (told.name, told.version, told.mode) == ("valkey", "9.1.2", "cluster")
    refused = Product(b"-NOPERM no\r\n")
    assert (refused.name, refused.version, refused.mode) == ("", "", "")


def test_what_runs() -> None:
    facts = [b"name", b"slow", b"command", [b"FCALL", b"slow", b"0"], b"duration_ms", 1234]
    engines = [b"LUA", [b"libraries_count", 1, b"functions_count", 2]]
    found = running(reply([b"running_script", facts, b"engines", engines]))
    assert str(found) == "function slow runs for 1.2 s: FCALL slow 0"
    assert running(reply([b"running_script", None, b"engines", engines])) is None


@for_each_row("data", [b"-BUSY x\r\n", b"*0\r\n", b"*1\r\n:1\r\n", b"*2\r\n:1\r\n:1\r\n", b"+OK\r\n", b""])
def test_stats_of_another_form_tell_nothing(data: bytes) -> None:
    assert running(data) is None


def test_plain_values() -> None:
    assert bulk(b"$3\r\na\r\n\r\n") == b"a\r\n"
    assert (integer(b":7\r\n"), integer(b":x\r\n"), integer(b"+7\r\n")) == (7, None, None)
    assert words(reply([b"a", [1, b"b"], None])) == [b"a", b"1", b"b", b""]
    assert values(reply([b"a", [1]])) == [b"a", [1]]
    for data in (b"$3\r\nab\r\n", b":1\r\n", b"-ERR x\r\n"):
        with pytest.raises(WireError):
            bulk(data)
    for data in (b":1\r\n", b"-ERR x\r\n"):
        with pytest.raises(WireError):
            words(data)
        with pytest.raises(WireError):
            values(data)
