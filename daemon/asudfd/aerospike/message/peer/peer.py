"""Another node of the cluster, in another process, as this one asks it: one connection, many requests in flight on it.

    request 1 ---->
    request 2 ---->      each is answered as soon as it can be: one that takes the other node long holds up no other
    reply 2   <----
    reply 1   <----

Requests and replies are frames of the type that real servers keep among themselves:

    offset 0    4 bytes   "asu2"
    offset 4    8 bytes   number of the request
    offset 12             what the node is asked, or answers

What waits is bounded by number and by size. A connection that says nothing for too long is given up.
"""

from __future__ import annotations

import asyncio
from struct import Struct
from typing import TYPE_CHECKING, cast

from asinfo.errors import WireError
from asinfo.wire.frame import HEADER_SIZE, INTERNAL, pack, unpack_header

if TYPE_CHECKING:
    from asudfd.cluster.cluster import Member

MARK = b"asu2"

WAITING_MAX = 4096
"""Requests that may wait for one node."""

WAITING_SIZE_MAX = 64 << 20
"""Bytes of these requests."""

SILENCE_SECONDS = 10.0
"""A connection on which a request waits and nothing has come for so long is given up."""


_ENVELOPE = Struct(">4sQ")


def numbered(number: int, content: bytes) -> bytes:
    """The frame of a request, or of a reply, of this number."""
    return pack(INTERNAL, _ENVELOPE.pack(MARK, number) + content)


def unpack_numbered(body: bytes) -> tuple[int, bytes]:
    """Number and content of such a frame. Raises WireError for any other."""
    if len(body) < _ENVELOPE.size or not body.startswith(MARK):
        raise WireError("not a frame of a node of ours")
    _, number = _ENVELOPE.unpack_from(body)
    return number, body[_ENVELOPE.size :]


class NodeUnreached(Exception):  # noqa: N818 - named for what happened
    """The request has not left this node."""


class ReplyLost(Exception):  # noqa: N818 - named for what happened
    """The connection ended before the reply came: nobody knows what became of the request."""


class Peer:
    """Another node of the cluster. To be closed when it leaves."""

    __slots__ = ("_closed", "_line", "_opening", "member", "waiting", "waiting_size")

    def __init__(self, member: Member) -> None:
        self.member = member
        self.waiting = 0
        self.waiting_size = 0
        self._line: _PeerConnection | None = None
        self._opening: asyncio.Task[None] | None = None
        self._closed = False

    async def ask(self, content: bytes, seconds: float) -> bytes:
        """The reply to ``content``. Raises NodeUnreached, ReplyLost, or TimeoutError after ``seconds``."""
        if self._closed or self.waiting >= WAITING_MAX or self.waiting_size + len(content) > WAITING_SIZE_MAX:
            raise NodeUnreached(f"too many requests wait for node {self.member.id}")
        line = self._line or self._open()
        reply = line.send(content)
        try:
            async with asyncio.timeout(seconds):
                return await reply
        except TimeoutError:
            line.check()
            raise

    def close(self) -> None:
        """End the connection; whoever waits gets ReplyLost or NodeUnreached."""
        self._closed = True
        if self._line is not None:
            self._line.abort()

    def forget(self, line: _PeerConnection) -> None:
        """``line`` has ended."""
        if self._line is line:
            self._line = None

    def _open(self) -> _PeerConnection:
        line = self._line = _PeerConnection(self)
        self._opening = asyncio.ensure_future(self._connect(line))
        return line

    async def _connect(self, line: _PeerConnection) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                await loop.create_connection(lambda: line, self.member.host, self.member.port)
        except OSError as error:  # TimeoutError is one, too
            line.fail(NodeUnreached(f"node {self.member.id} cannot be reached: {error}"))


class _PeerConnection(asyncio.Protocol):
    """One connection. A request that has timed out keeps its number until its reply comes, so that replies stay matched."""

    __slots__ = (
        *("_aborted", "_heard", "_held", "_number"),
        *("_peer", "_sent", "_transport", "_unsent", "_wanted"),
    )

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []  # until the connection is made
        self._sent: dict[int, tuple[asyncio.Future[bytes], int]] = {}  # with the sizes of the requests
        self._number = 0
        self._held = bytearray()
        self._wanted = HEADER_SIZE
        self._heard = asyncio.get_running_loop().time()
        self._aborted = False

    def send(self, content: bytes) -> asyncio.Future[bytes]:
        """The reply to ``content``, when it comes."""
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[bytes] = loop.create_future()
        if not self._sent:
            self._heard = loop.time()
        self._number += 1
        self._sent[self._number] = reply, len(content)
        self._peer.waiting += 1
        self._peer.waiting_size += len(content)
        frame = numbered(self._number, content)
        if self._transport is None:
            self._unsent.append(frame)
        else:
            self._transport.write(frame)
        return reply

    def check(self) -> None:
        """Give the connection up if nothing has come for too long."""
        if asyncio.get_running_loop().time() - self._heard > SILENCE_SECONDS:
            self.abort()

    def abort(self) -> None:
        """End the connection now, or as soon as it is made."""
        self._aborted = True
        self._peer.forget(self)
        if self._transport is not None:
            self._transport.abort()
        else:
            self.fail(NodeUnreached("the node has left"))

    def fail(self, error: NodeUnreached | ReplyLost) -> None:
        """Tell all who wait that no reply will come."""
        self._peer.forget(self)
        for reply, size in self._sent.values():
            self._release(size)
            if not reply.done():
                reply.set_exception(error)
        self._sent.clear()
        self._unsent.clear()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what was asked meanwhile."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        if self._aborted:
            self._transport.abort()
            return
        self._heard = asyncio.get_running_loop().time()
        unsent, self._unsent = self._unsent, []
        self._transport.writelines(unsent)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell those who wait."""
        self.fail(
            ReplyLost(f"node {self._peer.member.id} closed the connection{f': {error}' if error else ''}")
        )

    def data_received(self, data: bytes) -> None:
        """Hand the replies in ``data`` out."""
        self._heard = asyncio.get_running_loop().time()
        held = self._held
        held += data
        if len(held) < self._wanted:
            return
        offset = 0
        try:
            while len(held) - offset >= HEADER_SIZE:
                kind, size = unpack_header(held, offset)
                end = offset + HEADER_SIZE + size
                if end > len(held):
                    self._wanted = end - offset
                    break
                self._answer(kind, bytes(held[offset + HEADER_SIZE : end]))
                offset = end
            else:
                self._wanted = HEADER_SIZE
        except WireError:
            self.abort()
        del held[:offset]

    def _answer(self, kind: int, body: bytes) -> None:
        """Raises WireError for a reply that nobody waits for."""
        number, content = unpack_numbered(body)
        if kind != INTERNAL or number not in self._sent:
            raise WireError("not a reply to what was asked")
        reply, size = self._sent.pop(number)
        self._release(size)
        if not reply.done():
            reply.set_result(content)

    def _release(self, size: int) -> None:
        self._peer.waiting -= 1
        self._peer.waiting_size -= size
