"""A streaming call: it keeps one context; its input and its output are batches of bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asudfd.lua.call import LuaCall
    from asudfd.lua.pool import ContextPool
    from asudfd.lua.worker_contexts import WorkerLease


@dataclass(slots=True, eq=False)
class StreamCall:
    """One stream of a host: its call, and the context that it has to itself.

    ``seconds`` are what the batches took. ``given_up``: nobody waited for the end of one.
    """

    call: LuaCall
    pool: ContextPool
    lease: WorkerLease
    opened: bool = False
    seconds: float = 0.0
    given_up: bool = False
