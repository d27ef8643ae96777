"""Commands on bits and HyperLogLogs: whatever comes, the errors are those that are told."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire import msgpack, request
from asinfo.wire.message import OP_BIT_MODIFY, OP_HLL_MODIFY, OP_READ, op
from asinfo.wire.msgpack import Raw
from asinfo.wire.particle import BLOB, HLL, NULL, unpack
from asinfo.wire.request import Key
from asinfo.wire.result import Result
from asudfd.aerospike.message import bits, hll
from asudfd.aerospike.message.beside import end_thread
from asudfd.aerospike.message.cost import CostBudget
from asudfd.record.refused import RequestRefused
from tests.fakes.world import World

SKETCHES = [
    bytes([0, index_bits, minhash_bits]) + bytes(8) + bytes((1 << index_bits) * (6 + minhash_bits) // 8)
    for index_bits, minhash_bits in ((4, 0), (5, 0), (4, 20), (6, 20), (4, 51))
]
FULL = bytes([0, 4, 0]) + b"\xff" * 20

codes = st.one_of(st.integers(0, 14), st.integers(49, 58))
numbers = st.one_of(st.integers(-70, 70), st.sampled_from([1 << 30, -1 << 40, (1 << 64) - 1, -1 << 63]))
sketches = st.lists(
    st.sampled_from([Raw(bytes([HLL]) + data) for data in (*SKETCHES, FULL, b"")]), max_size=3
)
values = st.lists(st.one_of(numbers, st.text(max_size=20), st.floats(), st.none()), max_size=5)
arguments = st.lists(st.one_of(numbers, st.binary(max_size=9), st.booleans(), sketches, values), max_size=5)
commands = st.one_of(
    st.builds(lambda code, rest: msgpack.pack([code, *rest]), codes, arguments), st.binary(max_size=12)
)
bins = st.one_of(
    st.tuples(st.just(BLOB), st.binary(max_size=20)),
    st.tuples(st.just(HLL), st.one_of(st.sampled_from([*SKETCHES, FULL]), st.binary(max_size=30))),
    st.just((NULL, b"")),
)


@given(bins, commands)
def test_no_command_raises_anything_else(stored: tuple[int, bytes], command: bytes) -> None:
    for kind in (bits, hll):
        with suppress(RequestRefused, WireError):
            shown, _ = kind.read(*stored, command, CostBudget())
            assert stored[0] != NULL or shown == NULL
        with suppress(RequestRefused, WireError):
            changed = kind.modify(*stored, command, CostBudget()).bin
            assert changed is None or stored[0] in {NULL, changed[0]}


def test_what_is_too_much_for_a_turn_is_done_beside_the_event_loop(world: World) -> None:
    key = Key("test", "demo", "k")
    values = msgpack.pack([1, list(range(10_000)), 8])
    parts = [
        op(OP_BIT_MODIFY, BLOB, b"b", msgpack.pack([0, 1 << 19])),
        *[op(OP_BIT_MODIFY, BLOB, b"b", msgpack.pack([7, 0, 1 << 22]))] * 5,
        op(OP_HLL_MODIFY, BLOB, b"h", values),
        op(OP_READ, NULL, b"b"),
    ]
    answer = world.ask(request.operate(key, parts, reads=True, writes=True))
    asyncio.run(end_thread())
    assert answer.result == Result.OK
    shown: dict[bytes, Any] = {name: unpack(kind, data) for _, kind, name, data in answer.ops}
    assert shown[b"b"] == b"\xff" * (1 << 19)
    assert 256 < shown[b"h"] < 10_000
