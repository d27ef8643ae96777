"""`show pmap`: how many partitions of each namespace each node has, and whether all have a master."""

from __future__ import annotations

from asadm.tables import units
from asadm.tables.table import Column, Table, TableRow, highest, summed
from asadm.target.aerospike.views.asking import refusals
from asadm.target.aerospike.views.namespaces import statistics
from asinfo.text import number
from asinfo.wire.digest import PARTITIONS

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from asadm.target.aerospike.views.asking import NodeInfo

PARTITION_INFO = "partition-info"
COMMANDS = ("node", "statistics", PARTITION_INFO)

COLUMNS = (
    Column("cluster_key", "Cluster Key", detail=2),
    Column("primary", "Primary", units.NUMBER, total=summed("primary")),
    Column("secondary", "Secondary", units.NUMBER, total=summed("secondary"), detail=1),
    Column("unavailable", "Unavailable", units.NUMBER, total=highest("unavailable")),
    Column("dead", "Dead", units.NUMBER, total=highest("dead")),
)
"""Partitions that are unavailable or dead are those of the cluster, as each node sees it: their sum would mean nothing."""

_NEEDED = ("namespace", "state", "replica", "working_master")


def table(found: Sequence[NodeInfo], wanted: Callable[[str], bool]) -> Table:
    """A row for each namespace of each node. Where all were read, the note tells what partitions lack."""
    rows = []
    for info in found:
        counted = _counted(info)
        key = info.fields("statistics").get("cluster_key")
        for name in filter(wanted, info.namespaces):
            fields = info.fields(statistics(name))
            primary, secondary = counted.get(name, (0, 0)) if counted else (None, None)
            values = {
                "namespace": name,
                "cluster_key": key,
                "primary": primary,
                "secondary": secondary,
                "unavailable": number(fields.get("unavailable_partitions", "")),
                "dead": number(fields.get("dead_partitions", "")),
                "copies": number(fields.get("effective_replication_factor", "")),
            }
            marks = {name: "bad" for name in ("unavailable", "dead") if values[name]}
            rows.append(TableRow(info.answer, values, marks))
    answers = [info.answer for info in found]
    made = Table("pmap", "Partition Map", COLUMNS, answers, rows, keys=[Column("namespace", "Namespace")])
    lacks = [] if made.failed else _lacks(made)
    made.note = "; ".join(filter(None, [refusals(found, PARTITION_INFO), *lacks]))
    return made


def _counted(info: NodeInfo) -> dict[str, tuple[int, int]]:
    """By namespace, of how many partitions the node is the master, and of how many it has another copy."""
    identity = info.text("node")
    masters: dict[str, int] = {}
    copies: dict[str, int] = {}
    for namespace, state, replica, master in _lines(info.text(PARTITION_INFO) or ""):
        if master == identity:
            masters[namespace] = masters.get(namespace, 0) + 1
        elif replica == "0" or state in {"S", "D"}:
            copies[namespace] = copies.get(namespace, 0) + 1
        else:
            masters.setdefault(namespace, 0)
    return {name: (masters.get(name, 0), copies.get(name, 0)) for name in {*masters, *copies}}


def _lines(said: str) -> Iterator[tuple[str, str, str, str]]:
    """Namespace, state, replica and master of each partition; the first entry names the columns."""
    first, *lines = said.split(";")
    names = first.split(":")
    if not all(name in names for name in _NEEDED):
        return
    namespace, state, replica, master = (names.index(name) for name in _NEEDED)
    for line in lines:
        fields = line.split(":")
        if len(fields) == len(names):
            yield fields[namespace], fields[state], fields[replica], fields[master]


def _lacks(made: Table) -> Iterator[str]:
    """What is not as it is in a cluster at rest: each partition has a master, and as many copies as the namespace has."""
    for rows, total in made.totals():
        name = rows[0].values["namespace"]
        copies = {row.values["copies"] for row in rows}
        primary, secondary = total["primary"], total["secondary"]
        if primary is not None and primary != PARTITIONS:
            yield f"{name}: {primary} of {PARTITIONS} partitions have a master among these nodes"
        copy = copies.pop() if len(copies) == 1 else None
        if isinstance(copy, int) and copy and secondary is not None and secondary != PARTITIONS * (copy - 1):
            yield f"{name}: {secondary} of {PARTITIONS * (copy - 1)} other copies"
