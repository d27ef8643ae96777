"""Another node of the cluster, in another process, as this one asks it: a few connections, requests one after another.

    request ----> the connection with the fewest that wait, or a new one while all have some
    reply   <---- in order, as on every connection of a node; a request whose time is over leaves its place in line

What waits is bounded by number and by size. A connection that says nothing for too long is given up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

from asinfo.errors import WireError
from asinfo.wire.frame import HEADER_SIZE, MESSAGE, unpack_header

if TYPE_CHECKING:
    from daemon.cluster import Member

LINES_MAX = 8
"""Connections to one node. A request that takes the other node long holds up those behind it on the same one."""

WAITING_MAX = 4096
"""Requests that may wait for one node."""

WAITING_SIZE_MAX = 64 << 20
"""Bytes of these requests."""

SILENCE_SECONDS = 10.0
"""A connection on which a request waits and nothing has come for so long is given up."""


class Unreached(Exception):  # noqa: N818 - named for what happened
    """The request has not left this node."""


class Lost(Exception):  # noqa: N818 - named for what happened
    """The connection ended before the reply came: nobody knows what became of the request."""


class Peer:
    """Another node of the cluster. To be closed when it leaves."""

    __slots__ = ("_closed", "_lines", "_tasks", "member", "waiting", "waiting_size")

    def __init__(self, member: Member) -> None:
        self.member = member
        self.waiting = 0
        self.waiting_size = 0
        self._lines: set[_Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def ask(self, frame: bytes, seconds: float) -> bytes:
        """Body of the reply to ``frame``. Raises Unreached, Lost, or TimeoutError after ``seconds``."""
        if self._closed or self.waiting >= WAITING_MAX or self.waiting_size + len(frame) > WAITING_SIZE_MAX:
            raise Unreached(f"too many requests wait for node {self.member.id}")
        line = self._line()
        reply = line.send(frame)
        try:
            async with asyncio.timeout(seconds):
                return await reply
        except TimeoutError:
            line.check()
            raise

    def close(self) -> None:
        """End all connections; whoever waits gets Lost or Unreached."""
        self._closed = True
        for line in tuple(self._lines):
            line.abort()

    def forget(self, line: _Line) -> None:
        """``line`` has ended."""
        self._lines.discard(line)

    def _line(self) -> _Line:
        best = min(self._lines, key=len, default=None)
        if best is not None and (not len(best) or len(self._lines) >= LINES_MAX):
            return best
        line = _Line(self)
        self._lines.add(line)
        task = asyncio.ensure_future(self._open(line))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return line

    async def _open(self, line: _Line) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                await loop.create_connection(lambda: line, self.member.host, self.member.port)
        except OSError as error:  # TimeoutError is one, too
            line.fail(Unreached(f"node {self.member.id} cannot be reached: {error}"))


class _Line(asyncio.Protocol):
    """One connection. ``len`` is how many requests wait on it."""

    __slots__ = ("_aborted", "_heard", "_held", "_peer", "_sent", "_transport", "_unsent", "_wanted")

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []  # until the connection is made
        self._sent: deque[tuple[asyncio.Future[bytes], int]] = deque()  # with the sizes of the requests
        self._held = bytearray()
        self._wanted = HEADER_SIZE
        self._heard = asyncio.get_running_loop().time()
        self._aborted = False

    def __len__(self) -> int:
        return len(self._sent)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def send(self, frame: bytes) -> asyncio.Future[bytes]:
        """The reply to ``frame``, when it comes."""
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[bytes] = loop.create_future()
        if not self._sent:
            self._heard = loop.time()
        self._sent.append((reply, len(frame)))
        self._peer.waiting += 1
        self._peer.waiting_size += len(frame)
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
            self.fail(Unreached("the node has left"))

    def fail(self, error: Unreached | Lost) -> None:
        """Tell all who wait that no reply will come."""
        self._peer.forget(self)
        for reply, size in self._sent:
            self._settle(size)
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
        self.fail(Lost(f"node {self._peer.member.id} closed the connection{f': {error}' if error else ''}"))

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
        if kind != MESSAGE or not self._sent:
            raise WireError("not a reply to what was asked")
        reply, size = self._sent.popleft()
        self._settle(size)
        if not reply.done():
            reply.set_result(body)

    def _settle(self, size: int) -> None:
        self._peer.waiting -= 1
        self._peer.waiting_size -= size
