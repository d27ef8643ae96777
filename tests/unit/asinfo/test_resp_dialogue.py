"""A conversation in RESP without I/O: where replies end, the login, and what is no RESP."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.dialogue import Endpoint
from asinfo.errors import Unreachable, WireError
from asinfo.login import Login
from asinfo.resp_dialogue import LINE_SIZE_MAX, ReplyCutter, RespDialogue, RespRequest
from asinfo.wire.resp_frame import command
from asinfo.wire.resp_reply import encode

VALUES = st.recursive(
    st.none() | st.integers(-(1 << 63), (1 << 63) - 1) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


def talk(request: RespRequest, *, user: str = "", password: str = "") -> RespDialogue:
    login = Login(user, password) if password else None
    return RespDialogue(Endpoint("127.0.0.1", 1, login=login), request)


@given(st.lists(VALUES, min_size=1, max_size=5), st.lists(st.integers(0, 300), max_size=6))
def test_replies_end_where_they_end_however_they_arrive(values: list[Any], places: list[int]) -> None:
    frames = [encode(value, protocol=2) for value in values]
    whole = b"".join(frames)
    cutter = ReplyCutter()
    edges = sorted({0, len(whole), *(min(place, len(whole)) for place in places)})
    done = [cutter.feed(whole[start:end], len(frames)) for start, end in pairwise(edges)]
    assert done[-1]
    assert not any(done[:-1])
    assert [whole[start:end] for start, end in pairwise([0, *cutter.ends])] == frames


def test_depth_does_not_matter() -> None:
    deep = b"*1\r\n" * 100_000 + b":1\r\n"
    cutter = ReplyCutter()
    assert cutter.feed(deep, 1)
    assert cutter.ends == [len(deep)]


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\r\n",
        b"$-2\r\n",
        b"$x\r\n",
        b"$\r\n",
        b"*99999999999\r\n",
        b"$999999999\r\n",
        b"%1\r\n",
        b"+" + b"x" * LINE_SIZE_MAX,
    ],
)
def test_what_is_no_reply_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(WireError):
        ReplyCutter().feed(data, 1)
    with pytest.raises(Unreachable) as raised:
        talk(RespRequest(b"", 1)).feed(data)
    assert raised.value.kind == "protocol"


def test_a_login_goes_before_the_commands_and_its_reply_is_not_among_theirs() -> None:
    asked = talk(RespRequest(command("PING"), 1), user="ops", password="s\u00e9cret")
    assert asked.start() == command("AUTH", "ops", "s\u00e9cret".encode()) + command("PING")
    asked.feed(b"+OK\r\n+PO")
    assert asked.body is None
    asked.feed(b"NG\r\n")
    assert list(asked.ends) == [len(b"+PONG\r\n")]
    assert asked.body == b"+PONG\r\n"


def test_a_password_without_a_user_is_that_of_the_default_one() -> None:
    assert talk(RespRequest(b"", 0), password="x").start() == command("AUTH", "x")


def test_a_refused_login_is_the_reason_whatever_follows() -> None:
    asked = talk(RespRequest(command("PING"), 1), user="ops", password="x")
    with pytest.raises(Unreachable, match="WRONGPASS invalid") as raised:
        asked.feed(b"-WRONGPASS invalid username-password pair\r\n-NOAUTH Authentication required.\r\n")
    assert raised.value.kind == "login"


def test_a_server_that_wants_no_password_is_asked_all_the_same() -> None:
    asked = talk(RespRequest(command("PING"), 1), password="x")
    asked.feed(
        b"-ERR AUTH <password> called without any password configured for the default user.\r\n+PONG\r\n"
    )
    assert (asked.body, asked.note) == (b"+PONG\r\n", "the node wants no password")


def test_an_end_tells_how_much_had_come() -> None:
    asked = talk(RespRequest(command("PING"), 1))
    asked.feed(b"+PO")
    assert "after 3 bytes" in str(asked.ended())
