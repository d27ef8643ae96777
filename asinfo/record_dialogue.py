"""Requests about records and their replies on one connection, as a state machine without I/O: bytes in, bytes out.

[TLS] -> [login] -> request, request, ... in one write -> a reply to each, in order
"""

from __future__ import annotations

from asinfo.dialogue import Dialogue, secured, size_of
from asinfo.wire import frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asinfo.dialogue import Endpoint


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


def record_dialogue(node: Endpoint, messages: Sequence[bytes]) -> Dialogue:
    """The conversation that sends ``messages`` to ``node``. Raises UsageError when login or TLS cannot be set up."""
    return secured(node, RecordDialogue(messages))
