"""Operations on list and map bins: what each shows, and what it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from asinfo.wire import msgpack, request
from asinfo.wire.message import INFO2_RESPOND_ALL_OPS, OP_CDT_MODIFY, OP_CDT_READ, op
from asinfo.wire.msgpack import INFINITY, WILDCARD, MarkedList, MarkedMap
from asinfo.wire.request import Key, Policy, RecordReply
from asinfo.wire.result import Result
from tests.fakes.world import World

KEY = Key("test", "demo", "k")
L: list[Any] = [5, "x", 3, 7]
M: dict[Any, Any] = {"b": 2, "a": 1, 9: 1}
NOTHING = "no value"


def command(*parts: Any) -> bytes:
    return msgpack.pack(list(parts))


def ask(
    world: World, name: str, *parts: Any, writes: bool = True, policy: Policy | None = None
) -> RecordReply:
    code = OP_CDT_MODIFY if writes else OP_CDT_READ
    ops = [op(code, 4, name.encode(), command(*parts))]
    return world.ask(request.operate(KEY, ops, reads=not writes, writes=writes, policy=policy or Policy()))


def bins(world: World) -> dict[str, Any]:
    return dict(world.ask(request.get(KEY)).bins)


@pytest.fixture
def stored(world: World) -> World:
    world.ask(request.put(KEY, {"l": L, "m": M, "i": 1}))
    return world


@pytest.mark.parametrize(
    ("parts", "shown", "left"),
    [
        ((1, 9), 5, [*L, 9]),
        ((1, [1]), 5, [*L, [1]]),
        ((2, [8, 9]), 6, [*L, 8, 9]),
        ((3, 1, 9), 5, [5, 9, "x", 3, 7]),
        ((3, -1, 9), 5, [5, "x", 3, 9, 7]),
        ((3, 6, 9), 7, [*L, None, None, 9]),
        ((4, 0, [8, 9]), 6, [8, 9, *L]),
        ((5, -1), 7, [5, "x", 3]),
        ((6, 1, 2), ["x", 3], [5, 7]),
        ((6, 2), [3, 7], [5, "x"]),
        ((7, 0), 1, ["x", 3, 7]),
        ((8, 1, 9), 3, [5]),
        ((9, 1, "y"), NOTHING, [5, "y", 3, 7]),
        ((9, 5, "y"), NOTHING, [*L, None, "y"]),
        ((10, 1, 2), 2, ["x", 3]),
        ((11,), NOTHING, []),
        ((12, 0, 4), 9, [9, "x", 3, 7]),
        ((12, 2), 4, [5, "x", 4, 7]),
        ((13, 0), NOTHING, [3, 5, 7, "x"]),
        ((0, 1), NOTHING, MarkedList([3, 5, 7, "x"], 1)),
        ((32, 7, 0), 5, ["x", 3, 7]),
        ((34, 7, 0), 3, [5, "x", 7]),
        ((35, 5, 3), 1, [5, "x", 7]),
        ((36, 5, [3, 5, 99]), 2, ["x", 7]),
        ((37, 0, 1, 2), NOTHING, [5, 7]),
        ((38, 5, 4, 8), 2, ["x", 3]),
        ((39, 7, 0, 2), [5, 3], ["x", 7]),
    ],
    ids=str,
)
def test_lists_are_changed(stored: World, parts: Any, shown: Any, left: Any) -> None:
    answer = ask(stored, "l", *parts)
    assert (answer.result, answer.bins.get("l", NOTHING)) == (0, shown)
    found = bins(stored)["l"]
    assert (found, getattr(found, "flags", 0)) == (left, getattr(left, "flags", 0))


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ((16,), 4),
        ((17, 1), "x"),
        ((17, -1), 7),
        ((18, 1, 2), ["x", 3]),
        ((18, 2), [3, 7]),
        ((19, 7, 2), 3),
        ((19, 3, 2), 0),
        ((19, 4, 2), 3),
        ((19, 2, 0), 3),
        ((21, 7, 0), 3),
        ((21, 1, 0), 2),
        ((22, 1, 3), [2]),
        ((22, 13, 3), True),
        ((22, 13, 4), False),
        ((23, 5, [3, 4, 5]), 2),
        ((24, 7, -2), [3, 7]),
        ((25, 7, 4, 8), [5, 7]),
        ((25, 5, None, 6), 2),
        ((26, 7, -1, 1), ["x"]),
    ],
    ids=str,
)
def test_lists_are_read(stored: World, parts: Any, shown: Any) -> None:
    assert ask(stored, "l", *parts, writes=False).bins == {"l": shown}
    assert bins(stored)["l"] == L


@pytest.mark.parametrize(
    ("parts", "shown", "left"),
    [
        ((67, "c", 3), 4, {**M, "c": 3}),
        ((67, "a", [1], 1), 3, {**M, "a": [1]}),
        ((68, {"c": 3, "a": 0}), 4, {**M, "c": 3, "a": 0}),
        ((73, "a", 5), 6, {**M, "a": 6}),
        ((73, "new", 5), 5, {**M, "new": 5}),
        ((75,), NOTHING, {}),
        ((76, 7, "a"), 1, {"b": 2, 9: 1}),
        ((76, 7, "none"), NOTHING, M),
        ((77, 6, 0), 9, {"b": 2, "a": 1}),
        ((79, 6, -1), "b", {"a": 1, 9: 1}),
        ((81, 5, ["a", "b", "z"]), 2, {9: 1}),
        ((82, 6, 1), [9, "a"], {"b": 2}),
        ((84, 6, "a", "b"), ["a"], {"b": 2, 9: 1}),
        ((64, 1), NOTHING, MarkedMap({9: 1, "a": 1, "b": 2}, 1)),
    ],
    ids=str,
)
def test_maps_are_changed(stored: World, parts: Any, shown: Any, left: Any) -> None:
    answer = ask(stored, "m", *parts)
    assert (answer.result, answer.bins.get("m", NOTHING)) == (0, shown)
    found = bins(stored)["m"]
    assert (found, getattr(found, "flags", 0)) == (left, getattr(left, "flags", 0))


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ((96,), 3),
        ((97, 7, "b"), 2),
        ((97, 1, "b"), 2),
        ((97, 1, "none"), -1),
        ((97, 13, "none"), False),
        ((98, 6, 1), "a"),
        ((100, 7, -1), 2),
        ((102, 5, 1), 2),
        ((103, 7, "a", "z"), [1, 2]),
        ((104, 6, 1, 2), ["a", "b"]),
        ((105, 6, 2), ["b"]),
        ((106, 7, 0, 2), [1, 1]),
        ((107, 7, ["b", "q"]), [2]),
        ((108, 6, [2, 3]), ["b"]),
    ],
    ids=str,
)
def test_maps_are_read(stored: World, parts: Any, shown: Any) -> None:
    assert ask(stored, "m", *parts, writes=False).bins == {"m": shown}


def test_ordered_lists_stay_in_order(stored: World) -> None:
    ask(stored, "l", 0, 1)
    assert ask(stored, "l", 1, 4).bins == {"l": 5}
    assert bins(stored)["l"] == [3, 4, 5, 7, "x"]
    assert ask(stored, "l", 3, 0, 4).result == Result.OP_NOT_APPLICABLE
    assert ask(stored, "l", 9, 0, 4).result == Result.OP_NOT_APPLICABLE


def test_a_missing_bin_is_created_or_left_alone(stored: World) -> None:
    assert ask(stored, "new", 1, 5, 1, 0).bins == {"new": 1}
    assert getattr(bins(stored)["new"], "flags", 0) == 1
    assert ask(stored, "map", 67, "k", 1, 1).bins == {"map": 1}
    assert ask(stored, "none", 5, 0).ops == []
    assert ask(stored, "none", 16, writes=False).ops == []
    assert "none" not in bins(stored)


@pytest.mark.parametrize(
    ("name", "parts", "code"),
    [
        ("i", (1, 5), Result.BIN_TYPE),
        ("m", (1, 5), Result.BIN_TYPE),
        ("l", (67, "a", 5), Result.BIN_TYPE),
        ("l", (5, 4), Result.OP_NOT_APPLICABLE),
        ("l", (12, 1), Result.PARAMETER),
        ("l", (1,), Result.PARAMETER),
        ("l", (5, "x"), Result.PARAMETER),
        ("m", (67, [1], 1), Result.PARAMETER),
        ("m", (67, True, 1), Result.PARAMETER),
        ("l", (1, 5, 0, 1), Result.ELEMENT_EXISTS),
        ("l", (19, 5, 3), Result.PARAMETER),
        ("l", (32, 0x10005, 3), Result.OP_NOT_APPLICABLE),
        ("m", (69, "none", 5), Result.ELEMENT_NOT_FOUND),
        ("m", (65, "a", 5), Result.ELEMENT_EXISTS),
        ("m", (81, 3, ["a"]), Result.OP_NOT_APPLICABLE),
        ("new", (13, 0), Result.BIN_TYPE),
        ("l", (13, 3), Result.PARAMETER),
        ("l", (1, [1, WILDCARD]), Result.PARAMETER),
        ("l", (1, INFINITY), Result.PARAMETER),
        ("m", (67, "a", {"b": [INFINITY]}), Result.PARAMETER),
        ("l", (255, [16, 0], [1, 5]), Result.BIN_TYPE),
        ("l", (99,), Result.BIN_TYPE),
        ("l", (14,), Result.PARAMETER),
        ("l", (9, 1 << 40, 1), Result.OP_NOT_APPLICABLE),
        ("new", (67, "a", 5, "x"), Result.PARAMETER),
    ],
    ids=str,
)
def test_refusals_change_nothing(stored: World, name: str, parts: Any, code: int) -> None:
    before = stored.record(KEY.digest)
    assert ask(stored, name, *parts).result == code
    assert stored.record(KEY.digest) == before


def test_a_list_of_a_million_elements_is_worked_on(stored: World) -> None:
    stored.ask(request.put(KEY, {"l": [1, 0] * 500_000}))
    assert ask(stored, "l", 13, 2).result == Result.OK
    assert bins(stored)["l"] == [0, 1]


@pytest.mark.parametrize(
    ("old", "result", "shown"),
    [
        ("00019105", 0, 5),
        ("0001 91 05 ff", 0, 5),
        ("0002 91 920506", 0, 6),
        ("000b", 0, NOTHING),
        ("000b90", 0, NOTHING),
        ("0001", 4, NOTHING),
        ("0001 90", 4, NOTHING),
        ("0001 91", 4, NOTHING),
        ("0001 05", 4, NOTHING),
        ("00ff 92 921000 920105", 12, NOTHING),
    ],
)
def test_old_clients_write_the_code_before_the_list(
    stored: World, old: str, result: int, shown: object
) -> None:
    ops = [op(OP_CDT_MODIFY, 4, b"l", bytes.fromhex(old))]
    answer = stored.ask(request.operate(KEY, ops, reads=False, writes=True))
    assert (answer.result, answer.bins.get("l", NOTHING)) == (result, shown)


@pytest.mark.parametrize("value", [54527, b"\xd4\xff\x00", "a\xd4", [54527], {"a": 54527}], ids=str)
def test_bytes_of_a_wildcard_are_none_within_a_value(stored: World, value: Any) -> None:
    assert ask(stored, "l", 1, value).bins == {"l": 5}
    assert ask(stored, "l", 22, 5, value, writes=False).bins == {"l": 1}
    assert ask(stored, "m", 67, "v", value).bins == {"m": 4}
    assert ask(stored, "m", 102, 6, value, writes=False).bins == {"m": ["v"]}


def test_with_all_answers_each_operation_has_its_own(stored: World) -> None:
    answer = ask(stored, "l", 11, policy=Policy(info2=INFO2_RESPOND_ALL_OPS))
    assert answer.ops == [(OP_CDT_MODIFY, 0, b"l", b"")]
    answer = ask(stored, "l", 1, 5, policy=Policy(info2=INFO2_RESPOND_ALL_OPS))
    assert [(code, name) for code, _, name, _ in answer.ops] == [(OP_CDT_MODIFY, b"l")]
