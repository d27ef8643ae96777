"""The targets of `make fuzz` run, over what they begin with and what hypothesis makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.fuzz_targets import TARGETS

CHANGES = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255), st.sampled_from("=+-")), max_size=6)


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name: str) -> None:
    target, seeds = TARGETS[name]
    for seed in seeds:
        target(seed)
        for end in range(len(seed)):
            target(seed[:end])


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=80))
def test_bytes_of_any_kind(name: str, data: bytes) -> None:
    TARGETS[name][0](data)


@pytest.mark.parametrize("name", TARGETS)
@given(number=st.integers(0, 9), changes=CHANGES)
def test_changed_seeds(name: str, number: int, changes: list[tuple[int, int, str]]) -> None:
    target, seeds = TARGETS[name]
    data = bytearray(seeds[number % len(seeds)])
    for position, value, how in changes:
        at = position % (len(data) or 1)
        if how == "=" and data:
            data[at] = value
        elif how == "+":
            data.insert(at, value)
        elif data:
            del data[at]
    target(bytes(data))
