"""Tables on a terminal of 80 columns, of three real nodes of which one hangs: no row becomes a block of lines, and the names of nodes differ."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from asadm.outcome import NodeAnswer
from asadm.target.aerospike.views import (
    best_practices,
    cluster_facts,
    cluster_summary,
    distribution,
    jobs,
    latencies,
    mapping,
    namespace_objects,
    namespace_usage,
    partition_map,
    release,
    sets,
    sindex,
    sindex_list,
    stop_writes,
    user_agents,
)
from asadm.target.aerospike.views.asking import NodeInfo
from asinfo.dialogue import Endpoint
from asinfo.terminal.render import show
from tests.fakes.recorded_nodes import all_answers
from tests.fakes.said import node
from tests.recorded.asadm_tables import cases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asadm.tables.shared import SharedTable
    from asadm.tables.table import Table

COLUMNS = 80


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def every(*_: object) -> bool:
    return True


def hung(name: str) -> NodeInfo:
    reason = "connected, but no whole answer within 5 s"
    return NodeInfo(NodeAnswer(Endpoint("127.0.0.1", 3000, name=name), "timeout-reply", error=reason), {})


def tables(found: list[NodeInfo]) -> Iterator[Table | SharedTable]:
    """Those that are shown without a flag."""
    yield cluster_facts.table(found)
    for view in (namespace_usage, namespace_objects, partition_map):
        yield view.table(found, every)
    yield sets.table(found, every, every)
    for index_view in (sindex, sindex_list):
        yield index_view.table(found, every)
    yield release.table(found)
    yield from cluster_summary.tables(found)
    yield from latencies.tables(found, every, every=3, count=3)
    yield from (distribution.ttl_table(found, every), distribution.size_table(found, every))
    yield stop_writes.table(found, every)
    yield jobs.table(found, every)
    for plain_view in (best_practices, user_agents, mapping):
        yield plain_view.table(found)


@pytest.mark.parametrize("well", [True, False], ids=["all answer", "one hangs"])
def test_no_row_is_a_block(well: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    names, answers = zip(*sorted(all_answers(cases()).items()), strict=True)
    found = [node(name, said) for name, said in zip(names, answers, strict=True)]
    if not well:
        found[-1] = hung(names[-1])
    blocks, wide = [], []
    for table in tables(found):
        stream = Terminal()
        show(table.sheet(), stream, colour=False)
        lines = stream.getvalue().splitlines()
        blocks += [table.name for line in lines if line.startswith("  Node ")]
        wide += [line for line in lines if len(line) > COLUMNS]
    assert (blocks, wide) == ([], [])
