"""Long lists go between Python and Lua in slices, so that other threads of the node have Python's lock between two of them."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from asinfo.wire.resp_reply import decode
from asudfd.valkey.engine import SLICE
from asudfd.valkey.lua_values import values_in_turns
from asudfd.valkey.table import command_rows
from tests.each import for_each_row
from tests.unit.asudfd.valkey.conftest import TestedKeyspace

COUNTS = (0, 1, SLICE - 1, SLICE, SLICE + 1, 3 * SLICE + 7)


class Crossings:
    """How many values went in each call of a function of Lua."""

    def __init__(self, keyspace: TestedKeyspace, name: bytes) -> None:
        self.sizes: list[int] = []
        self._call = keyspace.engine.lua[name]
        keyspace.engine.lua[name] = self

    def __call__(self, *arguments: Any) -> Any:
        found = self._call(*arguments)
        self.sizes.append(max(len(arguments), len(found) if isinstance(found, tuple) else 0))
        return found


@pytest.mark.parametrize("count", COUNTS)
def test_a_list_goes_there_and_comes_back(count: int) -> None:
    keyspace = TestedKeyspace(32 << 20)
    there, back = Crossings(keyspace, b"extend"), Crossings(keyspace, b"slice")
    values = [b"%d" % number for number in range(count)]
    table = keyspace.engine.table_of(values)
    assert len(table) == count
    assert list(keyspace.engine.values_of(table)) == values
    assert len(there.sizes) == len(back.sizes) == -(-count // SLICE)
    assert max([*there.sizes, *back.sizes], default=0) <= SLICE + 2


def test_commands_of_many_arguments() -> None:
    keyspace = TestedKeyspace(64 << 20)
    crossings = Crossings(keyspace, b"extend")
    count = 10 * SLICE
    pairs = [b"%d" % (number // 2) for number in range(2 * count)]
    assert keyspace.run("MSET", *pairs) == b"+OK\r\n"
    assert keyspace.line("DBSIZE") == b":%d\r\n" % count
    assert keyspace.run("GET", count - 1) == b"$%d\r\n%d\r\n" % (len(str(count - 1)), count - 1)
    found = keyspace.engine.key_places(command_rows()["mset"], [b"MSET", *pairs])
    assert found is not None
    assert [place.position for place in found] == list(range(1, 2 * count, 2))
    assert max(crossings.sizes) <= SLICE + 2


KEYS_AND_ARGUMENTS = (
    *((0, 0), (0, 1), (0, 9), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (9, 9)),
    *((0, 996), (0, 997), (996, 0), (997, 0), (498, 499), (1, 9_000), (9_000, 1)),
)
"""With the three words before them, some calls have a word less than 1,000, or as many."""


@for_each_row(("keys", "arguments"), KEYS_AND_ARGUMENTS)
def test_keys_and_arguments_of_a_script(keys: int, arguments: int) -> None:
    keyspace = TestedKeyspace(64 << 20)
    values = [b"%d" % number for number in range(keys + arguments)]
    code = "return {#KEYS, #ARGV, table.concat(KEYS, ' '), table.concat(ARGV, ' ')}"
    found = decode(keyspace.run("EVAL", code, keys, *values))
    assert found == [keys, arguments, b" ".join(values[:keys]), b" ".join(values[keys:])]


def test_other_threads_have_turns_while_the_values_of_a_table_are_read() -> None:
    """It is read until another thread has had a turn amid the values, which it has at once; never, if they are read in one step."""
    keyspace = TestedKeyspace(64 << 20)
    count = 100_000
    table = keyspace.engine.table_of([b"v"] * count)
    read: list[bytes] = []
    ended, amid = threading.Event(), threading.Event()

    def other() -> None:
        while not ended.is_set():
            if 0 < len(read) < count:
                amid.set()

    thread = threading.Thread(target=other)
    thread.start()
    rounds = 0
    while not amid.is_set() and rounds < 500:
        read.clear()
        read.extend(values_in_turns(table))
        rounds += 1
    ended.set()
    thread.join()
    assert len(read) == count
    assert amid.is_set()
