"""Commands to a Valkey server and their replies on one connection, as a state machine without I/O: bytes in, bytes out.

    AUTH (where there is a login) -> command, command, ... in one write -> a reply to each, in order

RESP2 is spoken: it needs no HELLO, which a server refuses before AUTH. Replies are not decoded here, only their ends are
found: most are compared or cut later, without an object for each value.
"""

from __future__ import annotations

from asinfo.dialogue import Dialogue
from asinfo.errors import Unreachable, WireError
from asinfo.wire.resp_frame import command

TYPE_CHECKING = False  # on the start-up path: typing would cost as much as the whole run
if TYPE_CHECKING:
    from asinfo.dialogue import Endpoint

REPLY_SIZE_MAX = 256 << 20
"""Bytes of all replies of one request; the largest payload that is read, 128 MiB of libraries, takes half of it."""

LINE_SIZE_MAX = 65_536
"""Bytes of a line: a status, an error, a number or a length."""

_ARRAY = b"*"[0]
_SIZED = frozenset(b"$*")
_SCALARS = frozenset(b"+-:")


class RespRequest:
    """Some commands in one write: their frames one after the other, and how many they are."""

    __slots__ = ("count", "frames")

    def __init__(self, frames: bytes, count: int) -> None:
        self.frames = frames
        self.count = count


class ReplyCutter:
    """Finds the ends of replies in what has arrived; each byte is looked at once, and no value is made.

    ``ends`` are the offsets behind each whole reply. The depth of arrays does not matter: what is counted is how many
    values are still to come. Raises WireError for bytes that are no reply of RESP2.
    """

    __slots__ = ("_at", "_left", "buffer", "ends")

    def __init__(self) -> None:
        self.buffer: bytes | bytearray = b""
        self.ends: list[int] = []
        self._at = 0
        self._left = 1

    def feed(self, data: bytes, count: int) -> bool:
        """Take received bytes; whether ``count`` replies are whole."""
        if self.buffer:
            self.buffer += data
        else:
            self.buffer = data  # mostly all of it: without a copy, and bytes are read faster
        whole = self._cut(count)
        if not whole and isinstance(self.buffer, bytes):
            self.buffer = bytearray(self.buffer)  # what grows, grows in place
        return whole

    def _cut(self, count: int) -> bool:
        """Go on from where the last bytes ended; whether ``count`` replies are whole. Raises WireError."""
        buffer, ends = self.buffer, self.ends
        at, left = self._at, self._left
        while len(ends) < count:
            end = buffer.find(b"\r\n", at, at + LINE_SIZE_MAX)
            if end < 0:
                if len(buffer) - at >= LINE_SIZE_MAX:
                    raise WireError("a line of a reply has no end")
                break
            kind = buffer[at] if end > at else 0
            if kind in _SCALARS:
                left -= 1
                at = end + 2
            else:
                try:
                    size = int(buffer[at + 1 : end])
                except ValueError:
                    size = -2
                if not -1 <= size <= REPLY_SIZE_MAX or kind not in _SIZED:
                    raise WireError(
                        "a reply has no length, or one that cannot be: the peer does not speak RESP"
                    )
                if kind == _ARRAY:
                    left += max(size, 0) - 1
                    at = end + 2
                else:
                    after = end + 2 + (size + 2 if size >= 0 else 0)
                    if len(buffer) < after:
                        break
                    left -= 1
                    at = after
            if not left:
                ends.append(at)
                left = 1
        self._at, self._left = at, left
        return len(ends) == count


class RespDialogue(Dialogue):
    """The commands of a request and their replies.

    ``body`` is all replies one after the other, that to AUTH not among them; ``ends`` are the offsets behind each.
    """

    __slots__ = ("_count", "_cutter", "_login")

    def __init__(self, node: Endpoint, request: RespRequest) -> None:
        super().__init__(request.frames)
        self._cutter = ReplyCutter()
        self._count = request.count
        self._login = b""
        if node.login is not None:
            user = (
                [node.login.user] if node.login.user else []
            )  # without one: requirepass, also before version 6
            words = ["AUTH", *user, node.login.password]
            self._login = command(*(word.encode("utf-8", "surrogateescape") for word in words))
            self._count += 1

    def start(self) -> bytes:
        """AUTH and all commands."""
        return self._login + self._request

    def feed(self, data: bytes) -> bytes:
        """Take received bytes; nothing is sent in return. Raises Unreachable for a refused login and for what is no RESP."""
        cutter = self._cutter
        try:
            whole = cutter.feed(data, self._count)
        except WireError as error:
            raise Unreachable("protocol", str(error)) from None
        if len(cutter.buffer) > REPLY_SIZE_MAX:
            raise Unreachable("protocol", f"the answer is larger than {REPLY_SIZE_MAX} bytes")
        start = 0
        if self._login and cutter.ends:
            start = cutter.ends[0]
            self._judge_login(bytes(cutter.buffer[:start]))
        if whole:
            ends = cutter.ends
            self.body = bytes(cutter.buffer[start : ends[-1]])
            self.ends = [end - start for end in ends[1:]] if start else ends
        return b""

    def _judge_login(self, reply: bytes) -> None:
        if not reply.startswith(b"-"):
            return
        said = reply[1:-2].decode("utf-8", "replace")
        if "without any password configured" in said:
            self.note = "the node wants no password"
            return
        raise Unreachable("login", said)

    def ended(self) -> Unreachable:
        """The peer closed the connection: after how many bytes of the answer."""
        from asinfo import reasons

        return reasons.closed(len(self._cutter.buffer))


def resp_dialogue(node: Endpoint, request: RespRequest) -> Dialogue:
    """The conversation that sends ``request`` to ``node``. Raises UsageError when TLS cannot be set up."""
    conversation: Dialogue = RespDialogue(node, request)
    if node.tls is not None:
        from asinfo.tls import TlsDialogue

        conversation = TlsDialogue(node, conversation)
    return conversation
