"""`show latencies`: how long requests of clients took in the last slice of time, by namespace and kind.

A node answers a histogram as `NAME:UNIT,RATE,SHARE,SHARE,...`: requests a second, and the percentage of them that took longer than
1, 2, 4, ... of the unit. One without requests since the start of the node is empty.
"""

from __future__ import annotations

from asadm.tables import units
from asadm.tables.table import Column, Table, TableRow, rows_numbers
from asadm.tables.value import figure

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.tables.table import Total, Value
    from asadm.target.aerospike.views.asking import NodeInfo

COMMAND = "latencies:"

THRESHOLDS = tuple(1 << power for power in range(17))
"""What a request took longer than, in the unit of its histogram."""

BENCHMARKS = (
    "proxy", "benchmarks-ops-sub", "benchmarks-read", "benchmarks-write", "benchmarks-udf", "benchmarks-udf-sub",
    "benchmarks-batch-sub",
)  # fmt: skip
"""Histograms of a namespace that `latencies:` leaves out: a node has those that its parameters switch on."""

FABRIC = "latencies:hist=benchmarks-fabric"

RATE = "ops_per_second"

_UNITS = {"msec": "ms", "usec": "us"}


def benchmarks(namespace: str) -> list[str]:
    """The commands that ask for what else a namespace may have."""
    return [f"latencies:hist={{{namespace}}}-{kind}" for kind in BENCHMARKS]


def tables(
    found: Sequence[NodeInfo], wanted: Callable[[str | None, str], bool], *, every: int, count: int
) -> list[Table]:
    """A table for each unit of time, with ``count`` of the thresholds, every so many.

    ``wanted`` is asked for the namespace, None of a histogram of the whole node, and for the kind.
    """
    rows: dict[str, list[TableRow]] = {}
    for info in found:
        for name, values in _histograms(info).items():
            namespace, kind = _split(name)
            if wanted(namespace, kind):
                row = TableRow(info.answer, {"namespace": namespace, "histogram": kind, **values})
                rows.setdefault(str(values["unit"]), []).append(row)
    answers = [info.answer for info in found]
    note = "" if rows else "no requests since the nodes began"
    return [
        Table(
            f"latencies_{unit}",
            "Latencies: requests a second, and how many took longer",
            _columns(unit, every, count),
            answers,
            rows.get(unit, []),
            keys=KEYS,
            note=note,
        )
        for unit in sorted(rows) or ["ms"]
    ]


KEYS = (Column("namespace", "Namespace"), Column("histogram", "Histogram", whole=True))


def _columns(unit: str, every: int, count: int) -> list[Column]:
    shares = [
        Column(name, f">{threshold}{unit}", units.PERCENT, total=_weighted(name), detail=_detail(place))
        for place, threshold in enumerate(THRESHOLDS[::every][:count])
        for name in [f"over_{threshold}_{unit}"]
    ]
    return [Column(RATE, "Ops/s", units.PER_SECOND, total=_rate), *shares]


def _detail(place: int) -> int:
    """Where the terminal is narrow, every second threshold goes, then every second of the others; the first stays."""
    return 0 if place == 0 else len(THRESHOLDS) - (place & -place)


def _rate(rows: Sequence[TableRow]) -> float | int | None:
    rates = rows_numbers(rows, RATE)
    return round(sum(rates), 2) if rates else None


def _weighted(name: str) -> Total:
    """The share of the requests of all nodes: each node counts by how many it had."""

    def total(rows: Sequence[TableRow]) -> float | int | None:
        told = [row for row in rows if rows_numbers([row], name) and rows_numbers([row], RATE)]
        requests = sum(rows_numbers(told, RATE))
        slow = sum(
            share * rate
            for share, rate in zip(rows_numbers(told, name), rows_numbers(told, RATE), strict=True)
        )
        return slow / requests if requests else 0.0 if told else None

    return total


def _histograms(info: NodeInfo) -> dict[str, dict[str, Value]]:
    """All that the node has told, by name."""
    found: dict[str, dict[str, Value]] = {}
    for command in info.said:
        if command.startswith(b"latencies:"):
            for entry in (info.text(command.decode()) or "").split(";"):
                name, _, figures = entry.rpartition(":")
                read = _read(figures)
                if name and read:
                    found.setdefault(name, read)
    return found


def _split(name: str) -> tuple[str | None, str]:
    """Namespace and kind of ``{test}-read``; a histogram of the whole node has just a kind."""
    namespace, brace, kind = name.removeprefix("{").partition("}-")
    return (namespace, kind) if brace else (None, name)


def _read(figures: str) -> dict[str, Value]:
    """Unit, rate and shares; nothing where one of them cannot be read."""
    unit, *numbers = figures.split(",")
    read = [figure(number) for number in numbers]
    if unit not in _UNITS or not read or None in read:
        return {}
    short = _UNITS[unit]
    shares = {f"over_{over}_{short}": share for over, share in zip(THRESHOLDS, read[1:], strict=False)}
    return {"unit": short, RATE: read[0], **shares}
