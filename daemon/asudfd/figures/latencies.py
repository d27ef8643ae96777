"""How long requests on a namespace took, for the metrics: the last slice of time, as the exporter makes figures of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.figures.figure import GAUGE, Figure
from asudfd.record.latency import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.record.namespace import Namespace


def latency_figures(space: Namespace) -> Iterator[Figure]:
    """Requests in a second that took no longer than so many milliseconds, and all of them, of each kind that had any."""
    for kind, told in space.latencies.slices.items():
        text = f"Requests ({kind}) in a second"
        name = f"{kind}_ms_bucket"
        yield Figure(f"{kind}_ms_count", f"{told.rate:.2f}", GAUGE, f"{text}, in the last slice of time.")
        for bound, over in zip(BOUNDS, told.over, strict=True):
            within = f"{told.rate * (100 - over) / 100:.2f}"
            yield Figure(name, within, GAUGE, f"{text} that took at most `le` ms.", (("le", str(bound)),))
        yield Figure(name, f"{told.rate:.2f}", GAUGE, f"{text} that took at most `le` ms.", (("le", "+Inf"),))
