"""Secondary indexes: what system metadata says of them becomes what a namespace has."""

from __future__ import annotations

from asudfd.record.indexes import Index, key_of, value_of
from asudfd.record.metadata import accept_indexes
from asudfd.smd.interface import SmdItem
from tests.fakes.world import World

NUMBERS = Index("demo", "n", "numeric", "default")


def accept_name(world: World, name: bytes, index: Index | None) -> list[bytes]:
    """Accept the item of an index; the names that there are then."""
    value = None if index is None else value_of(index)
    accept_indexes(world.node.namespaces, [SmdItem(key_of(b"test", name), value, 1, 0)])
    return [*world.namespace.indexes]


def test_a_second_name_takes_the_place_of_the_first_in_one_step() -> None:
    world = World()
    assert accept_name(world, b"old", NUMBERS) == [b"old"]
    assert accept_name(world, b"other", NUMBERS._replace(bin_name="m")) == [b"old", b"other"]
    assert accept_name(world, b"new", NUMBERS) == [b"other", b"new"]
    assert accept_name(world, b"old", None) == [b"other", b"new"]
    assert world.namespace.indexes[b"new"] == NUMBERS
