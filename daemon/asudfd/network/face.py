"""The interface of a face: a protocol of the daemon, which cuts bytes into requests and answers them.

A connection reads and writes; it knows no protocol. It gives the bytes that come to the conversation of its face, and
sends the replies. A reply is there at once (bytes), later (an awaitable), or comes in pieces (an asynchronous
iterator). Replies leave in the order of their requests, except those that the protocol numbers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from asudfd.network.session import ClientSession

ReplyContent = bytes | AsyncIterator[bytes]
"""The bytes of a reply that took time: all at once, or in pieces."""


class PendingReply(NamedTuple):
    """A reply that takes time.

    ``cancel_on_close``: it is cancelled when the client goes, and the connection reads on meanwhile to learn of that;
    else it is finished without its client. ``numbered_size``: the size in bytes of a request with a number of its own,
    whose reply may overtake others; 0 for a reply in order.
    """

    reply: Awaitable[ReplyContent] | AsyncIterator[bytes]
    cancel_on_close: bool
    numbered_size: int = 0


class FeedResult(NamedTuple):
    """The result of `feed`: it has answered the bytes up to ``end``, from where ``wanted`` bytes make the next request.

    ``wanted`` may be less as long as the size of the request is not known. ``later`` is the reply to the last request if
    it takes time.
    """

    end: int
    wanted: int
    later: PendingReply | None


class Conversation(Protocol):
    """The protocol's side of one connection."""

    def answer_whole(self, data: bytes) -> bytes | PendingReply | None:
        """The reply to ``data`` if it is exactly one request of a frequent kind; None leaves it to ``feed``.

        This is the short way, for speed only. When the turn of the event loop is over (`asudfd.fairness`), it is for
        replies alone that cost next to nothing.
        """

    def feed(self, data: bytes, offset: int, replies: list[bytes]) -> FeedResult:
        """Answer the next request in ``data`` from ``offset`` on, and any number of those that cost next to nothing.

        Puts replies that are there at once into ``replies``. Raises WireError for bytes that no client may send: the
        connection closes after the replies so far.
        """

    def ended(self) -> None:
        """The connection has ended."""


class Face(Protocol):
    """A protocol of a listener."""

    def connected(self, session: ClientSession) -> Conversation:
        """The conversation with a client that has connected."""
