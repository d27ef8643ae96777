"""Strings and the generic commands of a keyspace: exact integers, sizes, times, and what the journal is told."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.asudfd.valkey.conftest import NOW, TestedKeyspace

SAME_KEYSPACE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
LARGEST = 2**63 - 1
INTEGERS = st.integers(-(2**63), LARGEST) | st.integers(-10, 10) | st.integers(2**53 - 3, 2**53 + 3)


@SAME_KEYSPACE
@given(INTEGERS, INTEGERS)
def test_sums_are_exact_or_refused(keyspace: TestedKeyspace, first: int, second: int) -> None:
    keyspace.run("SET", "n", first)
    reply = keyspace.run("INCRBY", "n", second)
    if -(2**63) <= first + second <= LARGEST:
        assert reply == b":%d\r\n" % (first + second)
        assert keyspace.line("GET n").split(b"\r\n")[1] == b"%d" % (first + second)
    else:
        assert reply == b"-ERR increment or decrement would overflow\r\n"


@SAME_KEYSPACE
@given(INTEGERS)
def test_integers_of_64_bits_survive_a_bitfield(keyspace: TestedKeyspace, number: int) -> None:
    keyspace.line("DEL n")
    keyspace.run("BITFIELD", "n", "SET", "i64", 3, number)
    assert keyspace.line("BITFIELD n GET i64 3") == b"*1\r\n:%d\r\n" % number
    keyspace.line("DEL n")
    unsigned = number & (2**63 - 1)
    keyspace.run("BITFIELD", "n", "SET", "u63", 9, unsigned)
    assert keyspace.line("BITFIELD n GET u63 9") == b"*1\r\n:%d\r\n" % unsigned


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "+1",
        "01",
        "-0",
        "1.0",
        "0x1",
        "1e2",
        "9223372036854775808",
        "-9223372036854775809",
        "1\0",
    ],
)
def test_what_is_no_integer(keyspace: TestedKeyspace, text: str) -> None:
    keyspace.run("SET", "n", text)
    assert keyspace.line("INCR n") == b"-ERR value is not an integer or out of range\r\n"
    assert keyspace.run("INCRBY", "m", text) == b"-ERR value is not an integer or out of range\r\n"


@pytest.mark.parametrize("count", [7_999, 8_001, 200_000])
def test_a_command_may_have_very_many_arguments(keyspace: TestedKeyspace, count: int) -> None:
    pairs = [word for number in range(count) for word in (f"k{number}", "v")]
    assert keyspace.run("MSET", *pairs) == b"+OK\r\n"
    assert keyspace.line("DBSIZE") == b":%d\r\n" % count


@pytest.mark.parametrize(
    "line", ["SETRANGE a 536870911 x", "SETBIT a 4294967295 1", "BITFIELD a SET u1 4294967295 1"]
)
def test_a_string_for_which_memory_does_not_suffice_is_refused(keyspace: TestedKeyspace, line: str) -> None:
    keyspace.line("SET a old")
    assert keyspace.line(line).startswith(b"-OOM")
    assert keyspace.line("GET a") == b"$3\r\nold\r\n"
    assert keyspace.effects == [(b"SET", b"a", b"old")]


def test_a_lcs_that_would_take_long_is_refused(keyspace: TestedKeyspace) -> None:
    keyspace.run("MSET", "a", "x" * 12_000, "b", "y" * 12_000, "c", "z" * 2_000_000, "d", "z")
    for line in ("LCS a b", "LCS a b LEN", "LCS c d"):
        assert keyspace.line(line).startswith(b"-ERR Insufficient memory")


EFFECTS = [
    ("SET a 1 EX 10", "SET a 1 PXAT 1700000010000"),
    ("SET a 1 PX 10", "SET a 1 PXAT 1700000000010"),
    ("SETEX a 10 1", "SET a 1 PXAT 1700000010000"),
    ("SET a 1 PXAT 9223372036854775807", "SET a 1 PXAT 9223372036854775807"),
    ("INCRBYFLOAT a 1.5", "SET a 1.5 KEEPTTL"),
    ("SET k 2 IFEQ 1", "SET k 2 IFEQ 1"),
    ("EXPIRE k 10", "PEXPIREAT k 1700000010000"),
    ("PEXPIRE k 9223370000000000000", "PEXPIREAT k 9223371700000000000"),
    ("EXPIRE k -1", "UNLINK k"),
    ("GETEX k EX 5", "PEXPIREAT k 1700000005000"),
    ("GETEX k EXAT 1", "UNLINK k"),
    ("GETDEL k", "GETDEL k"),
    ("MSETEX 1 a 1 EX 10", "MSETEX 1 a 1 PXAT 1700000010000"),
    ("RENAME k l", "RENAME k l"),
    ("COPY k l", "COPY k l"),
    ("GET k", None),
    ("GETEX k", None),
    ("DEL none", None),
    ("EXPIRE none 10", None),
    ("SET k 2 NX", None),
    ("RENAME k k", None),
    ("PERSIST k", None),
    ("SETRANGE none 5", None),
]  # fmt: skip


@pytest.mark.parametrize(("line", "effect"), EFFECTS)
def test_the_journal_is_told_what_gives_the_same_again(
    keyspace: TestedKeyspace, line: str, effect: str | None
) -> None:
    keyspace.line("SET k 1")
    keyspace.effects.clear()
    keyspace.line(line)
    assert keyspace.effects == ([tuple(effect.encode().split())] if effect else [])


def test_times_of_expiry(keyspace: TestedKeyspace) -> None:
    keyspace.line("SET k v PX 1500")
    assert keyspace.line("PTTL k") == b":1500\r\n"
    assert keyspace.line("TTL k") == b":2\r\n"
    keyspace.now = NOW + 1001
    assert keyspace.line("TTL k") == b":0\r\n"
    assert keyspace.line("EXISTS k") == b":1\r\n"
    keyspace.now = NOW + 1500
    assert keyspace.line("DBSIZE") == b":1\r\n"
    assert keyspace.line("TTL k") == b":-2\r\n"
    assert keyspace.line("DBSIZE") == b":0\r\n"
    assert keyspace.host.expired_keys == [b"k"]


def test_a_time_beyond_doubles_is_exact(keyspace: TestedKeyspace) -> None:
    keyspace.line("SET k v")
    keyspace.line("PEXPIREAT k 9223372036854770001")
    keyspace.line("RENAME k l")
    keyspace.line("COPY l m")
    assert keyspace.line("PEXPIRETIME m") == b":9223372036854770001\r\n"
    assert keyspace.line("PTTL m") == b":%d\r\n" % (9223372036854770001 - int(NOW))
    keyspace.line("PEXPIREAT m 1700000010000")
    assert keyspace.line("PEXPIRETIME m") == b":1700000010000\r\n"


def test_a_scan_sees_every_key_that_stays(keyspace: TestedKeyspace) -> None:
    """Others come and go meanwhile."""
    stay = {b"stay%d" % number for number in range(300)}
    keyspace.run("MSET", *(word for key in stay for word in (key, b"v")))
    keyspace.run("MSET", *(word for number in range(300) for word in (f"go{number}", "v")))
    seen: set[bytes] = set()
    cursor, step = b"0", 0
    while True:
        cursor, *keys = re.findall(rb"\$\d+\r\n(.*?)\r\n", keyspace.run("SCAN", cursor, "COUNT", 7))
        seen.update(keys)
        if cursor == b"0":
            break
        keyspace.run("DEL", *(f"go{number}" for number in range(step * 5, step * 5 + 5)))
        keyspace.run("SET", f"new{step}", "v")
        step += 1
    assert stay <= seen


def test_databases_are_swapped_with_their_times(keyspace: TestedKeyspace) -> None:
    keyspace.line("SET a 1 PXAT 9223372036854770001")
    keyspace.line("SWAPDB 0 3")
    assert keyspace.line("DBSIZE") == b":0\r\n"
    keyspace.line("SWAPDB 3 0")
    assert keyspace.line("PEXPIRETIME a") == b":9223372036854770001\r\n"


@pytest.mark.parametrize(
    "lines",
    [["RENAME h other"], ["COPY h other", "DEL h"], ["SWAPDB 0 1", "SWAPDB 1 0", "RENAME h other"]],
    ids=["RENAME", "COPY", "SWAPDB"],
)
def test_fields_of_a_hash_expire_under_its_new_name(keyspace: TestedKeyspace, lines: list[str]) -> None:
    """Also where nobody asks for them."""
    keyspace.line("HSET h a 1 b 2")
    keyspace.line("HPEXPIRE h 10 FIELDS 1 a")
    for line in lines:
        keyspace.line(line)
    keyspace.effects.clear()
    lua = keyspace.engine.lua
    lua[b"state"][b"now"] = NOW + 20
    lua[b"sweep_fields"](1000)
    assert keyspace.effects == [(b"HDEL", b"other", b"a")]


def test_a_sweep_removes_what_has_expired_and_comes_to_every_key(keyspace: TestedKeyspace) -> None:
    for number in range(3000):
        keyspace.run("SET", f"k{number}", "v", "PX", 10 if number % 3 else 100_000)
    lua = keyspace.engine.lua
    lua[b"state"][b"now"] = NOW + 20
    sweeps = 0
    while lua[b"state"][b"db"][b"expiring"] > 1000:
        lua[b"sweep"](200)
        sweeps += 1
        assert sweeps <= 20
    keyspace.now = NOW + 20
    assert keyspace.line("DBSIZE") == b":1000\r\n"
    assert len(keyspace.host.expired_keys) == 2000
