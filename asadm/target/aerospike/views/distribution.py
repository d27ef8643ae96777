"""`show distribution`: how the records of a namespace spread over times to live and object sizes.

A linear histogram is answered as `units=U:hist-width=N:bucket-width=N:buckets=COUNT,COUNT,...`, one over powers of two as
`units=bytes:[32-64)=COUNT:[512-1K)=COUNT`. A node makes them now and then (`nsup-hist-period`), and has none before the first time.

Records that never expire count in the first bucket of the times to live, as if they were about to go. A namespace tells how many they
are (`non_expirable_objects`, of the same moment): they are taken out of it here.
"""

from __future__ import annotations

from asadm.tables import units
from asadm.tables.table import Column, Table, TableRow, named
from asadm.target.aerospike.views.asking import pairs
from asadm.target.aerospike.views.namespaces import statistics
from asinfo.text import number

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.outcome import NodeAnswer
    from asadm.tables.table import Value
    from asadm.target.aerospike.views.asking import NodeInfo

TTL, SIZE = "time_to_live", "object_size"
KINDS = (TTL, SIZE)

PERCENTILES = tuple(range(10, 101, 10))

_DETAIL = {20: 7, 40: 6, 60: 5, 80: 4, 30: 3, 70: 2, 10: 1}
"""Which percentiles go first where the terminal is narrow."""

NAMESPACE = Column("namespace", "Namespace")

UNKNOWN = "records that never expire count as the shortest time: how many they are is not told"


def histogram(kind: str, *, powers: bool = False) -> Callable[[str], str]:
    """Makes the command that asks for one histogram of a namespace."""
    type_ = "ttl" if kind == TTL else "object-size" if powers else "object-size-linear"
    return lambda namespace: f"histogram:namespace={namespace};type={type_}"


def commands(kind: str, *, powers: bool = False) -> list[Callable[[str], str]]:
    """What is asked of each namespace for the table of ``kind``."""
    return [histogram(kind, powers=powers), *([statistics] if kind == TTL else [])]


def tables(
    found: Sequence[NodeInfo], kinds: Sequence[str], wanted: Callable[[str], bool], *, powers: bool = False
) -> list[Table]:
    """The tables of ``kinds``; those that have a row, or tell of nodes that failed."""
    made = []
    if TTL in kinds:
        made.append(ttl_table(found, wanted))
    if SIZE in kinds:
        made += power_tables(found, wanted) if powers else [size_table(found, wanted)]
    return [table for table in made if table.rows or table.failed]


def _percentile_columns(unit: str) -> list[Column]:
    return [
        Column(f"p{percent}", f"{percent}%", unit, rough=True, detail=_DETAIL.get(percent, 0))
        for percent in PERCENTILES
    ]


def ttl_table(found: Sequence[NodeInfo], wanted: Callable[[str], bool]) -> Table:
    """Percentiles of the times to live of records that expire, and how many never do."""
    rows, unknown = [], []
    for info, name in _asked(found, wanted):
        linear = _linear(info, histogram(TTL)(name))
        never = number(info.fields(statistics(name)).get("non_expirable_objects", ""))
        if linear and never is None:
            unknown.append(info.answer)
        rows.append(TableRow(info.answer, {"namespace": name, **_ttls(linear, never)}))
    columns = [
        Column("never_expire", "Never expire", units.COUNT),
        Column("expire", "Expire", units.COUNT),
        *_percentile_columns(units.SECONDS),
    ]
    notes = [*([UNKNOWN] if unknown else []), *_missing(rows, "p50", "expire")]
    title = "Time To Live: how long 10%, 20%, ... of the records that expire live at most"
    return Table(TTL, title, columns, _answers(found), rows, keys=[NAMESPACE], note="; ".join(notes))


def _ttls(linear: tuple[int, list[int]] | None, never: int | None) -> dict[str, Value]:
    if linear is None:
        return {"never_expire": never}
    width, buckets = linear
    if never is not None and buckets:
        never = min(never, buckets[0])
        buckets = [buckets[0] - never, *buckets[1:]]
    return {"never_expire": never, "expire": sum(buckets), **_percentiles(buckets, width, 0)}


def size_table(found: Sequence[NodeInfo], wanted: Callable[[str], bool]) -> Table:
    """Percentiles of the sizes of records."""
    rows = []
    for info, name in _asked(found, wanted):
        linear = _linear(info, histogram(SIZE)(name))
        values = _percentiles(linear[1], linear[0], 1) if linear else {}
        rows.append(TableRow(info.answer, {"namespace": name, **values}))
    title = "Object Size: how large 10%, 20%, ... of the records are at most"
    columns, note = _percentile_columns(units.BYTES), "; ".join(_missing(rows, "p50"))
    return Table(SIZE, title, columns, _answers(found), rows, keys=[NAMESPACE], note=note)


def power_tables(found: Sequence[NodeInfo], wanted: Callable[[str], bool]) -> list[Table]:
    """How many records are of which size, by powers of two; a table for each namespace, which have ranges of their own."""
    by_namespace: dict[str, list[TableRow]] = {}
    for info, name in _asked(found, wanted):
        values = _powers(info.text(histogram(SIZE, powers=True)(name)) or "")
        by_namespace.setdefault(name, []).append(TableRow(info.answer, {"namespace": name, **values}))
    tables = []
    for name, rows in by_namespace.items():
        ranges = {label for row in rows for label in row.values if label != "namespace"}
        columns = [Column(label, label, units.COUNT) for label in sorted(ranges, key=_lower)]
        for row in rows:
            row.values = dict.fromkeys(ranges, 0) | dict(row.values) if len(row.values) > 1 else row.values
        empty = [row.answer for row in rows if len(row.values) == 1]
        title, note = (
            f"{name}: Object Sizes, how many records are of so many bytes",
            "; ".join(_no_histogram(empty)),
        )
        tables.append(
            Table(f"{SIZE}_ranges", title, columns, _answers(found), rows, keys=[NAMESPACE], note=note)
        )
    return tables


def _asked(found: Sequence[NodeInfo], wanted: Callable[[str], bool]) -> list[tuple[NodeInfo, str]]:
    return [(info, name) for info in found for name in info.namespaces if wanted(name)]


def _answers(found: Sequence[NodeInfo]) -> list[NodeAnswer]:
    return [info.answer for info in found]


def _missing(rows: Sequence[TableRow], *names: str) -> list[str]:
    return _no_histogram([row.answer for row in rows if all(row.values.get(name) is None for name in names)])


def _no_histogram(answers: Sequence[NodeAnswer]) -> list[str]:
    """The nodes that have made no histogram yet."""
    nodes = list({id(answer): answer for answer in answers}.values())
    return [f"no histogram yet on {named(nodes)} (nsup-hist-period)"] if nodes else []


def _linear(info: NodeInfo, command: str) -> tuple[int, list[int]] | None:
    """The width of a bucket, and how many records each has; None where there is no histogram that can be read."""
    fields = pairs(info.text(command) or "", ":")
    width = number(fields.get("bucket-width", ""))
    buckets = [number(count) for count in fields.get("buckets", "").split(",")]
    counts = [count for count in buckets if count is not None]
    return None if width is None or len(counts) < len(buckets) else (width, counts)


def _percentiles(buckets: Sequence[int], width: int, less: int) -> dict[str, Value]:
    """For each percentile the upper edge of the bucket that holds it, less ``less``."""
    total, running, at = sum(buckets), 0, -1
    found: dict[str, Value] = {}
    for percent in PERCENTILES:
        while total and running * 100 < percent * total:
            at += 1
            running += buckets[at]
        found[f"p{percent}"] = (at + 1) * width - less if total else None
    return found


def _powers(said: str) -> dict[str, Value]:
    """How many records each range has, by its edges: ``512-1K``."""
    found: dict[str, Value] = {}
    for name, count in pairs(said, ":").items():
        label = name.removeprefix("[").removesuffix(")")
        if label != name and _lower(label) >= 0:
            found[label] = number(count)
    return found


_SCALES = {"": 0, "K": 10, "M": 20, "G": 30}


def _lower(label: str) -> int:
    """The lower edge in bytes; -1 where it is none."""
    edge = label.partition("-")[0]
    digits = edge.rstrip("KMG")
    scale, lower = _SCALES.get(edge[len(digits) :]), number(digits)
    return -1 if scale is None or lower is None else lower << scale
