"""Import mode: keys whose time is over stay, and only clients that import see them."""

from __future__ import annotations

import time

import pytest

from asinfo.wire.resp_reply import ErrorReply
from tests.unit.asudfd.valkey.served import ServedClient, ServedKeyspace

PAST = int(time.time() * 1000) - 5000


@pytest.fixture
def importing() -> tuple[ServedClient, ServedClient]:
    """A client that imports and another; both know the key k, whose time is over."""
    keyspace = ServedKeyspace()
    one, other = keyspace.client(), keyspace.client()
    one.line("CONFIG SET import-mode yes")
    one.line("CLIENT IMPORT-SOURCE ON")
    one.line(f"SET k 1 PXAT {PAST}")
    return one, other


def test_only_who_imports_sees_the_key(importing: tuple[ServedClient, ServedClient]) -> None:
    one, other = importing
    assert one.line("GET k") == b"1"
    assert one.line("TTL k") == 0
    assert one.line("INCR k") == 2
    assert other.line("GET k") is None
    assert other.line("TTL k") == -2
    assert other.line("DBSIZE") == 1


def test_the_key_goes_when_the_mode_ends(importing: tuple[ServedClient, ServedClient]) -> None:
    one, _ = importing
    one.line("CLIENT IMPORT-SOURCE OFF")
    one.line("CONFIG SET import-mode no")
    assert one.line("GET k") is None
    assert one.line("DBSIZE") == 0


@pytest.mark.parametrize("line", ["RPUSH k a", "SET k v", "INCR k", "HSET k f v"])
def test_another_key_of_that_name_does_not_inherit_the_time(
    importing: tuple[ServedClient, ServedClient], line: str
) -> None:
    _, other = importing
    other.line(line)
    assert other.line("TTL k") == -1
    assert other.line("EXISTS k") == 1


def test_the_mode_has_to_be_on_and_reset_ends_it(importing: tuple[ServedClient, ServedClient]) -> None:
    one, other = importing
    one.line("RESET")
    assert one.line("GET k") is None
    one.line("CONFIG SET import-mode no")
    assert other.line("CLIENT IMPORT-SOURCE ON") == ErrorReply(b"ERR Server is not in import mode")
