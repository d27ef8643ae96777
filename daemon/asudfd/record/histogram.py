"""Histograms of the records of a namespace by size and by time to live.

    object-size           units=bytes:[LOW-HIGH)=COUNT:...            powers of two, as 512 and 1K, empty ones left out
    object-size-linear    units=bytes:hist-width=W:bucket-width=B:buckets=COUNT,...
    ttl                   units=seconds:hist-width=W:bucket-width=B:buckets=COUNT,...

A size beyond the width counts in the last bucket. The times to live are as wide as the longest needs; records that never expire count in
their first bucket, as on the real server. Source of the forms: the public reference of info commands.
"""

from __future__ import annotations

SIZE_WIDTH = 1 << 20
SIZE_BUCKETS = 1024
TTL_BUCKETS = 100
"""Width in bytes and number of buckets of the histogram of sizes, and buckets of that of times to live, as on the real server."""


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

    def widen(self, value: int) -> None:
        """Make buckets twice as wide until ``value`` has one; there is an even number of them."""
        while value // self.step >= len(self.counts):
            pairs = zip(self.counts[::2], self.counts[1::2], strict=True)
            self.counts = [*map(sum, pairs), *[0] * (len(self.counts) // 2)]
            self.step *= 2

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
        self.ttls = LinearHistogram("seconds", TTL_BUCKETS, TTL_BUCKETS)

    @classmethod
    def begin(cls) -> Histograms:
        """Empty histograms, to be counted for."""
        new = cls()
        new.made = True
        return new

    def add(self, size: int, ttl: int) -> None:
        """Count a record of ``size`` bytes that has ``ttl`` seconds left; 0 is for ever."""
        power = size.bit_length() - 1
        self.powers[power] = self.powers.get(power, 0) + 1
        self.sizes.add(size)
        self.ttls.widen(ttl)
        self.ttls.add(ttl)

    def text(self, kind: str) -> str:
        """The histogram called ``kind`` (see above); empty before the first sweep that counted."""
        if not self.made:
            return ""
        if kind == "object-size":
            spans = (
                f"[{_edge(power)}-{_edge(power + 1)})={count}" for power, count in sorted(self.powers.items())
            )
            return ":".join(("units=bytes", *spans))
        return (self.ttls if kind == "ttl" else self.sizes).text()


def _edge(power: int) -> str:
    """2 to the ``power``: 512, 1K, 2M."""
    for scale, letter in ((20, "M"), (10, "K")):
        if power >= scale:
            return f"{1 << (power - scale)}{letter}"
    return str(1 << power)
