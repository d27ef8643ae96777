"""The life of the daemon as a process of the system: a server, and the signals, limits and supervisors around it.

start   open the log, raise the limit of open files, start the server, watch its event loop, say `ready`
serve   until SIGTERM or SIGINT; SIGHUP opens the log's files anew; when something blocks the event loop, the process
        restarts
stop    drain and stop the server; a second signal cuts this short, and so does a limit
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asudfd.lua.malloc_trim import own_process
from asudfd.network.listener import new_socket
from asudfd.process import fd_limit
from asudfd.process.guard import LoopGuard
from asudfd.process.log import Log
from asudfd.process.notify import notify
from asudfd.process.restart import OFTEN, OFTEN_SECONDS, KeptSockets
from asudfd.process.signals import Signals
from asudfd.server import Server, loop_factory

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from asudfd.config.schema import Config
    from asudfd.config.schema.network import RespPorts
    from asudfd.lua.worker.zygote import Zygote

DRAIN_SECONDS = 5.0
"""How long the commands in flight may take after the signal to stop."""

EXIT_SECONDS = 15.0
"""How long all of the stop may take."""

FORCE_SECONDS = 1.0
"""How long the daemon may still take after a second signal."""

LUA_THREADS = "lua"
"""How the names of the threads begin that make and free states of Lua."""

LUA_SECONDS = 0.5
"""How long these threads may take to end once they have nothing more to do."""


def run(
    config: Config,
    ports: Sequence[int],
    resp_ports: Sequence[RespPorts] | None = None,
    zygote: Zygote | None = None,
) -> None:
    """Serve one node a port until a signal comes. Raises StartError when that cannot begin."""
    own_process()
    runner = asyncio.Runner(loop_factory=loop_factory())
    try:
        runner.run(Daemon(config, ports, resp_ports, zygote).live())
    finally:
        with contextlib.suppress(RuntimeError):  # it wants one thread more, which the user may not have
            runner.close()


class Daemon:
    """The process that serves one node for each of ``ports``."""

    def __init__(
        self,
        config: Config,
        ports: Sequence[int],
        resp_ports: Sequence[RespPorts] | None = None,
        zygote: Zygote | None = None,
    ) -> None:
        service = config.service
        self._config = config
        self._ports = ports
        self._resp_ports = resp_ports
        self._zygote = zygote
        self._log = Log(config.logging, local_time=service.log_local_time, millis=service.log_millis)
        self._listeners = KeptSockets(new_socket)
        self._stop = asyncio.Event()
        self._force = asyncio.Event()

    async def live(self) -> None:
        """From start to stop. Raises StartError when the start fails; nothing is left behind then."""
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._log.close)
            stack.callback(self._leave_lua_behind)
            signals = self._attend()
            stack.callback(signals.close)
            server = await stack.enter_async_context(
                Server(
                    self._config,
                    self._ports,
                    self._log,
                    self._listeners.bind,
                    resp_ports=self._resp_ports,
                    zygote=self._zygote,
                )
            )
            server.shutdown = self._stop.set
            guard = LoopGuard(
                server.nodes, self._log, signals, self._listeners, self._config.service.watchdog_seconds
            )
            if await self._unless_stopped(self._start(stack, server, guard)):
                await self._serve(server)
                guard.stop()  # the stop has limits of its own
                await self._drain(server)

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

    async def _start(self, stack: contextlib.AsyncExitStack, server: Server, guard: LoopGuard) -> None:
        if self._listeners.happen_often():
            count, seconds = OFTEN, OFTEN_SECONDS
            self._log.critical("service", f"the event loop was held {count} times within {seconds:g} s")
        fd_limit.raise_to_most()
        await server.open()
        self._listeners.close_unused()
        await server.join()
        guard.start()  # before the first client: nothing is read any more that may take long
        stack.callback(guard.stop)
        await server.serve()
        if self._config.udf_directory:
            from asudfd.process.udf_follower import UdfFollower

            follower = UdfFollower(server.nodes[0].node, Path(self._config.udf_directory))
            await follower.begin()
            following = asyncio.create_task(follower.follow())
            following.add_done_callback(self._on_followed)
            stack.callback(following.cancel)

    def _on_followed(self, following: asyncio.Task[None]) -> None:
        if not following.cancelled() and (error := following.exception()):
            self._log.warning("udf", f"--udf: changes are not followed any more: {error!r}")

    async def _serve(self, server: Server) -> None:
        if not self._listeners.restarts:  # whoever waits for the line has had it
            say_ready(server)
        notify("READY=1")
        await self._stop.wait()

    async def _drain(self, server: Server) -> None:
        notify("STOPPING=1")
        drained = asyncio.ensure_future(server.drain(DRAIN_SECONDS))
        forced = asyncio.ensure_future(self._force.wait())
        await asyncio.wait((drained, forced), return_when=asyncio.FIRST_COMPLETED)
        forced.cancel()
        drained.cancel()
        self._log.info("service", "stopped")

    def _leave_lua_behind(self) -> None:
        """End the process here if a state of Lua is still made or freed: Python would wait for its thread before it ends."""
        if not self._stop.is_set():
            return
        end = time.monotonic() + LUA_SECONDS
        threads = [thread for thread in threading.enumerate() if thread.name.startswith(LUA_THREADS)]
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        if running := sum(thread.is_alive() for thread in threads):
            self._exit(f"{running} threads of Lua do not end")

    def _exit(self, reason: str) -> None:
        """End the process without further ado. What is stored is whole at any moment."""
        self._log.warning("service", f"leaving at once: {reason}")
        os._exit(1)

    def _attend(self) -> Signals:
        stops = dict.fromkeys((signal.SIGTERM, signal.SIGINT), self._on_stop)
        return Signals(asyncio.get_running_loop(), {signal.SIGHUP: self._log.reopen, **stops})

    def _on_stop(self) -> None:
        again = self._stop.is_set()
        self._stop.set()
        if again:
            self._force.set()
            self._exit_after(FORCE_SECONDS, "a second signal came")
        else:
            self._exit_after(EXIT_SECONDS, f"it is {EXIT_SECONDS:g} s since the signal to stop")

    def _exit_after(self, seconds: float, reason: str) -> None:
        """Let a thread see to it, which nobody waits for: the event loop may be stuck, or have ended, by then."""
        timer = threading.Timer(seconds, self._exit, (reason,))
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:  # the user may have no more threads: the event loop is the next best
            asyncio.get_running_loop().call_later(seconds, self._exit, reason)


def say_ready(server: Server) -> None:
    """Print the one line on stdout, for whoever started the daemon, if anybody reads it."""
    with contextlib.suppress(OSError, AttributeError):  # AttributeError: there is no standard output at all
        sys.stdout.write(f"ready {' '.join(server.places())}\n")
        sys.stdout.flush()
