"""Groups of real servers for the tests of function fleets: a cluster, a primary with replicas, and Sentinel.

They are formed by the commands of the servers themselves, and are whole when the servers say so.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from tests.real_valkey import NOBODY, VALKEY_9_1, Login, Program, RealValkey, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Self

SLOTS = 16_384

NODE_TIMEOUT = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
"""Milliseconds until a silent node is suspected: short, since tests wait for it."""

QUICK_SYNC = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
"""A primary waits for more replicas before it sends them its data; a test has no more."""


class Group:
    """Servers that belong together; all end with the block."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.servers: list[RealValkey] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.servers:
            server.stop()

    def start(
        self, count: int, *options: str, program: Program = VALKEY_9_1, login: Login = NOBODY
    ) -> list[RealValkey]:
        """More servers, which are ready."""
        first = len(self.servers)
        for number in range(first, first + count):
            place = self.directory / f"server{number}"
            server = RealValkey(place, *options, program=program, login=login, wait=False)
            self.servers.append(server)
        started = self.servers[first:]
        for server in started:
            server.await_ready()
        return started

    def by_address(self, address: str) -> RealValkey:
        return next(server for server in self.servers if server.address == address)

    def with_role(self, role: bytes) -> list[RealValkey]:
        return [server for server in self.alive if server.ask("ROLE")[0] == role]

    @property
    def alive(self) -> list[RealValkey]:
        return [server for server in self.servers if server.process.poll() is None]

    @property
    def primaries(self) -> list[RealValkey]:
        return self.with_role(b"master")

    @property
    def replicas(self) -> list[RealValkey]:
        return self.with_role(b"slave")

    def libraries(self) -> dict[str, dict[str, bytes]]:
        """What a plain client sees on each server: the texts of libraries by name."""
        return {server.address: libraries(server) for server in self.servers}

    def await_libraries(self, wanted: dict[str, bytes]) -> None:
        """Wait until a plain client sees exactly these libraries on every server."""
        until(lambda: all(found == wanted for found in self.libraries().values()), wanted)

    def flush(self) -> None:
        """Leave no library on any server."""
        for server in self.primaries:
            server.ask("FUNCTION", "FLUSH", "SYNC")
        self.await_libraries({})


def libraries(server: RealValkey) -> dict[str, bytes]:
    """Name and text of each library, as FUNCTION LIST WITHCODE of a plain client has them."""
    found = server.ask("FUNCTION", "LIST", "WITHCODE")
    rows = [dict(row) for row in found]
    return {row[b"library_name"].decode(): row[b"library_code"] for row in rows}


def follows(server: RealValkey) -> RealValkey | None:
    """Whether a server is a replica that has all of its primary's data."""
    role = server.ask("ROLE")
    return server if role[0] == b"slave" and role[3] == b"connected" else None


# --- cluster -------------------------------------------------------------------------------------------------------


class Cluster(Group):
    """A cluster: the first servers are its primaries and share the slots, the others their replicas."""

    def form(self, primaries: int) -> None:
        """Make one cluster of all servers."""
        first = self.servers[0]
        for number, server in enumerate(self.servers, 1):
            server.ask("CLUSTER", "SET-CONFIG-EPOCH", number)
        self._share_slots(self.servers[:primaries])
        for server in self.servers[1:]:
            meet(server, first)
        until(self.is_agreed, "the servers know each other")
        for number, server in enumerate(self.servers[primaries:]):
            server.ask("CLUSTER", "REPLICATE", node_id(self.servers[number % primaries]))
        self.await_whole()

    @staticmethod
    def _share_slots(primaries: Sequence[RealValkey]) -> None:
        count = len(primaries)
        for number, server in enumerate(primaries):
            begin, end = SLOTS * number // count, SLOTS * (number + 1) // count - 1
            server.ask("CLUSTER", "ADDSLOTSRANGE", begin, end)

    def is_agreed(self) -> bool:
        """Whether every server knows every other by its final id."""
        ids = {node_id(server) for server in self.servers}
        return all({line.split()[0] for line in nodes(server)} == ids for server in self.servers)

    def await_whole(self) -> None:
        """Wait until every server sees a healthy cluster, and every replica follows its primary."""
        until(self._is_whole, "the cluster is whole")

    def _is_whole(self) -> bool:
        views = {frozenset(map(_place, nodes(server))) for server in self.servers}
        return self.is_agreed() and len(views) == 1 and all(self._is_well(server) for server in self.servers)

    @staticmethod
    def _is_well(server: RealValkey) -> bool:
        known = nodes(server)
        healthy = not any(word in line for line in known for word in ("fail", "handshake", "noaddr"))
        is_replica = any("myself,slave" in line for line in known)
        state = server.ask("CLUSTER", "INFO")
        return healthy and b"cluster_state:ok" in _text(state) and (not is_replica or bool(follows(server)))

    def replica_of(self, primary: RealValkey) -> RealValkey:
        """A replica of this primary."""
        known = node_id(primary)
        line = next(line for line in nodes(primary) if line.split()[3] == known)
        return self.by_address(line.split()[1].partition("@")[0])

    def fail_over(self, replica: RealValkey) -> None:
        """Make a replica the primary, and wait until it is."""
        replica.ask("CLUSTER", "FAILOVER")
        until(lambda: replica.ask("ROLE")[0] == b"master", "the failover")


def meet(server: RealValkey, other: RealValkey) -> None:
    """Make a server known to another one and to those that it knows."""
    server.ask("CLUSTER", "MEET", other.host, other.port, other.bus)


def node_id(server: RealValkey) -> str:
    """The name of a server in its cluster."""
    name: bytes = server.ask("CLUSTER", "MYID")
    return name.decode()


def nodes(server: RealValkey) -> list[str]:
    """The lines of CLUSTER NODES."""
    return _text(server.ask("CLUSTER", "NODES")).decode().splitlines()


def _place(line: str) -> tuple[str, ...]:
    """Of a line of CLUSTER NODES what all servers agree on: id, role, primary and slots."""
    words = line.split()
    return (words[0], "slave" if "slave" in words[2] else "master", words[3], *words[8:])


def _text(reply: Any) -> bytes:
    """A text that RESP3 may have marked with its format."""
    text: bytes = getattr(reply, "text", reply)
    return text


@contextlib.contextmanager
def cluster(
    directory: Path, primaries: int = 3, replicas: int = 3, *, programs: Sequence[Program] = (VALKEY_9_1,)
) -> Iterator[Cluster]:
    """A cluster that is whole; the servers are of these programs in turn."""
    directory.mkdir(exist_ok=True)
    count = primaries + replicas
    options = (*NODE_TIMEOUT, *QUICK_SYNC)
    with Cluster(directory) as group:
        for number in range(count):
            place = directory / f"server{number}"
            program = programs[number % len(programs)]
            group.servers.append(RealValkey(place, *options, program=program, wait=False))
        for server in group.servers:
            server.await_ready()
        group.form(primaries)
        yield group


# --- a primary with replicas, and Sentinel -------------------------------------------------------------------------


@contextlib.contextmanager
def replicated(
    directory: Path,
    replicas: Sequence[Program] = (VALKEY_9_1, VALKEY_9_1),
    *options: str,
    program: Program = VALKEY_9_1,
) -> Iterator[Group]:
    """A primary, which is the first server, and replicas of these programs that follow it."""
    directory.mkdir(exist_ok=True)
    with Group(directory) as group:
        (primary,) = group.start(1, *QUICK_SYNC, *options, program=program)
        for each in replicas:
            group.start(1, *QUICK_SYNC, "--replicaof", f"{primary.host} {primary.port}", program=each)
        until(lambda: all(map(follows, group.servers[1:])), "the replicas follow")
        yield group


SENTINEL_NAME = "mymaster"
"""Under which Sentinel knows the primary."""

SENTINEL = """\
sentinel monitor {name} {host} {port} 1
sentinel down-after-milliseconds {name} 600000
sentinel failover-timeout {name} 3000
"""
"""It replaces no primary until a test asks for it: on a busy machine one that lives may be silent for a second."""


@contextlib.contextmanager
def watched(directory: Path) -> Iterator[tuple[RealValkey, Group]]:
    """A Sentinel that knows both servers of the group beside it, a primary and its replica."""
    with replicated(directory, (VALKEY_9_1,)) as group:
        primary = group.servers[0]
        config = SENTINEL.format(name=SENTINEL_NAME, host=primary.host, port=primary.port)
        sentinel = RealValkey(directory / "sentinel", "--sentinel", config=config)
        try:
            until(lambda: sentinel.ask("SENTINEL", "REPLICAS", SENTINEL_NAME), "the replica is known")
            yield sentinel, group
        finally:
            sentinel.stop()
