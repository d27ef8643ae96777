"""Several operations in one request: the wire specification, section 4.3."""

from __future__ import annotations

from typing import Any

import pytest

from asinfo.wire import message, particle, request
from asinfo.wire.message import op
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from asudfd.aerospike.message import cost
from tests.fakes.world import World

KEY = Key("test", "demo", "k1")
NULL = 0
ORDERED = 0x80


def change(code: int, name: Any, of: Any) -> bytes:
    kind, data = particle.pack(of)
    return op(code, kind, name.encode(), data)


def read(name: Any = "") -> bytes:
    return op(1, NULL, name.encode())


TOUCH = op(11, NULL, b"")
DELETE = op(14, NULL, b"")


def ask(world: World, *ops: bytes, info1: int = 0, info2: int = 1, info3: int = 0, ttl: Any = 0) -> Any:
    place = [(0, b"test"), (1, b"demo"), (4, KEY.digest)]
    return world.ask(message.request(info1, info2, info3, ttl=ttl, fields=place, ops=ops))


def bins(world: World) -> Any:
    return world.ask(request.get(KEY)).bins


@pytest.fixture
def stored(world: World) -> World:
    world.ask(request.put(KEY, {"n": 5, "f": 1.5, "s": "ab", "b": b"xy"}))
    return world


@pytest.mark.parametrize(
    ("operation", "name", "expected"),
    [
        (change(5, "n", 3), "n", 8),
        (change(5, "n", -6), "n", -1),
        (change(5, "f", 0.25), "f", 1.75),
        (change(5, "new", 7), "new", 7),
        (change(5, "new", "text"), "new", "text"),  # a missing bin becomes any operand
        (change(9, "s", "cd"), "s", "abcd"),
        (change(10, "s", "cd"), "s", "cdab"),
        (change(9, "b", b"z"), "b", b"xyz"),
        (change(9, "new", "x"), "new", "x"),
        (change(9, "new", {"a": 1}), "new", {"a": 1}),
        (change(10, "new", 4), "new", 4),
    ],
)
def test_changes(stored: World, operation: bytes, name: Any, expected: Any) -> None:
    assert ask(stored, operation).generation == 2
    assert bins(stored)[name] == expected


def test_integers_wrap_at_64_bits(stored: World) -> None:
    ask(stored, change(2, "n", (1 << 63) - 1), change(5, "n", 1))
    assert bins(stored)["n"] == -1 << 63


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (change(5, "n", 1.5), Result.BIN_TYPE),
        (change(5, "f", 1), Result.BIN_TYPE),
        (change(5, "s", "x"), Result.BIN_TYPE),
        (change(9, "s", b"x"), Result.BIN_TYPE),
        (change(9, "n", "x"), Result.BIN_TYPE),
        (change(9, "n", 1), Result.BIN_TYPE),
        (change(9, "f", 1.5), Result.BIN_TYPE),
        (change(10, "s", 1), Result.BIN_TYPE),
        (op(5, NULL, b"n"), Result.PARAMETER),
        (op(9, NULL, b"n"), Result.PARAMETER),
        (op(10, NULL, b"s"), Result.PARAMETER),
        (op(9, NULL, b"new"), Result.PARAMETER),
        (op(10, NULL, b"new"), Result.PARAMETER),
        (op(9, 99, b"n", b"x"), Result.PARAMETER),
        (op(9, 99, b"new", b"x"), Result.PARAMETER),
        (op(4, 4, b"l", b"\x91\xcc\xff"), Result.PARAMETER),
        (op(8, 4, b"e", b"\x91\0"), Result.PARAMETER),
        (op(13, 4, b"e", b"\x94\x07\0\x08\0"), Result.BIN_NOT_FOUND),
        (op(16, 4, b"e", b"\x91\3"), Result.BIN_NOT_FOUND),
        (op(6, 1, b"n", bytes(8)), Result.PARAMETER),
        (op(17, 1, b"n", bytes(8)), Result.PARAMETER),
        (read("n"), Result.PARAMETER),
    ],
)
def test_an_operation_that_fails_undoes_all(stored: World, operation: bytes, code: int) -> None:
    before = bins(stored)
    assert ask(stored, change(2, "n", 99), operation).result == code
    assert bins(stored) == before
    assert stored.ask(request.get(KEY)).generation == 1


def test_reads_see_what_came_before_them(stored: World) -> None:
    reply = ask(stored, read("n"), change(5, "n", 1), read("n"), read("nope"), info1=1)
    assert [(name, int.from_bytes(data, "big")) for _, _, name, data in reply.ops] == [(b"n", 5), (b"n", 6)]
    assert (reply.generation, reply.ops[0][0]) == (2, message.OP_READ)


def test_read_everything(stored: World) -> None:
    reply = ask(stored, change(5, "n", 1), read(), info1=3)
    assert reply.bins == {"n": 6, "f": 1.5, "s": "ab", "b": b"xy"}
    assert ask(stored, change(5, "n", 1), info1=3).result == Result.PARAMETER
    assert ask(stored, change(5, "n", 1), read(), info1=1).result == Result.PARAMETER
    assert ask(stored, change(5, "n", 1), read(), info1=3, info2=1 | ORDERED).result == Result.PARAMETER


def test_with_respond_all_every_operation_but_touch_answers(stored: World) -> None:
    reply = ask(
        stored,
        change(2, "n", 1),
        read("n"),
        TOUCH,
        change(9, "s", "c"),
        read("no"),
        info1=1,
        info2=1 | ORDERED,
    )
    assert [(code, kind, name) for code, kind, name, _ in reply.ops] == [
        (2, NULL, b"n"),
        (1, particle.INTEGER, b"n"),
        (9, NULL, b"s"),
        (1, NULL, b"no"),
    ]


class TestTouch:
    def test_counts_as_a_write(self, stored: World) -> None:
        assert ask(stored, TOUCH).generation == 2

    def test_renews_the_time_to_live(self, stored: World) -> None:
        stored.namespace.config.nsup_period = 10
        assert ask(stored, TOUCH, ttl=1000).void_time > 0
        assert ask(stored, TOUCH).void_time == 0  # the default of the namespace

    def test_needs_a_record(self, world: World) -> None:
        assert ask(world, TOUCH).result == Result.NOT_FOUND


class TestDelete:
    def test_alone(self, stored: World) -> None:
        reply = ask(stored, DELETE)
        assert (reply.result, reply.generation) == (0, 0)
        assert stored.ask(request.get(KEY)).result == Result.NOT_FOUND
        assert stored.count("deleted_last_bin") == 0

    def test_before_a_write(self, stored: World) -> None:
        assert ask(stored, DELETE, change(2, "z", 1)).generation == 2
        assert bins(stored) == {"z": 1}

    def test_answers_with_respond_all(self, stored: World) -> None:
        reply = ask(stored, read("n"), DELETE, info1=1, info2=1 | ORDERED)
        assert [code for code, _, _, _ in reply.ops] == [1, 14]

    def test_of_nothing(self, world: World) -> None:
        assert ask(world, DELETE).result == Result.NOT_FOUND


@pytest.mark.parametrize("operation", [change(5, "n", 1), change(9, "s", "x"), TOUCH, op(2, NULL, b"n")])
def test_only_values_replace(stored: World, operation: bytes) -> None:
    replace = message.INFO3_CREATE_OR_REPLACE
    assert ask(stored, change(2, "z", 1), operation, info3=replace).result == Result.PARAMETER


def test_a_replace_with_a_read_shows_the_new_record(stored: World) -> None:
    replace = message.INFO3_CREATE_OR_REPLACE
    assert ask(stored, change(2, "z", 1), read("z"), read("n"), info1=1, info3=replace).bins == {"z": 1}
    assert bins(stored) == {"z": 1}


def test_policies_count_here_too(stored: World) -> None:
    policy = Policy(info2=message.INFO2_CREATE_ONLY)
    body = request.operate(KEY, [change(5, "n", 1), read("n")], reads=True, writes=True, policy=policy)
    assert stored.ask(body).result == Result.RECORD_EXISTS


def test_an_operation_that_creates_the_record(world: World) -> None:
    assert ask(world, change(5, "n", 4), read("n"), info1=1).bins == {"n": 4}


class TestLimits:
    """What a small request may cost: the reply, the work, and the look at a value."""

    @pytest.fixture
    def large(self, world: World) -> World:
        assert world.ask(request.put(KEY, {"large": b"x" * 900_000})).result == 0
        return world

    def test_a_reply_cannot_repeat_a_large_bin_without_end(self, large: World) -> None:
        assert ask(large, TOUCH, *[read("large")] * 17, info1=1).result == 0
        assert ask(large, TOUCH, *[read("large")] * 20, info1=1).result == Result.RECORD_TOO_BIG
        assert ask(large, *[read("large")] * 2000, info1=1, info2=0).result == Result.RECORD_TOO_BIG
        assert ask(large, TOUCH, *[read()] * 2000, info1=3).result == Result.RECORD_TOO_BIG
        assert large.ask(request.get(KEY)).generation == 2  # what was refused changed nothing

    def test_many_operations_cannot_copy_a_large_bin_without_end(
        self, large: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cost, "BESIDE_STEPS", 1_000_000)
        assert ask(large, *[change(9, "large", b"y")] * 5000).result == Result.UNSUPPORTED_FEATURE
        assert large.ask(request.get(KEY)).generation == 1

    def test_all_bins_cannot_be_shown_without_end(self, world: World) -> None:
        world.ask(request.put(KEY, {f"b{number}": number for number in range(1000)}))
        assert ask(world, TOUCH, *[read()] * 1000, info1=3).result == Result.PARAMETER

    @pytest.mark.parametrize("code", [2, 5, 9])
    def test_a_value_that_no_record_can_hold_is_not_looked_at(self, world: World, code: int) -> None:
        broken = op(code, particle.LIST, b"l", b"\xdc\xff\xff" + b"\xc1" * 2_000_000)
        assert ask(world, broken).result == Result.RECORD_TOO_BIG
