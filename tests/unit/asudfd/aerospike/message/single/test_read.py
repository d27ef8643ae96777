"""Reads of one record: the wire specification, section 4.1."""

from __future__ import annotations

from typing import Any

import pytest

from asinfo.wire import message, request
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from tests.fakes.world import World

KEY = Key("test", "demo", "k1")


def body(
    info1: int,
    info2: int = 0,
    *,
    ops: list[bytes] | None = None,
    fields: list[tuple[int, bytes]] | None = None,
) -> bytes:
    place = [(0, b"test"), (1, b"demo"), (4, KEY.digest)]
    return message.request(info1, info2, fields=place if fields is None else fields, ops=ops or [])


@pytest.fixture
def stored(world: World) -> World:
    assert world.ask(request.put(KEY, {"a": 1, "b": "x", "c": [1, 2]})).result == 0
    return world


def test_get_answers_the_bins_in_the_order_of_storage(stored: World) -> None:
    reply = stored.ask(request.get(KEY))
    assert (reply.result, reply.generation, reply.void_time) == (0, 1, 0)
    assert list(reply.bins.items()) == [("a", 1), ("b", "x"), ("c", [1, 2])]
    assert {op[0] for op in reply.ops} == {message.OP_READ}
    assert stored.count("client_read_success") == 1


def test_a_missing_record(world: World) -> None:
    reply = world.ask(request.get(KEY))
    assert (reply.result, reply.generation, reply.void_time, reply.ops) == (Result.NOT_FOUND, 0, 0, [])
    assert world.count("client_read_not_found") == 1


def test_select_answers_only_bins_that_exist(stored: World) -> None:
    assert stored.ask(request.get(KEY, ["b", "nope"])).bins == {"b": "x"}
    none = stored.ask(request.get(KEY, ["nope"]))
    assert (none.result, none.ops) == (0, [])


def test_respond_all_shows_missing_bins_as_null(stored: World) -> None:
    reply = stored.ask(body(1, 0x80, ops=[message.op(1, 0, b"nope"), message.op(1, 0, b"a")]))
    assert reply.ops == [(1, 0, b"nope", b""), (1, 1, b"a", bytes(7) + b"\1")]


def test_exists_in_both_forms(stored: World) -> None:
    c_client = stored.ask(request.exists(KEY))
    rust_client = stored.ask(body(0x21, ops=[message.op(1, 0, b"")]))
    for reply in (c_client, rust_client):
        assert (reply.result, reply.generation, reply.ops) == (0, 1, [])


def test_a_read_of_an_empty_name_shows_nothing(stored: World) -> None:
    reply = stored.ask(body(1, ops=[message.op(1, 0, b"")]))
    assert (reply.result, reply.ops) == (0, [])


@pytest.mark.parametrize(
    ("request_body", "code"),
    [
        (body(1), Result.PARAMETER),
        (body(0), Result.PARAMETER),
        (body(0, 2), Result.PARAMETER),
        (body(3, 0x80), Result.PARAMETER),
        (body(1, ops=[message.op(2, 1, b"a", bytes(8))]), Result.PARAMETER),
        (body(1, ops=[message.op(6, 0, b"a")]), Result.PARAMETER),
        (body(1, ops=[message.op(3, 4, b"c", b"\x91\0")]), Result.PARAMETER),  # it modifies
        (body(1, ops=[message.op(3, 4, b"c", b"\x93\xcc\xff\x92\x10\0\x91\x10")]), Result.BIN_TYPE),
        (body(1, ops=[message.op(7, 4, b"e", b"\x91\0")]), Result.PARAMETER),
        (body(1, ops=[message.op(8, 4, b"e", b"\x92\0\0")]), Result.PARAMETER),  # it modifies
        (body(3, fields=[(4, KEY.digest)]), Result.NAMESPACE),
        (body(3, fields=[(0, b"none"), (1, b"demo"), (4, KEY.digest)]), Result.NAMESPACE),
        (body(3, fields=[(0, b"test"), (1, b"other"), (4, KEY.digest)]), Result.PARAMETER),
        (body(3, fields=[(0, b"test"), (1, b"x" * 64), (4, KEY.digest)]), Result.PARAMETER),
        (body(3, fields=[(0, b"test"), (4, KEY.digest), (5, bytes(8))]), Result.ENTERPRISE_ONLY),
    ],
)  # fmt: skip
def test_refusals(stored: World, request_body: bytes, code: int) -> None:
    assert stored.ask(request_body).result == code


def test_the_set_may_be_left_out(stored: World) -> None:
    assert stored.ask(body(3, fields=[(0, b"test"), (4, KEY.digest)])).result == 0


class TestKey:
    @pytest.fixture
    def stored_key(self, world: World) -> World:
        world.ask(request.put(KEY, {"a": 1}, Policy(send_key=True)))
        return world

    def read_with(self, world: World, data: Any) -> int:
        return world.ask(body(3, fields=[(0, b"test"), (1, b"demo"), (4, KEY.digest), (2, data)])).result

    def test_must_be_the_stored_one(self, stored_key: World) -> None:
        assert self.read_with(stored_key, b"\3k1") == 0
        assert self.read_with(stored_key, b"\3k2") == Result.KEY_MISMATCH
        assert self.read_with(stored_key, b"\4k1") == Result.KEY_MISMATCH

    def test_must_be_one(self, stored_key: World) -> None:
        assert self.read_with(stored_key, b"") == Result.UNSUPPORTED_FEATURE
        assert self.read_with(stored_key, b"\1\0") == Result.PARAMETER
        assert self.read_with(stored_key, b"\x14\x90") == Result.PARAMETER

    def test_is_not_looked_at_where_none_is_stored(self, stored: World) -> None:
        assert self.read_with(stored, b"\3other") == 0
