"""Whatever a client sends: one whole reply, or a stream that ends; never a fault."""

from __future__ import annotations

from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asinfo.wire import batch, message, msgpack, request
from asinfo.wire.msgpack import Raw
from asinfo.wire.request import Key, Policy
from tests.fakes.world import World

KEY = Key("test", "demo", "k1")
PARTITIONS = b"\0\0\1\0\2\0"

INTEGER, LIST, BLOB = ([81, kind, Raw(name)] for kind, name in ((2, b"a"), (4, b"l"), (6, b"y")))
EXPRESSIONS = (
    [127, 4, 64, [1, [20, INTEGER, 1]], LIST],
    [127, 2, 0, [255, [16, 1], [16]], [127, 4, 64, [255, [16, 1], [67, "k", [0]]], LIST]],
    [123, [1, [127, 6, 65, [7, 0, 8, 0], BLOB], b"x"], None, [102, [81, 5, Raw(b"m")]]],
    [127, 5, 64, [254, [4, [3, [122, 2, 1], 1], 42, ["k"]], 20, [20, [122, 2, 1], 1]], [81, 5, Raw(b"m")]],
    [125, Raw(b"v"), INTEGER, [9, [124, Raw(b"v")], [126, [1, {"a": 2.5}]]]],
)


def expressions() -> bytes:
    """A request with each expression, shown and written."""
    values = [msgpack.pack([each, flags]) for each in EXPRESSIONS for flags in (0, 16)]
    ops = [message.op(code, 4, b"r", value) for value in values for code in (7, 8)]
    ops.append(message.op(3, 4, b"l", msgpack.pack([254, [4, [1, [122, 5, 1], {}]], 0])))
    ops.append(message.op(4, 4, b"l", msgpack.pack([254, [4, True, 0x22, "k"], 4, [100]])))
    return request.operate(KEY, ops, reads=True, writes=True)


def values() -> bytes:
    """Operations on bits and HyperLogLogs."""
    sketch = Raw(b"\x12\0\4\0" + bytes(20))
    commands = {
        13: ([0, 3], [1, 1, b"ab"], [10, 0, 16, 5, 0, 4], [3, 4, 8, b"x", 8]),
        12: ([50, 0, 9], [52, 0, 16, True], [54, 8, 8, 1]),
        16: ([1, [1, "a", 2.5], 4, 8], [2, [sketch], 8], [3], [0, 4, 0]),
        15: ([53, [sketch]], [56, [1]], [55]),
    }
    ops = [
        message.op(code, 4, b"b" if code < 14 else b"h", msgpack.pack(command))
        for code, several in commands.items()
        for command in several
    ]
    return request.operate(KEY, ops, reads=True, writes=True)


POINT = msgpack.GeoJSON('{"type":"Point","coordinates":[1,2]}')

VALID = (
    request.get(KEY),
    request.get(KEY, ["a", "b"]),
    request.exists(KEY),
    request.put(KEY, {"a": 1, "b": "x", "l": [1, {"k": b"v"}], "m": {"a": 1.5}}),
    request.remove(KEY),
    request.operate(KEY, [message.op(5, 1, b"a", bytes(8)), message.op(1, 0, b"a")], reads=True, writes=True),
    expressions(),
    values(),
    request.put(KEY, {"g": POINT}),
    request.get(KEY, policy=Policy(filter=msgpack.pack([8, [81, 8, Raw(b"g")], POINT]))),
    request.apply(KEY, "mod", "fun", [1, "x"]),
    request.batch([(KEY, request.get_row(KEY)), (KEY, request.put_row(KEY, {"a": 1}))]),
    request.batch([(KEY, request.apply_row(KEY, "mod", "fun")), (KEY, request.get_row(KEY))]),
    message.request(3, 0, 4, fields=[(0, b"test"), (1, b"demo"), (11, PARTITIONS)]),
    message.request(0, 1, fields=[(0, b"test"), (33, b"\2"), (30, b"mod"), (31, b"fun"), (32, b"\x90")]),
)  # fmt: skip

mutations = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255), st.sampled_from("=+-")), max_size=6)


def mutated(body: bytes, changes: list[tuple[int, int, str]]) -> bytes:
    data = bytearray(body)
    for position, value, how in changes:
        at = position % (len(data) or 1)
        if how == "=" and data:
            data[at] = value
        elif how == "+":
            data.insert(at, value)
        elif data:
            del data[at]
    return bytes(data)


fields = st.dictionaries(
    st.sampled_from([0, 1, 2, 4, 7, 9, 11, 12, 13, 22, 30, 31, 32, 33, 41, 43, 5]),
    st.one_of(
        st.binary(max_size=24), st.sampled_from([b"test", b"demo", KEY.digest, b"\x90", b"\2", PARTITIONS])
    ),
    max_size=7,
)
ops = st.lists(
    st.builds(
        message.op, st.integers(0, 20), st.integers(0, 25), st.binary(max_size=17), st.binary(max_size=12)
    ),
    max_size=4,
)
bits = st.integers(0, 255)


def check(world: World, body: bytes) -> None:
    world.host.applied = (0, 1, bytes(8), 0, b"", None, False, None, False)
    for reply in world.bodies(body):
        assert message.replies(reply)
    lines = cast("Any", world.node.log).lines  # why requests were refused, and nothing else
    assert all(text.startswith("refused a request of ") for _, _, text in lines)
    assert not len(world.namespace.locks)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(VALID), mutations), min_size=1, max_size=4))
def test_requests_that_were_changed(requests: list[tuple[bytes, list[tuple[int, int, str]]]]) -> None:
    world = World()
    for body, changes in requests:
        check(world, mutated(body, changes))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.tuples(bits, bits, bits), fields, ops, st.booleans())
def test_requests_of_any_parts(
    info: tuple[int, int, int], some: dict[int, bytes], operations: list[bytes], slow: bool
) -> None:
    world = World()
    world.ask(request.put(KEY, {"a": 1}))
    world.host.slow = slow
    check(world, message.request(*info, fields=list(some.items()), ops=operations))


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes(data: bytes, as_batch: bool) -> None:
    world = World()
    if as_batch:
        data = message.request(
            message.INFO1_BATCH, fields=[(41, b"\0\0\0\2" + bytes([batch.RESPOND_ALL]) + data)]
        )
    check(world, data)
