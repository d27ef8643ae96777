"""One client connection: reads, has the requests answered, and keeps the replies in order.

The bytes are cut into requests by the conversation of the listener's face (asudfd.network.face); how much is read and
written says the flow control (asudfd.network.flow).

    reading ---- whole request, answer at once ----> reading
       |  `----- answer takes time, client does not take its replies, or the turn is over ----> holding
       |         (what came already, or comes meanwhile, waits in ``_held``)
       `-------- not the protocol, end of stream, a limit ----> closed, after the replies so far

Errors in a command never close a connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, cast

from asinfo.errors import WireError
from asudfd.fairness import loop_scheduler
from asudfd.network.face import PendingReply
from asudfd.network.flow import Flow, ReadState, peer
from asudfd.network.in_flight import InFlight
from asudfd.network.relay import send_pieces, send_pieces_sparingly
from asudfd.network.session import ClientSession

if TYPE_CHECKING:
    from asudfd.network.connections import ConnectionSet
    from asudfd.network.face import Conversation, ReplyContent

TURN_REPLIES = 256
"""So many replies does one connection get before the others have a turn; how much time and how many bytes all of them
get, says `asudfd.fairness`. With constant replies, the cheapest, these take some 100 us."""


class Connection(asyncio.Protocol):
    """A client: one ``feed`` and one write for every chunk that arrives."""

    __slots__ = (
        *("_answer_whole", "_connections", "_conversation", "_flow", "_scheduler", "_session", "_transport"),
        *("_cancel_on_close", "_ended", "_held", "_in_flight", "_task", "_wanted"),
    )

    _conversation: Conversation
    _flow: Flow
    _transport: asyncio.Transport

    def __init__(self, connections: ConnectionSet) -> None:
        self._connections = connections
        self._session = ClientSession()
        self._scheduler = loop_scheduler()
        self._held: bytearray | None = None  # bytes that are not answered yet; None when there are none
        self._wanted = 1  # so many held bytes make the next request, as far as is known
        self._ended = False
        self._task: asyncio.Future[ReplyContent] | None = None  # makes the reply that is next in order
        self._cancel_on_close = False  # is ``_task`` cancelled when the client goes?
        self._in_flight = InFlight()

    @property
    def address(self) -> str:
        """The client's address, ADDRESS+PORT; empty where there is none."""
        return self._session.address

    def is_working(self, task: asyncio.Future[ReplyContent]) -> bool:
        """Whether ``task`` makes the reply that is next in order."""
        return self._task is task

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet nobody: a client speaks first. One client too many is closed without a byte."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        self._session.meet(transport.get_extra_info("peername"))
        self._flow = Flow(self._connections, self._transport)
        self._conversation = self._connections.face.connected(self._session)
        self._answer_whole = self._conversation.answer_whole
        if not self._connections.join(self):
            transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget the client. A command it still waits for may go on: a change of metadata is not half done."""
        self._cancel()
        self._session.gone = True
        self._flow.lost()
        self._set_held(None)
        self._conversation.ended()
        self._connections.leave(self)

    def data_received(self, data: bytes) -> None:
        """Answer what is whole, keep the rest."""
        self._flow.idle_since = 0.0
        if self._held is not None:
            self._add(data)
            return
        reply = self._answer_whole(data)
        if type(reply) is bytes:
            self._transport.write(reply)
        elif isinstance(reply, PendingReply):
            self._wait(reply)
            self._hold(stop=not reply.cancel_on_close)
        else:
            self._feed(data)

    def eof_received(self) -> bool:
        """Answer what came before the end of the stream, then close.

        The real server drops such a request; answering it serves a client like `nc -N` and harms nobody. A record
        message that takes time is given up, as there: whoever sent it has most likely run out of patience.
        """
        self._ended = True
        self._cancel()
        # False lets the transport close, after the replies so far
        return self._flow.state is not ReadState.ANSWERING or bool(self._in_flight)

    def pause_writing(self) -> None:
        """Stop reading from a client that does not take its replies."""
        self._flow.block()
        self._hold(stop=True)

    def resume_writing(self) -> None:
        """Go on with a client that has taken its replies."""
        self._flow.unblock()
        self._resume()

    def finish(self) -> None:
        """Close as soon as the command that is in flight has been answered."""
        self._ended = True
        if self._task is None:
            self._close()

    def cut(self) -> None:
        """Close at once; what has not been sent is lost."""
        self._transport.abort()

    def check_idle(self, now: float, limit: float) -> None:
        """Close a client that has sent nothing for ``limit`` seconds and waits for nothing."""
        if self._flow.is_idle(now, limit) and not self._in_flight:
            self._connections.counters.reaped += 1
            self._close()

    def _feed(self, data: bytes, *, due: bool = False) -> None:
        """Answer what is whole of ``data``, unless this turn of the loop is over; ``due``: it has stood in line."""
        replies: list[bytes] = []
        waits = bool(data) and not due and self._scheduler.over()
        try:
            offset = 0 if waits else self._answer(data, replies)
        except WireError as error:
            self._connections.log.detail("proto", f"closing {peer(self._transport)}: {error}")
            self._ended = True
            offset = len(data)
        if replies:
            self._flow.send(b"".join(replies))
        if self._task is not None:
            self._hold(stop=not self._cancel_on_close)
        elif waits or len(data) - offset >= self._wanted:
            self._hold(stop=not waits)
            self._scheduler.call(partial(self._resume, due=True))
        elif self._ended:
            self._close()
            return
        if offset < len(data):
            self._add(data[offset:])

    def _answer(self, data: bytes, replies: list[bytes]) -> int:
        """Put the replies to the whole requests of ``data`` into ``replies``; returns where the rest starts.

        Stops early at a reply that takes time and at the end of this client's turn. Raises WireError.
        """
        offset = 0
        while True:
            offset, self._wanted, later = self._conversation.feed(data, offset, replies)
            if later is not None and not self._in_flight.begins(later, self._on_numbered):
                self._wait(later)
                return offset
            if len(data) - offset < self._wanted or len(replies) >= TURN_REPLIES or self._scheduler.over():
                return offset

    def _wait(self, later: PendingReply) -> None:
        """Have a reply made; what comes after it waits."""
        reply = later.reply
        if isinstance(reply, AsyncIterator):
            send = send_pieces if later.cancel_on_close else send_pieces_sparingly
            reply = send(self._flow, reply)
        task: asyncio.Future[ReplyContent] = asyncio.ensure_future(reply)
        self._task, self._cancel_on_close = task, later.cancel_on_close
        self._connections.tasks.add(task)
        task.add_done_callback(self._on_reply)

    def _on_numbered(self, task: asyncio.Future[ReplyContent]) -> None:
        """Send a numbered reply; close after the last if nothing more is to come."""
        if self._sends(task) and self._ended and self._task is None:
            self._close()

    def _on_reply(self, task: asyncio.Future[ReplyContent]) -> None:
        """Send the reply that is next in order, and go on."""
        self._connections.tasks.discard(task)
        self._task = None
        if self._sends(task):
            self._resume()

    def _sends(self, task: asyncio.Future[ReplyContent]) -> bool:
        """Whether what ``task`` has made is sent; if it has failed, the connection ends."""
        if task.cancelled() and self._session.gone:
            self._close()
        elif fault := _fault(task):
            self._flow.abort(f"its command was given up: {fault}")
        elif not self._transport.is_closing():
            made = task.result()
            if isinstance(made, bytes):
                self._flow.send(made)
            else:
                self._wait(PendingReply(made, self._cancel_on_close))
            return True
        return False

    def _cancel(self) -> None:
        """End the work on replies that end with their client; what is not written yet, never is."""
        if self._task is not None and self._cancel_on_close:
            self._session.gone = True
            self._task.cancel()
        if self._in_flight:
            self._session.gone = True
            self._in_flight.cancel()

    def _hold(self, *, stop: bool) -> None:
        """Answer nothing more for now."""
        self._flow.hold(stop=stop)
        if self._held is None:
            self._held = bytearray()

    def _resume(self, *, due: bool = False) -> None:
        """Answer what has come meanwhile, then read on, unless something else still holds the client up."""
        flow = self._flow
        if self._task is not None or flow.blocked or flow.state is ReadState.ANSWERING or flow.is_closing():
            return
        flow.state = ReadState.ANSWERING
        data = bytes(self._held or b"")
        self._set_held(None)
        self._feed(data, due=due)
        flow.read_on()

    def _add(self, data: bytes) -> None:
        """Hold ``data`` back, and answer once the next request is whole."""
        held = bytearray() if self._held is None else self._held
        held += data
        self._held = held
        self._connections.buffered += len(data)
        if self._connections.buffers_overflow():
            self._flow.abort("half-received requests take more than proto-buffer-max")
        elif self._flow.state is not ReadState.ANSWERING:
            self._flow.check_held(len(held))
        elif len(held) >= self._wanted:
            self._set_held(None)
            data = bytes(held)
            del held  # a large request need not stand in memory twice
            self._feed(data)

    def _set_held(self, held: bytearray | None) -> None:
        if self._held is not None:
            self._connections.buffered -= len(self._held)
        self._held = held

    def _close(self) -> None:
        """Close after the replies so far, and the numbered ones that are being made."""
        if not self._in_flight:
            self._flow.close()


def _fault(task: asyncio.Future[ReplyContent]) -> str:
    """Why there is no reply; empty when there is one."""
    error = None if task.cancelled() else task.exception()
    return "it was cancelled" if task.cancelled() else repr(error) if error else ""
