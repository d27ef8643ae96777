"""Requests about records and their replies on one connection, as a state machine without I/O: bytes in, bytes out.

[TLS] -> [login] -> request, request, ... in one write -> a reply to each, in order
"""

from __future__ import annotations

from asinfo.dialogue import Dialogue, secured, size_of
from asinfo.errors import Unreachable, WireError
from asinfo.wire import frame
from asinfo.wire.message import INFO3_LAST, replies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asinfo.dialogue import Endpoint


STREAM_SIZE_MAX = 256 << 20
"""Bytes of a stream: they are kept until it ends, and what is aggregated is small."""


class RecordDialogue(Dialogue):
    """Messages (bodies without their frames) and a reply to each: ``body`` is all replies without their frames, one after the other."""

    __slots__ = ("_count",)

    def __init__(self, messages: Sequence[bytes]) -> None:
        super().__init__(b"".join(frame.pack(frame.MESSAGE, message) for message in messages))
        self._count = len(messages)

    def start(self) -> bytes:
        """All requests."""
        return self._request

    def feed(self, data: bytes) -> bytes:
        """Take received bytes; nothing is sent in return. Raises Unreachable for what is no reply."""
        buffer = self._buffer
        buffer += data
        bodies: list[bytes] = []
        position = 0
        while len(bodies) < self._count and len(buffer) - position >= frame.HEADER_SIZE:
            start = position + frame.HEADER_SIZE
            position = start + size_of(buffer, frame.MESSAGE, position)
            if position > len(buffer):
                return b""
            bodies.append(bytes(buffer[start:position]))
        if len(bodies) == self._count:
            self.body = b"".join(bodies)
            end, self.ends = 0, []
            for body in bodies:
                end += len(body)
                self.ends.append(end)
        return b""


class StreamDialogue(Dialogue):
    """A message whose answer is a stream: ``body`` is all replies up to the one that ends it, which is the last, or an error."""

    __slots__ = ("_bodies", "_received")

    def __init__(self, message: bytes) -> None:
        super().__init__(frame.pack(frame.MESSAGE, message))
        self._bodies: list[bytes] = []
        self._received = 0

    def start(self) -> bytes:
        """The request."""
        return self._request

    def feed(self, data: bytes) -> bytes:
        """Take received bytes; nothing is sent in return. Raises Unreachable for what is no reply, and for too much of it."""
        buffer = self._buffer
        buffer += data
        self._received += len(data)
        if self._received > STREAM_SIZE_MAX:
            raise Unreachable("protocol", f"the answer is larger than {STREAM_SIZE_MAX} bytes")
        while self.body is None and len(buffer) >= frame.HEADER_SIZE:
            end = frame.HEADER_SIZE + size_of(buffer, frame.MESSAGE)
            if len(buffer) < end:
                break
            self._take(bytes(buffer[frame.HEADER_SIZE : end]))
            del buffer[:end]
        return b""

    def _take(self, body: bytes) -> None:
        """One frame, which holds some replies. Raises Unreachable."""
        try:
            *_, last = replies(body)
        except (WireError, ValueError):
            raise Unreachable("protocol", "a reply is not whole, or there is none in its frame") from None
        self._bodies.append(body)
        if last.info3 & INFO3_LAST or last.result:
            self.body = b"".join(self._bodies)


def stream_dialogue(node: Endpoint, message: bytes) -> Dialogue:
    """The conversation that sends ``message`` to ``node`` and takes a stream. Raises UsageError when login or TLS cannot be set up."""
    return secured(node, StreamDialogue(message))


def record_dialogue(node: Endpoint, messages: Sequence[bytes]) -> Dialogue:
    """The conversation that sends ``messages`` to ``node``. Raises UsageError when login or TLS cannot be set up."""
    return secured(node, RecordDialogue(messages))
