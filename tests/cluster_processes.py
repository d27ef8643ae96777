"""Nodes in processes of their own that know each other through an etcd: started, frozen, killed and asked by tests.

with etcd.running(tmp_path) as store, cluster_processes.running(tmp_path, store.endpoints, 3) as cluster:
    cluster.nodes[0].put("a.lua", b"...")
    cluster.nodes[1].kill()          # SIGKILL; start() brings it back with its state, its id and its ports
    cluster.await_members("A1", "A3")
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path

from asinfo.wire import frame, request
from asinfo.wire.udf import modules
from tests.etcd import await_true
from tests.processes import Daemon, free_ports, log_path, receive_exactly, spawn

LEASE_SECONDS = 2
"""Short, so that a node that was killed is gone soon."""

CONFIG = """\
service {{
    cluster-name {name}
    node-id {identity}
}}
network {{
    http {{
        port {http}
    }}
}}
namespace test {{
    storage-engine {engine}
    nsup-period 120
}}
smd {{
    backend etcd
{endpoints}
    lease-ttl {lease}
}}
"""

MEMORY = "memory"

NAME = f"lab-{os.getpid()}"
"""Of the cluster: two runs of the tests on one machine are strangers even if one should meet the other's etcd."""


class Node:
    """One asudfd process, or several nodes in it; it keeps its id, its ports and its state when it is started again."""

    def __init__(self, identity: str, directory: Path, config: str, ports: Sequence[int]) -> None:
        self.id = identity
        self.ids = [f"{int(identity, 16) + number:X}" for number in range(len(ports) - 1)]
        self.ports = ports[1:]
        self.http_port = ports[0]
        self.directory = directory / f"node-{identity}"
        self.config = directory / f"node-{identity}.conf"
        self.config.write_text(config.replace("HTTP", str(self.http_port)), encoding="utf-8")
        self.daemon: Daemon | None = None
        self.environment: dict[str, str] = {}

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.ports[0]

    @property
    def log(self) -> str:
        return log_path(self.directory).read_text(errors="replace")

    def begin(self) -> None:
        """Start the process without waiting for its `ready` line."""
        ports = ",".join(map(str, self.ports))
        arguments = ("--config-file", str(self.config), "--port", ports)
        process = spawn(self.directory, arguments, **self.environment)
        self.daemon = Daemon(process, self.directory, log_path(self.directory), wait=False)

    def start(self) -> None:
        """Start the process, and wait until it is ready."""
        self.begin()
        self.ready()

    def ready(self) -> None:
        assert self.daemon is not None
        self.daemon.await_ready()

    @property
    def alive(self) -> bool:
        return self.daemon is not None and self.daemon.process.poll() is None

    def ask(self, command: str, place: int = 0) -> str:
        """The value that one info command is answered with."""
        assert self.daemon is not None
        answer = self.daemon.ask(command.encode() + b"\n", place).decode()
        assert answer.startswith(f"{command}\t"), answer
        return answer[len(command) + 1 : -1]

    def send(self, body: bytes, place: int = 0) -> request.RecordReply:
        """The reply to a record message."""
        assert self.daemon is not None
        with self.daemon.connect(place) as connection:
            connection.sendall(frame.pack(frame.MESSAGE, body))
            header = receive_exactly(connection, frame.HEADER_SIZE)
            return request.reply(receive_exactly(connection, frame.unpack_header(header)[1]))

    def put(self, name: str, source: bytes) -> str:
        """The answer to `udf-put`."""
        content = b64encode(source).decode()
        assert self.daemon is not None
        command = f"udf-put:filename={name};content={content};content-len={len(content)};udf-type=LUA;"
        return self.ask(command)

    def remove(self, name: str) -> str:
        """The answer to `udf-remove`."""
        return self.ask(f"udf-remove:filename={name};")

    def modules(self, place: int = 0) -> dict[bytes, str]:
        """Hashes of the modules by their names."""
        listed = modules(self.ask("udf-list", place).encode())
        return {module.filename: module.hash for module in listed}

    def statistic(self, name: str, command: str = "statistics") -> str:
        return dict(pair.split("=", 1) for pair in self.ask(command).split(";"))[name]

    def members(self) -> list[str]:
        """Ids of the members as this node sees them."""
        return sorted(self.ask("get-sl").split(","))

    def get(self, path: str) -> tuple[int, str]:
        """Status and content of a page for supervisors."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=20)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def freeze(self) -> None:
        """Stop it where it stands: connections stay open, nothing answers."""
        assert self.daemon is not None
        self.daemon.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.daemon is not None
        self.daemon.process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """End it as an operator would; returns its exit status."""
        assert self.daemon is not None
        return self.daemon.stop()

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self.daemon is not None:
            self.daemon.kill()


class Cluster:
    """All nodes."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes

    @property
    def alive(self) -> list[Node]:
        return [node for node in self.nodes if node.alive]

    def start(self) -> None:
        """Start what does not run; wait until all are ready and know each other."""
        begun = [node for node in self.nodes if not node.alive]
        for node in begun:
            node.begin()
        for node in begun:
            node.ready()
        self.await_members(*(identity for node in self.alive for identity in node.ids))

    def await_members(self, *ids: str) -> None:
        """Wait until every node that runs knows exactly these members."""
        wanted = sorted(ids)
        for node in self.alive:
            await_true(lambda n=node: n.members() == wanted, f"{node.id} sees {wanted}")  # type: ignore[misc]  # mypy on defaults of lambdas

    def await_modules(self, expected: dict[bytes, str]) -> None:
        """Wait until every node that runs lists ``expected``."""
        for node in self.alive:
            await_true(lambda n=node: n.modules() == expected, f"{node.id} lists {len(expected)} modules")  # type: ignore[misc]  # mypy on defaults of lambdas


def make(
    directory: Path,
    endpoints: Sequence[str],
    count: int,
    *,
    name: str = NAME,
    first: int = 0xA1,
    nodes_each: int = 1,
    engine: str = MEMORY,
    lease: int = LEASE_SECONDS,
) -> Cluster:
    """``count`` processes, not yet started, of ``nodes_each`` nodes; PLACE in ``engine`` is a directory of each."""
    directory.mkdir(parents=True, exist_ok=True)
    urls = "\n".join(f"    endpoint {endpoint}" for endpoint in endpoints)
    nodes = []
    for number in range(count):
        identity = f"{first + number * nodes_each:X}"
        config = CONFIG.format(
            name=name,
            identity=identity,
            http="HTTP",
            endpoints=urls,
            engine=engine.replace("PLACE", f"{directory}/records-{identity}"),
            lease=lease,
        )
        (directory / f"records-{identity}").mkdir()
        nodes.append(Node(identity, directory, config, free_ports(1 + nodes_each)))
    return Cluster(nodes)


@contextlib.contextmanager
def running(directory: Path, endpoints: Sequence[str], count: int, **options: object) -> Iterator[Cluster]:
    """A cluster whose nodes are ready and know each other. ``options`` are those of ``make``."""
    cluster = make(directory, endpoints, count, **options)  # type: ignore[arg-type]  # one list of options
    try:
        cluster.start()
        yield cluster
    finally:
        for node in cluster.nodes:
            node.kill()
