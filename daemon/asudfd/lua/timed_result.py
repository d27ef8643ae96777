"""The result of a call in a worker, and what it took."""

from __future__ import annotations

from math import inf
from typing import Any, NamedTuple

from asudfd.lua.profile_guard import HOLD_MAX


class TimedResult(NamedTuple):
    """The result of a call; of one that ended by itself also the processor's seconds, without the making of its context, and the memory.

    ``missing``: the module has no such function.
    """

    result: Any
    seconds: float = inf
    memory: int = 0
    missing: bool = False

    def is_quick(self) -> bool:
        """Whether it took so little that it may run on the event loop."""
        return self.seconds < HOLD_MAX / 2
