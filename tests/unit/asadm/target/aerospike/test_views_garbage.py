"""Whatever a node answers, the views of info, summary and features make tables of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asadm.tables.table import Table
from asadm.tables.values import ValueTable
from asadm.target.aerospike.views import (
    cluster_facts,
    cluster_summary,
    features,
    namespace_objects,
    namespace_usage,
    release,
    sets,
    sindex,
)
from asadm.target.aerospike.views.asking import NodeInfo
from asadm.target.aerospike.views.namespaces import every
from asinfo.terminal.render import plain
from tests.fakes.said import dead, node


def _any_index(_: Mapping[str, str]) -> bool:
    return True


VIEWS: dict[str, Callable[[Sequence[NodeInfo]], Table | ValueTable]] = {
    "network": cluster_facts.table,
    "object": lambda found: namespace_objects.table(found, every),
    "usage": lambda found: namespace_usage.table(found, every),
    "set": lambda found: sets.table(found, every, every),
    "sindex": lambda found: sindex.table(found, _any_index),
    "release": release.table,
    "features": lambda found: features.table(found, every),
    "cluster": lambda found: cluster_summary.tables(found)[0],
    "namespaces": lambda found: cluster_summary.tables(found)[1],
    "listed": lambda found: cluster_summary.tables(found, listed=True)[1],
}
COMMANDS = [
    *cluster_facts.COMMANDS, *features.COMMANDS, "namespaces", "namespace/test", "sets", "sindex-list:", "cluster-name",
    "sindex-stat:namespace=test;indexname=i", "get-config:context=namespace;namespace=test",
]  # fmt: skip
NAMES = st.sampled_from([
    *namespace_usage.FIGURES.values(), "index_used_bytes", "index-type", "storage-engine", "data_compression_ratio", "master_objects",
    "effective_replication_factor", "storage-engine.device[0]", "ns", "set", "indexname", "state", "objects", "stop-writes-count",
    "entries", "entries_per_bval", "system_free_mem_pct", "cluster_size", "migrate_tx_partitions_remaining", "indexes-memory-budget",
])  # fmt: skip
WORDS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["0", "1", "-1", "00", "0.5", "9" * 30, "null", "true", "test", "i", "inf", "nan", "1e9", "WO"]
    ),
)
FIELDS = st.lists(st.tuples(NAMES, WORDS), max_size=12).flatmap(
    lambda pairs: st.sampled_from([":", ";"]).map(
        lambda separator: separator.join(f"{name}={value}" for name, value in pairs)
    )
)
ANSWERS = st.dictionaries(
    st.sampled_from(COMMANDS), st.one_of(FIELDS, st.text(max_size=30), st.just("test;bar;"), st.just("ERROR"))
)


@pytest.mark.parametrize("view", VIEWS)
@given(said=st.lists(ANSWERS, min_size=1, max_size=3))
def test_any_answer_makes_a_table(view: str, said: list[dict[str, str]]) -> None:
    found = [node(f"n{number}", answers) for number, answers in enumerate(said)]
    for nodes in (found, [*found, dead("gone")]):
        table = VIEWS[view](nodes)
        assert plain(table.sheet())
        json.dumps(table.document(), allow_nan=False)
