"""`show stop-writes`: how near every limit is that stops writes, of nodes, namespaces and sets.

A limit is set by a parameter; one that is 0 is off. Figures are those that the server compares: of a node the memory of its machine
and the skew of the clocks, of a namespace its storage and indexes, of a set its records and bytes (quotas of a set are of each node).
"""

from __future__ import annotations

from asadm.tables import units
from asadm.tables.table import Column, Table, TableRow
from asadm.tables.value import figure
from asadm.target.aerospike.views.namespaces import configuration, statistics

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from asadm.tables.table import Value
    from asadm.target.aerospike.views.asking import NodeInfo

SETS = "sets"
COMMANDS = ("statistics", SETS)
EACH = (statistics, configuration)

COLUMNS = (
    Column("namespace", "Namespace"),
    Column("set", "Set"),
    Column("stop_writes", "Stopped", units.FLAG),
    Column("metric", "Metric", whole=True),
    Column("usage_pct", "Usage%", units.PERCENT),
    Column("usage", "Usage", unit_of="unit", detail=2),
    Column("threshold", "Limit", unit_of="unit", detail=1),
    Column("unit", "Unit", data=True),
    Column("config", "Parameter", detail=3),
)

SKEW_MAX = 40_000
"""Milliseconds of clock skew at which a namespace stops writes that expires records (and has no strong consistency)."""

NEAR, PASSED = 80, 100
"""Percent of a limit from which it stands out."""


class Limit:
    """One limit of one node: where it applies, what is compared, and at what it stops writes.

    ``inverted`` where writes stop below the limit, as of free space; ``stopped`` what the node says, None for a set, which says nothing.
    """

    __slots__ = ("config", "inverted", "metric", "namespace", "set", "stopped", "threshold", "unit", "usage")

    def __init__(
        self,
        namespace: str,
        config: str | None,
        metric: str,
        unit: str,
        *,
        usage: float | None,
        threshold: float | None,
        set_: str | None = None,
        stopped: bool | None = None,
        inverted: bool = False,
    ) -> None:
        self.namespace = namespace
        self.set = set_
        self.config = config
        self.metric = metric
        self.unit = unit
        self.usage = usage
        self.threshold = threshold
        self.stopped = stopped
        self.inverted = inverted

    @property
    def used(self) -> float | None:
        """Percent of the limit that is used; None where there is no limit, or no figure."""
        if self.usage is None or not self.threshold:
            return None
        if self.inverted:
            return (100 - self.usage) * 100 / (100 - self.threshold) if self.threshold < 100 else None
        return self.usage * 100 / self.threshold

    @property
    def stops(self) -> bool:
        """Whether writes are stopped for it."""
        return (self.used or 0) >= PASSED and self.stopped is not False

    def values(self) -> dict[str, Value]:
        """The row."""
        return {
            "namespace": self.namespace,
            "set": self.set,
            "stop_writes": self.stops,
            "metric": self.metric,
            "usage_pct": self.used,
            "usage": self.usage,
            "threshold": self.threshold,
            "unit": self.unit,
            "config": self.config,
        }

    def marks(self) -> dict[str, str]:
        """What stands out."""
        used = self.used or 0
        mark = "bad" if used >= PASSED else "changed" if used >= NEAR else ""
        return {"usage_pct": mark, "stop_writes": "bad" if self.stops else ""}


def table(
    found: Sequence[NodeInfo],
    namespace: Callable[[str], bool],
    set_: Callable[[str], bool] | None = None,
) -> Table:
    """The limits that are set, the nearest first. With ``set_`` only those of sets."""
    rows: list[TableRow] = []
    off = 0
    for info in found:
        for limit in _limits(info, namespace):
            if set_ is not None and (limit.set is None or not set_(limit.set)):
                continue
            if limit.used is None:
                off += 1
            else:
                rows.append(TableRow(info.answer, limit.values(), limit.marks()))
    rows.sort(
        key=lambda row: (
            -_used(row),
            *(str(row.values[name] or "") for name in ("metric", "namespace", "set")),
        )
    )
    note = f"{off} limit{' is' if off == 1 else 's are'} not set" if off else ""
    answers = [info.answer for info in found]
    return Table("stop_writes", "Stop-Writes", COLUMNS, answers, rows, note=note, ordered=True)


def _used(row: TableRow) -> float:
    used = row.values["usage_pct"]
    return used if isinstance(used, (int, float)) else 0


def _limits(info: NodeInfo, wanted: Callable[[str], bool]) -> Iterator[Limit]:
    node = _Figures(info.fields("statistics"))
    for name in filter(wanted, info.namespaces):
        figures = _Figures({**info.fields(configuration(name)), **info.fields(statistics(name))})
        yield from _of_namespace(name, node, figures)
    for entry in info.entries(SETS):
        if wanted(entry.get("ns", "")):
            yield from _of_set(entry.get("ns", ""), entry.get("set", ""), _Figures(entry))


class _Figures:
    """Numbers of statistics and parameters, by name."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields

    def __getitem__(self, name: str) -> float | None:
        return figure(self.fields.get(name))

    def says(self, name: str) -> bool:
        """Whether a flag is set."""
        return self.fields.get(name) == "true"


def _of_namespace(name: str, node: _Figures, figures: _Figures) -> Iterator[Limit]:
    stopped = figures.says("stop_writes")
    yield Limit(
        name,
        None,
        "cluster_clock_skew_ms",
        units.MILLISECONDS,
        usage=node["cluster_clock_skew_ms"],
        threshold=_skew(node, figures),
        stopped=stopped or figures.says("clock_skew_stop_writes"),
    )
    memory = node["system_free_mem_pct"]
    yield Limit(
        name,
        "stop-writes-sys-memory-pct",
        "system_free_mem_pct",
        units.PERCENT,
        usage=None if memory is None else 100 - memory,
        threshold=figures["stop-writes-sys-memory-pct"],
        stopped=stopped,
    )
    parts = [figures[f"{part}index_used_bytes"] for part in ("", "set_", "s")]
    told = [part for part in parts if part is not None]
    yield Limit(
        name,
        "indexes-memory-budget",
        "index_used_bytes",
        units.BYTES,
        usage=sum(told) if told else None,
        threshold=figures["indexes-memory-budget"],
        stopped=stopped,
    )
    yield from _of_storage(name, figures, stopped=stopped)


def _of_storage(name: str, figures: _Figures, *, stopped: bool) -> Iterator[Limit]:
    avail = "storage-engine.stop-writes-avail-pct"
    yield _as_told(name, avail, "data_avail_pct", units.PERCENT, figures, stopped=stopped, inverted=True)
    total, percent = figures["data_total_bytes"], figures["storage-engine.stop-writes-used-pct"]
    yield Limit(
        name,
        "storage-engine.stop-writes-used-pct",
        "data_used_bytes",
        units.BYTES,
        usage=figures["data_used_bytes"],
        threshold=None if total is None or percent is None else int(total * percent / 100),
        stopped=stopped,
    )


def _skew(node: _Figures, figures: _Figures) -> float | None:
    if not figures.says("strong-consistency") and figures["nsup-period"]:
        return SKEW_MAX
    seconds = node["cluster_clock_skew_stop_writes_sec"]
    return None if seconds is None else seconds * 1000


def _of_set(namespace: str, name: str, figures: _Figures) -> Iterator[Limit]:
    yield _as_told(namespace, "stop-writes-count", "objects", units.COUNT, figures, set_=name)
    yield _as_told(namespace, "stop-writes-size", "data_used_bytes", units.BYTES, figures, set_=name)


def _as_told(
    namespace: str,
    config: str,
    metric: str,
    unit: str,
    figures: _Figures,
    *,
    set_: str | None = None,
    stopped: bool | None = None,
    inverted: bool = False,
) -> Limit:
    """The limit where the figure called ``metric`` is compared with the parameter called ``config``, both as the node tells them."""
    return Limit(
        namespace,
        config,
        metric,
        unit,
        usage=figures[metric],
        threshold=figures[config],
        set_=set_,
        stopped=stopped,
        inverted=inverted,
    )
