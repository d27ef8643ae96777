"""Serves the nodes of a configuration, in any thread that runs an event loop.

    open    make the nodes, bind their sockets, begin to answer supervisors over HTTP
    join    load metadata and records, become members of the cluster; a metadata store that is away is waited for
    serve   accept clients
    drain   leave the cluster, accept nobody, answer what is in flight

Nothing here belongs to a process alone: no signals, no exit, no output but the log, no limits of the system. What the
daemon adds as a process is in `asudfd.process.daemon`; `asudfd.embedded` runs a server inside of another program.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from asudfd.assembly import Assembly, node_id
from asudfd.cluster.cluster import Cluster, Member
from asudfd.cluster.members import MemberView
from asudfd.errors import StartError
from asudfd.lua.aerospike.host import CROSSING_MODULE
from asudfd.lua.worker.supply import WorkerSupply
from asudfd.manifest import Manifest
from asudfd.network.listener import new_socket
from asudfd.process import fd_limit
from asudfd.process.health import STARTING, STOPPING, Health
from asudfd.process.lock import WorkDirectory
from asudfd.process.metrics import Metrics
from asudfd.process.ticker import tick
from asudfd.smd.choice import open_smd

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from asudfd.config.schema import Config
    from asudfd.config.schema.network import RespPorts
    from asudfd.lua.worker.zygote import Zygote
    from asudfd.process.log import Log
    from asudfd.served_node import ServedNode
    from asudfd.smd.interface import Smd

    BindFor = Callable[[str, str, int], socket.socket]

TICK_STEP = 60
"""Most seconds until a shorter ticker-interval that `set-config` gave is noticed."""

LEAVE_SECONDS = 2.0
"""How long the server tries to tell the others that its nodes leave the cluster: twice what a request to etcd may take."""

LOOP_VARIABLE = "ASUDFD_LOOP"
"""Environment variable that may say `asyncio`, to do without uvloop where that is installed."""


def loop_factory() -> Callable[[], Any] | None:
    """What makes the event loop: uvloop where it is installed; None for Python's own."""
    if os.environ.get(LOOP_VARIABLE) != "asyncio":
        with contextlib.suppress(ImportError):
            import uvloop

            factory: Callable[[], Any] = uvloop.new_event_loop
            return factory
    return None


def bind_new(_use: str, address: str, port: int) -> socket.socket:
    """A new socket for whatever use, bound to ``address`` and ``port``. Raises StartError."""
    return new_socket(address, port)


class Server:
    """One node for each of ``ports``, and what they share; an asynchronous context manager that stops them at its end.

    ``zygote`` forks the processes in which Lua runs; without it, one is made in a new interpreter when there is something to run.
    ``bind`` makes the listening sockets: it gets the use of one in words, an address and a port. The server does not
    close ``log``. Entering locks the work directory; entering and `open`, `join` and `serve`, in this order, raise
    StartError.
    """

    def __init__(
        self,
        config: Config,
        ports: Sequence[int],
        log: Log,
        bind: BindFor = bind_new,
        *,
        resp_ports: Sequence[RespPorts] | None = None,
        zygote: Zygote | None = None,
    ) -> None:
        self.nodes: list[ServedNode] = []
        self._config = config
        self._ports = ports
        self._resp_ports = resp_ports
        self.shutdown: Callable[[], None] | None = None
        """Called on the event loop when a client asks for the end of the node; None refuses it."""
        self._log = log
        self._zygote = zygote
        self._bind = bind
        self._metrics = Metrics()
        self._cluster = Cluster(config.service.cluster_name)
        self._members = MemberView(self._cluster, self.nodes, log)
        self._health = Health(self.nodes)
        self._stack = contextlib.AsyncExitStack()
        self._smd: Smd | None = None
        self._ticker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().set_exception_handler(self._on_fault)
        work_directory = WorkDirectory(Path(self._config.service.work_directory))
        self._stack.callback(work_directory.release)
        if doubts := work_directory.doubts():
            self._warn(
                f"the work directory {work_directory.path} is not safe from others: {doubts}", "config"
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Address and port of each node, with the real ports."""
        return [served.address for served in self.nodes]

    def addresses_of(self, label: str) -> list[tuple[str, int]]:
        """Address and port of each node's service with that label; none if it is not served."""
        return [
            service.address for served in self.nodes for service in served.services if service.label == label
        ]

    def places(self) -> list[str]:
        """The addresses as the `ready` line has them: one for each node, then those of their other services."""
        return [address_text(*served.address) for served in self.nodes] + [
            f"{service.label}={address_text(*service.address)}"
            for served in self.nodes
            for service in served.services[1:]
        ]

    async def open(self) -> None:
        """Make the nodes and bind their sockets."""
        for warning in self._config.warnings:
            self._warn(str(warning), "config")
        self._fit_into_file_limit()
        ids = [node_id(self._config, number) for number in range(len(self._ports))]
        self._cluster.here = frozenset(ids)
        manifest = Manifest(Path(self._config.service.work_directory))
        warn, alarm = partial(self._log.warning, "smd"), partial(self._log.critical, "smd")
        smd = self._smd = open_smd(self._config, ids, self._cluster.key, warn, alarm, manifest=manifest)
        shared: dict[str, Any] = {"cluster": self._cluster, "log": self._log, "metrics": self._metrics}
        assembly = Assembly(
            self._config,
            len(ids),
            self._stack,
            smd=smd,
            manifest=manifest,
            bind=self._bind,
            resp_ports=self._resp_ports,
            shutdown=self.shutdown,
            supply=self._worker_supply(),
            **shared,
        )
        self.nodes += assembly.nodes(self._ports)
        await self._listen_for_supervisors()

    def _worker_supply(self) -> WorkerSupply | None:
        """What makes worker processes with the zygote of the process; None where it has none, and the nodes make one when they want it."""
        if self._zygote is None:
            return None
        supply = WorkerSupply(CROSSING_MODULE, self._zygote)
        self._stack.callback(supply.close)
        return supply

    async def join(self) -> None:
        """Load what is stored, and become members of the cluster. Waits for a metadata store that is away."""
        smd, stack = self._smd, self._stack
        assert smd
        smd.watch_members(self._members.joined)
        stack.push_async_callback(smd.stop)
        self._health.stage = f"{STARTING}: waiting for the metadata"
        await smd.start()
        self._check_modules(smd)
        self._health.stage = f"{STARTING}: reading the records"
        for served in self.nodes:
            for namespace in served.node.namespaces.values():
                await namespace.start()
        stack.push_async_callback(self._leave)
        self._health.stage = f"{STARTING}: joining the cluster"
        for served in self.nodes:
            served.listen()  # the others may know of us before we know of it
        await smd.join(
            [
                Member(served.node.id, *served.node.endpoint, 0, *served.ports_of("resp"))
                for served in self.nodes
            ]
        )
        self._check_address()

    async def serve(self) -> None:
        """Accept clients."""
        for served in self.nodes:
            self._stack.push_async_callback(served.stop, 0)
            await served.start()
        self._health.stage = ""
        self._ticker = asyncio.create_task(self._tick())
        self._stack.callback(self._ticker.cancel)
        for served in self.nodes:
            for service in served.services:
                use = f" for {service.label}" if service.label else ""
                for port, how in zip(service.ports, ("", " over TLS"), strict=True):
                    if port:
                        place = address_text(service.address[0], port)
                        self._log.info("service", f"node {served.node.id} listens on {place}{use}{how}")

    async def drain(self, seconds: float) -> None:
        """Leave the cluster, accept nobody, and answer the commands in flight, for ``seconds`` at most."""
        self._health.stage = STOPPING
        if self._ticker:
            self._ticker.cancel()
        await self._leave()
        self._log.info("service", "stopping: waiting for the commands in flight")
        await asyncio.gather(*(served.stop(seconds) for served in self.nodes))

    async def _listen_for_supervisors(self) -> None:
        place = self._config.network.http
        if not place.port:
            return
        from asudfd.network.http import HttpServer  # its parser is only needed here

        bind = partial(self._bind, "http")
        http = HttpServer(place.listen_address, place.port, self._health.pages(), bind)
        self._stack.callback(http.close)
        await http.start()

    def _check_modules(self, smd: Smd) -> None:
        """Raise StartError if the metadata is lost and the copies of modules are the last there are.

        Shared metadata counts for every node that starts: somebody has decided so, and the copies are only left alone.
        """
        for text in filter(None, (served.node.modules.lost for served in self.nodes)):
            if not smd.shared:
                raise StartError(
                    f"{text}. Restore it from a copy; or let `asudfd --recover` make it anew from the copies of the "
                    "modules; or move these away to start without them"
                )
            self._warn(f"{text}. The copies are left there until the next start", "udf")

    def _check_address(self) -> None:
        """Raise StartError if another node is said to be where ours are: clients would take one for the other."""
        pair = self._cluster.same_address()
        if pair is not None:
            mine, other = pair
            raise StartError(
                f"node {mine.id} would tell clients and other nodes that it is at {address_text(mine.host, mine.port)}, "
                f"where node {other.id} of this cluster is: set access-address (and access-port) in network/service to "
                "what others reach this machine at; or wait until the lease of that node has ended, if it is gone"
            )

    async def _leave(self) -> None:
        """Leave the cluster, once, so that the others need not wait for our lease to end."""
        smd, self._smd = self._smd, None
        if smd is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(smd.leave(), LEAVE_SECONDS)

    async def _tick(self) -> None:
        service_parameters, waited = self.nodes[0].node.config.service, 0
        given = service_parameters.ticker_interval
        while True:
            step = max(1, min(service_parameters.ticker_interval - waited, TICK_STEP))
            await asyncio.sleep(step)
            waited += step
            if waited < service_parameters.ticker_interval:
                continue
            seconds, waited = waited, 0
            self._metrics.tick()
            for served in self.nodes:
                served.node.host.trim()
                for namespace in served.node.namespaces.values():
                    namespace.latencies.end_slice(namespace.counters, seconds)
                if self._config.ticker or given != service_parameters.ticker_interval:
                    tick(served.node)

    def _on_fault(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what would else go to stderr: a fault that the event loop caught."""
        error = context.get("exception")
        where = "".join(traceback.format_exception(error)) if error else ""
        self._warn(f"{context.get('message')}: {where}")

    def _fit_into_file_limit(self) -> None:
        """Serve fewer clients than configured, and say so, if this process may not open as many files."""
        service = self._config.service
        enough = fd_limit.room()
        if enough < service.proto_fd_max * len(self._ports):
            service.proto_fd_max = max(1, enough // len(self._ports))
            self._warn(f"the system allows too few open files: proto-fd-max is now {service.proto_fd_max}")

    def _warn(self, text: str, context: str = "misc") -> None:
        self._log.warning(context, text)


def address_text(host: str, port: int) -> str:
    """HOST:PORT, with an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
