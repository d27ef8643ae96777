"""The world of docs/function-fleet.md: a cluster of three primaries and three replicas, and the example repository of its inventory."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.function_fleet import topology
from tests.guide import ROOT, World

EXAMPLE = ROOT / "config/fleet-valkey"


class FunctionWorld(World):
    """Real servers of Valkey; a page calls the primaries 10.0.1.1 to 10.0.1.3, and their replicas 10.0.2.1 to 10.0.2.3."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._servers = ExitStack()
        self.names: dict[str, str] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.cluster = cluster = stack.enter_context(topology.cluster(self.directory / "cluster"))
            self._prepare()
            primaries = sorted(cluster.with_role(b"master"), key=lambda server: server.port)
            for number, primary in enumerate(primaries, 1):
                self.names[primary.address] = f"10.0.1.{number}:6379"
                for replica in cluster.with_role(b"slave"):
                    if replica.ask("ROLE")[2] == primary.port:
                        self.names[replica.address] = f"10.0.2.{number}:6379"
            self._servers = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._servers.close()

    def ours(self, text: str) -> str:
        """``text`` of a page with the directories and addresses of this world."""
        for address, name in self.names.items():
            text = text.replace(name, address)
        return super().ours(text)

    def theirs(self, text: str) -> str:
        """What a command printed, with the addresses of the page."""
        for address, name in self.names.items():
            text = text.replace(f"{address}  ", f"{name.ljust(len(address))}  ")  # columns stay in line
            text = text.replace(address, name)
        return super().theirs(text)

    def happen(self, words: str) -> None:
        """What ``<!-- test: WORDS -->`` says."""
        assert words == "the servers are ours"
        self.take_nodes()

    def take_nodes(self, repository: Path | None = None) -> None:
        """The inventory names the servers of this world."""
        inventory = (repository or self.directory / "srv/functions") / "asadm.yaml"
        inventory.write_text(self.ours(inventory.read_text()))

    def stop_one(self) -> None:
        """A replica ends; nobody listens there."""
        self.cluster.with_role(b"slave")[0].kill()
