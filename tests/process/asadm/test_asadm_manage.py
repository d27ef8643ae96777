"""manage on three nodes of asudfd: what it says is what the nodes have."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.conftest import StartDaemon
from tests.process.asadm.test_asadm_terminal import command, environment


class Cluster:
    """Three nodes, and asadm with a home of its own."""

    def __init__(self, start_daemon: StartDaemon, home: Path) -> None:
        self.home = home
        daemon = start_daemon("--nodes", "3", "--port", "0")
        self.hosts = ",".join(f"{host}:{port}" for host, port in daemon.addresses)

    def asadm(self, words: str, code: int = 0) -> dict[str, Any]:
        """What ``asadm --json --enable WORDS`` says."""
        done = subprocess.run(
            command("-h", self.hosts, "--json", "--enable", *words.split()),
            cwd=self.home,
            env=environment(self.home),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert done.returncode == code, (words, done.stdout, done.stderr)
        assert b"Traceback" not in done.stderr
        found: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
        return found

    def column(self, name: str, words: str, code: int = 0) -> list[Any]:
        """One column of the table of a command."""
        return [row[name] for row in self.asadm(words, code)["tables"][0]["rows"]]

    def said(self, line: str) -> list[str]:
        """What each node answers."""
        return [node["answer"] for node in self.asadm(f"asinfo -v {line}")["nodes"]]


def test_a_day_of_changes(start_daemon: StartDaemon, tmp_path: Path) -> None:
    cluster = Cluster(start_daemon, tmp_path)
    change = "manage config service param migrate-threads to"
    assert cluster.column("after", f"{change} 3") == ["3"] * 3
    assert all("migrate-threads=3;" in said for said in cluster.said("get-config:context=service"))
    assert (
        cluster.column("result", f"{change} 1000", 1)
        == ["refused: invalid set-config parameter (code 4)"] * 3
    )
    limit = "manage config namespace test set users param stop-writes-count to"
    cluster.asadm(f"{limit} 6000", 1)
    assert cluster.column("after", f"{limit} 6000 --new-set") == ["6000"] * 3
    assert cluster.column("result", f"{limit} 1K", 1) == ["took 1 instead"] * 3
    assert cluster.column("after", "manage config logging param udf to debug") == ["DEBUG"] * 3
    assert cluster.column("after", "manage config rollback --yes") == ["INFO"] * 3
    assert cluster.column("after", "manage config rollback --yes") == ["6000"] * 3
    assert cluster.column("result", f"{change} 3") == ["has it already"] * 3

    cluster.asadm("record put test.demo/a x=1")
    cluster.asadm("record put test.demo/b x=1")
    index = "sindex create numeric idx ns test set demo bin x"
    assert cluster.column("result", f"manage {index}") == ["changed"] * 3
    assert all("indexname=idx" in said for said in cluster.said("sindex-list:"))
    cluster.asadm("manage sindex delete nope ns test --yes", 1)
    assert cluster.column("result", "manage sindex delete idx ns test --yes") == ["changed"] * 3
    assert cluster.said("sindex-list:") == [""] * 3

    cluster.asadm("manage truncate ns nope --yes", 1)
    cluster.asadm("manage truncate ns test set demo", 2)
    done = cluster.asadm("manage truncate ns test set demo --yes")["tables"][0]
    assert {row["result"] for row in done["rows"]} <= {"changed", "has no record of it"}
    assert done["totals"][0]["records"] == 2
    assert cluster.asadm("record get test.demo/a", 1)["found"] is None

    assert cluster.column("answer", "manage recluster").count("ok") == 1
    cluster.asadm("manage jobs kill trids 7 --yes", 1)
    assert cluster.asadm("manage jobs kill all queries --yes")["tables"][0]["rows"] == []
    actions = [entry["action"] for entry in cluster.asadm("udf history")["entries"]]
    assert actions == ["truncate", "sindex", "sindex", *["config"] * 7]
