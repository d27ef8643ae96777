"""CLIENT LIST and CLIENT KILL: which clients the filters mean."""

from __future__ import annotations

import re

import pytest

from asinfo.wire.resp_reply import ErrorReply
from tests.unit.asudfd.valkey.served import ServedClient, ServedKeyspace


@pytest.fixture
def asks() -> ServedClient:
    """Who asks, beside three others: named one and two, and a subscriber without a name that would read from replicas."""
    keyspace = ServedKeyspace()
    first, second, third, asks = (keyspace.client() for _ in range(4))
    first.line("CLIENT SETNAME one")
    second.line("CLIENT SETNAME two")
    second.line("CLIENT CAPA redirect")
    second.line("SELECT 2")
    third.line("READONLY")
    third.line("SUBSCRIBE channel")
    return asks


def ids(client: ServedClient, filters: str) -> list[int]:
    return [
        int(each) for each in re.findall(rb"^id=(\d+)", client.line(f"CLIENT LIST {filters}"), re.MULTILINE)
    ]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("NAME one", [1]),
        ("NAME one NAME two", [2]),
        ("ID 1 ID 2", [1, 2]),
        ("ID 1 2 NOT-ID 2", [1]),
        ("NOT-NAME one NOT-NAME two", [1, 3, 4]),
        ("FLAGS N", [1, 2, 4]),
        ("FLAGS NN", [1, 2, 4]),
        ("FLAGS P", [3]),
        ("FLAGS rP", [3]),
        ("FLAGS x", []),
        ("NOT-FLAGS N", [3]),
        ("CAPA r", [2]),
        ("NOT-CAPA r", [1, 3, 4]),
        ("DB 2", [2]),
        ("NOT-DB 2", [1, 3, 4]),
        ("TYPE pubsub", [3]),
        ("TYPE replica TYPE normal NOT-ID 4", [1, 2]),
        ("SKIPME yes", [1, 2, 3]),
        ("IP 1.2.3.4", []),
    ],
)  # fmt: skip
def test_the_last_filter_of_a_kind_counts_and_ids_add_up(
    asks: ServedClient, filters: str, found: list[int]
) -> None:
    assert ids(asks, filters) == found


@pytest.mark.parametrize(
    ("filters", "error"),
    [
        ("FLAGS NZ", "ERR Unknown flags found in the provided filter: NZ"),
        ("NOT-FLAGS Z", "ERR Unknown flags found in the NOT-FLAGS filter: Z"),
        ("CAPA x", "ERR Unknown capa found in the provided filter: x"),
        ("DB 16", "ERR DB number should be between 0 and 15"),
        ("NOT-DB x", "ERR NOT-DB is not an integer or out of range"),
        ("MAXAGE 0", "ERR maxage should be greater than 0"),
        ("IDLE -1", "ERR idle should be greater than 0"),
        ("IDLE x", "ERR idle is not an integer or out of range"),
        ("NOT-IDLE 1", "ERR syntax error"),
        ("NOT-SKIPME yes", "ERR syntax error"),
        ("NAME", "ERR syntax error"),
        ("ID x", "ERR syntax error"),
    ],
)
def test_a_wrong_filter_is_refused(asks: ServedClient, filters: str, error: str) -> None:
    assert asks.line(f"CLIENT LIST {filters}") == ErrorReply(error.encode())
