"""The life of the daemon: start, serve, stop, in this order.

start   lock the work directory, open the logs, make the nodes, load the modules, know the members of the cluster,
        listen, say `ready`; a metadata store that is away is waited for
serve   until SIGTERM or SIGINT; SIGHUP opens the logs anew; a ticker trims caches and logs the state; when something
        holds the event loop, all begins anew (`asudfd.process`)
stop    leave the cluster, accept nobody, answer what is in flight, close, release; a second signal cuts this short,
        and so does a limit
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asudfd.assembly import Assembly, node_id
from asudfd.cluster.cluster import Cluster, Member
from asudfd.cluster.members import MemberView
from asudfd.errors import StartError
from asudfd.manifest import Manifest
from asudfd.network.http import HttpServer
from asudfd.network.listener import new_socket
from asudfd.process import fd_limit
from asudfd.process.guard import LoopGuard
from asudfd.process.health import STARTING, STOPPING, Health
from asudfd.process.lock import WorkDirectory
from asudfd.process.log import Log
from asudfd.process.metrics import Metrics
from asudfd.process.notify import notify
from asudfd.process.restart import OFTEN, OFTEN_SECONDS, KeptSockets
from asudfd.process.signals import Signals
from asudfd.process.ticker import tick
from asudfd.smd.choice import open_smd
from asudfd.smd.local import LocalSmd

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from asudfd.config.schema import Config
    from asudfd.served_node import ServedNode
    from asudfd.smd.etcd.store import EtcdSmd

TICK_STEP = 60
"""Most seconds until a shorter ticker-interval that `set-config` gave is noticed."""

DRAIN_SECONDS = 5.0
"""How long the commands in flight may take after the signal to stop."""

PART_SECONDS = 2.0
"""How long the daemon tries to tell the others that it leaves the cluster."""

EXIT_SECONDS = 15.0
"""How long all of the stop may take."""

FORCE_SECONDS = 1.0
"""How long the daemon may still take after a second signal."""

LUA_THREADS = "lua"
"""How the names of the threads begin in which Lua runs."""

LEAVE_SECONDS = 0.5
"""How long these threads may take to end once they have nothing more to do."""

LOOP_VARIABLE = "ASUDFD_LOOP"
"""Environment variable that may say `asyncio`, to do without uvloop where that is installed."""


def run(config: Config, ports: Sequence[int]) -> None:
    """Serve one node a port until a signal comes. Raises StartError when that cannot begin."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(Server(config, ports).live())


def _loop_factory() -> Callable[[], Any] | None:
    if os.environ.get(LOOP_VARIABLE) != "asyncio":
        with contextlib.suppress(ImportError):
            import uvloop

            factory: Callable[[], Any] = uvloop.new_event_loop
            return factory
    return None


class Server:
    """All nodes of this process and what they share."""

    def __init__(self, config: Config, ports: Sequence[int]) -> None:
        service = config.service
        self._config = config
        self._ports = ports
        self._log = Log(config.logging, local_time=service.log_local_time, millis=service.log_millis)
        self._metrics = Metrics()
        self._cluster = Cluster(service.cluster_name)
        self._services: list[ServedNode] = []
        self._members = MemberView(self._cluster, self._services, self._log)
        self._health = Health(self._services)
        self._listeners = KeptSockets(new_socket)
        self._left: Callable[[], Coroutine[Any, Any, None]] | None = (
            None  # leaves the cluster, if there is one to leave
        )
        self._stop = asyncio.Event()
        self._force = asyncio.Event()

    async def live(self) -> None:
        """From start to stop. Raises StartError when the start fails; nothing is left behind then."""
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._log.close)
            stack.callback(self._leave)
            work_directory = WorkDirectory(Path(self._config.service.work_directory))
            stack.callback(work_directory.release)
            if doubts := work_directory.doubts():
                self._warn(
                    f"the work directory {work_directory.path} is not safe from others: {doubts}", "config"
                )
            signals = self._attend()
            stack.callback(signals.close)
            seconds = self._config.service.watchdog_seconds
            guard = LoopGuard(self._services, self._log, signals, self._listeners, seconds)
            if await self._unless_stopped(self._start(stack, guard)):
                await self._serve(guard)
                await self._drain()

    async def _unless_stopped(self, start: Coroutine[Any, Any, None]) -> bool:
        """Whether ``start`` came to its end: what waits for a metadata store can be stopped."""
        starting, stopping = asyncio.ensure_future(start), asyncio.ensure_future(self._stop.wait())
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if starting.done():
            starting.result()
            return True
        starting.cancel()
        await asyncio.wait((starting,))
        return False

    async def _start(self, stack: contextlib.AsyncExitStack, guard: LoopGuard) -> None:
        for warning in self._config.warnings:
            self._warn(str(warning), "config")
        if self._listeners.happen_often():
            count, seconds = OFTEN, OFTEN_SECONDS
            self._log.critical("service", f"the event loop was held {count} times within {seconds:g} s")
        self._raise_file_limit()
        ids = [node_id(self._config, number) for number in range(len(self._ports))]
        self._cluster.here = frozenset(ids)
        manifest = Manifest(Path(self._config.service.work_directory))
        warn, alarm = partial(self._log.warning, "smd"), partial(self._log.critical, "smd")
        smd = open_smd(self._config, ids, self._cluster.key, warn, alarm, manifest=manifest)
        shared: dict[str, Any] = {"cluster": self._cluster, "log": self._log, "metrics": self._metrics}
        assembly = Assembly(
            self._config, len(ids), stack, smd=smd, manifest=manifest, listeners=self._listeners, **shared
        )
        self._services += [assembly.node(number, port) for number, port in enumerate(self._ports)]
        await self._listen_for_supervisors(stack)
        self._listeners.close_unused()
        meet = self._meeting(smd)
        stack.push_async_callback(smd.stop)
        self._health.stage = f"{STARTING}: waiting for the metadata"
        await smd.start()
        self._check_modules(smd)
        self._health.stage = f"{STARTING}: reading the records"
        for service in self._services:
            for namespace in service.node.namespaces.values():
                await namespace.start()
        stack.callback(self._members.close)
        stack.push_async_callback(self._part)
        self._health.stage = f"{STARTING}: joining the cluster"
        for service in self._services:
            service.listen()  # the others may know of us before we know of it
        await meet([Member(service.node.id, *service.node.endpoint) for service in self._services])
        self._check_address()
        stack.callback(guard.stop)
        guard.start()  # before the first client: nothing is read any more that may take long
        for service in self._services:
            stack.push_async_callback(service.stop, 0)
            await service.start()
        self._health.stage = ""

    def _check_modules(self, smd: LocalSmd | EtcdSmd) -> None:
        """Raise StartError if the metadata is lost and the copies of modules are the last there are.

        What etcd has counts for every node that starts: somebody has decided so, and the copies are only left alone.
        """
        for text in filter(None, (service.node.modules.lost for service in self._services)):
            if isinstance(smd, LocalSmd):
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
                f"node {mine.id} would tell clients and other nodes that it is at {_text(mine.host, mine.port)}, where "
                f"node {other.id} of this cluster is: set access-address (and access-port) in network/service to what "
                "others reach this machine at; or wait until the lease of that node has ended, if it is gone"
            )

    async def _listen_for_supervisors(self, stack: contextlib.AsyncExitStack) -> None:
        place = self._config.network.http
        if place.port:
            bind = partial(self._listeners.bind, "http")
            http = HttpServer(place.listen_address, place.port, self._health.pages(), bind)
            stack.callback(http.close)
            await http.start()

    def _meeting(self, smd: LocalSmd | EtcdSmd) -> Callable[[Sequence[Member]], Awaitable[None]]:
        """What makes the nodes of this process members, and tells them the others; to be had before ``smd`` starts."""
        if isinstance(smd, LocalSmd):
            return self._be_all
        from asudfd.smd.etcd.membership import EtcdMembership

        membership = EtcdMembership(smd, self._members.joined)
        self._left = membership.stop
        return membership.start

    async def _be_all(self, members: Sequence[Member]) -> None:
        self._members.joined(members)

    async def _part(self) -> None:
        """Leave the cluster, once, so that the others need not wait for our lease to end."""
        left, self._left = self._left, None
        if left is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(left(), PART_SECONDS)

    async def _serve(self, guard: LoopGuard) -> None:
        addresses = [_text(*service.address) for service in self._services]
        for service, address in zip(self._services, addresses, strict=True):
            self._log.info("service", f"node {service.node.id} listens on {address}")
        if not self._listeners.restarts:  # whoever waits for the line has had it
            with contextlib.suppress(OSError):  # whoever started us may not care for the line
                sys.stdout.write(f"ready {' '.join(addresses)}\n")  # the one line on stdout
                sys.stdout.flush()
        notify("READY=1")
        ticker = asyncio.create_task(self._tick())
        await self._stop.wait()
        ticker.cancel()
        guard.stop()  # the stop has limits of its own

    async def _tick(self) -> None:
        service_parameters, waited = self._services[0].node.config.service, 0
        while True:
            step = max(1, min(service_parameters.ticker_interval - waited, TICK_STEP))
            await asyncio.sleep(step)
            waited += step
            if waited < service_parameters.ticker_interval:
                continue
            waited = 0
            self._metrics.tick()
            for service in self._services:
                service.node.host.trim()
                tick(service.node)

    async def _drain(self) -> None:
        notify("STOPPING=1")
        self._health.stage = STOPPING
        await self._part()
        self._log.info("service", "stopping: waiting for the commands in flight")
        drained = asyncio.gather(*(service.stop(DRAIN_SECONDS) for service in self._services))
        forced = asyncio.ensure_future(self._force.wait())
        await asyncio.wait((drained, forced), return_when=asyncio.FIRST_COMPLETED)
        forced.cancel()
        drained.cancel()
        self._log.info("service", "stopped")

    def _leave(self) -> None:
        """End the process here if a call of Lua goes on: Python would wait for its thread before it ends."""
        if not self._stop.is_set():
            return
        end = time.monotonic() + LEAVE_SECONDS
        threads = [thread for thread in threading.enumerate() if thread.name.startswith(LUA_THREADS)]
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        if running := sum(thread.is_alive() for thread in threads):
            self._exit(f"{running} calls of Lua functions do not end")

    def _exit(self, reason: str) -> None:
        """End the process without further ado. What is stored is whole at any moment."""
        self._warn(f"leaving at once: {reason}", "service")
        os._exit(1)

    def _attend(self) -> Signals:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_fault)
        stops = dict.fromkeys((signal.SIGTERM, signal.SIGINT), self._on_stop)
        return Signals(loop, {signal.SIGHUP: self._log.reopen, **stops})

    def _on_fault(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what would else go to stderr: a fault that the event loop caught."""
        error = context.get("exception")
        where = "".join(traceback.format_exception(error)) if error else ""
        self._warn(f"{context.get('message')}: {where}")

    def _on_stop(self) -> None:
        if self._stop.is_set():
            self._force.set()
            self._exit_after(FORCE_SECONDS, "a second signal came")
        else:
            self._exit_after(EXIT_SECONDS, f"it is {EXIT_SECONDS:g} s since the signal to stop")
        self._stop.set()

    def _exit_after(self, seconds: float, reason: str) -> None:
        """Let a thread see to it, which nobody waits for: the event loop may be stuck, or have ended, by then."""
        timer = threading.Timer(seconds, self._exit, (reason,))
        timer.daemon = True
        timer.start()

    def _raise_file_limit(self) -> None:
        """Let the process open as many files as its clients need; with fewer, serve fewer clients and say so."""
        service = self._config.service
        enough = fd_limit.allow(service.proto_fd_max * len(self._ports))
        if enough < service.proto_fd_max * len(self._ports):
            service.proto_fd_max = max(1, enough // len(self._ports))
            self._warn(f"the system allows too few open files: proto-fd-max is now {service.proto_fd_max}")

    def _warn(self, text: str, context: str = "misc") -> None:
        self._log.warning(context, text)


def _text(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
