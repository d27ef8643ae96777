"""Keys whose time is over, while nobody looks for them: what WATCH, SCAN and the statistics make of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from asudfd.valkey.settings import ValkeySettings
from tests.service.test_valkey_sessions import Served, serve, words


@pytest.fixture
def served() -> Iterator[Served]:
    for served in serve(ValkeySettings(values={"enable-debug-command": "yes"})):
        served.connect().call(words("DEBUG SET-ACTIVE-EXPIRE 0"))
        yield served


@pytest.mark.parametrize(
    ("before", "after", "runs"),
    [
        ("SET x 1 PX 1/DEBUG SLEEP 0.01/WATCH x", "", True),
        ("SET x 1 PX 1/DEBUG SLEEP 0.01/WATCH x", "FLUSHDB", True),
        ("SET x 1 PX 1/DEBUG SLEEP 0.01/WATCH x", "SWAPDB 0 1", True),
        ("SET x 1 PX 1/DEBUG SLEEP 0.01/SELECT 1/WATCH x", "SWAPDB 0 1", True),
        ("SET x 1 PX 1/SELECT 1/SET x 2 PX 1/DEBUG SLEEP 0.01/WATCH x", "SWAPDB 0 1", True),
        ("SET x 1 PX 100/WATCH x/DEBUG SLEEP 0.15", "", False),
        ("SET x 1 PX 100/WATCH x/DEBUG SLEEP 0.15", "SWAPDB 0 1", False),
        ("SET x 1/SELECT 1/WATCH x", "SWAPDB 0 1", False),
    ],
)
def test_a_key_that_was_over_when_it_was_watched_is_none(
    served: Served, before: str, after: str, *, runs: bool
) -> None:
    client = served.connect()
    for line in (*before.split("/"), after, "MULTI", "PING"):
        if line:
            client.call(words(line))
    assert client.call(words("EXEC")) == (b"*1\r\n+PONG\r\n" if runs else b"*-1\r\n")


@pytest.mark.parametrize(
    "line", ["EXPIRE x -1", "PEXPIREAT x 1", "SET x 2 PXAT 1", "GETEX x EXAT 1", "PEXPIRE x -1000"]
)
def test_a_time_that_is_over_counts_as_expired(served: Served, line: str) -> None:
    client = served.connect()
    client.call(words("SET x 1"))
    client.call(words(line))
    assert client.call(words("EXISTS x")) == b":0\r\n"
    assert b"\nexpired_keys:1\r" in client.call(words("INFO stats"))


def test_a_scan_of_one_type_leaves_the_keys_of_others(served: Served) -> None:
    client = served.connect()
    client.call(words("HSET h f v"))
    client.call(words("PEXPIRE h 1"))
    client.call(words("DEBUG SLEEP 0.01"))
    assert client.call(words("SCAN 0 TYPE string")) == b"*2\r\n$1\r\n0\r\n*0\r\n"
    assert client.call(words("DBSIZE")) == b":1\r\n"
    client.call(words("SCAN 0"))
    assert client.call(words("DBSIZE")) == b":0\r\n"
