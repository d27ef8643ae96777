"""What a fuzzer calls with bytes of any kind, and what it begins with.

A target gives back nothing and raises nothing: a WireError, or a refusal with a result code, is a right answer, and the
target takes it; everything else that comes out of it is a fault.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import cache
from typing import cast

from asinfo.errors import WireError
from asinfo.wire import (
    batch,
    cdt,
    collection,
    functions,
    message,
    msgpack,
    particle,
    rdb,
    rdb_value,
    request,
    resp,
    resp_frame,
    resp_reply,
)
from asinfo.wire.expression import decode
from asinfo.wire.rdb_stream import (
    PendingEntry,
    StreamConsumer,
    StreamEntry,
    StreamGroup,
    StreamId,
    StreamValue,
)
from asinfo.wire.request import Key
from asudfd.aerospike.message.cdt import modify, read
from asudfd.aerospike.message.filter.compiled import Filter
from asudfd.aerospike.message.filter.regex.budget import RegexBudget
from asudfd.aerospike.message.many.ranges import IndexRange
from asudfd.aerospike.message.single.bins import make_bin
from asudfd.config import schema
from asudfd.record.memory import Memory
from asudfd.record.namespace import Namespace
from asudfd.record.record import Record
from asudfd.record.refused import RequestRefused

KEY = Key("test", "demo", "k")
LIST, MAP = [5, "x", 3.5, b"y", [1], {"k": None}], {"a": 1, "b": [2], 9: "z"}
_BINS = {"a": 5, "b": "text", "l": LIST, "m": MAP, "y": b"bytes", "t": True, "f": 2.5}


def _record() -> Record:
    bins = b"".join(make_bin(kind, name.encode(), data, None) for name, (kind, data) in _packed().items())
    return Record(1, 0, 1000, b"demo", b"\3k", bins)


def _packed() -> dict[str, tuple[int, bytes]]:
    return {name: particle.pack(cast("particle.Value", value)) for name, value in _BINS.items()}


_RECORD = _record()


def fuzz_message(data: bytes) -> None:
    """A message of a client, up to the values of its ops."""
    with contextlib.suppress(WireError):
        *_, count, offset = message.unpack(data)
        for code, kind, _, value in message.ops(data, offset, count):
            assert 0 <= code <= 255
            particle.stored(kind, value)
    with contextlib.suppress(WireError):
        message.replies(data)
    with contextlib.suppress(WireError):
        message.bins(data)
    with contextlib.suppress(WireError):
        assert message.count_ops(data) <= len(data)


def fuzz_batch(data: bytes) -> None:
    """The rows of a batch."""
    with contextlib.suppress(WireError):
        count, _ = batch.head(data)
        assert sum(1 for _ in batch.rows(data)) == count


def fuzz_msgpack(data: bytes) -> None:
    """A value: what is read can be written, and is read as the same again."""
    for check in (collection.check_list, collection.check_map, collection.order):
        with contextlib.suppress(WireError):
            check(data)
    try:
        value = msgpack.unpack(data)
        packed = msgpack.pack(value)
    except WireError:  # a marker that says ordered, of a map whose keys have no order
        return
    assert repr(msgpack.unpack(packed)) == repr(value) or isinstance(value, dict | list)


def fuzz_particle(data: bytes) -> None:
    """A value of each type of particle."""
    for kind in range(24):
        with contextlib.suppress(WireError):
            particle.unpack(kind, particle.stored(kind, data))


def fuzz_expression(data: bytes) -> None:
    """A filter, and what it says of a record."""
    with contextlib.suppress(WireError):
        decode(data)
    with contextlib.suppress(WireError, RequestRefused):
        assert Filter(data, RegexBudget()).passes(_namespace(), KEY.digest, _RECORD) in {True, False}


def fuzz_command(data: bytes) -> None:
    """An operation on lists and maps: with a list, a map, and nothing to work on."""
    bins = _packed()
    for stored in (bins["l"], bins["m"], None):
        with contextlib.suppress(RequestRefused):
            changed = modify(stored, data).stored
            if changed is not None:
                with contextlib.suppress(particle.Refused):  # as the operation that writes it answers
                    particle.stored(*changed)
        with contextlib.suppress(RequestRefused):
            read(stored, data)
    with contextlib.suppress(WireError):
        cdt.command(data)
    with contextlib.suppress(WireError):
        cdt.code(data)


def fuzz_range(data: bytes) -> None:
    """The range of a query."""
    with contextlib.suppress(RequestRefused):
        IndexRange(_namespace(), {22: data})


def fuzz_resp(data: bytes) -> None:
    """Requests of RESP: the fast way, the exact one and any cut read the same."""
    whole = _requests(resp.RequestLimits(), data)
    assert whole == _requests(resp.RequestLimits(bulk=1022), data) or b"1023" in data
    half = len(data) // 2
    assert whole == _requests(resp.RequestLimits(), data[:half], data[half:])
    requests, error = whole
    if error is None:
        again = b"".join(resp_frame.command(*one) for one in requests)
        assert _requests(resp.RequestLimits(), again) == (requests, None)


def _requests(limits: resp.RequestLimits, *chunks: bytes) -> tuple[list[list[bytes]], str | None]:
    parser = resp.RequestParser(limits)
    requests = [one for chunk in chunks for one in parser.feed(chunk)]
    return requests, str(parser.error) if parser.error else None


def fuzz_reply(data: bytes) -> None:
    """Replies of RESP: what is read can be written, and is read as the same again."""
    with contextlib.suppress(WireError):
        for read in resp_reply.ReplyParser().feed(data):
            value = resp_reply.decode(resp_reply.encode(read))  # a line feed in a status is a space now
            assert repr(resp_reply.decode(resp_reply.encode(value))) == repr(value)
            resp_reply.encode(value, 2)


def fuzz_functions(data: bytes) -> None:
    """A payload of FUNCTION RESTORE, with a right footer, and an RDB file."""
    with contextlib.suppress(WireError):
        for text in functions.restored(data + rdb.footer(data, 10)):
            assert list(functions.restored(functions.dump([text], compressed=True))) == [text]
    for begin in (b"", b"REDIS0011", b"VALKEY080"):
        with contextlib.suppress(WireError):
            functions.libraries(begin + data)
            functions.libraries(begin + data + b"\xff" + bytes(8))


def fuzz_key(data: bytes) -> None:
    """A payload of RESTORE with a right footer: its value can be written, and is read as the same again."""
    with contextlib.suppress(WireError):
        value = rdb_value.restored(data + rdb.footer(data, 11))
        again = rdb_value.restored(rdb_value.dump(value))
        assert repr(rdb_value.restored(rdb_value.dump(again))) == repr(again)


@cache
def _namespace() -> Namespace:
    return Namespace(schema.NamespaceConfig("test"), Memory())


def _expression(*parts: object) -> bytes:
    return msgpack.pack(cast("msgpack.Value", list(parts)))


def _range() -> bytes:
    return b"\1\1a\1" + 2 * (b"\0\0\0\x08" + bytes(8))


_NESTED = [
    _expression(255, [0x10, 0], [1, 5]),
    _expression(255, [0x11, -1, 0x22, "a"], [97, 7, "a"]),
    _expression(255, [0xA2, "n", 0x50, 0, 0xD0, 1], [67, "k", 1]),
]
"""Operations within lists and maps."""

_VALUES: list[rdb_value.KeyValue] = [
    rdb_value.StringValue(b"a" * 40),
    rdb_value.ListValue([b"a", b"300", b"y" * 40]),
    rdb_value.SetValue([b"1", b"70000"]),
    rdb_value.SetValue([b"a", b"x" * 70]),
    rdb_value.SortedSetValue([(b"a", 1.5), (b"b", 2.0)]),
    rdb_value.HashValue([rdb_value.HashField(b"a", b"b"), rdb_value.HashField(b"c", b"d", 5)]),
    StreamValue(
        [StreamEntry(StreamId(1, 1), [(b"f", b"v")]), StreamEntry(StreamId(1, 2), [(b"g", b"v")])],
        StreamId(1, 2),
        StreamId(0, 0),
        2,
        [
            StreamGroup(
                b"g",
                StreamId(1, 1),
                1,
                [PendingEntry(StreamId(1, 1), b"c", 1, 1)],
                [StreamConsumer(b"c", 1, 1)],
            )
        ],
    ),
]

TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "message": (
        fuzz_message,
        [
            request.get(KEY, ["a", "b"]),
            request.put(KEY, {"l": [1, {"k": b"v"}], "m": {"a": 1.5}, "g": msgpack.GeoJSON("{}")}),
            request.apply(KEY, "mod", "fun", [1, "x"]),
        ],
    ),
    "batch": (
        fuzz_batch,
        [batch.pack([(KEY.digest, request.get_row(KEY))] * 3), batch.pack([(KEY.digest, request.remove_row(KEY))])],
    ),
    "msgpack": (fuzz_msgpack, [msgpack.pack(LIST), msgpack.pack(MAP), b"\x92\xc7\0\1\1", b"\x81\xc7\0\1\xc0"]),
    "particle": (fuzz_particle, [data for _, data in _packed().values()]),
    "expression": (
        fuzz_expression,
        [
            _expression(1, [81, 2, msgpack.Raw(b"a")], 5),
            _expression(16, [83, 1], [18, [71]], True),
            _expression(7, 1, msgpack.Raw(b"^t.*t$"), [81, 3, msgpack.Raw(b"b")]),
            _expression(1, [127, 2, 0, [19, 7, 0], [81, 4, msgpack.Raw(b"l")]], [20, 1, 2]),
            _expression(123, [3, [69], 1], 1, [125, msgpack.Raw(b"v"), 2, [124, msgpack.Raw(b"v")]]),
        ],
    ),
    "command": (
        fuzz_command,
        [_expression(1, 5), _expression(2, [1, 2]), _expression(24, 7, 1), _expression(67, "k", 1, 1), _expression(97, 7, "a"), *_NESTED],
    ),
    "range": (fuzz_range, [_range()]),
    "resp": (fuzz_resp, [resp_frame.command("FCALL", "f", 1, "k", "v") * 2, b"ECHO \"a\\x41\" 'b'\r\n*1\r\n$4\r\nPING\r\n"]),
    "key": (fuzz_key, [rdb_value.dump(value)[:-10] for value in _VALUES]),
    "functions": (
        fuzz_functions,
        [
            functions.dump([b"#!lua name=a\n" * 9], compressed=True)[:-10],
            functions.rdb_file([b"a"])[9:],
            b"\xfe\0\xfb\1\0\0\1k\1v\x12\1l\1\2\2ab\5\1z\1\1m" + bytes(8),
            b"\x15\1x\1\2id\2lp\1\1\1\1\1\0\0\1\1\1g\1\1\1\1" + bytes(24) + b"\1\1\1c" + bytes(16) + b"\1" + bytes(16),
        ],
    ),
    "reply": (
        fuzz_reply,
        [
            b"*3\r\n:1\r\n$1\r\na\r\n*1\r\n+OK\r\n-ERR x\r\n$-1\r\n",
            b"%1\r\n,1.5\r\n~2\r\n#t\r\n_\r\n|1\r\n(12\r\n=7\r\ntxt:abc\r\n>0\r\n!1\r\nE\r\n",
        ],
    ),
}  # fmt: skip
"""The targets by their names, each with what it begins with."""

if __name__ == "__main__":
    print(*TARGETS)  # noqa: T201 - for the Makefile
