"""Histograms of the records of a namespace by size and by time to live.

    object-size           units=bytes:[LOW-HIGH)=COUNT:...            powers of two, empty ones left out
    object-size-linear    units=bytes:hist-width=W:bucket-width=B:buckets=COUNT,...
    ttl                   units=seconds:hist-width=W:bucket-width=B:buckets=COUNT,...

What lies beyond the width counts in the last bucket. Source of the forms: the public reference of info commands.
"""

from __future__ import annotations

SIZE_WIDTH = 1 << 20
SIZE_BUCKETS = 1024
TTL_BUCKETS = 100
"""Width in bytes and number of buckets of the histogram of sizes, and buckets of that of times to live, as on the real server."""
TTL_WIDTH = 30 * 86400
"""Seconds that the ttl histogram spans when no default ttl is longer."""


class LinearHistogram:
    """Counts in buckets of equal width."""

    __slots__ = ("counts", "step", "unit")

    def __init__(self, unit: str, width: int, buckets: int) -> None:
        self.unit = unit
        self.step = -(-width // buckets)
        self.counts = [0] * buckets

    def add(self, value: int) -> None:
        """Count ``value``."""
        self.counts[min(value // self.step, len(self.counts) - 1)] += 1

    def text(self) -> str:
        """As the info command answers it."""
        buckets = ",".join(map(str, self.counts))
        width = self.step * len(self.counts)
        return f"units={self.unit}:hist-width={width}:bucket-width={self.step}:buckets={buckets}"


class Histograms:
    """The three histograms of one sweep; ``made`` is false as long as none has counted for them."""

    __slots__ = ("made", "powers", "sizes", "ttls")

    def __init__(self) -> None:
        self.made = False
        self.powers: dict[int, int] = {}
        self.sizes = LinearHistogram("bytes", SIZE_WIDTH, SIZE_BUCKETS)
        self.ttls = LinearHistogram("seconds", TTL_WIDTH, TTL_BUCKETS)

    @classmethod
    def begin(cls, longest_ttl: int) -> Histograms:
        """Empty histograms for a namespace whose longest default time to live is ``longest_ttl`` seconds."""
        new = cls()
        new.made = True
        new.ttls = LinearHistogram("seconds", max(longest_ttl, TTL_WIDTH), TTL_BUCKETS)
        return new

    def add(self, size: int, ttl: int) -> None:
        """Count a record of ``size`` bytes that has ``ttl`` seconds left; 0 is for ever, and is not counted there."""
        power = size.bit_length() - 1
        self.powers[power] = self.powers.get(power, 0) + 1
        self.sizes.add(size)
        if ttl:
            self.ttls.add(ttl)

    def text(self, kind: str) -> str:
        """The histogram called ``kind`` (see above); empty before the first sweep that counted."""
        if not self.made:
            return ""
        if kind == "object-size":
            spans = (f"[{1 << power}-{2 << power})={count}" for power, count in sorted(self.powers.items()))
            return ":".join(("units=bytes", *spans))
        return (self.ttls if kind == "ttl" else self.sizes).text()
