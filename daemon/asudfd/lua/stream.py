"""A streaming call: it keeps one context; its input and its output are batches of bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from asudfd.lua.call import LuaCall, StreamResult
    from asudfd.lua.pool import ContextLease, ContextPool


@dataclass(slots=True, eq=False)
class StreamCall:
    """One stream of a host: its call, and the context that it has to itself.

    ``task`` is the batch at hand; ``seconds`` are what the batches took.
    """

    call: LuaCall
    pool: ContextPool
    lease: ContextLease
    opened: bool = False
    seconds: float = 0.0
    task: asyncio.Future[StreamResult] | None = field(default=None)
