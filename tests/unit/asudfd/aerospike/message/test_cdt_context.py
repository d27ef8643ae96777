"""Operations on lists and maps within other ones: what each shows, and what it leaves."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from asinfo.wire import msgpack, request
from asinfo.wire.message import OP_CDT_MODIFY, OP_CDT_READ, op
from asinfo.wire.msgpack import DEPTH_MAX, WILDCARD, MarkedList, MarkedMap
from asinfo.wire.particle import LIST, MAP, unpack
from asinfo.wire.request import Key
from asinfo.wire.result import Result
from asudfd.aerospike.message.cdt import modify, read
from asudfd.record.refused import RequestRefused
from tests.each import for_each
from tests.fakes.world import World

KEY = Key("test", "demo", "k")
NESTED: list[Any] = [[3, 1, 2], {"a": [5], "b": {"c": 1}}, 7]

INDEX, RANK, VALUE, MAP_INDEX, MAP_RANK, MAP_KEY, MAP_VALUE = 0x10, 0x11, 0x13, 0x20, 0x21, 0x22, 0x23
MAKE_INDEX, MAKE_PADDED, MAKE_ORDERED = 0x50, 0x90, 0xD0
MAKE_KEY, MAKE_KEY_ORDERED, MAKE_KEY_VALUE_ORDERED = 0x62, 0xA2, 0xE2
SET_TYPE, APPEND, SIZE, GET, MAP_PUT, MAP_GET, LIST_CLEAR, LIST_SET = 0, 1, 16, 17, 67, 97, 11, 9


class Change(NamedTuple):
    """An operation in a context, and what it leaves."""

    stored: Any
    context: list[Any]
    command: list[Any]
    left: Any


CHANGES = (
    Change(NESTED, [INDEX, 0], [APPEND, 9], [[3, 1, 2, 9], *NESTED[1:]]),
    Change(NESTED, [INDEX, -3], [APPEND, 9], [[3, 1, 2, 9], *NESTED[1:]]),
    Change(NESTED, [0, 0], [APPEND, 9], [[3, 1, 2, 9], *NESTED[1:]]),
    Change(NESTED, [RANK, 1], [APPEND, 9], [[3, 1, 2, 9], *NESTED[1:]]),
    Change(NESTED, [VALUE, [3, 1, 2]], [LIST_CLEAR], [[], *NESTED[1:]]),
    Change(NESTED, [INDEX, 1, MAP_KEY, "a"], [APPEND, 6], [NESTED[0], {"a": [5, 6], "b": {"c": 1}}, 7]),
    Change(NESTED, [INDEX, 1, MAP_INDEX, 0], [APPEND, 6], [NESTED[0], {"a": [5, 6], "b": {"c": 1}}, 7]),
    Change(NESTED, [INDEX, 1, MAP_RANK, 0], [APPEND, 6], [NESTED[0], {"a": [5, 6], "b": {"c": 1}}, 7]),
    Change(NESTED, [INDEX, 1, MAP_VALUE, {"c": 1}], [MAP_PUT, "d", 2], [NESTED[0], {"a": [5], "b": {"c": 1, "d": 2}}, 7]),
    Change(MarkedList([[1], [2]]), [INDEX, 0], [LIST_SET, 0, 7], [[2], [7]]),
    Change(None, [MAKE_KEY_ORDERED, "n"], [MAP_PUT, "a", 1], {"n": {"a": 1}}),
    Change(None, [MAKE_INDEX, -1], [APPEND, 1], [[1]]),
    Change(None, [MAKE_PADDED, 2], [APPEND, 1], [None, None, [1]]),
    Change(None, [MAKE_ORDERED, 0], [APPEND, 1], [[1]]),
    Change(None, [MAKE_ORDERED, 5], [APPEND, 1], [[1]]),
    Change(None, [MAKE_ORDERED, 3], [SET_TYPE, 0], [[]]),
    Change(None, [MAKE_ORDERED, 3, MAKE_ORDERED, 3], [APPEND, 10], [[[10]]]),
    Change(None, [MAKE_ORDERED, 5, MAKE_ORDERED, 3, MAKE_KEY, "a"], [APPEND, 1], [[{"a": [1]}]]),
    Change({}, [MAKE_KEY, "a", MAP_KEY, "b", INDEX, 0], [APPEND, 1], {"a": {"b": [[1]]}}),
    Change([], [MAKE_INDEX, 0, MAKE_KEY_VALUE_ORDERED, 1], [MAP_PUT, "a", 1], [{1: {"a": 1}}]),
    Change([[1]], [MAKE_INDEX, 1], [LIST_CLEAR], [[1]]),
    Change([[1]], [MAKE_INDEX | 0x100, 0], [APPEND, 2], [[1, 2]]),
    Change(MarkedList([[5]]), [MAKE_ORDERED, 3], [APPEND, 1], [[1], [5]]),
    Change(MarkedList([[5]]), [MAKE_ORDERED, 3, MAKE_ORDERED, 3], [APPEND, 1], [[5], [[1]]]),
    Change(MarkedList([[5]]), [MAKE_ORDERED, 3, MAKE_ORDERED, 0], [APPEND, 1], [[5], [[1]]]),
    Change(MarkedList([[5]]), [MAKE_ORDERED, 3], [LIST_CLEAR], [[5]]),
)  # fmt: skip

REFUSALS: tuple[tuple[Any, list[Any], list[Any], Result], ...] = (
    (NESTED, [INDEX, 3], [APPEND, 1], Result.OP_NOT_APPLICABLE),
    (NESTED, [INDEX, "x"], [APPEND, 1], Result.OP_NOT_APPLICABLE),
    (NESTED, [MAP_KEY, "a"], [APPEND, 1], Result.OP_NOT_APPLICABLE),
    (NESTED, [INDEX, 1, MAP_KEY, "z"], [APPEND, 1], Result.OP_NOT_APPLICABLE),
    (NESTED, [INDEX, 2], [APPEND, 1], Result.BIN_TYPE),
    (NESTED, [INDEX, 2, INDEX, 0], [APPEND, 1], Result.OP_NOT_APPLICABLE),
    (NESTED, [INDEX, 0], [MAP_PUT, 1, 1], Result.BIN_TYPE),
    (NESTED, [INDEX], [APPEND, 1], Result.PARAMETER),
    (NESTED, [], [APPEND, 1], Result.PARAMETER),
    (NESTED, [INDEX, 0], [], Result.PARAMETER),
    (NESTED, [INDEX, 0], [255, [INDEX, 0], [APPEND, 1]], Result.PARAMETER),
    (NESTED, [4, True], [APPEND, 1], Result.PARAMETER),
    (NESTED, [VALUE, WILDCARD], [APPEND, 1], Result.PARAMETER),
    ("text", [INDEX, 0], [APPEND, 1], Result.PARAMETER),
    ([], [MAKE_INDEX, 1], [APPEND, 1], Result.OP_NOT_APPLICABLE),
    ([1], [MAKE_PADDED, -2], [APPEND, 1], Result.OP_NOT_APPLICABLE),
    ([1], [MAKE_PADDED, 1 << 30], [APPEND, 1], Result.RECORD_TOO_BIG),
    ([1], [MAKE_PADDED, 1 << 31], [APPEND, 1], Result.OP_NOT_APPLICABLE),
    (None, [MAKE_PADDED, -1], [APPEND, 1], Result.OP_NOT_APPLICABLE),
    (None, [INDEX, 0], [APPEND, 1], Result.OP_NOT_APPLICABLE),
    (None, [MAKE_KEY, 1.5], [APPEND, 1], Result.OP_NOT_APPLICABLE),
    (None, [MAKE_INDEX, 0, MAKE_ORDERED | 0x100, 0], [APPEND, 1], Result.PARAMETER),
    (None, [MAKE_INDEX, 0, MAKE_KEY | 0x100, 0], [APPEND, 1], Result.PARAMETER),
    ([], [MAKE_ORDERED, 1], [APPEND, 1], Result.OP_NOT_APPLICABLE),
    (MarkedList([[5]]), [MAKE_ORDERED, -2], [APPEND, 1], Result.OP_NOT_APPLICABLE),
)


def stored(value: Any) -> tuple[int, bytes] | None:
    if value is None:
        return None
    kind = MAP if isinstance(value, dict) else LIST if isinstance(value, list) else 3
    return kind, msgpack.pack(value)


def within(context: list[Any], command: list[Any]) -> bytes:
    return msgpack.pack([255, context, command])


def refused(value: Any, context: list[Any], command: list[Any]) -> Result:
    with pytest.raises(RequestRefused) as caught:
        modify(stored(value), within(context, command))
    return caught.value.code


@for_each(CHANGES)
def test_changes(change: Change) -> None:
    after = modify(stored(change.stored), within(change.context, change.command)).stored
    assert after is not None
    assert unpack(*after) == change.left


@for_each(REFUSALS)
def test_refusals(row: tuple[Any, list[Any], list[Any], Result]) -> None:
    value, context, command, code = row
    assert refused(value, context, command) == code


def test_reads() -> None:
    bin_ = stored(NESTED)
    for context, command, shown in (
        ([INDEX, 0], [SIZE], 3),
        ([INDEX, 0], [GET, 1], 1),
        ([RANK, -1, MAP_KEY, "b"], [MAP_GET, 7, "c"], 1),
        ([VALUE, [3, WILDCARD]], [SIZE], 3),
    ):
        found = read(bin_, within(context, command))
        assert found is not None
        assert unpack(*found) == shown
    assert read(None, within([INDEX, 0], [SIZE])) is None


def test_what_is_made_has_the_order_that_the_steps_say() -> None:
    made = modify(None, within([MAKE_KEY_VALUE_ORDERED, 1, MAKE_ORDERED, 0], [APPEND, 5, 1])).stored
    inner = MarkedList([MarkedList([5])])
    assert made == (MAP, msgpack.pack(MarkedMap({1: inner}, 3)))


def test_what_is_nested_too_deep_is_refused() -> None:
    steps = [part for _ in range(DEPTH_MAX - 2) for part in (MAKE_INDEX, 0)]
    deepest = modify(None, within(steps, [APPEND, []])).stored
    assert deepest == (LIST, b"\x91" * (DEPTH_MAX - 1) + b"\x90")
    for more, command in ((0, [APPEND, [[]]]), (1, [APPEND, []]), (2, [APPEND, 1])):
        assert refused(None, steps + more * [MAKE_INDEX, 0], command) == Result.PARAMETER


def test_operations_of_one_request_see_each_other() -> None:
    world = World()
    world.ask(request.put(KEY, {"l": NESTED}))
    ops = [
        op(OP_CDT_READ, 4, b"l", within([INDEX, 0], [SIZE])),
        op(OP_CDT_MODIFY, 4, b"l", within([INDEX, 0], [APPEND, 9])),
        op(OP_CDT_READ, 4, b"l", within([INDEX, 0], [SIZE])),
        op(OP_CDT_MODIFY, 4, b"l", msgpack.pack([APPEND, 8])),
        op(OP_CDT_READ, 4, b"l", within([INDEX, 0], [GET, -1])),
    ]
    answer = world.ask(request.operate(KEY, ops, reads=True, writes=True))
    assert [unpack(kind, value) for _, kind, _, value in answer.ops] == [3, 4, 4, 4, 9]
