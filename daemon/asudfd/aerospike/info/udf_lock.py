"""The lock family: runs that change many modules at once learn of each other.

It keeps nobody from a single `udf-put`, and ends by itself, so that one who was killed does not hold up the others.
Commands of asudfd's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.aerospike.info.table import InfoCommand
from asudfd.errors import Code, CommandError, UdfError
from asudfd.smd.interface import SmdFailed, SmdTimeout

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode
    from asudfd.smd.interface import LockHolder

OWNER_SIZE_MAX = 255
"""Bytes of an owner's name. Our own limit; asadm sends at most 120 characters."""

LOCK_SECONDS_MAX = 86_400
"""Seconds; whoever needs a day asks again within it."""


async def udf_lock(node: AerospikeNode, request: Request) -> bytes:
    """udf-lock:owner=TEXT;ttl=SECONDS

    Take the lock on the modules of the cluster for at most SECONDS, or take it again for as long; or be told who has it.
    It holds up nobody's udf-put: runs that change many modules ask each other with it (asudfd's own command).
    """
    owner = _owner(request)
    ttl = request.required(b"ttl")
    if not ttl.isdigit() or not 0 < int(ttl) <= LOCK_SECONDS_MAX:
        raise CommandError(Code.PARAMETER, "bad 'ttl'")
    return await _answer(node.smd.lock(owner, int(ttl)))


async def udf_unlock(node: AerospikeNode, request: Request) -> bytes:
    """udf-unlock:owner=TEXT

    Give the lock back; `ok` also when nobody has it (asudfd's own command).
    """
    return await _answer(node.smd.unlock(_owner(request)))


def _owner(request: Request) -> str:
    try:
        return request.required(b"owner", size_max=OWNER_SIZE_MAX).decode()
    except UnicodeDecodeError as error:
        raise CommandError(Code.PARAMETER, "bad 'owner'") from error


async def _answer(lock: Awaitable[LockHolder | None]) -> bytes:
    """What the state of the lock is to a client."""
    try:
        holder = await lock
    except SmdTimeout as error:
        raise UdfError(b"timeout") from error
    except SmdFailed as error:
        raise UdfError(b"storage_error,%s" % str(error).encode()) from error
    if holder is None:
        return b"ok"
    # Rounded up: whoever waits that long finds it free.
    raise UdfError(b"locked;owner=%s;left=%d" % (holder.owner.encode(), -(-holder.left // 1)))


ROWS = (
    InfoCommand(b"udf-lock", udf_lock, privilege="udf-admin"),
    InfoCommand(b"udf-unlock", udf_unlock, privilege="udf-admin"),
)
