"""CONFIG SET reaches the keyspace: sizes of strings, and thresholds of the forms of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.compat.valkey_connection import Reply, ValkeyConnection
from tests.recorded.valkey import serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def connection() -> Iterator[ValkeyConnection]:
    faults: list[str] = []
    with serving(faults) as address, ValkeyConnection(address) as made:
        yield made
    assert not faults


def run(connection: ValkeyConnection, *lines: str) -> list[Reply]:
    return connection.run([line.encode().split() for line in lines])


@pytest.mark.parametrize(
    ("parameter", "value", "build", "encoding"),
    [
        ("hash-max-listpack-entries", 2, "HSET k a 1 b 2 c 3", b"hashtable"),
        ("hash-max-ziplist-value", 2, "HSET k a longer", b"hashtable"),
        ("list-max-listpack-size", 3, "RPUSH k 1 2 3 4", b"quicklist"),
        ("set-max-intset-entries", 2, "SADD k 1 2 3", b"listpack"),
        ("zset-max-listpack-entries", 2, "ZADD k 1 a 2 b 3 c", b"skiplist"),
    ],
)
def test_forms_of_values(
    connection: ValkeyConnection, parameter: str, value: int, build: str, encoding: bytes
) -> None:
    *_, found = run(connection, f"CONFIG SET {parameter} {value}", build, "OBJECT ENCODING k")
    assert found == encoding


def test_the_size_of_strings(connection: ValkeyConnection) -> None:
    size = 2 << 20
    _, too_long, fits, outside, inside = run(
        connection,
        f"CONFIG SET proto-max-bulk-len {size}",
        f"SETRANGE k {size} x",
        f"SETRANGE k {size - 1} x",
        f"SETBIT b {8 * size} 1",
        f"SETBIT b {8 * size - 1} 1",
    )
    assert too_long == b"-ERR string exceeds maximum allowed size (proto-max-bulk-len)"
    assert outside == b"-ERR bit offset is not an integer or out of range"
    assert (fits, inside) == (b":%d" % size, b":0")


def test_the_size_of_sparse_hyperloglogs(connection: ValkeyConnection) -> None:
    *_, encoding = run(
        connection, "CONFIG SET hll-sparse-max-bytes 30", "PFADD k 1 2 3 4 5 6 7 8", "PFDEBUG ENCODING k"
    )
    assert encoding == b"+dense"
