"""Which tables of ``show`` are which of the vendor's, and where they differ on purpose."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from tests.recorded.asadm_tables import ABSENT, Difference, Reason, TableMap, cases

PERCENTILES = {f"{percent}%": f"p{percent}" for percent in range(10, 101, 10)}
THRESHOLDS = {f">{1 << power}ms": f"over_{1 << power}_ms" for power in range(17)}
SIZES = [str(1 << power) for power in range(10)] + [f"{1 << power}K" for power in range(10)] + ["1M", "2M"]
RANGES = {label: label for label in map("-".join, pairwise(SIZES))}
JOB_FIELDS = (
    "active-threads", "from", "n-keyds-requested", "n-pids-requested", "net-io-bytes", "net-io-time", "recs-failed",
    "recs-filtered-bins", "recs-filtered-meta", "recs-succeeded", "recs-throttled", "rps", "run-time", "set", "sindex-name",
    "socket-timeout", "status", "udf-active", "udf-filename", "udf-function",
)  # fmt: skip

SHOW_MAPS = (
    TableMap(
        re.compile("Latency ?"),
        "latencies_ms",
        {"Namespace": "namespace", "Histogram": "histogram"},
        {"ops/sec": "ops_per_second", **THRESHOLDS},
    ),
    TableMap(
        re.compile(r"(?P<namespace>\S+) - TTL Distribution in Seconds"),
        "time_to_live",
        {"namespace": "namespace"},
        PERCENTILES,
    ),
    TableMap(
        re.compile(r"(?P<namespace>\S+) - Object Size Distribution in bytes"),
        "object_size",
        {"namespace": "namespace"},
        PERCENTILES,
    ),
    TableMap(
        re.compile(r"(?P<namespace>\S+) - Object Size Distribution in Bytes"),
        "object_size_ranges",
        {"namespace": "namespace"},
        RANGES,
    ),
    TableMap(
        re.compile("Secondary Indexes"),
        "sindex",
        {"Namespace": "namespace", "Set": "set", "Index Name": "index"},
        {
            "Bin": "bin",
            "Bin Type": "bin_type",
            "Index Type": "index_type",
            "State": "index_state",
            "Context": "context",
            "Expression": "expression",
        },
        alike=True,
    ),
    TableMap(
        re.compile("Query Jobs"),
        "jobs",
        {"Transaction ID": "transaction_id"},
        {
            "Namespace": "namespace",
            "Type": "type",
            "Progress%": "progress",
            "Time Since Done": "time_since_done",
            **{field: field.replace("-", "_") for field in JOB_FIELDS},
        },
    ),
    TableMap(
        re.compile("Stop Writes"),
        "stop_writes",
        {"Namespace": "namespace", "Set": "set", "Metric": "metric"},
        {
            "Config": "config",
            "Stop-Writes": "stop_writes",
            "Usage%": "usage_pct",
            "Usage": "usage",
            "Threshold": "threshold",
        },
        frozenset({"Usage%"}),
    ),
    TableMap(re.compile("Best Practices"), "best_practices", {}, {"Response": "practices"}),
    TableMap(
        re.compile("Partition Map Analysis"),
        "pmap",
        {"Namespace": "namespace"},
        {
            "Cluster Key": "cluster_key",
            "Partitions/Primary": "primary",
            "Partitions/Secondary": "secondary",
            "Partitions/Unavailable": "unavailable",
            "Partitions/Dead": "dead",
        },
    ),
    TableMap(
        re.compile("User Agent Information"),
        "user_agents",
        {"Client Version": "client_version", "App ID": "app_id"},
        {"Count": "count"},
    ),
    TableMap(
        re.compile("IP to NODE-ID Mappings|NODE-ID to IPs Mappings"),
        "mapping",
        {"Node ID": "id"},
        {},
        alike=True,
    ),
)


def _only_theirs(found: Difference) -> dict[str, Any] | None:
    """The vendor's row that ours has not."""
    return found.vendor if found.ours is ABSENT and isinstance(found.vendor, dict) else None


def _no_threshold(found: Difference) -> bool:
    row = _only_theirs(found)
    return row is not None and row["Threshold"] == "null"


def _another_namespace(found: Difference) -> bool:
    row = _only_theirs(found)
    command = cases()[found.case]["cmd"]
    return row is not None and " for " in command and row["Namespace"] not in command.split()


def _not_asked(found: Difference) -> bool:
    row = _only_theirs(found)
    return row is not None and all(row[name] == "null" for name in PERCENTILES)


SHOW_DIFFERENT = (
    Reason(
        re.compile("Query Jobs"),
        re.compile("Progress%"),
        "The vendor cuts the progress of a job to whole percent.",
        lambda found: isinstance(found.ours, float) and int(found.ours) == found.vendor,
    ),
    Reason(
        re.compile("Stop Writes"),
        re.compile(""),
        "Limits that are not set are counted in a note; the vendor's list begins with them.",
        _no_threshold,
    ),
    Reason(
        re.compile("Stop Writes"),
        re.compile("Usage%"),
        "Of a limit that is set 0 is used; the vendor shows none.",
        lambda found: (found.vendor, found.ours) == (None, 0),
    ),
    Reason(
        re.compile("Partition Map Analysis|Secondary Indexes"),
        re.compile(""),
        "The vendor ignores for here.",
        _another_namespace,
    ),
    Reason(
        re.compile(".* Distribution in .*"),
        re.compile(""),
        "The vendor has empty rows for nodes that were not asked.",
        _not_asked,
    ),
)

SHOW_UNRECORDED = {
    "namespace/test": "show distribution tells records that never expire apart",
    "namespace/bar": "show distribution tells records that never expire apart",
    "racks:": "the vendor asks one node only",
}
"""What is asked beyond what the vendor asked, and why."""
