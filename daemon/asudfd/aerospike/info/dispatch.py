"""From the body of an info request to its reply: the line grammar, and who answers what.

    body   = *( line LF )            text after the last LF is ignored
    line   = NAME [ ("/" | ":" | ";") PARAMETERS ]      a NUL ends it early
    reply  = *( line TAB answer LF )

Source: the specification of the info protocol, section 2.
"""

from __future__ import annotations

import re
import traceback
from asyncio import Semaphore
from typing import TYPE_CHECKING

from asinfo.text import text
from asinfo.wire.frame import INFO, pack, pack_header
from asinfo.wire.info import COMMAND_NAME_SIZE_MAX
from asudfd.aerospike.info.request import Request
from asudfd.errors import Code, CommandError, UdfError
from asudfd.fairness import PIECE_SIZE, cut, loop_scheduler

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from asudfd.aerospike.info.table import InfoCommand
    from asudfd.aerospike.node import AerospikeNode
    from asudfd.network.session import ClientSession

    Reply = bytes | AsyncIterator[bytes] | Awaitable[bytes | AsyncIterator[bytes]]

SUMMARY = (
    b"features",
    b"node",
    b"compatibility-id",
    b"edition",
    b"build_ee_sha",
    b"build_sha",
    b"build_arch",
    b"build_time",
    b"build_os",
    b"build",
    b"version",
    b"statistics",
    b"services-alumni",
    b"services",
    b"partition-generation",
)
"""What a request without a single line asks for, in the real server's order."""

TURN_SIZE = 65_536
"""Bytes of answers that may be in memory for each request; those with more are made only some at a time."""

LARGE_COUNT_MAX = 4
"""Requests with longer replies that are answered at a time; the others wait, so that their replies take no memory."""

ANSWERS_SIZE_MAX = 67_108_864
"""Bytes (64 MiB) that the answers of one request may add to the echo of its lines: nobody reads more in one frame,
and a small request must not cost the node unbounded memory."""

SUMMARY_BODY = b"".join(b"%b\n" % name for name in SUMMARY)

UNRECOGNIZED = b"ERROR:4:unrecognized command"
INTERNAL_ERROR = b"ERROR::internal error"
TOO_LARGE = b"ERROR:4:reply too large\n"
_NAME = re.compile(rb"[^/:;]{0,%d}" % (COMMAND_NAME_SIZE_MAX + 1))
"""The name of a command, or one byte more than the longest name: a megabyte without a separator costs nothing."""


class _InfoReply:
    """A request on its way: what is still to be answered, and the reply so far.

    ``refusal`` replaces the whole reply. ``waiting`` is a line whose answer takes time, with that answer.
    """

    __slots__ = (
        "_parts",
        "_reply",
        "body",
        "finished",
        "offset",
        "refusal",
        "session",
        "size",
        "size_max",
        "waiting",
    )

    def __init__(self, body: bytes, session: ClientSession) -> None:
        self.body = body
        self.session = session
        self.offset = 0
        self.size = 0
        self._reply = bytearray()
        self._parts: list[bytes] = []
        self.size_max = len(body) + ANSWERS_SIZE_MAX
        self.waiting: tuple[bytes, Awaitable[bytes]] | None = None
        self.refusal: bytes | None = None
        self.finished = False

    def next_line(self) -> bytes | None:
        """The next line, or None after the last; a NUL cuts it."""
        end = self.body.find(b"\n", self.offset)
        if end < 0:
            self.finished = True
            return None
        line = self.body[self.offset : end]
        self.offset = end + 1
        return line[: line.index(0)] if 0 in line else line

    def add(self, line: bytes, answer: bytes) -> None:
        """Put the answer to ``line`` at the end of the reply."""
        self._reply += line
        if len(answer) > PIECE_SIZE:
            self._parts += (bytes(self._reply + b"\t"), answer)
            self._reply = bytearray(b"\n")
        else:
            self._reply += b"\t%b\n" % answer
        self.size += len(line) + len(answer) + 2
        if self.size > self.size_max:
            self.refusal = TOO_LARGE
            self.finished = True

    def is_large(self) -> bool:
        """Whether the answers so far, without the echo, fill a turn."""
        return self.size - self.offset > TURN_SIZE

    def frame(self) -> bytes | AsyncIterator[bytes]:
        """The reply; in pieces if it is large. Large answers stand in it as they are: who keeps one, shares it."""
        if self.refusal is not None:
            return pack(INFO, self.refusal)
        if self.size <= PIECE_SIZE:
            return pack(INFO, self._reply)
        first, *others = *self._parts, bytes(self._reply)
        return cut([pack_header(INFO, self.size) + first, *others])


class InfoService:
    """Answers info requests on behalf of one node.

    Every request begins at once, so none is refused for having waited, as the real server does after info-max-ms.
    """

    __slots__ = ("_large", "_node", "_rows")

    def __init__(self, node: AerospikeNode) -> None:
        self._node = node
        self._large = Semaphore(LARGE_COUNT_MAX)
        self._rows: dict[bytes, InfoCommand] = node.table.rows

    def respond(self, body: bytes, session: ClientSession) -> Reply:
        """The reply frame of ``body``: at once for the usual short request, else as an awaitable, or in pieces."""
        reply = _InfoReply(body or SUMMARY_BODY, session)
        self._advance(reply)
        return self._frame(reply) if reply.finished else self._finish(reply)

    def is_constant(self, body: bytes) -> bool:
        """Whether the reply to ``body`` stays the same for the life of the node: one line, of a constant row."""
        if body.find(b"\n") != len(body) - 1 or 0 in body:
            return False
        row = self._rows.get(_name(body[:-1]))
        return row is not None and row.constant

    def answer(self, line: bytes, session: ClientSession) -> bytes | Awaitable[bytes]:
        """The answer to one line, without echo. What a handler raises has become a text."""
        name = _name(line)
        row = self._rows.get(name)
        if row is None:
            self._node.refusals.note(Code.PARAMETER, f"there is no info command {text(name)}", session)
            return UNRECOGNIZED
        try:
            answer = row.handler(self._node, Request(name, line[len(name) + 1 :], session))
        except (CommandError, UdfError) as error:
            return self._refused(name, error, session)
        except Exception as error:  # noqa: BLE001 - the edge: a fault in one command may not end a connection
            return self._fault(name, error)
        return answer if isinstance(answer, bytes) else self._await_answer(name, answer, session)

    def _advance(self, reply: _InfoReply) -> None:
        """Answer lines until one has to be waited for, the turn is over or the request is finished."""
        scheduler = loop_scheduler()
        while (line := reply.next_line()) is not None:
            answer = self.answer(line, reply.session)
            if not isinstance(answer, bytes):
                reply.waiting = (line, answer)
                return
            reply.add(line, answer)
            scheduler.spend(len(answer))
            if reply.finished or (scheduler.over() and reply.offset < len(reply.body)):
                return

    async def _finish(self, reply: _InfoReply) -> bytes | AsyncIterator[bytes]:
        """Go on where ``respond`` had to stop: at a command that waits, or for the sake of other clients."""
        large = False
        try:
            while not reply.finished:
                if reply.waiting is not None:
                    asked, answer = reply.waiting
                    reply.waiting = None
                    reply.add(asked, await answer)
                elif not large and reply.is_large():
                    large = await self._large.acquire()
                else:
                    await loop_scheduler().turn()
                if not reply.finished:
                    self._advance(reply)
        finally:
            if large:
                self._large.release()
        return self._frame(reply)

    async def _await_answer(self, name: bytes, answer: Awaitable[bytes], session: ClientSession) -> bytes:
        """Wait for an answer; what it raises becomes a text, as in ``answer``."""
        try:
            return await answer
        except (CommandError, UdfError) as error:
            return self._refused(name, error, session)
        except Exception as error:  # noqa: BLE001 - the same edge, for commands that wait
            return self._fault(name, error)

    def _frame(self, reply: _InfoReply) -> bytes | AsyncIterator[bytes]:
        if reply.refusal is None:
            self._node.counters.info_complete += 1
        return reply.frame()

    def _refused(self, name: bytes, error: CommandError | UdfError, session: ClientSession) -> bytes:
        if isinstance(error, CommandError):
            self._node.refusals.note(error.code, f"info command {text(name)}: {error}", session)
        return error.answer

    def _fault(self, name: bytes, error: Exception) -> bytes:
        where = "".join(traceback.format_exception(error))
        self._node.log.warning("info", f"internal error in {text(name)}: {where}")
        return INTERNAL_ERROR


def _name(line: bytes) -> bytes:
    """The name that ``line`` starts with; for one that is too long, a part of it that no row is called."""
    match = _NAME.match(line)
    return match.group() if match else b""
