"""The Aerospike protocol of a node as a face: cuts the bytes of a connection into frames and answers each.

    INFO         asudfd.aerospike.info.dispatch                   in order
    MESSAGE      asudfd.aerospike.message.dispatch                in order; cancelled with its client
    INTERNAL     asudfd.aerospike.message.peer.proxied             numbered: what another node passes on
    SECURITY, COMPRESSED    asudfd.aerospike.unserved             always the same

The replies to constant info commands, such as `build`, are kept ready by the bytes of the whole request frame.
Source: the specification of the info protocol, section 1.
"""

from __future__ import annotations

from functools import partial
from struct import Struct
from typing import TYPE_CHECKING

from asinfo.wire.frame import (
    COMPRESSED,
    HEADER_SIZE,
    INFO,
    INTERNAL,
    MESSAGE,
    SECURITY,
    VERSION,
    unpack_header,
)
from asudfd.aerospike import unserved
from asudfd.aerospike.info.dispatch import InfoService
from asudfd.aerospike.message.peer import proxied
from asudfd.fairness import PIECE_SIZE, loop_scheduler
from asudfd.network.connection import TURN_REPLIES
from asudfd.network.face import FeedResult, PendingReply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from asudfd.aerospike.message.dispatch import RecordService
    from asudfd.aerospike.node import AerospikeNode
    from asudfd.network.face import ReplyContent
    from asudfd.network.session import ClientSession

    Responder = Callable[[bytes, ClientSession], bytes | Awaitable[ReplyContent] | AsyncIterator[bytes]]

READY_SIZE_MAX = 256
"""Largest request frame, in bytes, whose reply is kept ready; larger ones are not worth the hashing."""

READY_COUNT_MAX = 1024
"""Ready replies kept; when a client asks for more spellings of constant commands, all are made anew.

Client libraries send a dozen; a thousand take less than a megabyte."""

_unpack_header = Struct("!Q").unpack_from  # all of it as one number
_MESSAGE_HEADER = VERSION << 56 | MESSAGE << 48  # and the size of the body
_new_tuple = tuple.__new__  # of a NamedTuple, without its function of Python: once for each pipelined request


class AerospikeFace:
    """Answers frames on behalf of one node, whose record messages ``records`` answers.

    ``responders`` maps a frame type to what answers its body: with a whole reply frame, with an awaitable of one, or
    with the pieces of one. ``ready`` maps whole request frames to whole reply frames that never change.
    """

    __slots__ = ("_info", "counters", "ready", "responders", "user_agents")

    def __init__(self, node: AerospikeNode, records: RecordService) -> None:
        self.counters = node.counters
        self.user_agents = node.user_agents
        self._info = InfoService(node)
        self.responders: dict[int, Responder] = {
            INFO: self._info.respond,
            SECURITY: unserved.security,
            MESSAGE: records.respond,
            COMPRESSED: unserved.compressed,
            INTERNAL: partial(proxied.respond, records.executor),
        }
        self.ready: dict[bytes, bytes] = {}

    def connected(self, session: ClientSession) -> AerospikeConversation:
        """The conversation with a client that has connected."""
        return AerospikeConversation(self, session)

    def keep_ready(self, frame: bytes, reply: bytes) -> None:
        """Keep the reply to the info request ``frame`` if it stays the same for the life of the node."""
        if len(frame) <= READY_SIZE_MAX and self._info.is_constant(frame[HEADER_SIZE:]):
            if len(self.ready) >= READY_COUNT_MAX:
                self.ready.clear()
            self.ready[frame] = reply


class AerospikeConversation:
    """The frames of one connection."""

    __slots__ = ("_counters", "_face", "_ready", "_respond", "_scheduler", "_session")

    def __init__(self, face: AerospikeFace, session: ClientSession) -> None:
        self._face = face
        self._session = session
        self._counters = face.counters
        self._ready = face.ready
        self._respond = face.responders[MESSAGE]
        self._scheduler = loop_scheduler()

    def answer_whole(self, data: bytes) -> bytes | PendingReply | None:
        """The reply to a chunk that is exactly one record message, or one request whose reply is kept ready."""
        size = len(data) - HEADER_SIZE
        if size > 0 and data[1] == MESSAGE:
            if _unpack_header(data)[0] != _MESSAGE_HEADER | size or self._scheduler.crowded:
                return None
            reply = self._respond(data[HEADER_SIZE:], self._session)
            if not isinstance(reply, bytes):
                return PendingReply(reply, cancel_on_close=True)
            if len(reply) > PIECE_SIZE:
                self._scheduler.spend(len(reply))
            return reply
        if size > READY_SIZE_MAX:
            return None
        ready = self._ready.get(data)
        if ready is not None:
            self._counters.info_complete += 1
        return ready

    def feed(self, data: bytes, offset: int, replies: list[bytes]) -> FeedResult:
        """Answer the frames that are kept ready, and the first other one. Raises WireError for a bad header."""
        ready, last, before = self._ready, len(data) - HEADER_SIZE, len(replies)
        while offset <= last and len(replies) < TURN_REPLIES:
            # the last byte of its header is the whole length of a request that is kept; a longer one matches none
            end = offset + HEADER_SIZE + data[offset + HEADER_SIZE - 1]
            known = ready.get(data[offset:end])
            if known is None:
                self._counters.info_complete += len(replies) - before
                return self._answer_frame(data, offset, replies)
            replies.append(known)
            offset = end
        self._counters.info_complete += len(replies) - before
        return _new_tuple(FeedResult, (offset, HEADER_SIZE, None))

    def _answer_frame(self, data: bytes, start: int, replies: list[bytes]) -> FeedResult:
        """Answer one frame, if it is whole."""
        kind, size = unpack_header(data, start)
        end = start + HEADER_SIZE + size
        if end > len(data):
            return FeedResult(start, end - start, None)
        frame = data[start:end]
        reply = self._face.responders[kind](frame[HEADER_SIZE:], self._session)
        if not isinstance(reply, bytes):
            numbered_size = size if kind == INTERNAL else 0
            return FeedResult(end, HEADER_SIZE, PendingReply(reply, kind == MESSAGE, numbered_size))
        replies.append(reply)
        if kind == INFO:
            self._face.keep_ready(frame, reply)
        else:  # the bytes of info answers have been spent line by line
            self._scheduler.spend(len(reply))
        return _new_tuple(FeedResult, (end, HEADER_SIZE, None))

    def ended(self) -> None:
        """Forget the client's user agent."""
        self._face.user_agents.leave(self._session)
