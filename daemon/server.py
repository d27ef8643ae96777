"""The life of the daemon: start, serve, stop, in this order.

start   lock the work directory, open the logs, make the nodes, load the modules, listen, say `ready`
serve   until SIGTERM or SIGINT; SIGHUP opens the logs anew; a ticker trims caches and logs the state
stop    accept nobody, answer what is in flight, close, release; a second signal cuts this short, and so does a limit
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import os
import signal
import socket
import sys
import threading
import time
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemon import files
from daemon.cluster import Cluster, Member
from daemon.config.schema import Level
from daemon.info.families import table
from daemon.lock import WorkDirectory
from daemon.log import Log
from daemon.lua.host import LuaHost
from daemon.metrics import Metrics
from daemon.network.service import Service
from daemon.node import Node
from daemon.notify import notify
from daemon.record.spaces import open_namespaces
from daemon.record.truncation import accept as accept_truncation
from daemon.smd.interface import TRUNCATE, UDF
from daemon.smd.local import LocalSmd
from daemon.ticker import tick
from daemon.udf.store import ModuleStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from daemon.config.schema import Config

DRAIN_SECONDS = 5.0
"""How long the commands in flight may take after the signal to stop."""

PART_SECONDS = 2.0
"""How long Lua may take to end after that: a call that does not end must not keep the records from the disk."""

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
        self._cluster = Cluster()
        directory = Path(service.work_directory) / "smd"
        self._smd = LocalSmd(
            directory, cluster_key=self._cluster.key, warn=partial(self._warn, context="smd")
        )
        self._services: list[Service] = []
        self._stop = asyncio.Event()
        self._force = asyncio.Event()

    async def live(self) -> None:
        """From start to stop. Raises StartError when the start fails; nothing is left behind then."""
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._log.close)
            stack.callback(self._leave)
            work_directory = WorkDirectory(Path(self._config.service.work_directory))
            stack.callback(work_directory.release)
            self._attend()
            await self._start(stack)
            await self._serve()
            await self._drain()

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        for warning in self._config.warnings:
            self._warn(str(warning), "config")
        self._raise_file_limit()
        for number, port in enumerate(self._ports):
            self._services.append(self._make_node(number, port, stack))
        self._cluster.join([_member(service) for service in self._services])
        members = {service.node.id: service.node.messages for service in self._services}
        for messages in members.values():
            messages.join(members)
        stack.push_async_callback(self._smd.stop)
        await self._smd.start()
        for service in self._services:
            for namespace in service.node.namespaces.values():
                await namespace.start()
        for service in self._services:
            stack.push_async_callback(service.stop, 0)
            await service.start()

    def _make_node(self, number: int, port: int, stack: contextlib.AsyncExitStack) -> Service:
        """The node at place ``number``, with its modules, its Lua host and its port."""
        config = self._node_config(number)
        modules: ModuleStore
        source = lambda module: modules.source(module)  # noqa: E731, PLW0108 - host and store need each other
        prefix = f"node {config.service.node_id}: " if len(self._ports) > 1 else ""
        host = LuaHost(config.mod_lua, source, partial(self._log_lua, prefix))
        stack.push_async_callback(self._end, host.stop)
        warn = partial(self._warn_of, prefix, "udf")
        modules = ModuleStore(Path(config.mod_lua.user_path), host, warn)
        modules.open()
        stack.callback(modules.close)
        node = Node(
            config.service.node_id,
            config,
            table=table(),
            cluster=self._cluster,
            smd=self._smd,
            modules=modules,
            host=host,
            log=self._log,
            metrics=self._metrics,
        )
        suffix = f"-{node.id}" if len(self._ports) > 1 else ""
        node.namespaces = open_namespaces(config, partial(self._warn_of, prefix, "storage"), suffix)
        for namespace in node.namespaces.values():
            stack.push_async_callback(namespace.stop)
        stack.push_async_callback(self._end, node.messages.jobs.stop)
        self._smd.subscribe(UDF, modules.accept)
        self._smd.subscribe(TRUNCATE, partial(accept_truncation, node.namespaces))
        service = Service(node, config.network.service.listen_address, port)
        stack.callback(service.close)
        config.network.service.port = service.address[1]
        node.endpoint = _endpoint(config, service.address)
        return service

    def _node_config(self, number: int) -> Config:
        """The configuration of the node at place ``number``: ids count on, modules are kept apart."""
        config = copy.deepcopy(self._config)
        config.service.node_id = f"{int(config.service.node_id, 16) + number:X}"
        if len(self._ports) > 1:
            config.mod_lua.user_path = f"{config.mod_lua.user_path}/{config.service.node_id}"
        return config

    async def _serve(self) -> None:
        addresses = [_text(*service.address) for service in self._services]
        for service, address in zip(self._services, addresses, strict=True):
            self._log.info("service", f"node {service.node.id} listens on {address}")
        with contextlib.suppress(OSError):  # whoever started us may not care for the line
            sys.stdout.write(f"ready {' '.join(addresses)}\n")  # the one line on stdout
            sys.stdout.flush()
        notify("READY=1")
        ticker = asyncio.create_task(self._tick())
        await self._stop.wait()
        ticker.cancel()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._services[0].node.config.service.ticker_interval)
            self._metrics.tick()
            for service in self._services:
                service.node.host.trim()
                tick(service.node)

    async def _drain(self) -> None:
        notify("STOPPING=1")
        self._log.info("service", "stopping: waiting for the commands in flight")
        drained = asyncio.gather(*(service.stop(DRAIN_SECONDS) for service in self._services))
        forced = asyncio.ensure_future(self._force.wait())
        await asyncio.wait((drained, forced), return_when=asyncio.FIRST_COMPLETED)
        forced.cancel()
        drained.cancel()
        self._log.info("service", "stopped")

    async def _end(self, stop: Callable[[], Awaitable[None]]) -> None:
        """Stop a part that Lua may hold up for ever; then the rest goes on without it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop(), PART_SECONDS)

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

    def _attend(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_fault)
        loop.add_signal_handler(signal.SIGHUP, self._log.reopen)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_stop)

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
        enough = files.allow(service.proto_fd_max * len(self._ports))
        if enough < service.proto_fd_max * len(self._ports):
            service.proto_fd_max = max(1, enough // len(self._ports))
            self._warn(f"the system allows too few open files: proto-fd-max is now {service.proto_fd_max}")

    def _warn(self, text: str, context: str = "misc") -> None:
        self._log.warning(context, text)

    def _warn_of(self, prefix: str, context: str, text: str) -> None:
        self._warn(prefix + text, context)

    def _log_lua(self, prefix: str, level: int, position: str, text: str) -> None:
        self._log.write(Level(level), "udf", prefix + text, position)


def _member(service: Service) -> Member:
    return Member(service.node.id, *service.node.endpoint)


def _endpoint(config: Config, bound: tuple[str, int]) -> tuple[str, int]:
    """Address and port that clients are told."""
    service = config.network.service
    host = service.access_address or bound[0]
    if host in {"0.0.0.0", "::", "any"}:
        host = _own_address()
    return host, service.access_port or bound[1]


def _own_address() -> str:
    """The address of this machine that its default route uses, or loopback without one. Nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address for documentation: any address out there would do
        address: str = probe.getsockname()[0]
        return address
    return "127.0.0.1"


def _text(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
