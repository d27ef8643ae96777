"""Requests that nodes pass on to each other, because a client believes that another node owns the record.

A request for a node of this process is a call. One for a node of another process is the content of a numbered frame
(asudfd.aerospike.message.peer.peer):

    offset 0    1 byte    0: the request came alone, 1: it is a row of a batch
    offset 1    8 bytes   id of the node that should answer
    offset 9    8 bytes   hash of the name of the cluster
    offset 17             the message

The node answers with a message, as it answers a client. It answers with result code 11 (unavailable) what is meant
for another node, or what it does not own itself: it never passes such a request on, so that none goes round in circles.
"""

from __future__ import annotations

import asyncio
from hashlib import shake_128
from struct import Struct
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import frame
from asinfo.wire.frame import HEADER_SIZE
from asinfo.wire.message import (
    FIELD_DIGEST,
    FIELD_NAMESPACE,
    INFO2_WRITE,
    op,
    ops,
    replies,
    reply,
    reply_frame,
    request,
    unpack,
)
from asinfo.wire.result import Result
from asudfd.aerospike.message.outcome import failed
from asudfd.aerospike.message.peer.peer import NodeUnreached, Peer, ReplyLost, numbered, unpack_numbered
from asudfd.record.record import partition

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.dispatch import RecordService
    from asudfd.aerospike.message.outcome import Outcome
    from asudfd.network.session import ClientSession
    from asudfd.node import Node

_HEAD = Struct(">B8s8s")
_ORIGINS = ("client", "batch_sub")


def proxied(origin: str) -> str:
    """How the counters begin of a request that another node has passed on."""
    return f"from_proxy_{origin}" if origin != "client" else "from_proxy"


def respond(
    records: RecordService, body: bytes, session: ClientSession | None = None
) -> bytes | Awaitable[bytes]:
    """The reply to a request that another node, the one of ``session``, passes on; nothing to what is none."""
    try:
        number, content = unpack_numbered(body)
    except WireError:
        return b""
    if len(content) < _HEAD.size:
        return b""
    reply = _reply(records, content, session)
    if isinstance(reply, bytes):
        return numbered(number, reply[HEADER_SIZE:])
    return _later(
        number, asyncio.ensure_future(reply)
    )  # begun, since whoever is to wait may be cancelled before


async def _later(number: int, reply: asyncio.Future[bytes]) -> bytes:
    return numbered(number, (await reply)[HEADER_SIZE:])


def _reply(records: RecordService, content: bytes, session: ClientSession | None) -> bytes | Awaitable[bytes]:
    kind, identity, name = _HEAD.unpack_from(content)
    body = content[_HEAD.size :]
    try:
        message = unpack(body)
        todo = ops(body, message[11], message[10]) if message[10] else []
    except WireError as error:
        records.node.refusals.note(Result.PARAMETER, f"a malformed message: {error}", session)
        return reply_frame(Result.PARAMETER)
    digest = message[8]
    if digest is None or kind >= len(_ORIGINS):
        return reply_frame(Result.PARAMETER)
    node = records.node
    if (identity, name) != _address(node.id, node) or not records.owns(partition(digest)):
        return reply_frame(Result.PARTITION_UNAVAILABLE)
    return records.respond_one(message, todo, proxied(_ORIGINS[kind]), session)


async def relay(node: Node, owner: Peer, message: Message, body: bytes) -> bytes:
    """The owner's reply to a request that came alone."""
    return frame.pack(frame.MESSAGE, await _ask(node, owner, message, body, "client"))


async def outcome(node: Node, owner: Peer, message: Message, todo: list[Op]) -> Outcome:
    """The outcome of a row of a batch, as the owner says."""
    info1, info2, info3, info4, _, generation, ttl, limit, digest, fields, _, _ = message
    assert digest is not None
    fields = {**fields, FIELD_DIGEST: digest}
    body = request(
        info1,
        info2,
        info3,
        info4=info4,
        generation=generation,
        ttl=ttl,
        limit=limit,
        fields=fields.items(),
        ops=[op(*each) for each in todo],
    )
    answer = await _ask(node, owner, message, body, "batch_sub")
    try:
        ((_, _, _, _, code, generation, void_time, _, _, _, count, start),) = replies(answer)
    except (WireError, ValueError):  # ValueError: not one message
        return failed(Result.SERVER_ERROR)
    return code, generation, void_time, answer[start:], count


async def _ask(node: Node, owner: Peer, message: Message, body: bytes, origin: str) -> bytes:
    """The body of the owner's reply, or of one that says why there is none.

    A write whose reply is lost may have been done, which clients take a time-out to mean.
    """
    counters = node.namespaces[message[9][FIELD_NAMESPACE]].counters
    kind = _ORIGINS.index(origin)
    head = _HEAD.pack(kind, *_address(owner.member.id, node))
    config = node.config
    limit = message[7] or config.service.transaction_max_ms or config.mod_lua.time_max_ms
    counted, code = "error", Result.PARTITION_UNAVAILABLE
    try:
        answer = await owner.ask(head + body, limit / 1000)
    except TimeoutError:
        counted, code = "timeout", Result.TIMEOUT
    except ReplyLost:
        code = Result.TIMEOUT if message[1] & INFO2_WRITE else code
    except NodeUnreached:
        pass
    else:
        counters[f"{origin}_proxy_complete"] += 1
        return answer
    counters[f"{origin}_proxy_{counted}"] += 1
    return reply(code)


def _address(identity: str, node: Node) -> tuple[bytes, bytes]:
    """A node of the cluster of ``node``, as a request names it."""
    name = shake_128(node.cluster.name.encode()).digest(8)
    return int(identity, 16).to_bytes(8, "big"), name
