"""`show distribution`: how the records of a namespace spread over times to live and object sizes.

A linear histogram is answered as `units=U:hist-width=N:bucket-width=N:buckets=COUNT,COUNT,...`, one over powers of two as
`units=bytes:[32-64)=COUNT:[512-1K)=COUNT`. A node makes them now and then (`nsup-hist-period`), and has none before the first time.

Records that never expire count in the first bucket of the times to live, as if they were about to go. A namespace tells how many they
are (`non_expirable_objects`, of the same moment): they are taken out of it here.
"""

from __future__ import annotations

from asadm.tables import units
from asadm.tables.node_names import named, names
from asadm.tables.table import Column, Table, TableRow
from asadm.target.aerospike.views.asking import answers, pairs
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
RECORDS = Column("records", "Records", units.COUNT)

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
    """The tables of ``kinds``."""
    made = []
    if TTL in kinds:
        made.append(ttl_table(found, wanted))
    if SIZE in kinds:
        made += power_tables(found, wanted) if powers else [size_table(found, wanted)]
    return made


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
    notes = [*([UNKNOWN] if unknown else []), *_missing(rows, "expire")]
    title = "Time To Live: how long 10%, 20%, ... of the records that expire live at most"
    return Table(TTL, title, columns, answers(found), rows, keys=[NAMESPACE], note="; ".join(notes))


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
        values = {"records": sum(linear[1]), **_percentiles(linear[1], linear[0], 1)} if linear else {}
        rows.append(TableRow(info.answer, {"namespace": name, **values}))
    title = "Object Size: how large 10%, 20%, ... of the records are at most"
    columns, note = [RECORDS, *_percentile_columns(units.BYTES)], "; ".join(_missing(rows, "records"))
    return Table(SIZE, title, columns, answers(found), rows, keys=[NAMESPACE], note=note)


def power_tables(found: Sequence[NodeInfo], wanted: Callable[[str], bool]) -> list[Table]:
    """How many records are of which size, by powers of two; a table for each namespace, which have ranges of their own."""
    told: dict[str, list[tuple[NodeAnswer, dict[str, int] | None]]] = {}
    for info, name in _asked(found, wanted):
        told.setdefault(name, []).append(
            (info.answer, _powers(info.text(histogram(SIZE, powers=True)(name))))
        )
    asked = answers(found)
    return [_power_table(name, counts, asked) for name, counts in sorted(told.items())]


def _power_table(
    name: str, told: Sequence[tuple[NodeAnswer, dict[str, int] | None]], answers: Sequence[NodeAnswer]
) -> Table:
    ranges = sorted({label for _, counts in told for label in counts or ()}, key=_lower)
    rows = []
    for answer, counts in told:
        values: dict[str, Value] = {"namespace": name}
        if counts is not None:
            values |= {"records": sum(counts.values()), **{label: counts.get(label, 0) for label in ranges}}
        rows.append(TableRow(answer, values))
    columns = [RECORDS, *(Column(label, label, units.COUNT) for label in ranges)]
    title, note = f"{name}: how many records are of so many bytes", "; ".join(_missing(rows, "records"))
    return Table(f"{SIZE}_ranges", title, columns, answers, rows, keys=[NAMESPACE], note=note)


def _asked(found: Sequence[NodeInfo], wanted: Callable[[str], bool]) -> list[tuple[NodeInfo, str]]:
    return [(info, name) for info in found for name in info.namespaces if wanted(name)]


def _missing(rows: Sequence[TableRow], name: str) -> list[str]:
    """The nodes that have made no histogram yet."""
    missing = [row.answer for row in rows if row.values.get(name) is None]
    nodes = list({id(answer): answer for answer in missing}.values())
    return [f"no histogram yet on {named(names(nodes))} (nsup-hist-period)"] if nodes else []


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


def _powers(said: str | None) -> dict[str, int] | None:
    """How many records each range has, by its edges: ``512-1K``; None where there is no histogram."""
    if not said:
        return None
    ranges = {name.removeprefix("[").removesuffix(")"): count for name, count in pairs(said, ":").items()}
    return {label: number(count) or 0 for label, count in ranges.items() if _lower(label) >= 0}


_SCALES = {"": 0, "K": 10, "M": 20, "G": 30}


def _lower(label: str) -> int:
    """The lower edge in bytes; -1 where it is none."""
    edge = label.partition("-")[0]
    digits = edge.rstrip("KMG")
    scale, lower = _SCALES.get(edge[len(digits) :]), number(digits)
    return -1 if scale is None or lower is None else lower << scale
