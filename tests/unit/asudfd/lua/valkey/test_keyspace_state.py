"""The state of a keyspace that is made beside the start of a process."""

from __future__ import annotations

from asudfd.lua.valkey.keyspace_state import keyspace_state, make_beside


def test_the_state_that_was_made_beside_is_given_out_once() -> None:
    make_beside(32 << 20)
    first, second = keyspace_state(32 << 20), keyspace_state(32 << 20)
    assert first.state is not second.state
    assert b"execute" in list(first.provided)
    assert b"execute" in list(second.provided)


def test_a_state_for_another_size_is_not_used() -> None:
    make_beside(48 << 20)
    assert keyspace_state(32 << 20).state.get_max_memory() == 32 << 20
