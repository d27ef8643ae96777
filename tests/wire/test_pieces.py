"""Work on many values in pieces comes to the same as at once."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire import msgpack
from asinfo.wire.collection import stored_list, stored_map
from asinfo.wire.extent import head
from asinfo.wire.msgpack import MarkedList
from asinfo.wire.pieces import (
    AT_ONCE,
    JOINED_AT_ONCE,
    ascending,
    distinct,
    give_back,
    joined,
    sorted_places,
)

MANY = 2 * AT_ONCE + 3


@given(st.integers(0, 3 * MANY), st.integers(1, 3 * MANY), st.integers(1, 40), st.integers())
def test_places_in_order(count: int, different: int, weight: int, seed: int) -> None:
    chance = random.Random(seed)
    found: list[Any] = [(2, chance.randrange(different)) for _ in range(count)]
    assert sorted_places(found, weight * count) == sorted(range(count), key=found.__getitem__)


@pytest.mark.parametrize("at", [1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, MANY - 1])
def test_one_that_is_less_is_seen_wherever_it_is(at: int) -> None:
    found: list[Any] = [(2, number) for number in range(MANY)]
    assert ascending(found)
    found[at] = (2, at - 2)
    assert not ascending(found)


@given(st.integers(0, 3 * MANY), st.integers(1, 3 * MANY), st.integers())
def test_each_value_once(count: int, different: int, seed: int) -> None:
    chance = random.Random(seed)
    found: list[Any] = [(2, chance.randrange(different)) for _ in range(count)]
    assert distinct(found) == list(dict.fromkeys(found))


def test_parts_are_joined() -> None:
    for count in (0, 1, JOINED_AT_ONCE, JOINED_AT_ONCE + 1, 3 * JOINED_AT_ONCE):
        assert joined([b"ab"] * count) == b"ab" * count


@pytest.mark.parametrize("weight", [0, 5, MANY, 100_000_000])
def test_a_list_is_given_back(weight: int) -> None:
    items = list(range(MANY))
    give_back(items, weight)
    assert items == []


def test_large_maps_and_lists_that_are_stored() -> None:
    numbers = list(range(MANY))
    random.Random(1).shuffle(numbers)
    shuffled = msgpack.pack(dict.fromkeys(numbers, 1))
    assert stored_map(shuffled) == msgpack.pack(dict.fromkeys(sorted(numbers), 1))
    entries = b"".join(msgpack.pack(number) + b"\1" for number in numbers[:-1])
    twice = head(MANY, of_map=True) + entries + msgpack.pack(numbers[0]) + b"\1"
    with pytest.raises(WireError):
        stored_map(twice)
    with pytest.raises(WireError):
        stored_list(msgpack.pack(MarkedList(numbers)))
    longer = head(MANY, of_map=False) + b"\xcc\1" * MANY
    assert stored_list(longer) == msgpack.pack([1] * MANY)
