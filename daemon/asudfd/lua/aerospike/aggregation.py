"""What an aggregation holds while its records pass through Lua, and the form in which they do.

Records cross in batches of bytes, because pushing one string is one step for the host, and bounded:

    01 · generation u16 · ttl u32 · last update u64 · digest 20 bytes
       · set name (u8 size) · key (u32 size) · bins (u32 size)                              a record
    00                                                                                      the end of a partition

All big-endian. Key, ttl and last update are as in `asudfd.lua.context.Subject`.
"""

import asyncio
from dataclasses import dataclass, field
from struct import Struct

from asudfd.lua.context import RecordView, StreamResult
from asudfd.lua.pool import ContextLease, ContextPool

END = b"\0"
"""In a batch, what follows the records of a partition."""

_HEAD = Struct(">BHIQ20sB")
_SIZE = Struct(">I")


def pack(subject: RecordView) -> bytes:
    """A record as it stands in a batch."""
    _, generation, ttl, last_update, set_name, key, digest, bins, _ = subject
    head = _HEAD.pack(1, generation, ttl, last_update, digest, len(set_name))
    return b"".join((head, set_name, _SIZE.pack(len(key)), key, _SIZE.pack(len(bins)), bins))


@dataclass(slots=True, eq=False)
class Aggregation:
    """One aggregation: which function of which module, and the context that it has to itself."""

    module: str
    function: bytes
    arguments: bytes
    head: bytes
    in_memory: bool
    pool: ContextPool
    lease: ContextLease
    opened: bool = False
    work: "asyncio.Future[StreamResult] | None" = field(default=None)
