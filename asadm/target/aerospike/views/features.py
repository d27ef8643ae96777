"""`features`: what each node is used for, told by its counters since it started and by its configuration."""

from __future__ import annotations

from asadm.tables.value import figure
from asadm.tables.values import ValueTable
from asadm.target.aerospike.views.indexes import LIST
from asadm.target.aerospike.views.namespaces import ask_each, every, statistics
from asinfo.terminal.render import Cell, Sheet

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.aerospike.views.asking import NodeInfo

    Said = Mapping[str, str]

SECURITY, XDR, NETWORK = (f"get-config:context={context}" for context in ("security", "xdr", "network"))

COMMANDS = ("statistics", SECURITY, XDR, NETWORK, LIST)
"""What is asked beside the statistics of each namespace, which have its configuration among them."""

COUNTED = {
    "KVS": ("client_read_success", "client_read_error", "client_write_success", "client_write_error"),
    "UDF": (
        "client_udf_complete", "client_udf_error", "batch_sub_udf_complete", "batch_sub_udf_error", "udf_sub_udf_complete",
        "udf_sub_udf_error",
    ),
    "Batch": ("batch_index_initiate",),
    "PIndex Query": ("pi_query_",),
    "SIndex Query": ("si_query_",),
    "Aggregation": ("pi_query_aggr_", "si_query_aggr_", "scan_aggr_", "query_agg", "query_aggr_"),
    "Scan": ("pi_query_short_basic_", "pi_query_long_basic_", "scan_basic_", "scan_udf_bg_", "scan_ops_bg_"),
    "Query": ("si_query_", "query_reqs", "query_success", "query_basic_"),
    "SIndex": ("sindex_used_bytes", "memory_used_sindex_bytes"),
    "XDR Destination": ("xdr_client_write_success", "xdr_client_write_error", "xdr_write_success"),
}  # fmt: skip
"""Features that are used where a counter, of the node or a namespace, is not 0. A name that ends with ``_`` begins several counters.

A scan is a query of the primary index, and a query one of a secondary index, since 6.0; the names after those are of older nodes.
"""

_COUNTERS = tuple(name for counters in COUNTED.values() for name in counters)

INDEX_TYPES = {"Index-on-flash": "flash", "Index-on-pmem": "pmem", "Index-on-shmem": "shmem"}
RATIOS = ("data_compression_ratio", "device_compression_ratio", "pmem_compression_ratio")
TLS = {
    "TLS (Service)": ("service.tls-port", "service.tls-name"),
    "TLS (Fabric)": ("fabric.tls-port", "fabric.tls-name"),
    "TLS (Heartbeat)": ("heartbeat.tls-port", "heartbeat.tls-name"),
}
"""Parameters of which one is set where a node has TLS."""

UNSET = {"", "0", "null", "none", "false"}
"""Values of parameters that are off."""

UNKNOWN = "null"
_WORDS = {"true": "yes", "false": "no", UNKNOWN: "-"}
"""What a person sees."""


def ask_features(cluster: AerospikeCluster) -> list[NodeInfo]:
    """Ask every node for all that features are told by."""
    return ask_each(cluster, COMMANDS, [statistics], every)


class FeatureTable(ValueTable):
    """Yes or no of each feature on each node; neither where the node does not tell."""

    __slots__ = ()

    def sheet(self) -> Sheet:
        """As that of all values."""
        return _worded(super().sheet())

    def _grouped(self) -> Sheet:
        return _worded(super()._grouped())


def _worded(sheet: Sheet) -> Sheet:
    for cells in sheet.rows:
        for position, cell in enumerate(cells):
            if isinstance(cell.value, str) and cell.value in _WORDS:
                cells[position] = Cell(cell.value, cell.mark, shown=_WORDS[cell.value])
    return sheet


def table(found: Sequence[NodeInfo], wanted: Callable[[str], bool]) -> FeatureTable:
    """The features whose names are wanted. A node that was not read has its reason, and no features."""
    values = [_texts(features(info)) if info.good else None for info in found]
    made = FeatureTable("features", "Features", [info.answer for info in found], values)
    made.keep(wanted)
    return made


def active(info: NodeInfo, namespaces: Iterable[Said] | None = None) -> list[str]:
    """The features that a node uses, in order."""
    return [name for name, used in sorted(features(info, namespaces).items()) if used]


def _texts(found: Mapping[str, bool | None]) -> dict[str, str]:
    return {name: UNKNOWN if used is None else str(used).lower() for name, used in found.items()}


def features(info: NodeInfo, namespaces: Iterable[Said] | None = None) -> dict[str, bool | None]:
    """Which features a node uses; None where it does not tell. ``namespaces``: what it told of them, where that has been read."""
    if namespaces is None:
        namespaces = [info.fields(statistics(name)) for name in info.namespaces]
    spaces = [said for said in namespaces if said]
    told = [said for said in (info.fields("statistics"), *spaces) if said]
    counted = {name for said in told for name in _counted(said)} if told else None
    found = {name: _begun(counted, counters) for name, counters in COUNTED.items()}
    for name, kind in INDEX_TYPES.items():
        found[name] = _any(said.get("index-type") == kind for said in spaces)
    if info.text(LIST):
        found["SIndex"] = True
    found["Rack-aware"] = _any(said.get("rack-id", "0") not in UNSET for said in spaces)
    found["SC"] = _any(said.get("strong-consistency") == "true" for said in spaces)
    found["Compression"] = _any(map(_compressed, spaces))
    found["Security"] = _secured(info)
    found["XDR Source"] = _set(info, XDR, "dcs")
    for name, parameters in TLS.items():
        found[name] = _set(info, NETWORK, *parameters) if info.fields(NETWORK) else None
    return found


def _any(used: Iterable[bool]) -> bool | None:
    """Whether one of what a node told says so; None where it told nothing."""
    found = list(used)
    return any(found) if found else None


def _counted(said: Said) -> list[str]:
    """The counters that are not 0."""
    return [
        name for name, value in said.items() if value != "0" and name.startswith(_COUNTERS) and figure(value)
    ]


def _begun(counted: Iterable[str] | None, counters: Sequence[str]) -> bool | None:
    """Whether one of those that are not 0 is, or begins with, one of ``counters``; None where none was told."""
    if counted is None:
        return None
    begins = tuple(name for name in counters if name.endswith("_"))
    return any(name in counters or (begins and name.startswith(begins)) for name in counted)


def _compressed(said: Said) -> bool:
    ratios = [figure(said.get(name)) for name in RATIOS]
    return any(ratio is not None and 0 < ratio < 1 for ratio in ratios)


def _set(info: NodeInfo, command: str, *parameters: str) -> bool | None:
    """Whether one of ``parameters`` is set in a context; None where the node did not tell of it."""
    if info.text(command) is None:
        return None
    fields = info.fields(command)
    return any(fields.get(name, "") not in UNSET for name in parameters)


def _secured(info: NodeInfo) -> bool | None:
    """A node without security has nothing in that context; one before 5.7 has the switch there."""
    if info.text(SECURITY) is None:
        return None
    fields = info.fields(SECURITY)
    return bool(fields) and fields.get("enable-security", "true") == "true"
