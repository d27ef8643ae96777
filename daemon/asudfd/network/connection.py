"""One client connection: frames out of chunks, replies strictly in order, and no more memory than allowed.

What another node passes on is numbered, and answered as soon as it can be (asudfd.network.in_flight).

    reading ---- whole frame, answer at once ----> reading
       |  `----- answer takes time, client does not take its replies, or the turn is over ----> paused
       |         (what came already, or comes while the answer to a record message is worked on, waits in ``_held``)
       `-------- bad header, end of stream, a limit ----> closed, after the replies so far

Errors in a command never close a connection. Source: the specification of the info protocol, section 1.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from struct import Struct
from typing import TYPE_CHECKING, cast

from asinfo.errors import WireError
from asinfo.wire.frame import HEADER_SIZE, INFO, INTERNAL, MESSAGE, VERSION, unpack_header
from asudfd.aerospike.info.request import ClientSession
from asudfd.fairness import PIECE_SIZE, loop_scheduler
from asudfd.network.connections import READY_SIZE_MAX
from asudfd.network.in_flight import InFlight
from asudfd.network.relay import Relay

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from asudfd.network.connections import ConnectionSet, Made

TURN_REPLIES = 256
"""So many replies does one connection get before the others have a turn; how much time and how many bytes all of them
get, says `asudfd.fairness`."""

HELD_SIZE = 65536
"""So many bytes are read while a record message is worked on: only who reads learns that its client has gone."""

_MESSAGE = bytes([VERSION, MESSAGE, 0, 0, 0])  # a frame with less than 16 MiB of body
_body_size = Struct("!4xI").unpack_from


class Connection(asyncio.Protocol):
    """A client: one ``feed`` and one write for every chunk that arrives."""

    __slots__ = (
        *("_counters", "_ready", "_respond", "_session", "_traffic", "_transport"),
        *("_backlog", "_held", "_idle_since", "_stalled_since", "_wanted"),
        *("_beside", "_ended", "_scheduler", "_of_record", "_paused", "_relay", "_task"),
    )

    _relay: Relay
    _transport: asyncio.Transport

    def __init__(self, traffic: ConnectionSet) -> None:
        self._traffic = traffic
        self._counters = traffic.node.counters
        self._ready = traffic.ready
        self._respond = traffic.responders[MESSAGE]
        self._session = ClientSession()
        self._scheduler = loop_scheduler()
        self._held: bytearray | None = None  # bytes that are not answered yet; None when there are none
        self._wanted = HEADER_SIZE  # so many held bytes make the next frame, or its header
        self._ended = self._paused = False
        self._task: asyncio.Future[Made] | None = None
        self._of_record = False  # is it a record message that ``_task`` answers?
        self._beside = InFlight()
        self._backlog = 0
        self._stalled_since = 0.0
        self._idle_since = 0.0  # 0 while something has arrived since the last look

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet nobody: a client speaks first. One client too many is closed without a byte."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        self._session.meet(transport.get_extra_info("peername"))
        high = self._traffic.node.config.service.proto_backlog_max
        self._relay = Relay(self._transport, self._send, high)
        if not self._traffic.join(self):
            transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget the client. An info command it still waits for goes on: a change of metadata is not half done."""
        self._give_up()
        self._session.gone = True
        self._relay.go_on()
        self._set_held(None)
        self._set_backlog(0)
        self._traffic.leave(self, self._session)

    def data_received(self, data: bytes) -> None:
        """Answer what is whole, keep the rest."""
        self._idle_since = 0.0
        if self._held is not None:
            self._add(data)
            return
        if (
            data.startswith(_MESSAGE)
            and len(data) > HEADER_SIZE
            and _body_size(data)[0] == len(data) - HEADER_SIZE
            and not self._scheduler.crowded
        ):
            self._answer_message(data[HEADER_SIZE:])
            return
        reply = self._ready.get(data) if len(data) <= READY_SIZE_MAX else None
        if reply is None:
            self._feed(data)
        else:
            self._counters.info_complete += 1
            self._transport.write(reply)

    def eof_received(self) -> bool:
        """Answer what came before the end of the stream, then close.

        The real server drops such a request; answering it serves a client like `nc -N` and harms nobody. A record
        message that takes time is given up, as there: whoever sent it has most likely run out of patience.
        """
        self._ended = True
        self._give_up()
        return self._paused or bool(self._beside)  # False lets the transport close, after the replies so far

    def pause_writing(self) -> None:
        """Stop reading from a client that does not take its replies."""
        self._relay.blocked = True
        self._stall()
        self._pause()
        self._check_backlog()

    def resume_writing(self) -> None:
        """Go on with a client that has taken its replies."""
        self._relay.blocked = False
        self._relay.go_on()
        self._traffic.stalled.discard(self)
        self._set_backlog(0)
        self._resume()

    def finish(self) -> None:
        """Close as soon as the command that is in flight has been answered."""
        self._ended = True
        if self._task is None:
            self._close()

    def cut(self) -> None:
        """Close at once; what has not been sent is lost."""
        self._transport.abort()

    def check_stall(self, now: float, limit: float) -> None:
        """Close a client that has taken nothing of its replies for ``limit`` seconds."""
        size = self._transport.get_write_buffer_size()
        if size != self._backlog:
            self._set_backlog(size)
            self._stalled_since = now
        elif now - self._stalled_since >= limit:
            self._abort(f"{size} bytes of replies not taken for {limit:g} seconds")

    def check_idle(self, now: float, limit: float) -> None:
        """Close a client that has sent nothing for ``limit`` seconds and waits for nothing."""
        if not self._idle_since:
            self._idle_since = now
        elif not self._paused and not self._beside and now - self._idle_since >= limit:
            self._counters.reaped += 1
            self._close()

    def _feed(self, data: bytes, *, due: bool = False) -> None:
        """Answer what is whole of ``data``, unless this turn of the loop is over; ``due``: it has stood in line."""
        replies: list[bytes] = []
        waits = bool(data) and not due and self._scheduler.over()
        try:
            offset = 0 if waits else self._answer(data, replies)
        except WireError as error:
            self._traffic.node.log.detail("proto", f"closing {_peer(self._transport)}: {error}")
            self._ended = True
            offset = len(data)
        if replies:
            self._send(b"".join(replies))
        if self._task is not None:
            self._pause(stop=not self._of_record)
        elif waits or len(data) - offset >= self._wanted:
            self._pause(stop=not waits)
            self._scheduler.call(partial(self._resume, due=True))
        elif self._ended:
            self._close()
            return
        if offset < len(data):
            self._add(data[offset:])

    def _answer_message(self, body: bytes) -> None:
        """The short way of the most frequent chunk: one record message, and nothing before or after it."""
        reply = self._respond(body, self._session)
        if isinstance(reply, bytes):
            if len(reply) > PIECE_SIZE:
                self._scheduler.spend(len(reply))
            self._transport.write(reply)
        else:
            self._wait(reply, of_record=True)
            self._pause(stop=False)

    def _answer(self, data: bytes, replies: list[bytes]) -> int:
        """Put the replies to the whole frames of ``data`` into ``replies``; returns where the rest starts.

        Stops early at a command that takes time and at the end of this client's turn. Raises WireError at a header
        that no frame can have.
        """
        self._wanted = HEADER_SIZE
        offset = _answer_known(self._traffic, data, 0, replies)
        while len(data) - offset >= HEADER_SIZE and len(replies) < TURN_REPLIES:
            kind, size = unpack_header(data, offset)
            end = offset + HEADER_SIZE + size
            if end > len(data):
                self._wanted = end - offset
                break
            reply = self._traffic.respond(kind, data[offset:end], self._session)
            offset = end
            if isinstance(reply, bytes):
                replies.append(reply)
                if kind != INFO:  # those have been counted, line by line
                    self._scheduler.spend(len(reply))
            elif kind != INTERNAL or not self._beside.begins(reply, size, self._settled):
                self._wait(reply, of_record=kind == MESSAGE)
                break
            if self._scheduler.over():
                break
            offset = _answer_known(self._traffic, data, offset, replies)
        return offset

    def _wait(self, reply: Awaitable[Made] | AsyncIterator[bytes], *, of_record: bool) -> None:
        if isinstance(reply, AsyncIterator):
            reply = self._relay.pour(reply) if of_record else self._relay.pour_sparingly(reply)
        task: asyncio.Future[Made] = asyncio.ensure_future(reply)
        self._task, self._of_record = task, of_record
        self._traffic.tasks.add(task)
        task.add_done_callback(self._answered)

    def _settled(self, task: asyncio.Future[Made]) -> None:
        """Send a reply that was made beside others; close after the last if nothing more is to come."""
        if self._sends(task) and self._ended and self._task is None:
            self._close()

    def _answered(self, task: asyncio.Future[Made]) -> None:
        self._traffic.tasks.discard(task)
        self._task = None
        if self._sends(task):
            self._resume()

    def _sends(self, task: asyncio.Future[Made]) -> bool:
        """Whether what ``task`` has made is sent; if it has failed, the connection ends."""
        if task.cancelled() and self._session.gone:
            self._close()
        elif fault := _fault(task):
            self._abort(f"its command was given up: {fault}")
        elif not self._transport.is_closing():
            made = task.result()
            if isinstance(made, bytes):
                self._send(made)
            else:
                self._wait(made, of_record=self._of_record)
            return True
        return False

    def _give_up(self) -> None:
        """Let nobody work on the answer to a record message whose client is gone; what is not written yet, never is."""
        if self._task is not None and self._of_record:
            self._session.gone = True
            self._task.cancel()
        if self._beside:
            self._session.gone = True
            self._beside.give_up()

    def _pause(self, *, stop: bool = True) -> None:
        if not self._paused:
            self._paused = True
            if stop and not self._transport.is_closing():
                self._transport.pause_reading()
            if self._held is None:
                self._held = bytearray()

    def _resume(self, *, due: bool = False) -> None:
        """Answer what has come meanwhile, then read on, unless something else still holds the client up."""
        if self._task is not None or self._relay.blocked or not self._paused or self._transport.is_closing():
            return
        self._paused = False
        data = bytes(self._held or b"")
        self._set_held(None)
        self._feed(data, due=due)
        if not self._paused and not self._transport.is_closing():
            self._transport.resume_reading()

    def _add(self, data: bytes) -> None:
        """Hold ``data`` back, and answer once the next frame is whole."""
        held = bytearray() if self._held is None else self._held
        held += data
        self._held = held
        self._traffic.buffered += len(data)
        if self._traffic.buffers_overflow():
            self._abort("half-received requests take more than proto-buffer-max")
        elif self._paused and len(held) > HELD_SIZE and not self._transport.is_closing():
            self._transport.pause_reading()
        elif not self._paused and len(held) >= self._wanted:
            self._set_held(None)
            data = bytes(held)
            del held  # a large frame need not stand in memory twice
            self._feed(data)

    def _set_held(self, held: bytearray | None) -> None:
        if self._held is not None:
            self._traffic.buffered -= len(self._held)
        self._held = held

    def _set_backlog(self, size: int) -> None:
        self._traffic.backlog += size - self._backlog
        self._backlog = size

    def _send(self, data: bytes) -> None:
        """Write ``data``; count what the client has not taken if it is behind."""
        _write(self._transport, data)
        if self._relay.blocked and not self._transport.is_closing():
            self._set_backlog(self._transport.get_write_buffer_size())
            self._check_backlog()

    def _check_backlog(self) -> None:
        if self._traffic.backlog_overflows():
            self._abort("replies that wait for their clients take more than proto-buffer-max")

    def _stall(self) -> None:
        self._traffic.stalled.add(self)
        self._stalled_since = asyncio.get_running_loop().time()
        self._set_backlog(self._transport.get_write_buffer_size())

    def _close(self) -> None:
        """Close after the replies so far, and those that are made beside; `check_stall` ends it if nobody takes them."""
        if self._beside:
            return
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self._stall()

    def _abort(self, reason: str) -> None:
        self._traffic.node.log.warning("proto", f"closing {_peer(self._transport)}: {reason}")
        self._transport.abort()


def _fault(task: asyncio.Future[Made]) -> str:
    """Why there is no reply; empty when there is one."""
    error = None if task.cancelled() else task.exception()
    return "it was cancelled" if task.cancelled() else repr(error) if error else ""


def _write(transport: asyncio.Transport, data: bytes) -> None:
    if len(data) <= PIECE_SIZE:
        transport.write(data)
        return
    for start in range(0, len(data), PIECE_SIZE):
        if transport.is_closing():
            return
        transport.write(data[start : start + PIECE_SIZE])


def _answer_known(traffic: ConnectionSet, data: bytes, offset: int, replies: list[bytes]) -> int:
    """Answer the frames from ``offset`` on whose replies are kept ready; returns where the first other one starts.

    The last byte of its header is the whole length of a request that is kept; a longer one matches none of them.
    """
    before = len(replies)
    ready, last = traffic.ready, len(data) - HEADER_SIZE
    while offset <= last and len(replies) < TURN_REPLIES:
        end = offset + HEADER_SIZE + data[offset + HEADER_SIZE - 1]
        reply = ready.get(data[offset:end])
        if reply is None:
            break
        replies.append(reply)
        offset = end
    traffic.node.counters.info_complete += len(replies) - before
    return offset


def _peer(transport: asyncio.Transport) -> str:
    address = transport.get_extra_info("peername")
    return f"{address[0]}:{address[1]}" if address else "client"
