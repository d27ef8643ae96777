"""Record messages of any content, and bytes of any kind: values or a WireError, never else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire import message, request

BYTE = st.integers(0, 0xFF)
LONG = st.integers(0, 0xFFFF_FFFF)
DATA = st.binary(max_size=40)
FIELDS = st.dictionaries(BYTE.filter(lambda identifier: identifier != 4), DATA, max_size=6)
OPS = st.lists(st.tuples(BYTE, BYTE, st.binary(max_size=20), DATA), max_size=6)


@given(
    st.tuples(BYTE, BYTE, BYTE),
    LONG,
    LONG,
    LONG,
    FIELDS,
    st.none() | st.binary(min_size=20, max_size=20),
    OPS,
)
def test_request_round_trip(  # noqa: PLR0917 - one strategy each
    info: tuple[int, int, int],
    generation: int,
    ttl: int,
    limit: int,
    fields: dict[int, bytes],
    digest: bytes | None,
    ops: list[message.Op],
) -> None:
    if digest is not None:
        fields[4] = digest
    body = message.request(
        *info,
        generation=generation,
        ttl=ttl,
        limit=limit,
        fields=fields.items(),
        ops=[message.op(*op) for op in ops],
    )
    *header, found_digest, found_fields, count, offset = message.unpack(body)
    assert header == [*info, 0, 0, generation, ttl, limit]
    assert (found_digest, found_fields) == (digest, fields)
    assert message.ops(body, offset, count) == ops
    assert message.replies(body * 2)[1][:-1] == message.unpack(body)[:-1]


@given(BYTE, LONG, LONG, LONG, BYTE, OPS)
def test_reply_round_trip(  # noqa: PLR0917 - one strategy each
    result: int, generation: int, void_time: int, row: int, info3: int, ops: list[message.Op]
) -> None:
    blob = b"".join(message.op(*op) for op in ops)
    found = request.reply(message.reply(result, generation, void_time, blob, row, info3))
    assert (found.result, found.generation, found.void_time, found.row) == (
        result,
        generation,
        void_time,
        row,
    )
    assert (found.info3, found.ops) == (info3, ops)
    assert message.bins(blob) == [op[1:] for op in ops]


@st.composite
def bent(draw: st.DrawFn) -> bytes:
    """A good message with a few bytes changed, cut off or added."""
    fields = draw(FIELDS)
    ops = [message.op(*op) for op in draw(OPS)]
    body = bytearray(message.request(1, fields=fields.items(), ops=ops))
    for position in draw(st.lists(st.integers(0, len(body) - 1), max_size=4)):
        body[position] = draw(BYTE)
    return bytes(body[: draw(st.integers(0, len(body)))]) + draw(DATA)


@given(st.binary(max_size=120) | bent() | st.binary(max_size=60).map(lambda tail: b"\x16" + bytes(20) + tail))
def test_any_bytes_are_a_message_or_a_wire_error(body: bytes) -> None:
    readers: list[Callable[[bytes], object]] = [whole, message.replies, message.bins, message.count_ops]
    for read in readers:
        with contextlib.suppress(WireError):
            read(body)


def whole(body: bytes) -> None:
    *_, fields, count, offset = message.unpack(body)
    ops = message.ops(body, offset, count)
    taken = sum(len(data) for data in fields.values()) + sum(
        len(name) + len(value) for *_, name, value in ops
    )
    assert taken <= len(body)
