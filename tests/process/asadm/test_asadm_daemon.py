"""asadm against real daemons: a cluster of three nodes, nodes that stand alone, a frozen one, a dead one."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from tests.processes import Daemon
from tests.unit.asadm.conftest import Asadm

MODULES = Path(__file__).parents[3] / "config" / "udf"
StartDaemon = Callable[..., Daemon]


def hosts(*daemons: Daemon) -> str:
    return ",".join(f"{host}:{port}" for daemon in daemons for host, port in daemon.addresses)


def test_the_example_modules_on_three_nodes(asadm: Asadm, start_daemon: StartDaemon) -> None:
    cluster = start_daemon("--nodes", "3")
    names = sorted(path.name for path in MODULES.glob("*.lua"))
    assert "counter.lua" in names
    for name in names:
        added = asadm(
            "-h", hosts(cluster), "--enable", "manage", "udfs", "add", name, "path", str(MODULES / name)
        )
        assert (added.code, added.err) == (0, "")
    shown = asadm("-j", "-h", hosts(cluster), "show", "udfs").document["modules"]
    assert [(module["name"], module["state"]) for module in shown] == [(name, "same") for name in names]
    assert all(len(module["hashes"]) == 3 for module in shown)
    source = asadm("-h", hosts(cluster), "show", "udfs", "counter.lua")
    assert source.raw == (MODULES / "counter.lua").read_bytes()
    for text in ("asinfo -v 'udf-clear-cache:'", "enable; asinfo -v 'udf-clear-cache:'"):
        assert asadm("-h", hosts(cluster), "-e", text).out.count("returned:\nok\n") == 3
    seed = hosts(cluster).split(",")[1]
    assert len(asadm("-j", "-h", seed, "--discover", "info", "network").document["tables"][0]["rows"]) == 3
    for name in names:
        assert asadm("-h", hosts(cluster), "--enable", "manage", "udfs", "remove", name).code == 0
    assert asadm("-j", "-h", hosts(cluster), "show", "udfs").document["modules"] == []


def test_a_module_that_does_not_compile(asadm: Asadm, start_daemon: StartDaemon, tmp_path: Path) -> None:
    (tmp_path / "bad.lua").write_text("function f(r)\n  x = = 1\nend\n")
    cluster = start_daemon("--nodes", "2")
    result = asadm("-h", hosts(cluster), "--enable", "manage", "udfs", "add", "m.lua", "path", "bad.lua")
    assert result.code == 1
    assert result.err.splitlines() == [
        "asadm: bad.lua:2: unexpected symbol near '='",
        "asadm:     x = = 1",
    ]
    assert asadm("-j", "-h", hosts(cluster), "show", "udfs").document["modules"] == []


def test_nodes_that_stand_alone_one_frozen_one_dead(
    asadm: Asadm, start_daemon: StartDaemon, tmp_path: Path
) -> None:
    (tmp_path / "m.lua").write_bytes(b"-- \xff\nfunction f(r) return 1 end\n")
    one, two = start_daemon(work_directory=tmp_path / "1"), start_daemon(work_directory=tmp_path / "2")
    frozen, dead = start_daemon(work_directory=tmp_path / "3"), start_daemon(work_directory=tmp_path / "4")
    assert dead.stop() == 0
    os.kill(frozen.process.pid, signal.SIGSTOP)
    try:
        result = asadm(
            "-j", "--timeout", "1", "-h", hosts(dead, one, frozen, two), "--enable", "manage", "udfs", "add", "m.lua", "path", "m.lua",
        )  # fmt: skip
    finally:
        os.kill(frozen.process.pid, signal.SIGCONT)
    assert result.code == 1
    assert [status for _, status, _ in result.nodes] == ["refused", "ok", "timeout-reply", "ok"]
    assert list(result.document["how"].values()) == ["sent", "sent"]
    shown = asadm("-j", "-h", hosts(one, two), "show", "udfs").document["modules"]
    assert [module["state"] for module in shown] == ["same"]
