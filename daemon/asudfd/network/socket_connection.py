"""Connections of a reactor (asudfd.network.reactor): reads, has the requests answered, and keeps the replies in order.

reading ---- whole requests, answered at once ----> reading
   |  `----- the conversation pauses, or the client does not take its replies ----> holding
   `-------- end of stream, an error, a limit ----> closed, after the replies to what has come
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from asudfd.network.reactor import HANG_UP, READ, WRITE

if TYPE_CHECKING:
    import socket

    from asudfd.network.socket_listener import SocketListener

READ_SIZE = 1 << 16
"""Bytes that one read takes: as many as the usual buffers of the kernel give; a client with more waits its turn."""

SHORT_REQUEST, SHORT_REPLY = 1024, 4096
"""Most bytes of what is answered, and sent, in a row with that of other clients. What is longer is answered at once, and sent at once: it
gains little, and all would have to wait for it."""


class SocketConversation(Protocol):
    """The protocol's side of a connection."""

    def feed(self, data: bytes) -> bytes:
        """The replies to the whole requests in ``data``, in order, behind what it has held back.

        It holds the rest: a request without its end, and what follows one that pauses or ends the connection.
        """

    @property
    def owes_replies(self) -> bool:
        """Whether there are requests whose replies are still to come, and are made although the client sends no more."""

    @property
    def may_be_evicted(self) -> bool:
        """Whether the connection may be cut for what waits for all clients together."""

    def evicted(self) -> None:
        """The connection is going to be cut for that."""

    def ended(self) -> None:
        """The connection has ended."""


class SocketLimits(Protocol):
    """Limits of connections; read at each use, since they may change."""

    connections_max: int
    output_max: int
    """Bytes of replies that may wait for one client; beyond, its connection is cut."""
    outputs_max: int
    """The same for all clients together; beyond, those are cut for which most waits."""
    idle_seconds: float
    """After which a silent client is closed; 0: never."""


class SocketConnections(set["SocketConnection"]):
    """Connections with limits in common; ``backlog`` is the sum of theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.backlog = 0

    def shed(self, limit: int) -> None:
        """Cut connections until no more than ``limit`` bytes wait; the one for which most waits goes first."""
        while self.backlog > limit:
            largest = max((each for each in self if each.may_be_evicted), key=_backlog, default=None)
            if largest is None:
                return
            largest.evict()


def _backlog(connection: SocketConnection) -> int:
    return connection.backlog


class SocketConnection:
    """A client of a reactor."""

    __slots__ = (
        *(
            "_answering",
            "_backlog",
            "_closing",
            "_conversation",
            "_ended",
            "_events",
            "_held",
            "_owner",
            "_receive",
            "_reactor",
            "_reply",
            "_request",
            "_send",
            "_socket",
            "_unsent",
        ),
        *("address", "closed", "last_read", "paused", "bytes_received", "bytes_sent"),
    )

    def __init__(self, owner: SocketListener, connected: socket.socket, address: str) -> None:
        self._owner = owner
        self._socket = connected
        self.address = address
        self._receive, self._send = connected.recv, connected.send
        self._reactor = owner.reactor
        self._request = b""  # to be answered when others have been read, too
        self._reply = b""  # to be sent when others have been answered, too
        self._held = bytearray()  # bytes that the conversation has not seen yet
        self._unsent: list[memoryview] = []  # what the client has not taken, in pieces that are not copied
        self._backlog = 0
        self._closing = False
        self._ended = False  # the client sends no more; it may still read
        self._answering = False  # what comes meanwhile, in a step from inside a call, is held
        self._events = READ
        self.closed = False
        self.bytes_received = self.bytes_sent = 0
        self.paused = False
        self.last_read = owner.reactor.now
        self._conversation = owner.connected(self)
        owner.reactor.watch(connected.fileno(), READ, self._on_event)

    @property
    def backlog(self) -> int:
        """Bytes of replies that the client has not taken."""
        return self._backlog

    @property
    def descriptor(self) -> int:
        """The number of its socket."""
        return self._socket.fileno()

    @property
    def local_address(self) -> str:
        """The address that the client has connected to."""
        try:
            host, port = self._socket.getsockname()[:2]
        except OSError:
            return ""
        return f"{host}:{port}"

    @property
    def is_secure(self) -> bool:
        """Whether it is encrypted."""
        return self._owner.is_secure

    def write(self, data: bytes) -> None:
        """Send bytes now, or as soon as the client takes them."""
        if self._reply:
            self._send_reply()
        if self.closed:
            return
        sent = 0
        if not self._unsent:
            try:
                sent = self._send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.cut()
                return
            self.bytes_sent += sent
            if sent == len(data):
                return
        self._unsent.append(memoryview(data)[sent:])
        self._add_to_backlog(len(data) - sent)
        limits = self._owner.limits
        if self._backlog > limits.output_max:
            self.cut()
        else:
            self._owner.connections.shed(limits.outputs_max)
            self._select()

    def _add_to_backlog(self, count: int) -> None:
        self._backlog += count
        self._owner.connections.backlog += count

    @property
    def may_be_evicted(self) -> bool:
        """Whether it is one of those that are cut for what waits for all together."""
        return self._backlog > 0 and self._conversation.may_be_evicted

    def evict(self) -> None:
        """Close at once, because too much waits for all together."""
        self._conversation.evicted()
        self.cut()

    def pause(self) -> None:
        """Answer nothing more until `resume`: the last request waits for something."""
        self.paused = True

    def resume(self, reply: bytes) -> None:
        """Send the reply to the request that has waited, and go on with those behind it.

        That is done in a call of its own: one client's request may resume the next, and so on.
        """
        self.paused = False
        if reply:
            self.write(reply)
        self.go_on_later()

    def go_on_later(self) -> None:
        """Have the conversation go on after what else there is to do, and not before the client has taken its replies."""
        self._owner.reactor.call_later(0, self._go_on)

    def _go_on(self) -> None:
        if not (self.paused or self._unsent or self._answering or self.closed):
            self._answer(b"")
        self._select()

    def finish(self) -> None:
        """Close after the replies so far."""
        self._closing = True

    def cut(self) -> None:
        """Close at once."""
        self._send_reply()
        if self.closed:
            return
        self.closed = True
        self._owner.reactor.forget(self._socket.fileno())
        self._socket.close()
        self._add_to_backlog(-self._backlog)
        self._held, self._unsent = bytearray(), []
        self._owner.left(self)
        self._conversation.ended()

    def _on_event(self, event: int) -> None:
        if event & WRITE:
            self._send_rest()
            if self.closed or not event & ~WRITE:
                return
        try:
            data = self._receive(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            self.cut()
            return
        if not data:
            self._end()
            return
        self.last_read = self._reactor.now
        self.bytes_received += len(data)
        if self._answering or self.paused:  # further up the stack, or a request waits
            self._held += data
            self._select()
        elif self._request:  # read further up the stack
            self._request += data
        elif self._reactor.is_shared and len(data) <= SHORT_REQUEST:
            self._request = data
            self._reactor.answer_later(self._answer_request)
        else:
            self._answer(data)

    def _answer_request(self) -> None:
        data, self._request = self._request, b""
        if not self.closed:
            self._answer(data)

    def _end(self) -> None:
        """The client sends no more: close when it has the replies to what it has sent.

        The second end is that of the whole connection, since nothing is read after the first.
        """
        if self._ended:
            self.cut()
            return
        self._closing = self._ended = True
        if not self._close_if_done():
            self._select()

    def _close_if_done(self) -> bool:
        """Close if the connection is to be closed and nothing is left to be done before; says whether it has been."""
        self._send_reply()
        if self._unsent or (self._ended and self._is_busy()):
            return False
        self.cut()
        return True

    def _is_busy(self) -> bool:
        has_more = bool(self._held) and not self.paused
        return self._answering or bool(self._request) or has_more or self._conversation.owes_replies

    def _answer(self, data: bytes) -> None:
        """Have the conversation answer what has been held, and ``data``; the usual request takes the shortest way."""
        if self._held:
            data = bytes(self._held + data)
            self._held.clear()
        self._answering = True
        try:
            replies = self._conversation.feed(data)
        except Exception:
            self.cut()  # its client would wait for ever
            raise
        finally:
            self._answering = False
        if replies and not self.closed:
            if self._reactor.is_shared and len(replies) <= SHORT_REPLY and not self._unsent:
                self._reply += replies
                self._reactor.send_later(self._send_reply)
            else:
                self.write(replies)
        if self._closing and self._close_if_done():
            return
        if self._held:
            self.go_on_later()  # it came meanwhile: no event will tell of it
            self._select()

    def _send_reply(self) -> None:
        if self._reply:
            data, self._reply = self._reply, b""
            self.write(data)

    def _send_rest(self) -> None:
        try:
            sent = self._send(self._unsent[0])
        except BlockingIOError:
            return
        except OSError:
            self.cut()
            return
        self.bytes_sent += sent
        self._add_to_backlog(-sent)
        rest = self._unsent[0][sent:]
        if rest:
            self._unsent[0] = rest
        else:
            del self._unsent[0]
        if not self._unsent:
            if self._closing and self._close_if_done():
                return
            if not (self.paused or self._answering):
                self._answer(b"")
            self._select()

    def _select(self) -> None:
        """Wait for what there is to wait for.

        A client that does not take its replies is not read from, nor is one that waits with a whole buffer held; when the
        latter goes, it is read to its end.
        """
        if self.closed:
            return
        events = WRITE if self._unsent else HANG_UP if len(self._held) > READ_SIZE else READ
        if self._ended:
            events &= WRITE  # the end of the stream would be reported again and again
        if events != self._events:
            self._events = events
            self._owner.reactor.change(self._socket.fileno(), events)
