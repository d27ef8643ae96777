"""Whatever a node answers, the views of `show` make tables of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from asadm.target.aerospike.views import (
    best_practices,
    distribution,
    enterprise,
    indexes,
    jobs,
    latencies,
    mapping,
    partition_map,
    sindex_list,
    stop_writes,
    user_agents,
)
from asinfo.terminal.render import plain
from tests.fakes.said import dead, node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.tables.shared import SharedTable
    from asadm.tables.table import Table
    from asadm.target.aerospike.views.asking import NodeInfo


def _all(*_: object) -> bool:
    return True


def _tables(found: Sequence[NodeInfo]) -> list[Table | SharedTable]:
    return [
        *latencies.tables(found, _all, every=1, count=17),
        distribution.ttl_table(found, _all),
        distribution.size_table(found, _all),
        *distribution.power_tables(found, _all),
        sindex_list.table(found, _all),
        jobs.table(found, _all),
        jobs.table(found, _all, everything=True),
        stop_writes.table(found, _all),
        stop_writes.table(found, _all, _all),
        best_practices.table(found),
        partition_map.table(found, _all),
        user_agents.table(found),
        mapping.table(found),
        enterprise.racks_table(found, ""),
        enterprise.roster_table(found, ""),
        enterprise.masking_table(found, ""),
    ]


COMMANDS = [
    "node", "namespaces", "statistics", "sets", "namespace/test", "get-config:context=namespace;namespace=test", "partition-info",
    "service-clear-std", *(f"histogram:namespace=test;type={kind}" for kind in ("ttl", "object-size", "object-size-linear")),
    latencies.COMMAND, indexes.LIST, jobs.COMMAND, best_practices.COMMAND, user_agents.COMMAND,
    enterprise.RACKS, enterprise.ROSTER, enterprise.MASKING,
]  # fmt: skip
GOOD = [
    "test;bar",
    "units=bytes:hist-width=1024:bucket-width=1024:buckets=1,2,0",
    "units=bytes:[64-128)=3:[1K-2K)=1",
    "{test}-read:msec,1.0,1.00,0.50;batch-index:usec,1,2;{bar}-udf:",
    "trid=1:ns=test:status=active(ok):run-time=5:time-since-done=0:job-progress=1.5",
    "namespace:partition:state:replica:working_master;test:0:S:0:A1;test:1:A:-1:A2",
    "ns=test:set=demo:objects=1:stop-writes-count=5:data_used_bytes=4:stop-writes-size=5;",
    "system_free_mem_pct=0;data_avail_pct=0;stop_writes=true;non_expirable_objects=5",
    "storage-engine.stop-writes-avail-pct=100;stop-writes-sys-memory-pct=90;nsup-period=1",
    "user-agent=MSxweXRob24sYQ==:count=1;",
    "ns=test:rack_1=A1:roster=null",
    "ERROR:25:enterprise only",
    "FAIL",
]
PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [*";:,=[)-{}", "nan", "inf", "-1", "1e999", "9" * 30, "null", "true", "0.5", "K", "buckets="]
    ),
)


@st.composite
def answers(draw: st.DrawFn) -> str:
    """A good answer to some command, cut short or with something else in it; or any text."""
    good = draw(st.sampled_from(GOOD))
    at, end = sorted((draw(st.integers(0, len(good))), draw(st.integers(0, len(good)))))
    middle = "".join(draw(st.lists(PIECES, max_size=4)))
    return draw(st.sampled_from([good, good[:at], good[:at] + middle + good[end:], middle])).replace("\n", "")


@given(said=st.lists(st.dictionaries(st.sampled_from(COMMANDS), answers()), min_size=1, max_size=3))
def test_any_answer_makes_tables(said: list[dict[str, str]]) -> None:
    found = [node(f"n{number}", each) for number, each in enumerate(said)]
    for nodes in (found, [*found, dead("gone")]):
        for table in _tables(nodes):
            assert plain(table.sheet())
            json.dumps(table.document(), allow_nan=False)
