"""Calls whose bytes are kept are answered as they would be if none were."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.wire import message, request
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from asudfd.aerospike.message.single.call_cache import KNOWN_MAX, KNOWN_SIZE_MAX, CallCache, digest_place
from asudfd.lua.aerospike.udf_result import DELETE, NOTHING, WRITE, UdfResult
from tests.fakes.world import World

NAMES = [Key("test", "demo", f"k{number}") for number in range(4)]
BINS = message.op(1, 1, b"n", bytes(7) + b"\7")
WROTE = UdfResult(0, 1, bytes(7) + b"\5", WRITE, BINS, None, False, None, 0)
CALL = request.apply(NAMES[0], "mod", "fun", ["x", 1])


def known(world: World) -> CallCache:
    return world.records._calls


class NoCalls(CallCache):
    """Learns nothing: every call takes the usual way."""

    def learn(self, *_: object) -> None:
        return None


def world_without() -> World:
    """A world that knows no call."""
    world = World()
    world.records._calls = NoCalls(world.records.executor)
    return world


def outcomes(world: World, bodies: list[bytes]) -> list[object]:
    answers = [world.ask(body) for body in bodies]
    records = [world.namespace.storage.get(key.digest) is None for key in NAMES]
    counted = {name: count for name, count in world.namespace.counters.items() if count}
    shown = [(answer.result, answer.generation, answer.ops) for answer in answers]
    calls = [(*call[:3], call.view[:2], call.view[4:]) for call in world.host.calls]  # without its times
    return [shown, records, counted, calls]


def test_calls_with_other_digests_are_known() -> None:
    world = World()
    world.host.applied = WROTE
    for key in NAMES * 2:
        answer = world.ask(request.apply(key, "mod", "fun", ["x", 1]))
        assert (answer.result, answer.bins) == (0, {"SUCCESS": 5})
    assert len(known(world)) == 1
    assert [call.view[6] for call in world.host.calls] == [key.digest for key in NAMES * 2]
    assert {call[:3] for call in world.host.calls} == {("mod", b"fun", b"\x92\xa2\x03x\x01")}
    assert all(world.record(key.digest).generation == 2 for key in NAMES)
    assert world.count("client_udf_complete") == world.count("client_lang_write_success") == 8


POLICIES = [
    Policy(),
    Policy(ttl=100),
    Policy(ttl=315_360_001),
    Policy(send_key=True),
    Policy(limit=5),
]
APPLIED: list[UdfResult] = [
    WROTE,
    UdfResult(0, 0, b"", NOTHING, b"", None, False, None, 0),
    UdfResult(0, 0, b"", DELETE, b"", None, False, None, 0),
    UdfResult(100, 3, b"text", NOTHING, b"", None, False, None, 0),
    UdfResult(12, 0, b"", NOTHING, b"", None, False, None, 0),
]


@pytest.mark.parametrize("applied", APPLIED, ids=str)
@pytest.mark.parametrize("policy", POLICIES)
def test_a_plain_call_is_answered_as_on_the_usual_way(policy: Policy, applied: UdfResult) -> None:
    found: list[list[object]] = []
    for make in (world_without, World):
        world = make()
        world.host.applied = applied
        found.append([])
        for key in [*NAMES, Key("test", "other", "k1"), Key("test", "", "k2"), NAMES[0]]:
            found[-1].append(outcomes(world, [request.apply(key, "mod", "fun", ["x", 1], policy)])[0])
    assert found[0] == found[1]


@given(st.lists(st.tuples(st.integers(0, len(CALL) - 1), st.integers(0, 255)), max_size=3))
def test_changed_bytes_are_answered_as_if_nothing_were_known(changes: list[tuple[int, int]]) -> None:
    body = bytearray(CALL)
    for place, value in changes:
        body[place] = value
    fresh, used = world_without(), World()
    used.host.applied = fresh.host.applied = WROTE
    used.ask(CALL)
    fresh.ask(CALL)
    assert outcomes(fresh, [bytes(body)]) == outcomes(used, [bytes(body)])


FIELDS = [(0, b"test"), (1, b"demo"), (4, NAMES[0].digest), (30, b"mod"), (31, b"fun"), (32, b"\x90")]
DIGEST_LAST = message.request(info2=message.INFO2_WRITE, fields=[FIELDS[at] for at in (0, 1, 3, 4, 5, 2)])
DIGEST_THIRD = message.request(info2=message.INFO2_WRITE, fields=FIELDS)


@pytest.mark.parametrize("body", [DIGEST_THIRD, DIGEST_LAST], ids=["in the middle", "at the end"])
def test_a_call_that_is_cut_off_is_answered_as_if_nothing_were_known(body: bytes) -> None:
    world = World()
    world.host.applied = WROTE
    assert world.ask(body).result == Result.OK
    assert {world.ask(body[:size]).result for size in range(len(body))} == {Result.PARAMETER}
    assert len(world.host.calls) == 1


def test_a_digest_that_comes_twice_is_not_learned() -> None:
    world = World()
    world.host.applied = WROTE
    fields = [(0, b"test"), (1, b"demo"), *[(4, bytes(20))] * 2, (30, b"m"), (31, b"f"), (32, b"\x90")]
    world.ask(message.request(info2=message.INFO2_WRITE, fields=fields))
    assert not known(world)


def test_a_known_call_is_refused_where_udfs_are_forbidden() -> None:
    world = World()
    world.ask(CALL)
    world.node.config.service.disable_udf_execution = True
    assert world.ask(CALL).result == Result.FORBIDDEN


def test_a_known_call_waits_for_the_record() -> None:
    async def scene() -> int:
        world = World()
        first = world.records.respond(CALL)
        assert isinstance(first, bytes)
        async with world.namespace.hold(NAMES[0].digest):
            waiting = world.begin(CALL)
            await asyncio.sleep(0)
            assert len(world.host.calls) == 1
        await waiting
        return len(world.host.calls)

    assert asyncio.run(scene()) == 2


def test_a_known_call_that_is_slow_goes_to_a_thread() -> None:
    async def scene() -> tuple[bytes, int]:
        world = World()
        world.records.respond(CALL)
        world.host.slow = True
        return await world.begin(CALL), world.host.threads

    answer, threads = asyncio.run(scene())
    assert threads == 1
    assert answer[13] == 0


def test_what_is_kept_is_bounded() -> None:
    world = World()
    for number in range(KNOWN_MAX + 10):
        world.ask(request.apply(NAMES[0], "mod", "fun", [number]))
    assert len(known(world)) <= KNOWN_MAX
    known(world).clear()
    world.ask(request.apply(NAMES[0], "mod", "fun", ["x" * KNOWN_SIZE_MAX]))
    assert not known(world)


def test_where_the_digest_is() -> None:
    place = digest_place(CALL)
    assert CALL[place : place + 20] == NAMES[0].digest
    assert CALL[place - 1 : place] == b"\4"
