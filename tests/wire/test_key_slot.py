"""Slots of keys."""

from __future__ import annotations

import pytest

from asinfo.wire.key_slot import key_slot


@pytest.mark.parametrize(
    ("key", "slot"),
    [
        (b"", 0),
        (b"a", 15495),
        (b"foo", 12182),
        (b"123456789", 0x31C3),
        (b"{user1000}.following", 3443),
        (b"{user1000}.followers", 3443),
        (b"foo{}{bar}", 8363),
        (b"{a", 10276),
        (b"x{foo}y{bar}", 12182),
    ],
)
def test_the_slot_of_a_key(key: bytes, slot: int) -> None:
    assert key_slot(key) == slot
