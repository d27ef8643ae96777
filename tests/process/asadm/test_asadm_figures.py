"""info, summary and features of real nodes, one of them frozen."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from tests.processes import Daemon
from tests.unit.asadm.conftest import Asadm

StartDaemon = Callable[..., Daemon]


def hosts(*daemons: Daemon) -> str:
    return ",".join(f"{host}:{port}" for daemon in daemons for host, port in daemon.addresses)


def test_figures_of_three_nodes(asadm: Asadm, start_daemon: StartDaemon) -> None:
    cluster = start_daemon("--nodes", "3")
    for key in range(20):
        assert asadm("-h", hosts(cluster), "--enable", "record", "put", f"test.users/{key}", "a=1").code == 0
    create = "sindex-create:namespace=test;set=users;indexname=i;bin=a;type=numeric"
    assert asadm("-h", hosts(cluster), "--enable", "asinfo", "-v", create).code == 0
    result = asadm("-j", "-h", hosts(cluster), "-e", "info set")
    assert result.code == 0
    (total,) = result.document["tables"][0]["totals"]
    assert (total["set"], total["records"], total["nodes_read"]) == ("users", 20, 3)
    tables = asadm("-j", "-h", hosts(cluster), "-e", "info").document["tables"]
    assert [len(table["rows"]) for table in tables] == [3, 6, 6]
    cluster_table, namespaces = asadm("-j", "-h", hosts(cluster), "-e", "summary").document["tables"]
    assert cluster_table["totals"][0]["features"] == ["KVS", "SIndex"]
    assert {total["namespace"]: total["master_objects"] for total in namespaces["totals"]} == {
        "bar": 0,
        "test": 20,
    }
    (index,) = asadm("-j", "-h", hosts(cluster), "-e", "info sindex").document["tables"][0]["totals"]
    assert (index["index"], index["nodes_read"]) == ("i", 3)


def test_a_frozen_node_is_told_of_by_summary(asadm: Asadm, start_daemon: StartDaemon, tmp_path: Path) -> None:
    one, frozen = start_daemon(work_directory=tmp_path / "1"), start_daemon(work_directory=tmp_path / "2")
    os.kill(frozen.process.pid, signal.SIGSTOP)
    try:
        result = asadm("-h", hosts(one, frozen), "--timeout", "1", "-e", "summary; features")
    finally:
        os.kill(frozen.process.pid, signal.SIGCONT)
    assert result.code == 1
    assert "1 of 2 nodes" in result.out
    assert result.out.count("timeout") >= 2
