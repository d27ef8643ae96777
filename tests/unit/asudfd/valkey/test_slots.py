"""Slots of keys, and their shares."""

from __future__ import annotations

import itertools

import pytest

from asinfo.wire.key_slot import SLOTS
from asudfd.valkey.slots import StaticClusterView, member_of, own_member, shared_out


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100])
def test_members_share_all_slots_in_the_order_of_their_ids(count: int) -> None:
    members = shared_out({f"{number * 7 % count:040x}": ("127.0.0.1", 7000) for number in range(count)})
    assert [each.id for each in members] == sorted(each.id for each in members)
    assert members[0].first == 0
    assert members[-1].last == SLOTS - 1
    for one, following in itertools.pairwise(members):
        assert following.first == one.last + 1
    sizes = [each.last - each.first + 1 for each in members]
    assert max(sizes) - min(sizes) <= 1


def test_a_view_knows_itself() -> None:
    view = StaticClusterView("b" * 40, {"b" * 40: ("h", 2), "a" * 40: ("h", 1)})
    own = own_member(view)
    assert own is not None
    assert own.address_for(secure=False) == "h:2"
    assert member_of(view, 0) == view.members[0]
    assert member_of(view, SLOTS) is None
