"""The tables of ``show`` on a cluster of three nodes in this process, with records, an index and a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import asudfd
from tests.unit.asadm.conftest import Asadm, Result, asadm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["asadm"]  # a fixture

MODULE = "function touch(rec) rec['n'] = 1 aerospike:update(rec) end\n"
RECORDS, EXPIRING = 30, 6
HOUR = 3600


@pytest.fixture(scope="module")
def cluster() -> Iterator[asudfd.Node]:
    sweeps = {"namespace.*.nsup-period": 1, "namespace.*.nsup-hist-period": 1}
    with asudfd.Node(nodes=3, settings=sweeps) as node:
        yield node


@pytest.fixture
def tool(asadm: Asadm, cluster: asudfd.Node) -> Asadm:
    hosts = ",".join(f"{host}:{port}" for host, port in cluster.addresses)

    def run(*words: str) -> Result:
        return asadm("-h", hosts, "--json", "--enable", *words)

    return run


def tables(result: Result) -> list[dict[str, Any]]:
    assert result.code == 0, result.err
    found: list[dict[str, Any]] = result.document["tables"]
    assert all(row["state"] == "ok" for table in found for row in table["rows"])
    return found


def until(look: Callable[[], bool]) -> None:
    """Look until it is so; the test's own time limit ends it otherwise."""
    while not look():
        pass


@pytest.fixture
def filled(tool: Asadm, tmp_path: Path) -> Asadm:
    """Records that never expire, and some that do."""
    lines = [f"record put test.demo/k{number} n=0 --ttl never" for number in range(RECORDS)]
    lines += [f"record put test.demo/e{number} n=0 --ttl {HOUR}" for number in range(EXPIRING)]
    (tmp_path / "puts").write_text("\n".join(lines))
    assert tool("-f", "puts").code == 0
    return tool


def test_records_that_never_expire_are_told_from_those_that_do(filled: Asadm) -> None:
    def distribution() -> list[dict[str, Any]]:
        (table,) = tables(filled("-e", "show distribution time_to_live for test"))
        rows: list[dict[str, Any]] = table["rows"]
        return rows

    until(lambda: sum(row["never_expire"] or 0 for row in distribution()) == RECORDS)
    until(lambda: sum(row["expire"] or 0 for row in distribution()) == EXPIRING)
    assert all(HOUR - 64 < row["p50"] <= HOUR + 64 for row in distribution() if row["expire"])
    (sizes,) = tables(filled("-e", "show distribution object_size -b for test"))
    assert sum(row["records"] for row in sizes["rows"]) == RECORDS + EXPIRING


def test_the_parts_of_a_job_stand_together(filled: Asadm, tmp_path: Path) -> None:
    (tmp_path / "m.lua").write_text(MODULE)
    assert filled("manage", "udfs", "add", "m.lua", "path", "m.lua").code == 0
    assert filled("udf", "run", "--all", "test.demo", "m.touch").code == 0
    (table,) = tables(filled("-e", "show jobs for test demo"))
    assert len({row["transaction_id"] for row in table["rows"]}) == 1
    assert len({row["node"] for row in table["rows"]}) == 3
    assert {(row["job"], row["type"]) for row in table["rows"]} == {("m.touch", "background-udf")}
    assert sum(row["recs_succeeded"] for row in table["rows"]) >= RECORDS


def test_all_partitions_have_a_master_and_all_nodes_the_same_index(filled: Asadm) -> None:
    for total in tables(filled("-e", "show pmap"))[0]["totals"]:
        assert (total["primary"], total["nodes_read"]) == (4096, 3)
    created = "sindex-create:namespace=test;set=demo;indexname=n;bin=n;type=numeric"
    assert filled("asinfo", "-v", created).code == 0
    (table,) = tables(filled("-e", "show sindex for test"))
    assert [(row["index"], len(row["nodes"])) for row in table["rows"]] == [("n", 3)]


def test_limits_and_latencies_of_a_real_node(filled: Asadm) -> None:
    (limits,) = tables(filled("-e", "show stop-writes for test"))
    assert {row["metric"] for row in limits["rows"]} >= {"system_free_mem_pct", "cluster_clock_skew_ms"}
    assert not any(row["stop_writes"] for row in limits["rows"])
    assert filled("-e", "show latencies").code == 0
    assert filled("-e", "show best-practices").document["tables"][0]["rows"][0]["practices"] == "ok"
    (mapping,) = tables(filled("-e", "show mapping"))
    assert len({row["id"] for row in mapping["rows"]}) == 3
