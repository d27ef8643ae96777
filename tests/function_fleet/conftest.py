"""Real servers for the tests of function fleets: they are started once for all that leave them as they were."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from asadm.target.valkey import restore
from tests.fakes.valkey_fleet import ValkeyServer
from tests.function_fleet import topology
from tests.unit.asadm.conftest import Asadm, Result, asadm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.function_fleet.topology import Cluster, Group
    from tests.real_valkey import RealValkey

__all__ = ["asadm"]  # a fixture


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with topology.cluster(tmp_path_factory.mktemp("cluster")) as group:
        yield group


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Cluster:
    """Three primaries and three replicas, whole and without libraries; a test that breaks something mends it."""
    shared_cluster.await_whole()
    shared_cluster.flush()
    return shared_cluster


@pytest.fixture(scope="session")
def shared_replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    with topology.replicated(tmp_path_factory.mktemp("replicas")) as group:
        yield group


@pytest.fixture
def replicas(shared_replicas: Group) -> Group:
    """A primary and two replicas, without libraries."""
    shared_replicas.flush()
    return shared_replicas


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RealValkey, Group]]:
    """A Sentinel, and the primary and replica that it watches."""
    with topology.watched(tmp_path_factory.mktemp("watched")) as found:
        yield found


class Tool:
    """`asadm function` with an inventory of one cluster and a directory of libraries, run in the test's own process."""

    def __init__(self, asadm: Asadm, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._asadm = asadm
        self._monkeypatch = monkeypatch
        self.inventory = place / "asadm.yaml"
        self.directory = place / "functions"
        self.directory.mkdir()
        self.texts: dict[str, bytes] = {}

    def use(
        self,
        mode: str,
        *servers: RealValkey | ValkeyServer,
        sentinel: Mapping[str, object] | None = None,
        **defaults: object,
    ) -> None:
        """Have these servers as the nodes of the inventory."""
        addresses = [
            server.name if isinstance(server, ValkeyServer) else server.address for server in servers
        ]
        cluster: dict[str, object] = {
            "type": "valkey",
            "mode": mode,
            "nodes": addresses,
            "defaults": defaults,
        }
        if sentinel is not None:
            cluster["sentinel"] = sentinel
        self.inventory.write_text(json.dumps({"clusters": {"fleet": cluster}}))  # JSON is YAML

    def write(self, **texts: str) -> None:
        """Have libraries of these names and bodies in the directory, and no others."""
        for path in self.directory.iterdir():
            path.unlink()
        self.texts = {name: f"#!lua name={name}\n{body}\n".encode() for name, body in texts.items()}
        for name, text in self.texts.items():
            (self.directory / f"{name}.lua").write_bytes(text)

    def __call__(self, *words: str, timeout: float = 5, enable: bool = False) -> Result:
        options = ("--inventory", str(self.inventory), "--cluster", "fleet", "--timeout", str(timeout))
        return self._asadm(*options, *(("--enable",) if enable else ()), "--json", "function", *words)

    def plan(self, *words: str) -> Result:
        return self("plan", str(self.directory), *words)

    def apply(self, *words: str, timeout: float = 5) -> Result:
        return self("apply", str(self.directory), "--yes", *words, timeout=timeout)

    def check(self, *words: str, timeout: float = 5) -> Result:
        return self("check", str(self.directory), *words, timeout=timeout)

    def before_the_write(self, act: Callable[[], None]) -> None:
        """Do it once, when all nodes were read and the first change is about to be sent."""
        build, waiting = restore.command, [act]

        def command(contents: Sequence[bytes], removed: Sequence[bytes], copies: int = 0) -> bytes:
            while waiting:
                waiting.pop()()
            return build(contents, removed, copies)

        self._monkeypatch.setattr(restore, "command", command)

    def finish(self, group: Group) -> None:
        """A second run does what is missing; then `check` and a plain client agree that all is as in the directory."""
        again = self.apply("--verify")
        assert again.code == 0, again.out + again.err
        assert group.libraries() == {server.address: self.texts for server in group.servers}
        checked = self.check()
        assert checked.code == 0, checked.out


def rows(result: Result) -> dict[str, dict[str, Any]]:
    """The row of each node, by its address."""
    return {row["address"]: row for row in result.document["nodes"]}


@pytest.fixture
def tool(asadm: Asadm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    return Tool(asadm, tmp_path, monkeypatch)
