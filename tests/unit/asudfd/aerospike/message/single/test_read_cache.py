"""Plain reads whose bytes are kept are answered as they would be if none were."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.wire import message, request
from asinfo.wire.request import Key
from asinfo.wire.result import Result
from asudfd.aerospike.message.single.call_cache import KNOWN_MAX, KNOWN_SIZE_MAX
from asudfd.aerospike.message.single.read_cache import ReadCache
from tests.each import for_each_row
from tests.fakes.world import World

NAMES = [Key("test", "demo", f"k{number}") for number in range(4)]
READ = request.get(NAMES[0])


def known(world: World) -> ReadCache:
    return world.records._reads


class NoReads(ReadCache):
    """Learns nothing: every read takes the usual way."""

    def learn(self, *_: object) -> None:
        return None


def stocked(*, learns: bool = True) -> World:
    """A world that has the first record, and the third with a time to live."""
    world = World()
    if not learns:
        world.records._reads = NoReads(world.records.context)
    world.ask(request.put(NAMES[0], {"n": 1, "s": "text"}))
    world.ask(request.put(NAMES[2], {"n": 3}, request.Policy(ttl=1000)))
    return world


def seen(world: World, body: bytes) -> list[object]:
    answer = world.ask(body)
    counted = {name: count for name, count in world.namespace.counters.items() if count}
    shown = (answer.result, answer.generation, answer.void_time == 0, answer.ops)
    return [shown, counted]


def test_reads_with_other_digests_are_known() -> None:
    world = stocked()
    results = [world.ask(request.get(key)).result for key in NAMES * 2]
    assert results == [0, 2, 0, 2] * 2
    assert len(known(world)) == 1
    assert world.count("client_read_success") == world.count("client_read_not_found") == 4


def test_a_known_read_removes_what_has_expired_or_was_truncated() -> None:
    world = stocked()
    for key in NAMES:
        world.ask(request.get(key))
    first, third = world.record(NAMES[0].digest), world.record(NAMES[2].digest)
    world.namespace.put(NAMES[2].digest, third._replace(void_time=1))
    world.namespace.truncation.mark(b"demo", first.last_update)
    assert [world.ask(request.get(key)).result for key in NAMES] == [2, 2, 2, 2]
    assert world.namespace.sets.objects == 0


BODIES = [
    *(request.get(key) for key in NAMES),
    *(request.get(Key("test", "other", f"k{number}")) for number in range(3)),
    request.get(Key("test", "", "k0")),
    request.get(Key("bar", "demo", "k0")),
    *(request.get(key, policy=request.Policy(send_key=True)) for key in NAMES),
    *(request.get(key, policy=request.Policy(limit=5)) for key in NAMES),
]


@pytest.mark.parametrize("percent", [0, 80])
def test_the_same_answers_whatever_is_known(percent: int) -> None:
    found: list[list[object]] = []
    for learns in (False, True):
        world = stocked(learns=learns)
        world.namespace.config.default_read_touch_ttl_pct = percent
        found.append([])
        for body in BODIES * 2:
            found[-1].append(seen(world, body))
    assert found[0] == found[1]


@given(st.lists(st.tuples(st.integers(0, len(READ) - 1), st.integers(0, 255)), max_size=3))
def test_changed_bytes_are_answered_as_if_nothing_were_known(changes: list[tuple[int, int]]) -> None:
    body = bytearray(READ)
    for place, value in changes:
        body[place] = value
    fresh, used = stocked(learns=False), stocked()
    used.ask(READ)
    fresh.ask(READ)
    assert seen(fresh, bytes(body)) == seen(used, bytes(body))


@for_each_row("size", range(len(READ)))
def test_a_read_that_is_cut_off_is_answered_as_if_nothing_were_known(size: int) -> None:
    world = World()
    world.ask(READ)
    assert known(world)
    assert world.ask(READ[:size]).result == Result.PARAMETER


def test_a_known_read_waits_for_the_record() -> None:
    world = stocked()
    world.ask(READ)

    async def scene() -> None:
        async with world.namespace.hold(NAMES[0].digest):
            waiting = world.begin(READ)
            await asyncio.sleep(0)
            assert not waiting.done()
        await waiting

    asyncio.run(scene())


def test_what_is_kept_is_bounded() -> None:
    world = World()
    for number in range(KNOWN_MAX + 10):
        world.ask(request.get(Key("test", f"s{number}", "k")))
    assert 0 < len(known(world)) <= KNOWN_MAX
    known(world).clear()
    long = message.request(
        info1=message.INFO1_READ | message.INFO1_GET_ALL,
        fields=[(0, b"test"), (1, b"s" * KNOWN_SIZE_MAX), (4, bytes(20))],
    )
    assert world.ask(long).result == Result.NOT_FOUND  # before its names are looked at, as on the real server
    assert not known(world)
