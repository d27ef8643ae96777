"""Membership, and which member owns which partition."""

from base64 import b64decode

import pytest

from asinfo.wire.digest import PARTITIONS
from asudfd.cluster.cluster import Cluster, Member


def members(*ids: str) -> list[Member]:
    return [Member(identity, "127.0.0.1", 3000) for identity in ids]


def owners(cluster: Cluster) -> list[str]:
    """The owner of each partition; fails unless there is exactly one."""
    found = [""] * PARTITIONS
    for member in cluster.members:
        bitmap = b64decode(cluster.masters(member.id))
        for partition in range(PARTITIONS):
            if bitmap[partition >> 3] & 0x80 >> (partition & 7):
                assert not found[partition]
                found[partition] = member.id
    assert all(found)
    return found


def test_a_single_node_owns_everything() -> None:
    cluster = Cluster()
    cluster.join(members("A1"))
    assert cluster.masters("A1") == b"/" * 682 + b"8="


@pytest.mark.parametrize("count", [2, 3, 8])
def test_every_partition_has_one_owner_and_shares_are_fair(count: int) -> None:
    cluster = Cluster()
    cluster.join(members(*(f"A{number}" for number in range(1, count + 1))))
    found = owners(cluster)
    for member in cluster.members:
        assert found.count(member.id) == pytest.approx(PARTITIONS / count, rel=0.15)


def test_a_member_that_leaves_moves_only_its_own_partitions() -> None:
    cluster = Cluster()
    cluster.join(members("A1", "A2", "A3"))
    before = owners(cluster)
    cluster.join(members("A1", "A3"))
    after = owners(cluster)
    assert all(old == new for old, new in zip(before, after, strict=True) if old != "A2")


def test_only_a_change_of_membership_moves_generation_and_key() -> None:
    cluster = Cluster()
    cluster.join(members("A2", "B", "A1"))
    key = cluster.key
    assert [member.id for member in cluster.members] == ["B", "A1", "A2"]
    assert cluster.principal == "A2"
    assert cluster.generation == 0
    cluster.join(members("A1", "A2", "B"))
    assert (cluster.generation, cluster.key) == (0, key)
    cluster.join(members("A1", "A2"))
    assert cluster.generation == 1
    assert cluster.key != key


def test_keys_have_twelve_digits() -> None:
    assert {len(f"{Cluster().key:X}") for _ in range(50)} == {12}


def test_owners_do_not_depend_on_how_the_members_came_together() -> None:
    at_once, one_by_one = Cluster(), Cluster()
    at_once.join(members("A1", "A2", "A3", "B4"))
    for ids in (["A1"], ["A1", "C9"], ["C9", "A2"], ["A2", "A3"], ["A1", "A2", "A3", "B4"]):
        one_by_one.join(members(*ids))
    assert one_by_one.owners == at_once.owners


def test_a_node_that_is_no_member_owns_nothing() -> None:
    cluster = Cluster()
    cluster.join(members("A1"))
    assert not cluster.has("A2")
    assert not any(cluster.bitmap("A2"))
    cluster.join([])
    assert cluster.principal == "0"
    assert not any(cluster.bitmap("A1"))
    cluster.join(members("A1"))
    assert cluster.has("A1")
    assert cluster.masters("A1") == b"/" * 682 + b"8="


def stored(*revisions: int) -> list[Member]:
    """Members as a metadata store tells them: with the revisions at which they joined."""
    return [Member(f"A{number}", "127.0.0.1", 3000, since) for number, since in enumerate(revisions, 1)]


def test_nodes_with_one_metadata_store_agree_on_the_key() -> None:
    early, late = Cluster(), Cluster()
    early.join(stored(7))
    early.join(stored(7, 9))
    late.join(stored(7, 9)[::-1])
    assert early.key == late.key
    late.join(stored(7, 12))  # the same node, started anew
    assert early.key != late.key
    assert len(f"{late.key:X}") == 12


def test_generations_grow_over_restarts_of_a_node() -> None:
    cluster = Cluster()
    cluster.join(stored(7))
    cluster.join(stored(7, 8))
    cluster.join(stored(7))
    before = cluster.generation
    again = Cluster()
    again.join(stored(12))  # each of these changes was a revision of the store
    assert again.generation > before
