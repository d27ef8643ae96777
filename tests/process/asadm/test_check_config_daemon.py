"""check config on nodes of asudfd: each is as in its own file, and as in what was written of it, until somebody changes it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartDaemon
from tests.process.asadm.test_asadm_terminal import command, environment

CONFIG = Path(__file__).parents[3] / "config"


class Nodes:
    """Nodes of one daemon, and asadm with a home of its own."""

    def __init__(self, start_daemon: StartDaemon, home: Path, *arguments: str) -> None:
        self.home = home
        daemon = start_daemon(*arguments, "--port", "0")
        self.hosts = ",".join(f"{host}:{port}" for host, port in daemon.addresses)

    def check(self, *words: str, code: int) -> dict[str, Any]:
        """What ``check config`` says."""
        return self.asadm("check", "config", *words, code=code)

    def asadm(self, *words: str, code: int = 0) -> dict[str, Any]:
        done = subprocess.run(
            command("-h", self.hosts, "--json", "--enable", *words),
            cwd=self.home,
            env=environment(self.home),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert done.returncode == code, (words, done.stdout, done.stderr)
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.mark.parametrize("name", ["asudfd.conf", "asudfd-full.conf"])
def test_a_node_is_as_in_its_file(start_daemon: StartDaemon, tmp_path: Path, name: str) -> None:
    file = str(CONFIG / name)
    nodes = Nodes(start_daemon, tmp_path, "--config-file", file)
    assert nodes.check("--baseline", file, code=0)["findings"] == []


def test_a_change_is_found_until_it_is_undone(start_daemon: StartDaemon, tmp_path: Path) -> None:
    nodes = Nodes(start_daemon, tmp_path, "--nodes", "3")
    nodes.check("--write-baseline", "cluster.yaml", code=0)
    assert nodes.check("--baseline", "cluster.yaml", code=0)["compared"] > 300
    first = nodes.hosts.split(",")[0]
    change = ["manage", "config", "namespace", "test", "param", "storage-engine.defrag-lwm-pct"]
    nodes.asadm("-e", f"{' '.join(change)} to 40 with {first}")
    for words in ([], ["--baseline", "cluster.yaml"]):
        [finding] = nodes.check(*words, code=3)["findings"]
        assert finding["parameter"] == "namespace test storage-engine.defrag-lwm-pct"
        assert finding["nodes"] == [first]
    nodes.asadm("-e", f"{' '.join(change)} to 50")
    nodes.check("--baseline", "cluster.yaml", code=0)
