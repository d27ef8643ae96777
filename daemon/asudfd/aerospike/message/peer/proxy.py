"""Passes requests on to the node that owns the record, because a client believes that it is another one.

A request for a node of this process is a call. One for a node of another process is the content of a numbered frame
(asudfd.aerospike.message.peer.peer):

    offset 0    1 byte    0: the request came alone, 1: it is a row of a batch
    offset 1    8 bytes   id of the node that should answer
    offset 9    8 bytes   hash of the name of the cluster
    offset 17             the message

The node answers with a message, as it answers a client (asudfd.aerospike.message.peer.proxied).
"""

from __future__ import annotations

from hashlib import shake_128
from struct import Struct
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import frame
from asinfo.wire.message import (
    FIELD_DIGEST,
    FIELD_NAMESPACE,
    INFO2_WRITE,
    op,
    replies,
    reply,
    request,
)
from asinfo.wire.result import Result
from asudfd.aerospike.message.outcome import RecordOutcome, failed
from asudfd.aerospike.message.peer.peer import NodeUnreached, Peer, ReplyLost

if TYPE_CHECKING:
    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.context import RecordContext

HEAD = Struct(">B8s8s")
ORIGINS = ("client", "batch_sub")


async def relay(context: RecordContext, owner: Peer, message: Message, body: bytes) -> bytes:
    """The owner's reply to a request that came alone."""
    return frame.pack(frame.MESSAGE, await _ask(context, owner, message, body, "client"))


async def outcome(context: RecordContext, owner: Peer, message: Message, todo: list[Op]) -> RecordOutcome:
    """The outcome of a row of a batch, as the owner says."""
    assert message.digest is not None
    fields = {**message.fields, FIELD_DIGEST: message.digest}
    body = request(
        message.info1,
        message.info2,
        message.info3,
        info4=message.info4,
        generation=message.generation,
        ttl=message.ttl,
        limit=message.time_limit,
        fields=fields.items(),
        ops=[op(*each) for each in todo],
    )
    answer = await _ask(context, owner, message, body, "batch_sub")
    try:
        (header,) = replies(answer)
    except (WireError, ValueError):  # ValueError: not one message
        return failed(Result.SERVER_ERROR)
    shown = answer[header.ops_offset :]
    return RecordOutcome(header.result, header.generation, header.ttl, shown, header.op_count)


async def _ask(context: RecordContext, owner: Peer, message: Message, body: bytes, origin: str) -> bytes:
    """The body of the owner's reply, or of one that says why there is none.

    A write whose reply is lost may have been done, which clients take a time-out to mean.
    """
    counters = context.namespaces[message.fields[FIELD_NAMESPACE]].counters
    kind = ORIGINS.index(origin)
    head = HEAD.pack(kind, *address(owner.member.id, context.cluster.name))
    counted, code = "error", Result.PARTITION_UNAVAILABLE
    try:
        answer = await owner.ask(head + body, context.seconds_for(message.time_limit))
    except TimeoutError:
        counted, code = "timeout", Result.TIMEOUT
    except ReplyLost:
        code = Result.TIMEOUT if message.info2 & INFO2_WRITE else code
    except NodeUnreached:
        pass
    else:
        counters[f"{origin}_proxy_complete"] += 1
        return answer
    counters[f"{origin}_proxy_{counted}"] += 1
    return reply(code)


def address(identity: str, cluster_name: str) -> tuple[bytes, bytes]:
    """Node and cluster as a request names them."""
    return int(identity, 16).to_bytes(8, "big"), shake_128(cluster_name.encode()).digest(8)
