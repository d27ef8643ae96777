"""The tables of asadm beside those of the vendor's, made of the same recorded replies of three real nodes.

The vendor's documents hold each value as it was read (``raw``). Every value that both tables have is compared; where they
differ on purpose, a row of `DIFFERENT` says why.
"""

from __future__ import annotations

import re
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.recorded.verdict import Row, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

FILE = "asadm_tables.jsonl.gz"

Record = dict[str, Any]
"""A row of a table of the vendor's: values by the path of their column, as ``Cluster/Size``."""

NOTHING = {"null", "error", "--", None}
"""The vendor's texts for a value that a node has not, or did not tell."""

ABSENT = object()


class TableMap(NamedTuple):
    """Which table of ours is the vendor's, by the beginning of its title.

    ``name``     of ours in JSON
    ``keys``     the columns beside the node that tell its rows apart: the vendor's, and ours
    ``columns``  our column by the vendor's; a column that is not named here is not compared (`UNCOMPARED` says why)
    ``shares``   columns that are a share of 1 at the vendor's, and percent here
    ``totals``   whether the vendor's rows are of all nodes, as our totals are
    ``alike``    whether rows are of what nodes say alike, and not of one node each

    Groups of the title are columns of the vendor's.
    """

    title: re.Pattern[str]
    name: str
    keys: dict[str, str]
    columns: dict[str, str]
    shares: frozenset[str] = frozenset()
    totals: bool = False
    alike: bool = False


class ValueMap(NamedTuple):
    """Which table of configuration or statistics of ours is the vendor's: the groups of its title are our members of that name.

    ``words`` are texts of the vendor's, and the values that they stand for.
    """

    title: re.Pattern[str]
    name: str
    words: Mapping[str, object] = MappingProxyType({})


class Difference(NamedTuple):
    """A value that is not as the vendor's."""

    case: int
    table: str
    row: str
    column: str
    vendor: object
    ours: object


def cases() -> list[Row]:
    """The recorded runs, in order."""
    return read(FILE)


def records(document: dict[str, Any]) -> Iterator[Record]:
    """The rows of a table of the vendor's."""
    for group in document["groups"]:
        for record in group["records"]:
            yield dict(_flat(record, ""))


def _flat(record: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if "raw" in value and not isinstance(value["raw"], dict):
            yield before + name, value["raw"]
        else:
            yield from _flat(value, f"{before}{name}/")


MAPS = (
    TableMap(
        re.compile("Network Information"),
        "network",
        {},
        {
            "Node ID": "id",
            "Build": "build",
            "Migrations": "migrations",
            "Cluster/Size": "cluster_size",
            "Cluster/Key": "cluster_key",
            "Cluster/Integrity": "cluster_integrity",
            "Cluster/Principal": "principal",
            "Client Conns": "client_connections",
            "Uptime": "uptime",
        },
    ),
    TableMap(
        re.compile("Namespace Object Information"),
        "namespace_object",
        {"Namespace": "namespace"},
        {
            "Rack ID": "rack_id",
            "Repl Factor": "replication_factor",
            "Expirations": "expirations",
            "Total Records": "total_records",
            "Objects/Master": "master_objects",
            "Objects/Prole": "prole_objects",
            "Objects/Non-Replica": "non_replica_objects",
            "Tombstones/Master": "master_tombstones",
            "Tombstones/Prole": "prole_tombstones",
            "Tombstones/Non-Replica": "non_replica_tombstones",
            "Pending Migrates/Tx": "migrations_tx",
            "Pending Migrates/Rx": "migrations_rx",
        },
    ),
    TableMap(
        re.compile("Namespace Usage Information"),
        "namespace_usage",
        {"Namespace": "namespace"},
        {
            "Evictions": "evictions",
            "Stop Writes": "stop_writes",
            "System Memory/Avail%": "memory_avail_pct",
            "System Memory/Evict%": "memory_evict_pct",
            "System Memory/Stop%": "memory_stop_pct",
            "Primary Index/Type": "index_type",
            "Primary Index/Used": "index_used_bytes",
            "Primary Index/Used%": "index_used_pct",
            "Primary Index/Evict%": "index_evict_pct",
            "Secondary Index/Type": "sindex_type",
            "Secondary Index/Used": "sindex_used_bytes",
            "Secondary Index/Used%": "sindex_used_pct",
            "Secondary Index/Evict%": "sindex_evict_pct",
            "Storage Engine/Type": "data_type",
            "Storage Engine/Used": "data_used_bytes",
            "Storage Engine/Used%": "data_used_pct",
            "Storage Engine/Evict%": "data_evict_pct",
            "Storage Engine/Used Stop%": "data_used_stop_pct",
            "Storage Engine/Avail%": "data_avail_pct",
            "Storage Engine/Avail Stop%": "data_avail_stop_pct",
        },
        shares=frozenset({"Primary Index/Used%", "Secondary Index/Used%", "Storage Engine/Used%"}),
    ),
    TableMap(
        re.compile("Set Information"),
        "set",
        {"Namespace": "namespace", "Set": "set"},
        {
            "Storage Engine Used": "data_used_bytes",
            "Size Quota/Total": "size_quota_bytes",
            "Size Quota/Used%": "size_quota_used_pct",
            "Total Records": "records",
            "Records Quota/Total": "records_quota",
            "Records Quota/Used%": "records_quota_used_pct",
            "Disable Eviction": "disable_eviction",
            "Set Index": "set_index",
        },
        shares=frozenset({"Size Quota/Used%", "Records Quota/Used%"}),
    ),
    TableMap(
        re.compile("Secondary Index Information"),
        "sindex",
        {"Namespace": "namespace", "Set": "set", "Index Name": "index"},
        {
            "Bin": "bin",
            "Bin Type": "bin_type",
            "State": "index_state",
            "Keys": "keys",
            "Entries/Total": "entries",
            "Entries/Avg Per Rec": "entries_per_record",
            "Entries/Avg Per Bin Val": "entries_per_value",
            "Storage/Type": "storage_type",
            "Storage/Used": "used_bytes",
            "Context": "context",
            "Expression": "expression",
        },
    ),
    TableMap(
        re.compile("Release Information"),
        "release",
        {},
        {
            "Architecture": "architecture",
            "Edition": "edition",
            "Version": "version",
            "OS": "os",
            "SHA": "sha",
        },
    ),
    TableMap(
        re.compile("Cluster Summary"),
        "cluster_summary",
        {},
        {
            "Migrations": "migrations",
            "Cluster Name": "cluster_name",
            "Server Version": "server_version",
            "OS Version": "os",
            "Cluster Size": "cluster_size",
            "Devices Total": "devices",
            "Devices Per-Node": "devices_per_node",
            "Devices Equal Across Nodes": "devices_equal",
            "System Memory Used%": "memory_used_pct",
            "System Memory Avail%": "memory_avail_pct",
            "Shmem Index Used": "index_used_memory_bytes",
            "Shmem Sindex Used": "sindex_used_memory_bytes",
            "Data Memory Total": "data_total_memory_bytes",
            "Data Memory Used": "data_used_memory_bytes",
            "Data Memory Used%": "data_used_memory_pct",
            "Data Memory Avail": "data_avail_memory_bytes",
            "Data Memory Avail%": "data_avail_memory_pct",
            "License Usage Latest": "unique_data_bytes",
            "Namespaces Active": "namespaces_active",
            "Namespaces Total": "namespaces",
            "Active Features": "features",
        },
        totals=True,
    ),
    TableMap(
        re.compile("Namespace Summary"),
        "namespace_summary",
        {"Namespace": "namespace"},
        {
            "Drives/Total": "devices",
            "Drives/Per-Node": "devices_per_node",
            "Shmem Index/Used": "index_used_bytes",
            "Shmem Sindex/Used": "sindex_used_bytes",
            "Data Memory/Total": "data_total_bytes",
            "Data Memory/Used%": "data_used_pct",
            "Data Memory/Avail%": "data_avail_pct",
            "Replication Factors": "replication_factor",
            "Master Objects": "master_objects",
            "Compression Ratio": "compression_ratio",
            "License Usage/Latest": "unique_data_bytes",
        },
        totals=True,
    ),
)

VALUES: tuple[ValueMap, ...] = (
    ValueMap(re.compile("Service Configuration"), "config_service"),
    ValueMap(re.compile("Network Configuration"), "config_network"),
    ValueMap(re.compile(r"(?P<namespace>\S+) Namespace Configuration"), "config_namespace"),
    ValueMap(re.compile("Service Statistics"), "statistics_service"),
    ValueMap(re.compile(r"(?P<namespace>\S+) Namespace Statistics"), "statistics_namespace"),
    ValueMap(re.compile(r"(?P<namespace>\S+) (?P<set>\S+) Set Statistics"), "statistics_sets"),
    ValueMap(re.compile("Features"), "features", MappingProxyType({"YES": "true", "NO": "false"})),
    ValueMap(
        re.compile(r"(?P<namespace>\S+) (?P<set>\S+) (?P<index>\S+) SIndex Statistics"), "statistics_sindex"
    ),
)


class Reason(NamedTuple):
    """A difference on purpose: where it is, and why."""

    table: re.Pattern[str]
    column: re.Pattern[str]
    text: str
    only: Callable[[Difference], bool] = lambda _: True


def _says_as_text(found: Difference) -> bool:
    """Whether the vendor's text is our number of bytes, or the only one of our list."""
    if isinstance(found.ours, list):
        return found.vendor == ", ".join(map(str, found.ours))
    value = float(found.ours) if isinstance(found.ours, int | float) else 0.0
    units = ["B", "KB", "MB", "GB"]
    while value >= 1024:
        value /= 1024
        units.pop(0)
    return found.vendor == f"{value:.3f} {units[0]}"


def _has_all(found: Difference) -> bool:
    """Whether our list has all that the vendor's has."""
    return isinstance(found.vendor, list) and isinstance(found.ours, list) and {*found.vendor} < {*found.ours}


DIFFERENT: tuple[Reason, ...] = (
    Reason(
        re.compile("Features"),
        re.compile("Query|SIndex|Scan"),
        "The vendor looks at counters of before 6.0, which are gone; here a scan is a query of the primary index.",
        lambda found: (found.vendor, found.ours) == ("false", "true"),
    ),
    Reason(
        re.compile("Features"),
        re.compile("LDT"),
        "Large data types are gone since 3.15.",
        lambda found: found.ours is None,
    ),
    Reason(
        re.compile("Features"),
        re.compile("TLS .*"),
        "The vendor looks for it in the service's parameters, where it never is; the network's were not recorded.",
        lambda found: found.ours is None,
    ),
    Reason(
        re.compile("Cluster Summary"),
        re.compile("Active Features"),
        "As in features.",
        _has_all,
    ),
    Reason(
        re.compile("Cluster Summary"),
        re.compile("OS Version"),
        "The vendor tells of the machine it runs on; here it is what the nodes were built for.",
    ),
    Reason(
        re.compile("(Cluster|Namespace) Summary"),
        re.compile("License Usage.*|Replication Factors"),
        "A text at the vendor's, also for programs; numbers here.",
        _says_as_text,
    ),
)

UNRECORDED = {
    "get-config:context=network": "features tell of TLS, for which the vendor asks nothing that could tell it",
    "sindex-list:": "features tell whether there are indexes, for which the vendor looks at counters that are gone",
}
"""What is asked beyond what the vendor asked, and why."""

REFUSED: dict[str, str] = {
    r"info network like .*": "A modifier that does not apply is refused, and not ignored.",
    r"info network with 127\.0\.0\.1:385": "No node has that name.",
}
"""Commands that end with 2 here and print a table there, or the reverse."""


class Comparison:
    """One recorded run beside ours: ``compared`` counts values, ``differences`` are those that are not the same.

    ``nodes`` is where each node of the run listens now, by its port; ``unmapped`` are titles that nothing of ours is for. ``maps`` and
    ``reasons`` are known beside those here.
    """

    def __init__(
        self,
        case: int,
        addresses: dict[str, str],
        maps: Sequence[TableMap] = (),
        reasons: Sequence[Reason] = (),
    ) -> None:
        self.case = case
        self.maps = (*MAPS, *maps)
        self.reasons = (*DIFFERENT, *reasons)
        self.nodes = {name.rpartition(":")[2]: address for name, address in addresses.items()}
        self.compared: Counter[str] = Counter()
        self.differences: list[Difference] = []
        self.unmapped: set[str] = set()

    def compare(self, documents: list[dict[str, Any]], tables: list[dict[str, Any]]) -> None:
        """Each of the vendor's tables with ours."""
        for document in documents:
            title = re.sub(r" ?\(\d{4}-.*", "", document["title"])
            theirs = list(records(document))
            if found := next((each for each in self.maps if each.title.fullmatch(title)), None):
                match = found.title.fullmatch(title)
                groups = match.groupdict() if match else {}
                about = {ours: groups[name] for name, ours in found.keys.items() if name in groups}
                mine = [{**table, "rows": _about(table["rows"], about)} for table in tables]
                self._table(found, title, [{**record, **groups} for record in theirs], mine)
            elif values := next((each for each in VALUES if each.title.fullmatch(title)), None):
                self._values(values, title, theirs, tables)
            else:
                self.unmapped.add(title)

    def _table(self, map_: TableMap, title: str, theirs: list[Record], tables: list[dict[str, Any]]) -> None:
        mine = [table for table in tables if table["name"] == map_.name]
        if map_.totals:
            mine = [{"rows": [{"node": "", **total} for total in table["totals"]]} for table in mine]
        found = [row for table in mine for row in table["rows"]]
        failed = {row["node"] for row in found if row.get("state", "ok") != "ok"}
        rows = {
            self._own_key(map_, row): row for row in found if not map_.alike or row.get("node") not in failed
        }
        for record in theirs:
            key = self._their_key(map_, record)
            if key[0] in failed:
                self.compared["nodes that failed"] += 1
            elif key not in rows:
                self._differs(title, key, record, ABSENT)
            else:
                self._row(map_, title, key, record, rows.pop(key))
        for key in rows if theirs else ():
            if key[0] not in failed:
                self._differs(title, key, ABSENT, rows[key])

    def _row(
        self, map_: TableMap, title: str, key: tuple[str, ...], record: Record, row: dict[str, Any]
    ) -> None:
        for theirs, name in map_.columns.items():
            if theirs not in record:
                continue
            vendor = record[theirs]
            if theirs in map_.shares and isinstance(vendor, float):
                vendor *= 100
            found = Difference(self.case, title, " ".join(key), theirs, vendor, row.get(name))
            self._value(map_.name, found)

    def _values(self, map_: ValueMap, title: str, theirs: list[Record], tables: list[dict[str, Any]]) -> None:
        match = map_.title.fullmatch(title)
        assert match
        mine = [
            table
            for table in tables
            if table["name"] == map_.name
            and all(table.get(name) == value for name, value in match.groupdict().items())
        ]
        rows = {row["node"]: row for table in mine for row in table["rows"]}
        for record in theirs:
            node = self._node(record)
            if node not in rows:
                self._differs(title, (node,), record, ABSENT)
            elif rows[node]["state"] != "ok":
                self.compared["nodes that failed"] += 1
            else:
                self._row_of_values(map_, title, node, record, rows[node]["values"] or {})

    def _row_of_values(
        self, map_: ValueMap, title: str, node: str, record: Record, values: dict[str, Any]
    ) -> None:
        for name in record.keys() - {"Node"}:
            ours = values.get(name)
            text = {True: "true", False: "false"}[ours] if isinstance(ours, bool) else ours
            vendor = map_.words.get(record[name], record[name]) if map_.words else record[name]
            self._value(map_.name, Difference(self.case, title, node, name, vendor, text))
        for name in values.keys() - record.keys():
            self._note(Difference(self.case, title, node, name, ABSENT, values[name]))

    def _value(self, name: str, found: Difference) -> None:
        """One value of both; texts of the vendor's that stand for none are none."""
        self.compared[name] += 1
        if isinstance(found.vendor, str) and found.vendor in NOTHING:
            found = found._replace(vendor=None)
        if not same(found.vendor, found.ours):
            self._note(found)

    def _differs(self, table: str, key: tuple[str, ...], vendor: object, ours: object) -> None:
        """One of both has no such row."""
        self._note(Difference(self.case, table, " ".join(key), "", vendor, ours))

    def _note(self, found: Difference) -> None:
        reason = next((each for each in self.reasons if _explains(each, found)), None)
        if reason is None:
            self.differences.append(found)
        else:
            self.compared[reason.text] += 1

    def _node(self, record: Record) -> str:
        node = str(record.get("Node", ""))
        return self.nodes.get(node.rpartition(":")[2], node)

    def _their_key(self, map_: TableMap, record: Record) -> tuple[str, ...]:
        return (self._node(record), *(_key(record[each]) for each in map_.keys))

    @staticmethod
    def _own_key(map_: TableMap, row: dict[str, Any]) -> tuple[str, ...]:
        node = "" if map_.alike else row["node"]
        return (node, *(_key(row.get(each)) for each in map_.keys.values()))


def _about(rows: list[dict[str, Any]], values: dict[str, str]) -> list[dict[str, Any]]:
    """Those of ``rows`` that have ``values``, and those of nodes that failed."""
    return [
        row
        for row in rows
        if row.get("state", "ok") != "ok" or all(row.get(name) == value for name, value in values.items())
    ]


def _key(value: object) -> str:
    return "" if isinstance(value, str | None) and value in NOTHING else str(value)


def _explains(reason: Reason, found: Difference) -> bool:
    return bool(
        reason.table.fullmatch(found.table) and reason.column.fullmatch(found.column) and reason.only(found)
    )


def same(vendor: object, ours: object) -> bool:
    """Whether both say the same; numbers that were computed may differ in their last digits."""
    if isinstance(vendor, float) and isinstance(ours, int | float) and not isinstance(ours, bool):
        return abs(vendor - ours) <= 1e-9 * max(1.0, abs(vendor))
    return vendor == ours and isinstance(vendor, bool) == isinstance(ours, bool)
