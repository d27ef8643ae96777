"""Puts and deletes: the wire specification, sections 3.6, 4.2 and 4.4."""

from __future__ import annotations

from typing import Any

import pytest

from asinfo.wire import message, request
from asinfo.wire.message import TTL_NEVER, TTL_UNCHANGED
from asinfo.wire.request import Key, Policy, RecordReply
from asinfo.wire.result import Result
from tests.fakes.world import World

KEY = Key("test", "demo", "k1")
CREATE = Policy(info2=message.INFO2_CREATE_ONLY)
UPDATE = Policy(info3=message.INFO3_UPDATE_ONLY)
REPLACE = Policy(info3=message.INFO3_CREATE_OR_REPLACE)
REPLACE_ONLY = Policy(info3=message.INFO3_REPLACE_ONLY)


def put(world: World, bins: Any, policy: Policy | None = None) -> RecordReply:
    return world.ask(request.put(KEY, bins, policy or Policy()))


def bins(world: World) -> Any:
    return world.ask(request.get(KEY)).bins


def raw_put(world: World, *ops: bytes, fields: Any = None, info2: int = 1, info3: int = 0) -> int:
    place = [(0, b"test"), (1, b"demo"), (4, KEY.digest)] if fields is None else fields
    return world.ask(message.request(0, info2, info3, fields=place, ops=ops)).result


def test_a_put_merges_bins_and_counts_generations(world: World) -> None:
    assert put(world, {"a": 1, "b": 2}).generation == 1
    reply = put(world, {"b": "new", "c": 3.5})
    assert (reply.result, reply.generation, reply.void_time, reply.ops) == (0, 2, 0, [])
    assert list(bins(world).items()) == [("a", 1), ("b", "new"), ("c", 3.5)]
    assert world.count("client_write_success") == 2


@pytest.mark.parametrize(
    ("policy", "absent", "present"),
    [
        (CREATE, 0, Result.RECORD_EXISTS),
        (UPDATE, Result.NOT_FOUND, 0),
        (REPLACE, 0, 0),
        (REPLACE_ONLY, Result.NOT_FOUND, 0),
    ],
)
def test_policies_about_existence(world: World, policy: Policy, absent: int, present: int) -> None:
    assert put(world, {"a": 1}, policy).result == absent
    put(world, {"a": 1, "b": 2})
    assert put(world, {"a": 3}, policy).result == present
    if policy in {REPLACE, REPLACE_ONLY}:
        assert bins(world) == {"a": 3}


@pytest.mark.parametrize(
    ("bit", "generation", "result"),
    [
        (message.INFO2_GENERATION, 2, 0),
        (message.INFO2_GENERATION, 1, Result.GENERATION),
        (message.INFO2_GENERATION, 3, Result.GENERATION),
        (message.INFO2_GENERATION_GT, 3, 0),
        (message.INFO2_GENERATION_GT, 2, Result.GENERATION),
    ],
)
def test_policies_about_the_generation(world: World, bit: int, generation: int, result: int) -> None:
    put(world, {"a": 1})
    put(world, {"a": 2})
    reply = put(world, {"a": 3}, Policy(info2=bit, generation=generation))
    assert reply.result == result
    assert reply.generation == (3 if result == 0 else 2)  # a refusal shows the present generation
    assert world.count("fail_generation") == (result != 0)


def test_a_missing_record_has_the_generation_0(world: World) -> None:
    assert (
        put(world, {"a": 1}, Policy(info2=message.INFO2_GENERATION, generation=1)).result == Result.GENERATION
    )
    assert put(world, {"a": 1}, Policy(info2=message.INFO2_GENERATION, generation=0)).result == 0


def test_times_to_live(world: World) -> None:
    world.namespace.config.nsup_period = 120
    soon = put(world, {"a": 1}, Policy(ttl=100)).void_time
    assert soon > 0
    assert put(world, {"a": 1}, Policy(ttl=TTL_UNCHANGED)).void_time == soon
    assert put(world, {"a": 1}, Policy(ttl=TTL_NEVER)).void_time == 0
    assert put(world, {"a": 1}, Policy(ttl=0xFFFF_FFFD)).result == Result.PARAMETER
    world.namespace.config.nsup_period = 0
    world.namespace.config.allow_ttl_without_nsup = False
    assert put(world, {"a": 1}, Policy(ttl=100)).result == Result.FORBIDDEN


def test_durable_delete_does_not_matter_to_a_put(world: World) -> None:
    assert put(world, {"a": 1}, Policy(info2=message.INFO2_DURABLE_DELETE)).result == 0


def test_a_key_that_was_sent_is_kept(world: World) -> None:
    put(world, {"a": 1}, Policy(send_key=True))
    put(world, {"a": 2})
    assert world.record(KEY.digest).key == b"\3k1"


class TestNullWrites:
    def test_remove_a_bin(self, world: World) -> None:
        put(world, {"a": 1, "b": 2})
        assert put(world, {"a": None}).generation == 2
        assert bins(world) == {"b": 2}

    def test_of_the_last_bin_delete_the_record(self, world: World) -> None:
        put(world, {"a": 1})
        reply = put(world, {"a": None})
        assert (reply.result, reply.generation) == (0, 0)
        assert world.ask(request.get(KEY)).result == Result.NOT_FOUND
        assert world.count("deleted_last_bin") == 1

    def test_of_a_missing_bin_are_fine(self, world: World) -> None:
        put(world, {"a": 1})
        assert put(world, {"zz": None}).generation == 2

    def test_of_a_missing_record_are_not(self, world: World) -> None:
        assert put(world, {"a": None}).result == Result.NOT_FOUND

    def test_do_not_replace(self, world: World) -> None:
        assert put(world, {"a": None, "b": 1}, REPLACE).result == Result.PARAMETER


@pytest.mark.parametrize(
    ("op", "code"),
    [
        (message.op(2, 1, b"x" * 16, bytes(8)), Result.BIN_NAME),
        (message.op(2, 1, b"", bytes(8)), 0),
        (message.op(2, 1, b"a", bytes(4)), 0),
        (message.op(2, 1, b"a", bytes(3)), Result.PARAMETER),
        (message.op(2, 17, b"a", b"\2"), Result.PARAMETER),
        (message.op(2, 16, b"a", b"v"), Result.PARAMETER),
        (message.op(2, 99, b"a", b"v"), Result.PARAMETER),
        (message.op(2, 20, b"a", b"\x92\1"), Result.SERVER_ERROR),
        (message.op(2, 19, b"a", b"\x82\1\1\1\1"), Result.SERVER_ERROR),
        (message.op(2, 23, b"a", b"\0\0\0{"), Result.GEOJSON),
        (message.op(6, 1, b"a", bytes(8)), Result.PARAMETER),
    ],
)
def test_what_a_bin_may_be(world: World, op: bytes, code: int) -> None:
    assert raw_put(world, op) == code


def test_short_integers_are_stored_in_8_bytes(world: World) -> None:
    raw_put(world, message.op(2, 1, b"a", b"\xff\xfe"))
    assert bins(world) == {"a": -2}


class TestSets:
    def test_the_name_is_short(self, world: World) -> None:
        assert (
            raw_put(
                world, message.op(2, 3, b"a", b""), fields=[(0, b"test"), (1, b"x" * 64), (4, KEY.digest)]
            )
            == 4
        )

    @pytest.mark.parametrize("name", [None, b"", b"other"])
    def test_a_write_names_the_set_of_the_record(self, world: World, name: Any) -> None:
        put(world, {"a": 1})
        fields = [(0, b"test"), (4, KEY.digest), *([] if name is None else [(1, name)])]
        assert raw_put(world, message.op(2, 3, b"a", b""), fields=fields) == Result.PARAMETER


def test_a_write_of_nothing(world: World) -> None:
    assert raw_put(world) == Result.PARAMETER


def test_a_record_that_is_too_big(world: World) -> None:
    assert put(world, {"a": b"x" * (1 << 20)}).result == Result.RECORD_TOO_BIG
    assert world.ask(request.get(KEY)).result == Result.NOT_FOUND
    assert world.count("client_write_error") == 1


class TestDelete:
    def test_there_and_gone(self, world: World) -> None:
        put(world, {"a": 1})
        reply = world.ask(request.remove(KEY))
        assert (reply.result, reply.generation, reply.void_time) == (0, 0, 0)
        assert world.ask(request.remove(KEY)).result == Result.NOT_FOUND
        assert (world.count("client_delete_success"), world.count("client_delete_not_found")) == (1, 1)

    def test_generation(self, world: World) -> None:
        put(world, {"a": 1})
        wrong = Policy(info2=message.INFO2_GENERATION, generation=7)
        assert world.ask(request.remove(KEY, wrong)).result == Result.GENERATION
        right = Policy(info2=message.INFO2_GENERATION, generation=1)
        assert world.ask(request.remove(KEY, right)).result == 0

    def test_durable_deletes_are_enterprise_only(self, world: World) -> None:
        put(world, {"a": 1})
        durable = Policy(info2=message.INFO2_DURABLE_DELETE)
        assert world.ask(request.remove(KEY, durable)).result == Result.ENTERPRISE_ONLY
