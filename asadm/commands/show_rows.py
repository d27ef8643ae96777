"""The commands that begin with ``show`` and show one table of nodes each."""

from __future__ import annotations

from asadm.commands.row import CommandRow

SHOW_ROWS = (
    CommandRow(
        "show config",
        "asadm.commands.show_config",
        "Show the parameters of every node side by side, or only those that differ.",
        "show config diff",
        names=("[CONTEXT]", "[NAME...]"),
        clauses=("[like PATTERN...]", "[for NAMESPACE [SET]]", "[with NODE...]", "[diff]"),
    ),
    CommandRow(
        "show statistics",
        "asadm.commands.show_statistics",
        "Show the statistics of every node side by side, with sums, or their changes a second.",
        "show statistics like client_ -t",
        names=("[CONTEXT]", "[NAME...]"),
        clauses=("[like PATTERN...]", "[for NAMESPACE [SET]]", "[with NODE...]", "[diff]"),
    ),
    CommandRow(
        "show latencies",
        "asadm.commands.show_latencies",
        "Show requests a second, and how many took longer than 1, 8 and 64 ms, by namespace and kind.",
        "show latencies for test",
        clauses=("[like PATTERN...]", "[for NAMESPACE]", "[with NODE...]"),
    ),
    CommandRow(
        "show distribution",
        "asadm.commands.show_distribution",
        "Show how records spread over times to live and object sizes.",
        "show distribution object_size for test",
        names=("[time_to_live|object_size]",),
        clauses=("[for NAMESPACE]", "[with NODE...]"),
    ),
    CommandRow(
        "show sindex",
        "asadm.commands.show_sindex",
        "List the secondary indexes, and where nodes differ in them.",
        "show sindex like age for test",
        clauses=("[like PATTERN...]", "[for NAMESPACE [SET]]", "[with NODE...]"),
    ),
    CommandRow(
        "show jobs",
        "asadm.commands.show_jobs",
        "List the queries that run or have run: active ones first, then the newest.",
        "show jobs --where status=active",
        names=("[queries]",),
        clauses=("[for NAMESPACE [SET]]", "[like PATTERN...]", "[trid ID...]", "[with NODE...]"),
    ),
    CommandRow(
        "show stop-writes",
        "asadm.commands.show_stop_writes",
        "Show how near each limit is that stops writes; the nearest first.",
        "show stop-writes for test users",
        clauses=("[for NAMESPACE [SET]]", "[with NODE...]"),
    ),
    CommandRow(
        "show best-practices",
        "asadm.commands.show_best_practices",
        "Show what of its machine's set-up each node calls bad.",
        "show best-practices",
        clauses=("[with NODE...]",),
    ),
    CommandRow(
        "show pmap",
        "asadm.commands.show_pmap",
        "Show how many partitions of each namespace each node has.",
        "show pmap for test",
        clauses=("[for NAMESPACE]", "[with NODE...]"),
    ),
    CommandRow(
        "show racks",
        "asadm.commands.show_racks",
        "Show the nodes of each rack; Enterprise Edition only.",
        "show racks",
        clauses=("[with NODE...]",),
    ),
    CommandRow(
        "show roster",
        "asadm.commands.show_roster",
        "Show the rosters of namespaces with strong consistency; Enterprise Edition only.",
        "show roster",
        clauses=("[with NODE...]",),
    ),
    CommandRow(
        "show user-agents",
        "asadm.commands.show_user_agents",
        "Show which client libraries are connected to which nodes.",
        "show user-agents",
        clauses=("[with NODE...]",),
    ),
    CommandRow(
        "show mapping",
        "asadm.commands.show_mapping",
        "Show the id and the addresses of each node.",
        "show mapping",
        clauses=("[with NODE...]",),
    ),
    CommandRow(
        "show users",
        "asadm.commands.show_users",
        "Say which nodes can have users; Enterprise Edition only.",
        "show users",
        clauses=("[with NODE...]",),
    ),
    CommandRow(
        "show roles",
        "asadm.commands.show_roles",
        "Say which nodes can have roles; Enterprise Edition only.",
        "show roles",
        clauses=("[with NODE...]",),
    ),
    CommandRow(
        "show masking",
        "asadm.commands.show_masking",
        "Show the rules that mask values; Enterprise Edition only.",
        "show masking",
        clauses=("[with NODE...]",),
    ),
)
