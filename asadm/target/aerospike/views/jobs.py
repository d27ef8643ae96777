"""`show jobs`: the queries that run or have run on every node.

An entry is `trid=ID:ns=NS:set=SET:...`, with fields of its own for each type of query. A node keeps the last 100 that are done
(`query-max-done`).
"""

from __future__ import annotations

from asadm.tables import units
from asadm.tables.table import Column, Table, TableRow
from asadm.tables.value import figure

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asadm.tables.table import Value
    from asadm.target.aerospike.views.asking import NodeInfo

COMMAND = "query-show"

ID, TYPE, STATUS, DONE_AGO, RUN_TIME = "trid", "job-type", "status", "time-since-done", "run-time"

_FIRST = {
    "job": Column("job", "Job"),
    "progress": Column("progress", "Done", units.PERCENT),
    "trid": Column("transaction_id", "Transaction ID", whole=True),
    "run-time": Column("run_time", "Ran", units.MILLISECONDS),
    "time-since-done": Column("time_since_done", "Ended Ago", units.MILLISECONDS, detail=1),
    "recs-succeeded": Column("recs_succeeded", "Records", units.COUNT),
    "ns": Column("namespace", "Namespace", detail=4),
    "set": Column("set", "Set", detail=3),
    "status": Column("status", "Status", detail=2),
    "job-type": Column("type", "Type", detail=5),
}
"""The columns that are always there, by the field of a node."""

_NAMES = {field: column.name for field, column in _FIRST.items()} | {"job-progress": "progress"}

_UNITS = {
    "net-io-bytes": units.BYTES,
    "net-io-time": units.MILLISECONDS,
    "socket-timeout": units.MILLISECONDS,
    "rps": units.PER_SECOND,
}
"""Units of other fields; those that count records and partitions begin with ``recs-`` and ``n-``."""

Job = dict[str, str]


def table(
    found: Sequence[NodeInfo],
    wanted: Callable[[Mapping[str, str]], bool],
    named: Callable[[str], bool] | None = None,
    *,
    everything: bool = False,
) -> Table:
    """The wanted jobs: active ones first, then the newest, the parts of one job on several nodes together.

    A person sees the most important columns, those that are ``named``, or with ``everything`` all; programs get all.
    """
    jobs = [(info, entry) for info in found for entry in info.entries(COMMAND) if wanted(entry)]
    place = _places([entry for _, entry in jobs])
    order = {id(info): number for number, info in enumerate(found)}
    jobs.sort(key=lambda job: (place[job[1].get(ID, "")], order[id(job[0])]))
    rows = [TableRow(info.answer, _values(entry), _marks(entry)) for info, entry in jobs]
    columns = [*_FIRST.values(), *_others([entry for _, entry in jobs], named, everything=everything)]
    note = "" if rows else "there are no jobs"
    return Table("jobs", "Jobs", columns, [info.answer for info in found], rows, note=note, ordered=True)


def _places(jobs: Sequence[Job]) -> dict[str, tuple[bool, float, str]]:
    """By transaction id where a job stands: whether it is done everywhere, how long ago it began, its id."""
    found: dict[str, tuple[bool, float, str]] = {}
    for job in jobs:
        began = (figure(job.get(RUN_TIME)) or 0) + (figure(job.get(DONE_AGO)) or 0)
        here = (not _active(job), began, job.get(ID, ""))
        found[job.get(ID, "")] = min(here, found.get(job.get(ID, ""), here))
    return found


def _active(job: Job) -> bool:
    return job.get(STATUS, "").startswith("active")


def _values(job: Job) -> dict[str, Value]:
    values: dict[str, Value] = {"job": _name(job)}
    for field, text in job.items():
        name = _NAMES.get(field, field.replace("-", "_"))
        unit = (
            _FIRST[field].unit if field in _FIRST else units.PERCENT if name == "progress" else _unit(field)
        )
        number = None if unit == units.TEXT else figure(text)
        values[name] = text if number is None else number
    return values


def _name(job: Job) -> str | None:
    """What a person knows it by: the function of a UDF, or the type of the query."""
    module, function = job.get("udf-filename"), job.get("udf-function")
    return f"{module}.{function}" if module and function else job.get(TYPE)


def _marks(job: Job) -> dict[str, str]:
    status = job.get(STATUS, "")
    mark = "changed" if _active(job) else "" if status.endswith("(ok)") or not status else "bad"
    return {"progress": mark, "status": mark}


def _unit(field: str) -> str:
    if field.startswith(("recs-", "n-")) or field.endswith(("-active", "-threads")):
        return units.COUNT
    return _UNITS.get(field, units.TEXT)


def _others(jobs: Sequence[Job], named: Callable[[str], bool] | None, *, everything: bool) -> list[Column]:
    """Columns of what else nodes tell."""
    names = dict.fromkeys(name for job in jobs for name in job if name not in _NAMES)
    return [
        Column(
            name.replace("-", "_"),
            name,
            _unit(name),
            data=not everything and not (named is not None and named(name)),
        )
        for name in names
    ]
