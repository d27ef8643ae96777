"""The rows of cdt_ops.jsonl.gz: lists, maps, bits, HyperLogLogs, expressions and batches, as frames.

A row brings about its records, sends a request, and has the result code, what is shown, byte for byte, and the records
afterwards.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from asinfo.wire.frame import HEADER_SIZE, unpack_header
from asinfo.wire.message import EPOCH, INFO1_BATCH, INFO3_LAST, count_ops, op, read_ops, replies
from asinfo.wire.result import Result
from tests.processes import Daemon, receive_exactly
from tests.recorded.verdict import Outcome, Row, Verdict, judged, read

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

FILE = "cdt_ops.jsonl.gz"

APART = ("bits", "hll", "batch")
"""Groups of rows that are counted apart; all others are counted together."""

LONG_SIZE = 6000
"""Of a longer value a row has only the hash, and its size."""

TOUCH_SECONDS = 1.0
"""How long a record may take to be touched after it was read."""

INFO = b"\2\1"


class Answer(NamedTuple):
    """One message of a reply."""

    row: int
    result: int
    void_time: int
    shown: bytes
    last: bool


class _Refused(Exception):  # noqa: N818 - what happened
    """The node does not offer it."""


def verdicts(daemon: Daemon, group: str = "") -> Iterator[Verdict]:
    """The rows of a group that is counted apart; without one, all others."""
    rows = [row for row in read(FILE) if (row["group"] if row["group"] in APART else "") == group]
    waiting = [row for row in rows if row.get("wait")]
    with daemon.connect() as connection:
        for row in rows:
            if not row.get("wait"):
                yield _verdict(connection, row)
        unset = {row["id"] for row in waiting if not _is_set_up(connection, row)}
        time.sleep(max((row["wait"] for row in waiting), default=0))
        for row in waiting:
            yield _verdict(connection, row, set_up=row["id"] not in unset)


def _verdict(connection: socket.socket, row: Row, *, set_up: bool | None = None) -> Verdict:
    try:
        ready = _is_set_up(connection, row) if set_up is None else set_up
        wrong = _wrong(connection, row) if ready else "the records could not be brought about"
    except _Refused:
        return Verdict(row["id"], Outcome.REFUSED)
    return judged(row["id"], wrong, same=not wrong)


def _is_set_up(connection: socket.socket, row: Row) -> bool:
    for sent, expected in row["setup"]:
        data = _bytes(sent)
        if data.startswith(INFO):
            connection.sendall(data)
            if b"\tok\n" not in _receive(connection):
                return False
            continue
        result = _ask(connection, data)[-1].result
        if expected is not None and result != expected:
            if result == Result.UNSUPPORTED_FEATURE:
                raise _Refused
            return False
    return True


def _wrong(connection: socket.socket, row: Row) -> str:
    """What is not as recorded; empty when all is. Raises _Refused."""
    answers = _ask(connection, _bytes(row["request"]))
    wrong = _wrong_batch(row, answers) if "messages" in row else _wrong_answer(row, answers[0])
    for number, (get, after) in enumerate(zip(row["get"], row["after"], strict=True)):
        if wrong:
            break
        answer = _ask(connection, _bytes(get))[0]
        if _record(answer) != after:
            wrong = f"after it {_record(answer)}"
        elif "ttl" in row and not _lives(connection, get, *row["ttl"][number]):
            wrong = "another time to live"
    return wrong


def _wrong_batch(row: Row, answers: list[Answer]) -> str:
    found = sorted((each.row, each.result, each.shown) for each in answers if not each.last)
    expected = sorted((number, result, bytes.fromhex(shown)) for number, result, _, shown in row["messages"])
    last = [each.result for each in answers if each.last]
    if found == expected and last == [row["last_rc"]]:
        return ""
    recorded = {result for _, result, _ in expected} | {row["last_rc"]}
    if Result.UNSUPPORTED_FEATURE in {each.result for each in answers} - recorded:
        raise _Refused
    return f"{last} {found}"


def _wrong_answer(row: Row, answer: Answer) -> str:
    if answer.result != row["rc"]:
        if answer.result == Result.UNSUPPORTED_FEATURE:
            raise _Refused
        return f"code {answer.result}"
    if "reply_sha256" in row:
        same = (row["reply_sha256"], row["reply_len"]) == _digest(answer.shown)
    else:
        same = _answers(bytes.fromhex(row["reply"]))[0].shown == answer.shown
    return "" if same else answer.shown.hex()


def _lives(connection: socket.socket, get: Any, low: float, high: float) -> bool:
    """Whether a record has as long to live as recorded; a read touches it a moment after its reply."""
    end = time.monotonic() + TOUCH_SECONDS
    while True:
        void_time = _ask(connection, _bytes(get))[0].void_time
        if low <= (void_time and void_time + EPOCH - time.time()) <= high:
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.02)


def _receive(connection: socket.socket) -> bytes:
    """The body of the next frame."""
    header = receive_exactly(connection, HEADER_SIZE)
    return receive_exactly(connection, unpack_header(header)[1])


def _ask(connection: socket.socket, data: bytes) -> list[Answer]:
    """The messages of a reply: of a batch up to the one that is marked as the last."""
    connection.sendall(data)
    found = _answers(_receive(connection))
    while data[HEADER_SIZE + 1] & INFO1_BATCH and not found[-1].last:
        found += _answers(_receive(connection))
    return found


def _answers(body: bytes) -> list[Answer]:
    found = []
    for _, _, info3, _, result, _, void_time, row, _, _, count, start in replies(body):
        shown, _ = read_ops(body, start, count)
        whole = b"".join(op(*each) for each in shown)
        found.append(Answer(row, result, void_time, whole, bool(info3 & INFO3_LAST)))
    return found


def _record(answer: Answer) -> Any:
    """A record in the form of `after`."""
    if answer.result:
        return None if answer.result == Result.NOT_FOUND else {"rc": answer.result}
    shown, _ = read_ops(answer.shown, 0, count_ops(answer.shown))
    return {name.decode("latin-1"): [kind, _kept(value)] for _, kind, name, value in shown}


def _kept(value: bytes) -> Any:
    sha256, size = _digest(value)
    return value.hex() if size <= LONG_SIZE else {"sha256": sha256, "len": size}


def _digest(data: bytes) -> tuple[str, int]:
    return hashlib.sha256(data).hexdigest(), len(data)


def _bytes(told: Any) -> bytes:
    """A frame: hex, or pieces of hex and [hex, how often]."""
    pieces = [told] if isinstance(told, str) else told
    return b"".join(
        bytes.fromhex(each) if isinstance(each, str) else bytes.fromhex(each[0]) * each[1] for each in pieces
    )
