"""udf apply, remove and rollback against real daemons: one cluster, nodes that stand alone, and both."""

import os
import signal
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.processes import Daemon
from tests.unit.asadm.conftest import Asadm

BASE = b"local M = {}\nfunction M.two() return 2 end\nreturn M\n"
USER = b'local base = require("base")\nfunction two(r) return base.two() end\n'


def hosts(*daemons: Daemon) -> str:
    return ",".join(f"{host}:{port}" for daemon in daemons for host, port in daemon.addresses)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "udf"
    made.mkdir()
    (made / "base.lua").write_bytes(BASE)
    (made / "a.lua").write_bytes(USER)
    return made


@pytest.mark.parametrize("layout", [(3,), (1, 1), (3, 1)])
def test_apply_rollback_and_remove(
    asadm: Asadm, start_daemon: StartDaemon, tmp_path: Path, directory: Path, layout: tuple[int, ...]
) -> None:
    daemons = [
        start_daemon("--nodes", str(count), work_directory=tmp_path / f"work{number}")
        for number, count in enumerate(layout)
    ]
    h = ("-h", hosts(*daemons))
    first = asadm(*h, "--json", "udf", "apply", "udf", "--yes", "--verify")
    assert first.code == 0, first.err
    assert [module["module"] for module in first.document["modules"]] == ["base.lua", "a.lua"]
    assert asadm(*h, "udf", "apply", "udf", "--yes", "--verify").code == 0
    (directory / "base.lua").write_bytes(BASE.replace(b"2 end", b"3 end"))
    assert asadm(*h, "udf", "apply", "udf", "--dry-run").code == 3
    assert asadm(*h, "udf", "apply", "udf", "--yes").code == 0
    assert asadm(*h, "udf", "rollback", "--yes", "--verify").code == 0
    assert asadm(*h, "show", "udfs", "base.lua").raw == BASE
    assert asadm(*h, "udf", "remove", "base.lua", "a.lua", "--yes").code == 0
    assert asadm(*h, "--json", "show", "udfs").document["modules"] == []
    assert asadm(*h, "udf", "rollback", "--yes").code == 0
    assert asadm(*h, "show", "udfs", "a.lua").raw == USER
    actions = [entry["action"] for entry in asadm("--json", "udf", "history").document["entries"]]
    assert set(actions) == {"apply", "rollback", "remove"}


def test_a_compile_error_of_a_real_node(asadm: Asadm, start_daemon: StartDaemon, directory: Path) -> None:
    cluster = start_daemon("--nodes", "3")
    (directory / "base.lua").write_bytes(b"local M = {}\nx = = 1\n")
    done = asadm("-h", hosts(cluster), "udf", "apply", "udf", "--yes", "--no-lint")
    assert done.code == 1
    assert "udf/base.lua:2: unexpected symbol near '='" in done.err
    assert "    x = = 1" in done.err
    assert asadm("-h", hosts(cluster), "--json", "show", "udfs").document["modules"] == []


def test_a_frozen_node_gets_it_when_it_is_back(
    asadm: Asadm, start_daemon: StartDaemon, tmp_path: Path, directory: Path
) -> None:
    assert directory.is_dir()
    daemons = [start_daemon(work_directory=tmp_path / f"work{number}") for number in range(2)]
    frozen = daemons[1].process
    os.kill(frozen.pid, signal.SIGSTOP)
    try:
        done = asadm("-h", hosts(*daemons), "--timeout", "0.5", "--json", "udf", "apply", "udf", "--yes")
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    assert done.code == 1
    assert [node["status"] for node in done.document["nodes"]] == ["ok", "timeout-reply"]
    again = asadm("-h", hosts(*daemons), "udf", "apply", "udf", "--yes", "--verify")
    assert again.code == 0, again.err


def test_the_lock_of_the_cluster(asadm: Asadm, start_daemon: StartDaemon, directory: Path) -> None:
    assert directory.is_dir()
    cluster = start_daemon("--nodes", "3")
    assert cluster.ask(b"udf-lock:owner=alice on laptop;ttl=60\n", node=2).endswith(b"\tok\n")
    refused = asadm("-h", hosts(cluster), "udf", "apply", "udf", "--yes")
    assert refused.code == 1
    assert "alice on laptop holds the cluster's lock" in refused.err
    assert asadm("-h", hosts(cluster), "--json", "show", "udfs").document["modules"] == []
    cluster.ask(b"udf-unlock:owner=alice on laptop\n", node=1)
    done = asadm("-h", hosts(cluster), "udf", "apply", "udf", "--yes")
    assert done.code == 0, done.err
    assert cluster.ask(b"udf-lock:owner=bob;ttl=60\n").endswith(b"\tok\n")  # it was given back
