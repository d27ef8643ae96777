"""Repair, rewarm and check against real daemons: two nodes that stand alone, and a cluster of three."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asadm.cluster import ClusterNode
from asadm.fleet.change.deliver import deliver
from asadm.target.aerospike.cluster import AerospikeCluster
from asinfo.exchange import Endpoint
from asinfo.wire.udf import put
from tests.conftest import StartDaemon

Asadm = Callable[..., Any]

ONE, TWO = b"return 1\n", b"return 2\n"


def test_nodes_that_drifted_apart(asadm: Asadm, start_daemon: StartDaemon, tmp_path: Path) -> None:
    daemons = [start_daemon(work_directory=tmp_path / f"work{number}") for number in range(3)]
    hosts = [f"127.0.0.1:{daemon.port}" for daemon in daemons]
    for host, source in zip(hosts, (ONE, ONE, TWO), strict=True):
        assert asadm("-h", host, "asinfo", "-v", put(b"a.lua", source).decode(), "--enable").code == 0
    everywhere = ("-h", ",".join(hosts))
    assert asadm(*everywhere, "udf", "check").code == 3
    result = asadm(*everywhere, "udf", "repair", "--yes", "--verify")
    assert result.code == 0, result.out + result.err
    assert asadm(*everywhere, "udf", "check", "--verify").code == 0
    assert asadm(*everywhere, "udf", "get", "a.lua").raw == ONE


def test_a_cluster_needs_no_rewarm(asadm: Asadm, start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--nodes", "3")
    everywhere = ("-h", ",".join(f"{host}:{port}" for host, port in daemon.addresses))
    assert asadm(*everywhere, "asinfo", "-v", put(b"a.lua", ONE).decode(), "--enable").code == 0
    assert asadm(*everywhere, "cache", "clear").code == 0
    result = asadm(*everywhere, "udf", "rewarm", "--yes")
    assert result.code == 0
    assert "not needed" in result.err
    assert asadm(*everywhere, "udf", "check", "--format", "nagios").out.startswith(
        "UDF OK - 3 nodes, 1 module"
    )


def test_a_marker_put_on_real_nodes(asadm: Asadm, start_daemon: StartDaemon) -> None:
    """The marker version compiles there, arrives everywhere, and what remains is the module."""
    daemon = start_daemon("--nodes", "3")
    nodes = [Endpoint(host, port) for host, port in daemon.addresses]
    cluster = AerospikeCluster([ClusterNode(node) for node in nodes])
    source = b"function f(r)\n  return 1\nend -- no end of line"
    forced = cluster.force_put([nodes], b"a.lua", source, wait=20, warn=pytest.fail, deliver=deliver)
    assert [answer.status for answer in forced.results] == ["ok"] * 3, [each.error for each in forced.results]
    assert not forced.left
    assert asadm("-h", nodes[0].address, "udf", "get", "a.lua").raw == source
