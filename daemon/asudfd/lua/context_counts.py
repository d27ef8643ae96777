"""Figures of the contexts of one module."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContextStatistics:
    """Figures of one module's contexts since the daemon started.

    ``contexts`` exist now, ``idle`` of them are not in a call; ``high_water`` existed at once at most. The first call
    in a context is a miss, the others are hits. ``evictions`` were dropped before the daemon stopped. ``demoted``
    functions run in workers only.
    """

    module: str
    contexts: int
    idle: int
    high_water: int
    hits: int
    misses: int
    creations: int
    evictions: int
    demoted: tuple[bytes, ...] = ()


class ContextCounts:
    """What is counted, of the contexts in the node and of those in workers together; ``total`` exist, or are being made."""

    __slots__ = ("creations", "evictions", "high_water", "hits", "misses", "total")

    def __init__(self) -> None:
        self.total = self.high_water = self.hits = self.misses = self.creations = self.evictions = 0

    def begin(self) -> None:
        """One more is made."""
        self.total += 1
        self.high_water = max(self.high_water, self.total)
