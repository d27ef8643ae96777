"""The state of a keyspace that is made beside the start of a process."""

from __future__ import annotations

from asudfd.lua.valkey.keyspace_state import keyspace_state, make_beside


def test_the_state_that_was_made_beside_is_given_out_once() -> None:
    make_beside()
    make_beside()
    first, second, third = (keyspace_state(32 << 20) for _ in range(3))
    assert len({id(each.state) for each in (first, second, third)}) == 3
    assert b"execute" in list(first.provided)
    assert b"execute" in list(second.provided)


def test_a_state_may_take_what_is_known_of_it_later() -> None:
    make_beside()
    for memory in (32 << 20, 48 << 20):
        assert keyspace_state(memory).state.get_max_memory() == memory
