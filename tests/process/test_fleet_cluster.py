"""asadm udf and a cluster of three processes on an etcd: the whole round, and two operators on two machines at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from asinfo.wire.udf import digest
from tests import cluster_processes, etcd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster_processes import Cluster

pytestmark = pytest.mark.storm

NAMES = ["a.lua", "b.lua", "c.lua", "d.lua"]
RUN_SECONDS = 120.0


class Operator:
    """Somebody at a machine: a home, a history and lock files of one's own, and a directory of modules."""

    def __init__(self, name: str, directory: Path, hosts: str) -> None:
        self.name = name
        self.directory = directory / name
        self.hosts = hosts
        (self.directory / "udf").mkdir(parents=True)
        self.write(name)

    def write(self, text: str) -> None:
        """Have modules that return ``text``."""
        for name in NAMES:
            (self.directory / "udf" / name).write_bytes(self.source(text))

    @staticmethod
    def source(text: str) -> bytes:
        return f"function who(rec) return '{text}' end\n".encode()

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start `asadm ... udf WORDS` in the directory."""
        home = str(self.directory)
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("ASADM", "XDG"))
        }
        command = (sys.executable, "-c", "import sys; from asadm.cli import main; sys.exit(main())")
        return subprocess.Popen(
            (*command, "-h", self.hosts, "--json", "udf", *words),
            env={**environment, "HOME": home, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, Any, str]:
        """Exit code, the document on stdout and what stands on stderr."""
        with self.begin(*words) as process:
            try:
                out, err = process.communicate(timeout=RUN_SECONDS)
            finally:
                process.kill()
        return process.returncode, json.loads(out) if out else None, err


@pytest.fixture
def trio(tmp_path: Path) -> Iterator[Cluster]:
    with (
        etcd.running(tmp_path) as store,
        cluster_processes.running(tmp_path, store.endpoints, 3) as cluster,
    ):
        yield cluster


@pytest.fixture
def operators(tmp_path: Path, trio: Cluster) -> list[Operator]:
    hosts = ",".join(f"127.0.0.1:{node.ports[0]}" for node in trio.nodes)
    return [Operator(name, tmp_path, hosts) for name in ("alice", "bob")]


def modules(text: str) -> dict[bytes, str]:
    """What a node lists when the modules return ``text``."""
    content = b64encode(Operator.source(text))
    return {name.encode(): digest(name.encode(), content) for name in NAMES}


def test_the_whole_round(trio: Cluster, operators: list[Operator]) -> None:
    alice, bob = operators
    code, plan, err = alice.run("plan", "udf")
    assert code == 3, err
    assert plan is not None
    assert alice.run("apply", "udf", "--yes", "--verify")[0] == 0
    trio.await_modules(modules("alice"))
    assert alice.run("plan", "udf")[0] == 0
    assert alice.run("check", "udf")[0] == 0
    code, status, err = bob.run("status")
    assert (code, err) == (0, "")
    for name in NAMES:
        assert json.dumps(status).count(f'"{name}"') >= 1
    assert bob.run("check", "udf")[0] == 3
    assert bob.run("apply", "udf", "--yes")[0] == 0
    trio.await_modules(modules("bob"))
    _, history, _ = bob.run("history")
    assert {entry["module"] for entry in history["entries"] if entry["action"] == "apply"} == set(NAMES)
    trio.nodes[2].kill()
    alice.write("again")
    code, _, err = alice.run("apply", "udf", "--yes")
    assert code == 1
    assert f"127.0.0.1:{trio.nodes[2].ports[0]}" in err
    trio.start()
    trio.await_modules(modules("again"))
    assert alice.run("check", "udf")[0] == 0


def test_an_operator_is_told_who_changes_the_cluster_and_may_wait(
    trio: Cluster, operators: list[Operator]
) -> None:
    _, bob = operators
    assert trio.nodes[2].ask("udf-lock:owner=alice on laptop;ttl=60") == "ok"
    code, _, err = bob.run("apply", "udf", "--yes")
    assert code == 1
    assert "alice on laptop holds the cluster's lock" in err
    assert all(node.modules() == {} for node in trio.nodes)
    with bob.begin("apply", "udf", "--yes", "--lock-wait", "60") as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(3.0)
        assert all(node.modules() == {} for node in trio.nodes)
        assert trio.nodes[0].ask("udf-unlock:owner=alice on laptop") == "ok"
        waiting.communicate(timeout=RUN_SECONDS)
        assert waiting.returncode == 0
    trio.await_modules(modules("bob"))


def test_two_operators_at_once(trio: Cluster, operators: list[Operator]) -> None:
    ended: dict[str, tuple[int, Any, str]] = {}

    def apply(operator: Operator) -> None:
        ended[operator.name] = operator.run("apply", "udf", "--yes", "--lock-wait", "60")

    for turn in range(3):
        for operator in operators:
            operator.write(f"{operator.name} {turn}")
        threads = [threading.Thread(target=apply, args=(operator,)) for operator in operators]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {code for code, _, _ in ended.values()} <= {0, 1}, ended
        assert 0 in {code for code, _, _ in ended.values()}, ended
        listed = trio.nodes[0].modules()
        trio.await_modules(listed)
        assert listed in [modules(f"{operator.name} {turn}") for operator in operators], "not of both"
    assert trio.nodes[1].ask("udf-lock:owner=carol;ttl=1") == "ok"  # all was given back
