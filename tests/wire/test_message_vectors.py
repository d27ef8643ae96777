"""Record messages byte for byte: those of the specification, and everything a node must refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asinfo.errors import WireError
from asinfo.wire import frame, message, request

VECTORS = Path(__file__).parent / "vectors"


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (VECTORS / name).read_text(encoding="utf-8").splitlines()]


def data(text: str) -> bytes:
    return bytes.fromhex(text.replace("|", " "))


GOOD = lines("message.jsonl")
BAD = lines("message_bad.jsonl")


def notes(rows: list[dict[str, Any]]) -> list[str]:
    return [row["note"] for row in rows]


def parts(row: dict[str, Any]) -> tuple[dict[int, bytes], list[message.Op]]:
    fields = {int(identifier): data(text) for identifier, text in row["fields"].items()}
    ops = [(code, kind, data(name), data(value)) for code, kind, name, value in row["ops"]]
    return fields, ops


@pytest.mark.parametrize("row", GOOD, ids=notes(GOOD))
def test_unpack(row: dict[str, Any]) -> None:
    body = data(row["hex"])
    fields, ops = parts(row)
    *header, digest, found, count, offset = message.unpack(body)
    assert header == [*row["info"], row.get("result", 0), row["generation"], row["ttl"], row["limit"]]
    assert found == fields
    assert digest == fields.get(4)
    assert message.ops(body, offset, count) == ops
    assert message.bins(body[offset:]) == [op[1:] for op in ops]
    assert message.count_ops(body[offset:]) == count == len(ops)


@pytest.mark.parametrize("row", [row for row in GOOD if row.get("exact", True)], ids=lambda row: row["note"])
def test_pack(row: dict[str, Any]) -> None:
    fields, ops = parts(row)
    blobs = [message.op(*op) for op in ops]
    if row.get("reply"):
        count = len(ops)
        values = (
            row.get("result", 0),
            row["generation"],
            row["ttl"],
            b"".join(blobs),
            row["limit"],
            row["info"][2],
        )
        assert message.reply(*values) == message.reply(*values, count) == data(row["hex"])
        return
    packed = message.request(
        *row["info"][:3],
        generation=row["generation"],
        ttl=row["ttl"],
        limit=row["limit"],
        fields=fields.items(),
        ops=blobs,
    )
    assert packed == data(row["hex"])


def test_a_reply_with_its_frame() -> None:
    blob = message.op(message.OP_READ, 1, b"count", bytes(8))
    for count in (-1, 1):
        whole = message.reply_frame(0, 5, 6, blob, count)
        assert whole == frame.pack(frame.MESSAGE, message.reply(0, 5, 6, blob))
    assert message.reply_frame(2) == frame.pack(frame.MESSAGE, message.reply(2))


@pytest.mark.parametrize("row", BAD, ids=notes(BAD))
def test_refused(row: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        read(data(row["hex"]))


def read(body: bytes) -> None:
    *_, count, offset = message.unpack(body)
    message.ops(body, offset, count)


@pytest.mark.parametrize("row", GOOD, ids=notes(GOOD))
def test_cut_off_anywhere_and_with_a_tail(row: dict[str, Any]) -> None:
    body = data(row["hex"])
    for size in range(len(body)):
        with pytest.raises(WireError):
            read(body[:size])
        with pytest.raises(WireError):
            read(body[:size] + b"\xff" * (len(body) - size + 1))
    for tail in (b"\0", body):
        with pytest.raises(WireError):
            read(body + tail)


def test_messages_back_to_back() -> None:
    first, last = message.reply(0, 3, ops=message.op(1, 3, b"a", b"x"), row=7), message.reply(0, info3=1)
    found = request.replies(first + last)
    assert [(each.row, each.generation, each.last, each.bins) for each in found] == [
        (7, 3, False, {"a": "x"}),
        (0, 0, True, {}),
    ]
    assert request.replies(b"") == []
    with pytest.raises(WireError):
        request.replies(first + last[:-1])
    with pytest.raises(WireError):
        request.replies(first[:-1])
    with pytest.raises(WireError):
        message.replies(message.request(fields=[(0, b"test")])[:-1])


def test_a_run_of_ops_must_end_where_it_ends() -> None:
    blob = message.op(1, 3, b"a", b"x") + message.op(1, 3, b"b", b"y")
    for broken in (blob[:-1], blob + b"\0", blob[:12], b"\0\0\0\3\1\3\0\0", b"\0\0\0\4\1\3\0\1"):
        with pytest.raises(WireError):
            message.bins(broken)
    for broken in (blob[:-1], blob + b"\0", blob[:12]):
        with pytest.raises(WireError):
            message.count_ops(broken)


def test_a_name_too_long_for_an_op() -> None:
    assert len(message.op(1, 0, b"n" * 255)) == 8 + 255
    with pytest.raises(WireError):
        message.op(1, 0, b"n" * 256)


# ---- the client's half


KEY = request.Key("test", "demo", "k1")


def unpacked(body: bytes) -> tuple[list[Any], dict[int, bytes], list[message.Op]]:
    *header, digest, fields, count, offset = message.unpack(body)
    assert digest in {None, KEY.digest}
    return header, fields, message.ops(body, offset, count)


def test_requests() -> None:
    place = {0: b"test", 1: b"demo", 4: KEY.digest}
    plain = [0, 0, 0, 0, 1000]
    write = (2, 1, b"a", bytes([0] * 7 + [1]))
    assert unpacked(request.get(KEY)) == ([3, 0, 0, *plain], place, [])
    assert unpacked(request.get(KEY, ["a"])) == ([1, 0, 0, *plain], place, [(1, 0, b"a", b"")])
    assert unpacked(request.exists(KEY)) == ([0x21, 0, 0, *plain], place, [])
    assert unpacked(request.put(KEY, {"a": 1, "b": None})) == (
        [0, 1, 0, *plain], place, [write, (2, 0, b"b", b"")],
    )  # fmt: skip
    assert unpacked(request.remove(KEY)) == ([0, 3, 0, *plain], place, [])
    assert unpacked(request.touch(KEY)) == ([0, 1, 0, *plain], place, [(11, 0, b"", b"")])
    ops = [request.op(message.OP_ADD, "a", 1), *request.reads(["a"])]
    assert unpacked(request.operate(KEY, ops, reads=True, writes=True)) == (
        [1, 1, 0, *plain], place, [(5, *write[1:]), (1, 0, b"a", b"")],
    )  # fmt: skip
    with pytest.raises(WireError):
        request.get(KEY, [])


def test_the_recorded_apply() -> None:
    body = request.apply(KEY, "test_udf", "add", [1, 2])
    assert body == data(GOOD[0]["hex"].replace(GOOD[0]["fields"]["4"], KEY.digest.hex()))
    assert len(body) == 94


def test_policies() -> None:
    policy = request.Policy(
        info2=4, info3=8, generation=3, ttl=60, limit=15_000, send_key=True, filter=b"\x91\x01"
    )
    header, fields, _ = unpacked(request.put(KEY, {"a": 1}, policy))
    assert header == [0, 5, 8, 0, 0, 3, 60, 15_000]
    assert fields[message.FIELD_KEY] == b"\x03k1"
    assert fields[message.FIELD_FILTER] == b"\x91\x01"


def test_a_reply_and_its_values() -> None:
    ops = b"".join(request.writes({"s": "text", "n": -1, "f": 2.0, "l": [1], "none": None}))
    found = request.reply(message.reply(0, 9, 8, ops))
    assert (found.result, found.generation, found.void_time, found.row, found.last) == (0, 9, 8, 0, False)
    assert found.bins == {"s": "text", "n": -1, "f": 2.0, "l": [1], "none": None}
    with pytest.raises(WireError):
        request.reply(message.reply(0) + message.reply(0))
    with pytest.raises(WireError):
        assert request.reply(message.reply(0, ops=message.op(1, 5, b"a", b""))).bins
