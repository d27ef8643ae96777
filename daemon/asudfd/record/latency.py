"""How long requests on records took, by kind: what `latencies:` tells of the last slice of time, some ten seconds.

How many requests there were, the counters of the namespace know. Only those that took a millisecond and more are noted
here, so the others cost nothing: they are nearly all.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

ReplyT = TypeVar("ReplyT")

BOUNDS = tuple(1 << power for power in range(17))
"""Milliseconds of which a histogram tells how many requests took longer."""

KINDS = {
    "read": ("client_read_",),
    "write": ("client_write_", "client_delete_"),
    "udf": ("client_udf_",),
}
"""The kinds of requests, and how the names of the counters begin that count them."""


SLOW_SECONDS = 0.001
"""Requests that took less need not be noted."""


class LatencySlice(NamedTuple):
    """One kind of requests in a slice of time: requests in a second, and the percentages that took longer than BOUNDS."""

    rate: float
    over: tuple[float, ...]

    def text(self) -> str:
        """As the real server writes it."""
        return ",".join(("msec", f"{self.rate:.1f}", *(f"{share:.2f}" for share in self.over)))


class Latencies:
    """The latencies of the requests of clients on one namespace; ``slices`` are the last of each kind that had any."""

    __slots__ = ("_counted", "_slow", "slices")

    def __init__(self) -> None:
        self._slow = {kind: [0] * len(BOUNDS) for kind in KINDS}
        self._counted = dict.fromkeys(KINDS, 0)
        self.slices: dict[str, LatencySlice] = {}

    def note(self, kind: str, seconds: float) -> None:
        """A request took so long; one of less than a millisecond need not be noted."""
        longest = int(seconds * 1000).bit_length()
        if longest:
            self._slow[kind][min(longest, len(BOUNDS)) - 1] += 1

    async def timed(self, kind: str, began: float, reply: Awaitable[ReplyT]) -> ReplyT:
        """What ``reply`` comes to, to a request that ``began`` on the monotonic clock."""
        found = await reply
        self.note(kind, monotonic() - began)
        return found

    def end_slice(self, counters: Mapping[str, int], seconds: float) -> None:
        """A slice of so many seconds ends; a kind without any requests so far stays without figures."""
        for kind, prefixes in KINDS.items():
            counted = sum(count for name, count in counters.items() if name.startswith(prefixes))
            requests, self._counted[kind] = counted - self._counted[kind], counted
            slow, self._slow[kind] = self._slow[kind], [0] * len(BOUNDS)
            if counted:
                over = (sum(slow[place:]) for place in range(len(BOUNDS)))
                most = max(requests, sum(slow), 1)
                self.slices[kind] = LatencySlice(
                    requests / seconds, tuple(100 * count / most for count in over)
                )
