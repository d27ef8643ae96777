"""Lists that are filled with nils up to the index that a write says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from asinfo.wire import expression as x
from asinfo.wire import msgpack, request
from asinfo.wire.message import OP_CDT_MODIFY, OP_EXPRESSION_READ, op
from asinfo.wire.msgpack import MarkedList, Raw
from asinfo.wire.particle import LIST
from asinfo.wire.request import Key
from asinfo.wire.result import Result
from asudfd.aerospike.message.cdt import modify
from asudfd.aerospike.message.cost import TURN_STEPS, CostBudget
from asudfd.record.refused import RequestRefused
from tests.each import for_each

if TYPE_CHECKING:
    from tests.fakes.world import World

KEY = Key("test", "demo", "k")
STORED: dict[str, Any] = {"l": [1, 2], "m": {"in": [1, 2]}}
FITS = 1_000_000
"""A gap that fits a record of 1 MiB, the default."""

TOO_MUCH = 1_100_000
FAR = (1 << 31) - 1
"""The highest index that there is."""


class Write(NamedTuple):
    """A write beyond the end of a list, all but the index."""

    name: str
    bin: str
    parts: tuple[Any, ...]
    context: list[Any] | None = None

    def at(self, index: int) -> bytes:
        code, *rest = self.parts
        command = [code, index, *rest]
        if self.context is None:
            return op(OP_CDT_MODIFY, 4, self.bin.encode(), msgpack.pack(command))
        return op(OP_CDT_MODIFY, 4, self.bin.encode(), msgpack.pack([255, self.context, command]))


WRITES = (
    Write("insert", "l", (3, 9)),
    Write("insert items", "l", (4, [9])),
    Write("set", "l", (9, 9)),
    Write("increment", "l", (12, 9)),
    Write("insert, no fail", "l", (3, 9, 4)),
    Write("insert unique", "l", (3, 9, 1)),
    Write("a new bin", "n", (3, 9)),
    Write("nested", "m", (3, 9), [0x22, "in"]),
    Write("nested, made", "m", (9, 9), [0x62, "new"]),
)


def operate(world: World, *ops: bytes) -> int:
    return world.ask(request.operate(KEY, list(ops), reads=False, writes=True)).result


def made_on_the_way(index: int, name: str = "l") -> bytes:
    """A write into a list that is made at an index, beyond the end of the bin's."""
    return op(OP_CDT_MODIFY, 4, name.encode(), msgpack.pack([255, [0x90, index], [1, 9]]))


@for_each(WRITES)
def test_a_large_gap_is_filled(write: Write, world: World) -> None:
    for gap in (70_000, FITS):
        world.ask(request.put(KEY, STORED))
        assert operate(world, write.at(gap)) == Result.OK
        found: Any = world.ask(request.get(KEY)).bins[write.bin]
        if write.context is not None:
            found = found[write.context[1]]
        before = [] if write.bin == "n" or (write.context and write.context[1] == "new") else [1, 2]
        assert found == [*before, *[None] * (gap - len(before)), 9]
        world.ask(request.remove(KEY))


def test_a_list_is_made_beyond_a_large_gap(world: World) -> None:
    world.ask(request.put(KEY, STORED))
    assert operate(world, made_on_the_way(FITS)) == Result.OK
    assert world.ask(request.get(KEY)).bins["l"] == [1, 2, *[None] * (FITS - 2), [9]]


@for_each((*(write.at for write in WRITES), made_on_the_way))
def test_a_gap_that_no_record_has_room_for_is_too_big(write: Any, world: World) -> None:
    world.ask(request.put(KEY, STORED))
    before = world.record(KEY.digest)
    for gap in (TOO_MUCH, 9 << 20, FAR):
        assert operate(world, write(gap)) == Result.RECORD_TOO_BIG
    assert operate(world, write(FAR + 1)) == Result.OP_NOT_APPLICABLE
    assert world.record(KEY.digest) == before


def test_the_room_is_that_of_the_namespace(world: World) -> None:
    world.namespace.config.max_record_size = 8 << 20
    assert operate(world, WRITES[0].at(TOO_MUCH)) == Result.OK
    assert operate(world, WRITES[0].at(8 << 20)) == Result.RECORD_TOO_BIG
    world.namespace.config.max_record_size = 1 << 16
    assert operate(world, WRITES[0].at(1 << 16)) == Result.RECORD_TOO_BIG


def test_gaps_of_one_request_are_one_sum(world: World) -> None:
    gap = FITS // 2 + FITS // 10
    half = [op(OP_CDT_MODIFY, 4, name, msgpack.pack([9, gap, 1])) for name in (b"a", b"b")]
    assert operate(world, *half) == Result.RECORD_TOO_BIG
    assert operate(world, half[0]) == Result.OK


def test_a_gap_is_compared_before_it_is_filled() -> None:
    for command in ([3, FAR, 1], [9, FAR, 1], [12, FAR, 1], [255, [0x90, FAR], [1, 1]]):
        budget = CostBudget()
        with pytest.raises(RequestRefused) as error:
            modify((LIST, b"\x90"), msgpack.pack(command), budget)
        assert error.value.code == Result.RECORD_TOO_BIG
        assert TURN_STEPS - budget.left < 1000


def test_a_gap_in_an_ordered_list_is_none(world: World) -> None:
    world.ask(request.put(KEY, {"l": MarkedList([1, 2])}))
    for code in (3, 9, 12):
        assert operate(world, Write("", "l", (code, 9)).at(70_000)) == Result.OP_NOT_APPLICABLE


def test_an_expression_fills_a_gap(world: World) -> None:
    world.ask(request.put(KEY, STORED))
    for gap, size in ((FITS, FITS + 1), (TOO_MUCH, None)):
        inserted = [x.CALL, x.LIST, 0x40, [3, gap, 9], [x.BIN, x.LIST, Raw(b"l")]]
        shown = msgpack.pack([[x.CALL, x.INTEGER, 0, [16], inserted], 16])
        ops = [op(OP_EXPRESSION_READ, 4, b"x", shown)]
        answer = world.ask(request.operate(KEY, ops, reads=True, writes=False))
        assert answer.bins.get("x") == size
