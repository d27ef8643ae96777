"""The help texts of a namespace's counters, put together from the parts of which their names are made.

client_read_success     who asked, for what, and how it ended
pi_query_aggr_complete  by which index, with what kind of job, and how it ended
"""

from __future__ import annotations

_WHO = {
    "from_proxy_batch_sub": "of batches that another node forwarded",
    "xdr_from_proxy": "of another data centre that another node forwarded",
    "from_proxy": "of clients that another node forwarded",
    "xdr_client": "of another data centre",
    "batch_sub": "of batches",
    "client": "of clients",
    "udf_sub": "of background UDF jobs",
    "ops_sub": "of background operation jobs",
}
"""Beginnings of names, the longest first; a request comes in one of these ways."""

_WHAT = {
    "tsvc": "Requests",
    "proxy": "Requests forwarded to another node",
    "read": "Reads",
    "write": "Writes",
    "delete": "Deletions",
    "udf": "Calls of Lua functions",
    "lang": "Lua functions",
}

_HOW = {
    "success": "that succeeded",
    "complete": "that were completed",
    "error": "that failed",
    "timeout": "that timed out",
    "not_found": "that found no record",
    "filtered_out": "that a filter expression excluded",
    "abort": "that were aborted",
    "read_success": "that only read",
    "write_success": "that wrote the record",
    "delete_success": "that deleted the record",
}

_JOBS = {
    "short_basic": "Short queries",
    "long_basic": "Long queries",
    "aggr": "Aggregations",
    "udf_bg": "Background UDF jobs",
    "ops_bg": "Background operation jobs",
}

_INDEXES = {"pi": "over all records of a set or namespace", "si": "over a secondary index"}

_OTHER = {
    "dup_res": "Messages to other nodes about duplicates of a record; always 0 here.",
    "retransmit": "Messages between nodes that were sent again; always 0 here.",
    "geo_region_query": "Work of queries for a region; always 0 here.",
    "read_touch": "Reads that renewed the time to live.",
    "re_repl": "Replications that were repeated; always 0 here.",
    "mrt": "Steps of transactions over several records; always 0 here.",
    "fail_generation": "Writes refused because the record's generation was not the expected one.",
    "fail_record_too_big": "Writes refused because the record would have become too large.",
    "fail_key_busy": "Requests refused because too many waited for the same record.",
    "fail": "Requests refused for a reason that asudfd does not have; always 0 here.",
    "deleted_last_bin": "Writes that deleted the last bin of a record, and so the record.",
    "ttl_reductions": "Writes that shortened the time to live of a record.",
}
"""Beginnings of all other names, a longer one before a shorter one."""


def counter_help(name: str) -> str:
    """What the counter ``name`` counts."""
    kind, query, job = name.partition("_query_")
    if query and kind in _INDEXES:
        what, _, how = job.rpartition("_")
        return f"{_JOBS[what]} {_INDEXES[kind]} {_HOW[how]}."
    for prefix, who in _WHO.items():
        if name.startswith(f"{prefix}_"):
            what, _, how = name.removeprefix(f"{prefix}_").partition("_")
            return f"{_WHAT[what]} {who} {_HOW[how]}."
    return next(text for prefix, text in _OTHER.items() if name.startswith(prefix))
