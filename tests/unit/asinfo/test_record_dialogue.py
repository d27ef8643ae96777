"""Requests about records as a conversation without I/O."""

from __future__ import annotations

import pytest

from asinfo.dialogue import Endpoint
from asinfo.errors import Unreachable
from asinfo.record_dialogue import record_dialogue, stream_dialogue
from asinfo.wire import frame

NODE = Endpoint("127.0.0.1", 1)
REPLIES = [b"first", b"", b"third"]


def test_all_requests_go_out_at_once_and_the_replies_are_taken_apart() -> None:
    talk = record_dialogue(NODE, [b"a", b"bc", b""])
    assert talk.start() == b"".join(frame.pack(frame.MESSAGE, body) for body in (b"a", b"bc", b""))
    data = b"".join(frame.pack(frame.MESSAGE, body) for body in REPLIES)
    for position in range(len(data)):
        assert talk.body is None
        assert talk.feed(data[position : position + 1]) == b""
    assert (talk.body, list(talk.ends)) == (b"firstthird", [5, 5, 10])


def test_what_comes_after_the_last_reply_is_ignored() -> None:
    talk = record_dialogue(NODE, [b"a"])
    talk.feed(frame.pack(frame.MESSAGE, b"x") + b"more")
    assert talk.body == b"x"


@pytest.mark.parametrize("data", [frame.pack(frame.INFO, b"x"), b"HTTP/1.1 400 Bad Request\r\n", b"\xff" * 8])
def test_another_frame_is_refused(data: bytes) -> None:
    talk = record_dialogue(NODE, [b"a", b"b"])
    with pytest.raises(Unreachable) as raised:
        talk.feed(frame.pack(frame.MESSAGE, b"x") + data)
    assert raised.value.kind == "protocol"


def reply(result: int = 0, *, last: bool = False) -> bytes:
    return bytes([22, 0, 0, last, 0, result, *bytes(16)])


@pytest.mark.parametrize(
    "frames", [[reply() * 2, reply() + reply(last=True)], [reply(last=True)], [reply(), reply(2)]]
)
def test_a_stream_ends_with_its_last_reply_or_an_error(frames: list[bytes]) -> None:
    data = b"".join(frame.pack(frame.MESSAGE, body) for body in frames)
    talk = stream_dialogue(NODE, b"query")
    for position in range(len(data)):
        assert talk.body is None
        talk.feed(data[position : position + 1])
    assert talk.body == b"".join(frames)


@pytest.mark.parametrize("body", [b"", b"x" * 21, bytes([22, *bytes(18), 1, 0, 9])])
def test_a_stream_of_something_else_is_refused(body: bytes) -> None:
    with pytest.raises(Unreachable) as raised:
        stream_dialogue(NODE, b"query").feed(frame.pack(frame.MESSAGE, body))
    assert raised.value.kind == "protocol"
