"""Requests of RESP: recorded ones, every way to cut them, limits, and what a hostile client sends."""

from __future__ import annotations

import json
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire import resp_frame
from asinfo.wire.resp import ProtocolError, RequestLimits, RequestParser
from asinfo.wire.resp_frame import command
from tests.each import for_each, for_each_row

VECTORS = Path(__file__).parent / "vectors"
ROWS = [json.loads(line) for line in (VECTORS / "resp_requests.jsonl").read_text().splitlines()]

DEFAULT = RequestLimits()
SMALL = RequestLimits(line=40, bulk=30, arguments=6)
"""RequestLimits below those of the fast way, which is then not taken."""

Outcome = tuple[list[list[bytes]], str | None]


def read(
    *chunks: bytes, limits: RequestLimits = DEFAULT, authenticated: bool = True, old: bool = False
) -> Outcome:
    parser = RequestParser(limits, authenticated=authenticated)
    parser.words_end_at_quotes = old
    requests = [one for chunk in chunks for one in parser.feed(chunk)]
    return requests, str(parser.error) if parser.error else None


def bytewise(data: bytes, limits: RequestLimits = DEFAULT) -> Outcome:
    return read(*(data[at : at + 1] for at in range(len(data))), limits=limits)


@for_each(ROWS, itemgetter("id"))
def test_recorded(row: dict[str, Any]) -> None:
    raw = row["raw"].encode("latin-1")
    requests = [[word.encode("latin-1") for word in request] for request in row["requests"]]
    parser = RequestParser()
    assert parser.feed(raw) == requests
    assert (parser.error.reply.decode("latin-1") if parser.error else None) == row["error"]
    assert bytewise(raw) == read(raw)
    if row["error"] is None:
        assert read(raw + b"*1\r\n$4\r\nPING\r\n") == ([*requests, [b"PING"]], None)
        assert read(raw + b"*1\r\n$4\r\nPIN") == (requests, None)


@pytest.mark.parametrize("row", [row for row in ROWS if "error 8.1" in row], ids=lambda row: row["id"])
def test_recorded_on_8_1(row: dict[str, Any]) -> None:
    parser = RequestParser()
    parser.words_end_at_quotes = True
    parser.feed(row["raw"].encode("latin-1"))
    assert parser.error is not None
    assert parser.error.reply.decode() == row["error 8.1"]


ERRORS = [  # each measured on Valkey 9.1.2, but for the NUL: there a real server waits until the line is too big
    (b"*\r\n", "invalid multibulk length"),
    (b"*-\r\n", "invalid multibulk length"),
    (b"*-0\r\n", "invalid multibulk length"),
    (b"*00\r\n", "invalid multibulk length"),
    (b"* 1\r\n", "invalid multibulk length"),
    (b"*1 \r\n", "invalid multibulk length"),
    (b"*99999999999999999999\r\n", "invalid multibulk length"),
    (b"*" + b"1" * 5000 + b"\r\n", "invalid multibulk length"),
    (b"*1048577\r\n", "invalid multibulk length"),
    (b"*1\rX$4\r\nPING\r\n", "invalid CRLF in request"),
    (b"*x\rY", "invalid CRLF in request"),
    (b"*0\rY", "invalid CRLF in request"),
    (b"*1\r\n$x\rY", "invalid CRLF in request"),
    (b"*1\r\n$4\rXPING\r\n", "invalid CRLF in request"),
    (b"*1\r\n$4\r\nPINGX\n", "invalid CRLF in request"),
    (b"*1\r\n$4\r\nPING\rX", "invalid CRLF in request"),
    (b"*1\r\nx4\rYPING", "expected '$', got 'x'"),
    (b"*2\r\n$4\r\nECHO\r\n+a\r\n", "expected '$', got '+'"),
    (b"*1\r\n:4\r\n", "expected '$', got ':'"),
    (b"*1\r\n\xff4\r\n", "expected '$', got '\xff'"),
    (b"*1\r\n$-1\r\n", "invalid bulk length"),
    (b"*1\r\n$00\r\n\r\n", "invalid bulk length"),
    (b"*1\r\n$-0\r\n\r\n", "invalid bulk length"),
    (b"*1\r\n$9223372036854775807\r\n", "invalid bulk length"),
    (b"*1\r\n$9223372036854775808\r\n", "invalid bulk length"),
    (b"*" + b"1" * 65536, "too big mbulk count string"),
    (b"*1\r\n$" + b"1" * 65536, "too big bulk count string"),
    (b"*1\r\n$" + b"1" * 69998 + b"\r\n", "too big bulk count string"),
    (b"x" * 65537, "too big inline request"),
    (b"x" * 65537 + b"\n", "too big inline request"),
    (b"'PING\r\n", "unbalanced quotes in request"),
    (b"ECHO 'a\nb'\r\n", "unbalanced quotes in request"),
    (b'ECHO "a\\\r\n', "unbalanced quotes in request"),
    (b"ECHO a\0b\r\n", "too big inline request"),
    (b"\0", "too big inline request"),
]


@pytest.mark.parametrize(("raw", "text"), ERRORS, ids=lambda value: repr(value[:30]))
def test_errors(raw: bytes, text: str) -> None:
    assert read(raw) == ([], f"Protocol error: {text}")
    assert read(b"*1\r\n$4\r\nPING\r\n" + raw + b"\r\nx") == ([[b"PING"]], f"Protocol error: {text}")
    if len(raw) < 1000:
        assert bytewise(raw) == ([], f"Protocol error: {text}")


@pytest.mark.parametrize(
    "raw", [b"x" * 65536, b"*" + b"1" * 65535, b"*1\r\n$" + b"1" * 65535, b"*1\r", b"*1\n$4\nPING\n"]
)
def test_what_may_go_on_is_waited_for(raw: bytes) -> None:
    parser = RequestParser()
    assert parser.feed(raw) == []
    assert parser.error is None
    assert parser.is_amid
    assert parser.held > 0


@pytest.mark.parametrize(
    ("text", "requests"),
    [
        (b"\n\n \t\r\nPING\n", [[b"PING"]]),
        (b"*-5\r\n*0\r\nPING\r\n", [[b"PING"]]),
        (b"PING\n\r\nPING\r\n", [[b"PING"], [b"PING"]]),
        (b"*1\r\n$0\r\n\r\n*0\r\n", [[b""]]),
    ],
)
def test_what_is_no_request_is_passed_over(text: bytes, requests: list[list[bytes]]) -> None:
    assert read(text) == (requests, None)
    assert bytewise(text) == (requests, None)


def test_an_error_answers_in_one_line_and_ends_the_reading() -> None:
    parser = RequestParser()
    assert parser.feed(b"PING\r\n*1\r\n\n\r\nPING\r\n") == [[b"PING"]]
    assert isinstance(parser.error, WireError)
    assert parser.error.reply == b"-ERR Protocol error: expected '$', got ' '\r\n"
    assert parser.feed(b"PING\r\n") == []
    assert parser.is_amid
    assert parser.held == 0


def test_what_is_held_of_a_request_is_told_exactly() -> None:
    parser = RequestParser()
    assert (parser.is_amid, parser.held) == (False, 0)
    for piece, held in (
        (b"*2\r\n$4\r\nEC", 2),
        (b"HO\r\n", 4),
        (b"$1000\r\n", 4),
        (bytes(1000), 1004),
        (b"\r", 1005),
    ):
        assert parser.feed(piece) == []
        assert (parser.is_amid, parser.held) == (True, held)
    assert parser.feed(b"\nPING") == [[b"ECHO", bytes(1000)]]
    assert (parser.is_amid, parser.held) == (True, 4)
    assert parser.feed(b"\r\n") == [[b"PING"]]
    assert not parser.is_amid


def test_a_promised_size_takes_no_memory() -> None:
    parser = RequestParser()
    parser.feed(b"*1048576\r\n$536870912\r\n")
    assert parser.error is None
    assert parser.held == 0


def test_a_stranger_may_send_little_and_is_read_request_by_request() -> None:
    assert read(b"*11\r\n", authenticated=False) == ([], "Protocol error: unauthenticated multibulk length")
    assert read(b"*10\r\n$16384\r\n", authenticated=False) == ([], None)
    assert read(b"*10\r\n$16385\r\n", authenticated=False) == (
        [],
        "Protocol error: unauthenticated bulk length",
    )
    assert read(b"*2147483648\r\n", authenticated=False) == ([], "Protocol error: invalid multibulk length")
    parser = RequestParser(authenticated=False)
    many = command(*range(12))
    assert parser.feed(command("AUTH", "x") + command("PING") + many * 2) == [[b"AUTH", b"x"]]
    assert parser.feed(b"") == [[b"PING"]]
    parser.authenticated = True
    assert parser.feed(b"") == [[b"%d" % number for number in range(12)]] * 2
    assert parser.feed(b"") == []
    assert not parser.is_amid


def test_fast_and_exact_reading_of_arguments_that_look_like_headers() -> None:
    tricky = [
        b"\r\n",
        b"a\r\n$1\r\nb",
        b"$1\r\n",
        b"*1\r\n$1\r\na\r\n",
        b"",
        b"x" * 1023,
        b"x" * 1024,
        b"\r",
        b"\n",
    ]
    requests = [[b"ECHO", word] for word in tricky] + [tricky, [b"%d" % number for number in range(200)]]
    data = b"".join(command(*request) for request in requests)
    assert read(data) == (requests, None)
    assert bytewise(data) == (requests, None)


def test_each_byte_of_an_argument_is_copied_a_few_times_at_most() -> None:
    """Cut into pieces, a large argument is not read anew with each piece."""

    class Counting(bytearray):
        copied = 0

        def __delitem__(self, key: Any) -> None:
            Counting.copied += len(self)
            super().__delitem__(key)

        def find(self, *args: Any) -> int:
            Counting.copied += len(self)
            return super().find(*args)

    parser = RequestParser()
    parser._held = Counting()
    size = 10_000_000
    parser.feed(b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % size)
    pieces = [bytes(65_536)] * (size // 65_536) + [bytes(size % 65_536), b"\r\n"]
    requests = [one for piece in pieces for one in parser.feed(piece)]
    assert requests == [[b"ECHO", bytes(size)]]
    assert Counting.copied < 2 * size


ARGUMENTS = st.lists(
    st.binary(max_size=12)
    | st.text("$*\r\n12ab", max_size=9).map(str.encode)
    | st.integers(1020, 1030).map(bytes),
    min_size=1,
    max_size=5,
)
REQUESTS = st.lists(ARGUMENTS, max_size=6)
CUTS = st.lists(st.integers(1, 40), max_size=30)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


@given(requests=REQUESTS, sizes=CUTS)
def test_what_is_written_is_read_however_it_is_cut(requests: list[list[bytes]], sizes: list[int]) -> None:
    data = b"".join(command(*request) for request in requests)
    assert read(data) == read(*cut(data, sizes)) == (requests, None)
    assert read(data, limits=RequestLimits(arguments=6)) == (requests, None)


PARTS = st.sampled_from(
    [b"*1\r\n", b"*2\r\n", b"*0\r\n", b"$1\r\n", b"$4\r\nPING\r\n", b"a\r\n", b"\r\n", b"\n", b"\r", b"PING", b"'", b'"',
     b"\\x4", b"*", b"$", b"-1", b"\0", b"*7\r\n", b"$31\r\n", b"+", b" ", b"ECHO a b\n", b"x" * 39, b"99999999999999999999999"]
)  # fmt: skip


@given(parts=st.lists(PARTS, max_size=25), sizes=CUTS)
def test_any_bytes_give_the_same_however_they_are_cut(parts: list[bytes], sizes: list[int]) -> None:
    data = b"".join(parts)
    for limits in (DEFAULT, SMALL):
        whole = read(data, limits=limits)
        assert read(*cut(data, sizes), limits=limits) == whole
        assert bytewise(data, limits) == whole


@given(parts=st.lists(PARTS, max_size=25))
def test_the_fast_way_reads_what_the_exact_one_reads(parts: list[bytes]) -> None:
    data = b"".join(parts)
    exact = RequestLimits(bulk=1022)
    assert read(data) == read(data, limits=exact)


@for_each_row(
    ("text", "value"),
    [
        (b"0", 0), (b"-1", -1), (b"9223372036854775807", 2**63 - 1), (b"-9223372036854775808", -(2**63)),
        (b"9223372036854775808", None), (b"-9223372036854775809", None), (b"", None), (b"-", None), (b"+1", None),
        (b"01", None), (b"-0", None), (b"00", None), (b" 1", None), (b"1_0", None), (b"1" * 5000, None),
    ],
)  # fmt: skip
def test_numbers_have_one_form(text: bytes, value: int | None) -> None:
    assert resp_frame.number(text) == value


def test_frames() -> None:
    assert command("SET", b"\xff", 12) == b"*3\r\n$3\r\nSET\r\n$1\r\n\xff\r\n$2\r\n12\r\n"
    assert resp_frame.status(b"O\r\nK") == b"+O  K\r\n"
    assert resp_frame.error(b"ERR a\nb") == b"-ERR a b\r\n"
    assert resp_frame.integer(-5) == b":-5\r\n"
    assert (
        resp_frame.array([resp_frame.bulk(b"a"), resp_frame.null(2), resp_frame.null(3)])
        == b"*3\r\n$1\r\na\r\n$-1\r\n_\r\n"
    )
    assert isinstance(ProtocolError("x"), WireError)
