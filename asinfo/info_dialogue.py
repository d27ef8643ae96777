"""An info request, and a second one that depends on the answers to the first, on one connection: bytes in, bytes out.

[TLS] -> [login] -> request -> reply -> [request -> reply]
"""

from __future__ import annotations

from asinfo.dialogue import Dialogue, secured, size_of
from asinfo.wire import frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from asinfo.dialogue import Endpoint

    Follow = Callable[[bytes], bytes]
    """Makes the second request of the first reply; empty for none."""


class FollowUpDialogue(Dialogue):
    """``request``, and then what ``follow`` makes of its reply: ``body`` is both replies, and ``ends`` says where each ends."""

    __slots__ = ("_first", "_follow")

    def __init__(self, request: bytes, follow: Follow) -> None:
        super().__init__(request)
        self._follow = follow
        self._first: bytes | None = None

    def feed(self, data: bytes) -> bytes:
        """Take received bytes; the second request in return for the first reply. Raises Unreachable for what is no reply."""
        buffer = self._buffer
        buffer += data
        if len(buffer) < frame.HEADER_SIZE:
            return b""
        if self._size < 0:
            self._size = size_of(buffer, frame.INFO)
        end = frame.HEADER_SIZE + self._size
        if len(buffer) < end:
            return b""
        body = bytes(buffer[frame.HEADER_SIZE : end])
        if self._first is not None:
            self.body = self._first + body
            self.ends = (len(self._first), len(self.body))
            return b""
        second = self._follow(body)
        if not second:
            self.body, self.ends = body, (len(body),)
            return b""
        self._first = body
        self._size = -1
        buffer.clear()
        return frame.pack(frame.INFO, second)


def follow_up_dialogue(node: Endpoint, asked: tuple[bytes, Follow]) -> Dialogue:
    """The conversation that sends a request to ``node`` and then what its reply calls for. Raises UsageError when login or TLS cannot be set up."""
    return secured(node, FollowUpDialogue(*asked))
