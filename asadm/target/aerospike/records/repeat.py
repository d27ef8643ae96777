"""The same request again and again over some connections to one node, and how long each took."""

from __future__ import annotations

from time import perf_counter

from asinfo.dialogue import Dialogue, secured, size_of
from asinfo.errors import Unreachable, WireError
from asinfo.exchange import exchange
from asinfo.wire import frame, request

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable

    from asinfo.exchange import Endpoint
    from asinfo.wire.request import RecordReply

CALLS_MAX = 1_000_000
"""Most calls of one run: their times are kept, 8 bytes each, and more would take minutes."""

CONNECTIONS_MAX = 256


class RepeatedRequest:
    """How often a request is still to be sent, and what came: ``seconds`` of each reply, and ``reasons`` with how often.

    ``judge`` gives the reason why a reply is a failure, or an empty text.
    """

    __slots__ = ("_judge", "frame", "left", "reasons", "seconds", "wall")

    def __init__(self, message: bytes, calls: int, judge: Callable[[RecordReply], str]) -> None:
        self.frame = frame.pack(frame.MESSAGE, message)
        self.left = calls
        self.seconds: list[float] = []
        self.reasons: dict[str, int] = {}
        self.wall = 0.0
        self._judge = judge

    def take(self) -> bytes:
        """The request once more; empty when it was sent often enough."""
        if not self.left:
            return b""
        self.left -= 1
        return self.frame

    def note(self, body: bytes, seconds: float) -> None:
        """Count a reply. Raises WireError for what is none."""
        self.seconds.append(seconds)
        if reason := self._judge(request.reply(body)):
            self.fail(reason)

    def fail(self, reason: str) -> None:
        """Count a failure."""
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def run(self, node: Endpoint, connections: int, timeout: float) -> None:
        """Send all of them; a connection that fails ends, and its call is a failure. ``timeout`` is what a call may take.

        Ctrl-C ends it early: what came until then is noted.
        """
        began = perf_counter()
        longest = timeout * (1 + self.left / connections)
        asks = [(node, self)] * min(connections, self.left)
        for reply in exchange(asks, timeout=longest, window=CONNECTIONS_MAX, converse=_repeating):
            failure = reply.failure
            if failure is not None and failure.kind != "interrupted":
                self.fail(str(failure))
        self.wall = perf_counter() - began


class RepeatDialogue(Dialogue):
    """One connection of a repetition: the next request follows each reply."""

    __slots__ = ("_began", "_repetition")

    def __init__(self, repetition: RepeatedRequest) -> None:
        super().__init__(b"")
        self._repetition = repetition
        self._began = 0.0

    def start(self) -> bytes:
        """The first request."""
        self._began = perf_counter()
        return self._repetition.take()

    def feed(self, data: bytes) -> bytes:
        """Note a reply when it is whole; the next request. Raises Unreachable for what is no reply."""
        buffer = self._buffer
        buffer += data
        if len(buffer) < frame.HEADER_SIZE:
            return b""
        end = frame.HEADER_SIZE + size_of(buffer, frame.MESSAGE)
        if len(buffer) < end:
            return b""
        now = perf_counter()
        try:
            self._repetition.note(bytes(buffer[frame.HEADER_SIZE : end]), now - self._began)
        except WireError as error:
            raise Unreachable("protocol", str(error)) from None
        del buffer[:end]
        self._began = now
        again = self._repetition.take()
        if not again:
            self.body = b""
        return again


def _repeating(node: Endpoint, repetition: RepeatedRequest) -> Dialogue:
    return secured(node, RepeatDialogue(repetition))


def percentile(ordered: list[float], share: float) -> float:
    """The value that ``share`` of ``ordered`` do not exceed; 0 without any."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
