"""Plain puts whose first bytes are kept are answered, and stored, as they would be if none were."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.wire import message, request
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from asudfd.aerospike.message.single.call_cache import KNOWN_MAX
from asudfd.aerospike.message.single.write_cache import BINS_MAX, WriteCache
from tests.each import for_each_row
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from asinfo.wire.particle import Value

NAMES = [Key("test", "demo", f"k{number}") for number in range(4)]
PUT = request.put(NAMES[0], {"n": 1})
TWO = request.put(NAMES[0], {"n": 1, "s": "text"})


def known(world: World) -> WriteCache:
    return world.records._writes


class NoWrites(WriteCache):
    """Learns nothing: every put takes the usual way."""

    def learn(self, *_: object) -> None:
        return None


def stocked(*, learns: bool = True) -> World:
    """A world that has the second record, and the third with a time to live, a key and more bins."""
    world = World()
    if not learns:
        world.records._writes = NoWrites(world.records.context)
    world.ask(request.put(NAMES[1], {"n": 7}))
    world.ask(request.put(NAMES[2], {"a": 1.5, "n": 3, "z": [1]}, Policy(ttl=1000, send_key=True)))
    return world


def seen(world: World, body: bytes) -> list[object]:
    """The answer, and all that is stored and counted."""
    answer = world.ask(body)
    counted = {name: count for name, count in world.namespace.counters.items() if count}
    records = [world.namespace.get(key.digest) for key in NAMES]
    stored = [one and (one.generation, one.void_time == 0, *one[3:]) for one in records]
    sets = world.namespace.sets.figures()
    return [answer.result, answer.generation, answer.void_time == 0, answer.ops, counted, stored, sets]


def test_puts_with_other_digests_and_values_are_known() -> None:
    world = World()
    for number, key in enumerate(NAMES * 2):
        assert world.ask(request.put(key, {"n": number})).result == 0
    assert len(known(world)) == 1
    assert [world.ask(request.get(key)).bins for key in NAMES] == [{"n": number} for number in range(4, 8)]
    assert world.count("client_write_success") == 8


VALUES: list[dict[str, Value]] = [
    {"n": 5},
    {"n": -1, "s": "text"},
    {"s": "", "b": b"", "f": 1.5},
    {"b": b"\0" * 300},
    {"l": [1, "two"]},
    {"m": {"a": 1}},
    {"n": 1, "l": [1]},
    {"t": True},
    {"n": None},
    {"n": 1, "gone": None},
    {"x" * 15: 1},
    {"x" * 16: 1},
    {f"b{number}": number for number in range(BINS_MAX + 1)},
]
POLICIES = [
    Policy(),
    Policy(ttl=100),
    Policy(ttl=315_360_001),
    Policy(ttl=message.TTL_NEVER),
    Policy(ttl=message.TTL_UNCHANGED),
    Policy(send_key=True),
    Policy(limit=5),
]
KEYS = [
    *NAMES,
    Key("test", "other", "k1"),
    Key("test", "", "k2"),
    Key("bar", "demo", "k0"),
    Key("no", "demo", "k"),
]


def same(bodies: list[bytes], change: Callable[[World], None]) -> None:
    """The same answers and the same records, whatever is known."""
    found: list[list[object]] = []
    for learns in (False, True):
        world = stocked(learns=learns)
        change(world)
        found.append([seen(world, body) for body in bodies * 2])
    assert found[0] == found[1]


@for_each_row("policy", POLICIES)
def test_a_plain_put_is_answered_as_on_the_usual_way(policy: Policy) -> None:
    same([request.put(key, bins, policy) for bins in VALUES for key in KEYS], lambda _world: None)


ONE_BIN: list[dict[str, Value]] = [
    {"n": 5},
    {"o": 5},
    {"n": 1.5},
    {"n": "8 bytes."},
    {"no": "7 bytes"},
    {"n": "long text"},
]


def test_one_bin_takes_the_place_of_all_or_stands_beside_the_others() -> None:
    for first in ONE_BIN:
        for second in ONE_BIN:
            same([request.put(NAMES[0], bins) for bins in (first, second)], lambda _world: None)


LIMITS = [
    {"max_record_size": 100},
    {"reject_non_xdr_writes": True},
    {"disallow_null_setname": True},
    {"default_ttl": 50},
    {"nsup_period": 0, "default_ttl": 0},
    {"apply_ttl_reductions": False},
]


@for_each_row("settings", LIMITS)
def test_refusals_are_the_same(settings: dict[str, object]) -> None:
    def change(world: World) -> None:
        for name, value in settings.items():
            setattr(world.namespace.config, name, value)

    bodies = [
        request.put(key, bins, policy) for policy in POLICIES[:2] for bins in VALUES[:5] for key in KEYS
    ]
    same(bodies, change)


@given(
    st.sampled_from([PUT, TWO]),
    st.lists(st.tuples(st.integers(0, len(TWO) - 1), st.integers(0, 255)), max_size=3),
    st.binary(max_size=2),
)
def test_changed_bytes_are_answered_as_if_nothing_were_known(
    original: bytes, changes: list[tuple[int, int]], more: bytes
) -> None:
    body = bytearray(original)
    for place, value in changes:
        body[place % len(body)] = value
    fresh, used = stocked(learns=False), stocked()
    for world in (fresh, used):
        world.ask(original)
    assert seen(fresh, bytes(body) + more) == seen(used, bytes(body) + more)


@for_each_row("size", range(len(TWO)))
def test_a_put_that_is_cut_off_is_answered_as_if_nothing_were_known(size: int) -> None:
    world = World()
    world.ask(TWO)
    assert known(world)
    assert world.ask(TWO[:size]).result == Result.PARAMETER
    assert world.record(NAMES[0].digest).generation == 1


FIELDS = [(0, b"test"), (1, b"demo"), (4, NAMES[0].digest)]
WRITE = message.op(message.OP_WRITE, 1, b"n", bytes(8))
NOT_PLAIN = [
    message.request(info2=message.INFO2_WRITE, fields=FIELDS[::-1], ops=[WRITE]),
    message.request(info2=message.INFO2_WRITE, fields=[*FIELDS, FIELDS[2]], ops=[WRITE]),
    message.request(info2=message.INFO2_WRITE, fields=[*FIELDS, (2, b"\3k")], ops=[WRITE]),
    message.request(info2=message.INFO2_WRITE, fields=[FIELDS[0], FIELDS[2]], ops=[WRITE]),
    message.request(info1=message.INFO1_READ, info2=message.INFO2_WRITE, fields=FIELDS, ops=[WRITE]),
    message.request(info2=message.INFO2_WRITE | message.INFO2_CREATE_ONLY, fields=FIELDS, ops=[WRITE]),
    message.request(info2=message.INFO2_WRITE, info3=message.INFO3_UPDATE_ONLY, fields=FIELDS, ops=[WRITE]),
]


@for_each_row("body", NOT_PLAIN)
def test_what_is_not_plain_is_not_learned(body: bytes) -> None:
    world = World()
    world.ask(body)
    assert not known(world)


OTHER_OPS = [
    message.op(message.OP_WRITE, 1, b"n", bytes(4)),
    message.op(message.OP_WRITE, 2, b"n", bytes(7)),
    message.op(message.OP_WRITE, 16, b"n", bytes(7)),
    message.op(message.OP_WRITE, 200, b"n", bytes(7)),
    message.op(message.OP_ADD, 1, b"n", bytes(8)),
    message.op(message.OP_APPEND, 3, b"s", b"x"),
    message.op(message.OP_TOUCH, 0, b""),
    message.op(message.OP_READ, 0, b"n"),
    message.op(message.OP_DELETE, 0, b""),
    message.op(message.OP_WRITE, 3, b"", b"x"),
    b"\0\0\0\x16\2\1\1\1" + bytes(8) + b"n" + bytes(9),
    b"\0\0\0\3\2\3\0\0",
    b"\xff\xff\xff\xff\2\3\0\0",
    b"\0\0\0\4\2\3\0\5",
]


@pytest.mark.parametrize("count", [1, 2])
def test_other_operations_behind_known_bytes_take_the_usual_way(count: int) -> None:
    bodies = [
        message.request(info2=message.INFO2_WRITE, fields=FIELDS, ops=[*[WRITE] * (count - 1), op])
        for op in [WRITE, *OTHER_OPS, WRITE]
    ]
    same(bodies, lambda _world: None)


def test_a_known_put_waits_for_the_record() -> None:
    world = World()
    world.ask(PUT)

    async def scene() -> None:
        async with world.namespace.hold(NAMES[0].digest):
            waiting = world.begin(PUT)
            await asyncio.sleep(0)
            assert not waiting.done()
        await waiting

    asyncio.run(scene())
    assert world.record(NAMES[0].digest).generation == 2


def test_a_fault_in_the_node_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("broken")

    world = World()
    world.ask(PUT)
    monkeypatch.setattr(type(world.namespace), "write", broken)
    assert world.ask(PUT).result == Result.SERVER_ERROR
    assert world.count("client_write_error") == 1
    lines = cast("Any", world.node.log).lines
    assert len([line for line in lines if "internal error" in line[2]]) == 1


def test_what_is_kept_is_bounded() -> None:
    world = World()
    for number in range(KNOWN_MAX + 10):
        world.ask(request.put(Key("test", f"s{number}", "k"), {"n": 1}))
    assert 0 < len(known(world)) <= KNOWN_MAX
