"""Reads that renew the time to live: the specification of collections, section 14."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asinfo.wire import batch, message, msgpack, request
from asinfo.wire.message import TTL_NEVER
from asinfo.wire.request import Key
from asinfo.wire.result import Result
from asudfd.config.schema import NamespaceSet
from asudfd.record.record import Record
from asudfd.record.ttl import now_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.world import World

KEY = Key("test", "demo", 1)
FIELDS = [(0, b"test"), (1, b"demo"), (4, KEY.digest)]
ALL, SOME, NONE = 0x03, 0x01, 0x21
BIN = message.op(1, 0, b"n")


@pytest.fixture
def stored(world: World) -> World:
    """A record whose time to live was 1000 seconds; 600 are left."""
    put(world, ttl=1000, left=600)
    return world


def put(world: World, ttl: int, left: int) -> None:
    void_time = now_seconds() + left
    record = Record(5, void_time, (void_time - ttl) * 1000, b"demo", b"", message.op(1, 1, b"n", bytes(8)))
    world.namespace.put(KEY.digest, record)


def left(world: World) -> int:
    record = world.record(KEY.digest)
    assert record.generation == 5
    return record.void_time - now_seconds()


def read(world: World, ttl: int, info1: int = ALL, ops: Sequence[bytes] = ()) -> None:
    before = world.record(KEY.digest).void_time
    reply = world.ask(message.request(info1, ttl=ttl, fields=FIELDS, ops=ops))
    assert (reply.result, reply.generation, reply.void_time) == (0, 5, before)


@pytest.mark.parametrize(
    ("percent", "touched"),
    [
        (1, False),
        (59, False),
        (61, True),
        (100, True),
        (0, False),
        (TTL_NEVER, False),
    ],
)
def test_less_time_left_than_the_percentage(stored: World, percent: int, touched: bool) -> None:
    read(stored, percent)
    assert left(stored) >= 990 if touched else left(stored) <= 600
    assert stored.count("read_touch_success") == touched


@pytest.mark.parametrize("percent", [101, 5000, TTL_NEVER - 1])
def test_more_than_all_the_time_is_refused_where_there_is_some(stored: World, percent: int) -> None:
    assert stored.ask(message.request(ALL, ttl=percent, fields=FIELDS)).result == Result.PARAMETER
    assert left(stored) <= 600
    endless = Key("test", "demo", "endless")
    stored.ask(request.put(endless, {"n": 1}))
    fields = [*FIELDS[:2], (4, endless.digest)]
    assert stored.ask(message.request(ALL, ttl=percent, fields=fields)).result == 0


@pytest.mark.parametrize(("info1", "ops"), [(ALL, ()), (SOME, (BIN,)), (NONE, ())])
def test_every_form_of_reading(stored: World, info1: int, ops: Sequence[bytes]) -> None:
    read(stored, 80, info1, ops)
    assert left(stored) >= 990
    read(stored, 80, info1, ops)  # there is no need again
    assert stored.count("read_touch_success") == 1


@pytest.mark.parametrize(
    ("ttl", "default", "touched"), [(80, 0, True), (50, 0, False), (None, 80, True), (None, 0, False)]
)
def test_rows_of_batches(stored: World, ttl: int | None, default: int, touched: bool) -> None:
    stored.namespace.config.default_read_touch_ttl_pct = default
    attributes = batch.attributes(ALL, ttl=ttl, fields=FIELDS[:2])
    body = message.request(message.INFO1_BATCH, fields=[(41, batch.pack([(KEY.digest, attributes)]))])
    [answer, _] = [each for body in stored.bodies(body) for each in request.replies(body)]
    assert answer.result == 0
    assert left(stored) >= 990 if touched else left(stored) <= 600


@pytest.mark.parametrize(
    ("whole", "own", "asked", "touched"),
    [
        (80, None, 0, True),
        (80, 0, 0, True),
        (80, -1, 0, False),
        (80, 50, 0, False),
        (0, 80, 0, True),
        (80, 80, TTL_NEVER, False),
        (50, 50, 80, True),
    ],
)
def test_defaults_of_sets_and_namespaces(
    stored: World, whole: int, own: int | None, asked: int, touched: bool
) -> None:
    config = stored.namespace.config
    config.default_read_touch_ttl_pct = whole
    if own is not None:
        config.sets[b"demo"] = NamespaceSet(name="demo", default_read_touch_ttl_pct=own)
    read(stored, asked)
    assert left(stored) >= 990 if touched else left(stored) <= 600


def test_a_record_without_a_time_to_live_gets_none(world: World) -> None:
    world.ask(request.put(KEY, {"n": 1}))
    assert world.ask(message.request(ALL, ttl=100, fields=FIELDS)).void_time == 0
    assert world.record(KEY.digest).void_time == 0
    assert world.count("read_touch_success") == 0


def test_a_read_that_is_filtered_out_touches_nothing(stored: World) -> None:
    wanted = (43, msgpack.pack([3, [81, 2, msgpack.Raw(b"n")], 29]))  # n > 29
    answer = stored.ask(message.request(ALL, ttl=80, fields=[*FIELDS, wanted]))
    assert (answer.result, answer.generation) == (Result.FILTERED_OUT, 5)
    assert left(stored) <= 600


def test_a_touch_that_fails_is_counted_and_the_read_answered(stored: World) -> None:
    stored.namespace.config.reject_non_xdr_writes = True
    read(stored, 80)
    assert left(stored) <= 600
    assert stored.count("read_touch_error") == 1
