"""Answers requests that another node passes on; `asudfd.aerospike.message.peer.proxy` sends them.

It answers with result code 11 (unavailable) what is meant for another node, or what it does not own itself: it never
passes such a request on, so that none goes round in circles.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire.digest import partition
from asinfo.wire.frame import HEADER_SIZE
from asinfo.wire.message import ops, reply_frame, unpack
from asinfo.wire.result import Result
from asudfd.aerospike.message.peer.peer import numbered, unpack_numbered
from asudfd.aerospike.message.peer.proxy import HEAD, ORIGINS, address

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from asudfd.aerospike.message.single.executor import RecordExecutor
    from asudfd.network.session import ClientSession


def proxied(origin: str) -> str:
    """How the counters begin of a request that another node has passed on."""
    return f"from_proxy_{origin}" if origin != "client" else "from_proxy"


def respond(
    executor: RecordExecutor, body: bytes, session: ClientSession | None = None
) -> bytes | Awaitable[bytes]:
    """The reply to a request that another node, the one of ``session``, passes on; nothing to what is none."""
    try:
        number, content = unpack_numbered(body)
    except WireError:
        return b""
    if len(content) < HEAD.size:
        return b""
    reply = _reply(executor, content, session)
    if isinstance(reply, bytes):
        return numbered(number, reply[HEADER_SIZE:])
    return _later(
        number, asyncio.ensure_future(reply)
    )  # begun, since whoever is to wait may be cancelled before


async def _later(number: int, reply: asyncio.Future[bytes]) -> bytes:
    return numbered(number, (await reply)[HEADER_SIZE:])


def _reply(
    executor: RecordExecutor, content: bytes, session: ClientSession | None
) -> bytes | Awaitable[bytes]:
    context = executor.context
    kind, identity, name = HEAD.unpack_from(content)
    body = content[HEAD.size :]
    try:
        message = unpack(body)
        todo = ops(body, message.ops_offset, message.op_count) if message.op_count else []
    except WireError as error:
        context.refusals.note(Result.PARAMETER, f"a malformed message: {error}", session)
        return reply_frame(Result.PARAMETER)
    digest = message.digest
    if digest is None or kind >= len(ORIGINS):
        return reply_frame(Result.PARAMETER)
    if (identity, name) != address(context.id, context.cluster.name) or not context.owners.owns(
        partition(digest)
    ):
        return reply_frame(Result.PARTITION_UNAVAILABLE)
    return executor.respond(message, todo, proxied(ORIGINS[kind]), session)
