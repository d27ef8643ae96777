"""RESP, the protocol of Valkey: requests as a server reads them.

    RequestParser(limits)     cuts the bytes of one connection into requests; ``feed(data)`` gives every whole one
    ProtocolError             what ``RequestParser.error`` is after bytes that are no request; ``.reply`` is the answer

A request is an array of bulk strings, or a line of words (an inline command):

    *2 CR LF $4 CR LF ECHO CR LF $2 CR LF hi CR LF        ECHO "hi" CR LF

Frames are made in ``asinfo.wire.resp_frame``. Values of replies, with the types of RESP3, are in ``asinfo.wire.resp_reply``;
the quotes of inline commands in ``asinfo.wire.words``.

How requests are read: ``bytes.split`` cuts a chunk at every CR LF, and the length of each argument is compared with the
header before it; what does not fit (an argument with CR LF in it, a long one, a request of which the end is missing, an
inline command) is read by a parser that goes from header to header. hiredis was judged first (3.5.0, Python 3.11;
microseconds per request ``FCALL f 1 k v``, the least of 200 rounds): 0.25 in a pipeline of 16 and 0.6 alone, this one 0.8
and 1.1. But hiredis reads replies: it takes ``+text`` and ``:1`` for arguments, does not look at the CR LF after a bulk, knows
neither inline commands nor the limits of a server, and has its own words for errors; to make up for that costs what it saves.
"""

from __future__ import annotations

from typing import NamedTuple

from asinfo.errors import WireError
from asinfo.wire.resp_frame import DIGITS_MAX, error, number
from asinfo.wire.words import split_quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Request: TypeAlias = list[bytes]

CRLF = b"\r\n"
_LF, _CR, _DOLLAR, _STAR = b"\n\r$*"

_SIZE_FAST = 1023
"""Longest argument of the fast way: beyond it, copying the argument costs more than the parser."""
_COUNT_FAST = 1024
"""Most arguments of a request of the fast way: a larger one is seldom in one chunk."""
_SIZE_HEADERS = [b"$%d" % size for size in range(_SIZE_FAST + 1)]
_COUNT_HEADERS = {b"*%d" % count: 2 * count for count in range(1, _COUNT_FAST + 1)}
"""Number of lines that follow each header of a request."""


class RequestLimits(NamedTuple):
    """What a server takes; the defaults are Valkey's, but for the number of arguments, which it lets grow to 2**31."""

    line: int = 65_536
    """Bytes of an inline command, or of the header of an array or bulk."""
    bulk: int = 536_870_912
    """Bytes of one argument (``proto-max-bulk-len``)."""
    arguments: int = 1_048_576
    """Arguments of one request."""
    unauthenticated_bulk: int = 16_384
    unauthenticated_arguments: int = 10


class ProtocolError(WireError):
    """Bytes that are no request; the server answers ``reply`` and closes the connection."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Protocol error: {reason}")

    @property
    def reply(self) -> bytes:
        """The frame of the error; a character that the client sent goes back as it came."""
        return error(b"ERR " + str(self).encode("latin-1"))


class RequestParser:
    """Cuts the bytes of one connection into requests, however they arrive; each byte is looked at once.

    After ``feed`` the face serves the requests that it gave, and then looks at ``error``: once that is set, nothing
    more is read. While ``authenticated`` is false the limits for strangers hold, and ``feed`` gives one request at a
    time, since serving it may lift them: call it with ``b""`` until it gives none.

    ``is_amid`` says whether a request has begun and is not complete, or an error has ended the reading.
    ``words_end_at_quotes`` is the rule of inline commands up to Valkey 8.1: a closing quote ends the word.
    """

    __slots__ = (
        "_arguments", "_authenticated", "_bulk", "_held", "_left", "_limits", "_scanned", "_splits", "_taken",
        "error", "is_amid", "words_end_at_quotes",
    )  # fmt: skip

    def __init__(self, limits: RequestLimits = RequestLimits(), *, authenticated: bool = True) -> None:  # noqa: B008 - it is immutable
        self._limits = limits
        self.authenticated = authenticated
        self.error: ProtocolError | None = None
        self.is_amid = False
        self.words_end_at_quotes = False
        self._held = bytearray()  # bytes not yet read
        self._scanned = 0  # how many of the held bytes have no end of line in them
        self._arguments: Request = []  # of the request begun
        self._taken = 0  # bytes of these arguments
        self._left = 0  # arguments still to come
        self._bulk = -1  # size of the argument begun

    @property
    def authenticated(self) -> bool:
        """Whether the limits for strangers do not hold."""
        return self._authenticated

    @authenticated.setter
    def authenticated(self, authenticated: bool) -> None:
        self._authenticated = authenticated
        limits = self._limits
        self._splits = authenticated and limits.bulk >= _SIZE_FAST and limits.arguments >= _COUNT_FAST

    @property
    def held(self) -> int:
        """Bytes kept of a request that has not arrived in whole."""
        return self._taken + len(self._held)

    def feed(self, data: bytes) -> list[Request]:
        """The requests that ``data`` completes, in order; those before an error are given too."""
        requests: list[Request] = []
        offset = 0
        if self._splits and not self.is_amid:
            offset = _split(data, requests)
            if offset == len(data):
                return requests
        elif self.error is not None:
            return requests
        try:
            self._feed(data, offset, requests)
        except ProtocolError as reason:
            self.error = reason
            self._held = bytearray()
            self._arguments = []
            self._taken = self._left = 0
            self._bulk = -1
        self.is_amid = bool(self._held or self._left or self.error)
        return requests

    def _feed(self, data: bytes, offset: int, requests: list[Request]) -> None:
        """Read ``data`` from ``offset`` on, behind what is held."""
        if self.is_amid:
            data = self._finish(data, requests)
            if data and self._splits:
                offset = _split(data, requests)
        if offset < len(data):
            self._read(data, offset, requests)

    def _finish(self, data: bytes, requests: list[Request]) -> bytes:
        """Complete the request begun; what follows it, when all may be read at once."""
        held = self._held
        held += data
        if len(held) < self._bulk + 2:
            return b""
        offset = self._parse(held, 0, requests, 1)
        if requests and self.authenticated:
            self._held = bytearray()
            return bytes(memoryview(held)[offset:])
        del held[:offset]
        return b""

    def _read(self, data: bytes, offset: int, requests: list[Request]) -> None:
        """The requests of ``data`` from ``offset`` on; what has no end is held."""
        offset = self._parse(data, offset, requests, len(data) if self.authenticated else 1)
        self._held += memoryview(data)[offset:]

    def _parse(self, data: bytes | bytearray, offset: int, requests: list[Request], most: int) -> int:
        """Read up to ``most`` requests from ``offset``; where the first byte not read is."""
        end = len(requests) + most
        while len(requests) < end and offset < len(data):
            after = self._argument(data, offset) if self._left else self._begin(data, offset)
            if after < 0:
                break
            offset = after
            if self._arguments and not self._left:
                requests.append(self._arguments)
                self._arguments = []
                self._taken = 0
        return offset

    def _begin(self, data: bytes | bytearray, offset: int) -> int:
        """Read an inline command or the header of an array; the offset after it, -1 when its end is missing."""
        if data[offset] != _STAR:
            return self._inline(data, offset)
        end = self._header_end(data, offset, "too big mbulk count string")
        if end < 0:
            return -1
        count = self._number(data, offset + 1, end)
        if count is None or count > self._limits.arguments:
            raise ProtocolError("invalid multibulk length")
        if count > self._limits.unauthenticated_arguments and not self.authenticated:
            raise ProtocolError("unauthenticated multibulk length")
        self._left = max(count, 0)
        return end + 2

    def _argument(self, data: bytes | bytearray, offset: int) -> int:
        """Read one argument, or its header alone; the offset after it, -1 when its end is missing."""
        if self._bulk < 0:
            end = self._header_end(data, offset, "too big bulk count string", data[offset])
            if end < 0:
                return -1
            self._bulk = self._size(data, offset, end)
            return end + 2
        end = offset + self._bulk
        if len(data) < end + 2:
            return -1
        if data[end] != _CR or data[end + 1] != _LF:
            raise ProtocolError("invalid CRLF in request")
        self._arguments.append(bytes(memoryview(data)[offset:end]))
        self._taken += self._bulk
        self._left -= 1
        self._bulk = -1
        return end + 2

    def _size(self, data: bytes | bytearray, offset: int, end: int) -> int:
        size = self._number(data, offset + 1, end)
        if size is None or not 0 <= size <= self._limits.bulk:
            raise ProtocolError("invalid bulk length")
        if size > self._limits.unauthenticated_bulk and not self.authenticated:
            raise ProtocolError("unauthenticated bulk length")
        return size

    def _header_end(self, data: bytes | bytearray, offset: int, too_long: str, first: int = _DOLLAR) -> int:
        """Where the CR of the header at ``offset`` is; -1 until it and the byte after it are there."""
        end = self._line_end(data, offset, b"\r", too_long)
        if end < 0 or end + 1 == len(data):
            return -1
        if first != _DOLLAR:
            raise ProtocolError(f"expected '$', got '{chr(first)}'")
        return end

    def _line_end(self, data: bytes | bytearray, offset: int, mark: bytes, too_long: str) -> int:
        """Where ``mark`` ends the line at ``offset``, or -1; a byte that was looked at is not looked at again."""
        limit = self._limits.line
        end = data.find(mark, offset + self._scanned, offset + limit + 1)
        if end >= 0:
            self._scanned = 0
            return end
        self._scanned = len(data) - offset
        if self._scanned > limit:
            raise ProtocolError(too_long)
        return -1

    @staticmethod
    def _number(data: bytes | bytearray, start: int, end: int) -> int | None:
        if data[end + 1] != _LF:
            raise ProtocolError("invalid CRLF in request")
        return number(bytes(data[start:end])) if end - start <= DIGITS_MAX else None

    def _inline(self, data: bytes | bytearray, offset: int) -> int:
        """Read the inline command at ``offset``; an empty line is none."""
        begin = offset + self._scanned
        end = self._line_end(data, offset, b"\n", "too big inline request")
        if data.find(0, begin, end if end >= 0 else len(data)) >= 0:
            # a real server takes it for the end, and waits until the request is too big
            raise ProtocolError("too big inline request")
        if end < 0:
            return -1
        line = bytes(memoryview(data)[offset:end])
        words = split_quoted(line.removesuffix(b"\r"), words_end_at_quotes=self.words_end_at_quotes)
        if words is None:
            raise ProtocolError("unbalanced quotes in request")
        self._arguments = words
        return end + 1


def _split(data: bytes, requests: list[Request]) -> int:
    """Append the requests at the beginning of ``data`` that can be read fast; where the first other one begins.

    The loop is written out: a fifth of what a call costs is spent here.
    """
    lines = data.split(CRLF)
    begin, last = 0, len(lines) - 1
    try:
        while begin < last:
            at = begin + 1
            end = at + _COUNT_HEADERS[lines[begin]]
            if end > last:
                break
            arguments = lines[at + 1 : end : 2]
            for argument in arguments:
                if lines[at] != _SIZE_HEADERS[len(argument)]:
                    raise KeyError  # noqa: TRY301 - leaves both loops
                at += 2
            requests.append(arguments)
            begin = end
    except (KeyError, IndexError):
        pass
    if begin == last:
        return len(data) - len(lines[last])
    return sum(map(len, lines[:begin])) + 2 * begin
