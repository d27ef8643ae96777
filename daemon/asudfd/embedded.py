"""A node inside of another program, for tests and tools: `asudfd.Node`.

    with asudfd.Node() as node:
        client = aerospike.client({"hosts": node.addresses})

It runs in a thread of its own, with an event loop of its own, and listens on free ports of 127.0.0.1. It installs no
signal handlers, writes nothing to stdout and stderr, never ends the process, and changes no limit of it.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from asinfo.errors import ConfigError
from asudfd.config.assignment import ParameterAssignment
from asudfd.config.load import MODULES, NAMESPACES, embedded, load, load_text
from asudfd.config.parameter import spell
from asudfd.config.schema import Config, Sink
from asudfd.config.schema.network import NO_PORT, RespPorts
from asudfd.config.schema.service import PROCESS_NODES_MAX
from asudfd.errors import StartError, StopError
from asudfd.process.log import Log
from asudfd.server import Server, loop_factory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asudfd.config.schema import NamespaceConfig
    from asudfd.config.schema.network import RespConfig

STOP_SECONDS = 10.0
"""How long `stop` waits at most.

A node without calls stops in some 20 ms. A Lua function that loops for ever ends with its worker, which is killed. What holds up a
thread of the node, such as a disk that does not answer, cannot be broken off.
"""

ADDRESS = "127.0.0.1"
"""The address of a node whose program names none."""

LOG = "asudfd.log"
"""The log of a node whose configuration names none, in its work directory."""


class EmbeddedNode:
    """A node, or ``nodes`` of them as one cluster, that run in a thread of this program.

    ``config`` is a configuration in the form of aerospike.conf: the path of a file, or the text itself, which has braces
    or more than one line. Its addresses and ports do not count: the nodes listen on free ports of 127.0.0.1, and only for
    clients. With ``resp``, or with a port of `network / resp` in the configuration, each node speaks Valkey's protocol on
    one more port. ``namespaces`` are those of a node without a ``config``. ``settings`` change parameters on top of it, by paths
    such as `service.cluster-name` or `namespace.*.default-ttl`. ``log`` is the file that its lines go to.

    Without ``work_directory`` all state is in a temporary directory that is removed at the end. With it, what
    was stored is there again at the next start.

    It is a context manager, also an asynchronous one; or use `start` and `stop`.
    """

    def __init__(
        self,
        nodes: int = 1,
        config: str | os.PathLike[str] | None = None,
        work_directory: str | os.PathLike[str] | None = None,
        *,
        resp: bool = False,
        namespaces: Sequence[str] = NAMESPACES,
        settings: Mapping[str, str | int | bool] | None = None,
        address: str = ADDRESS,
        log: str | os.PathLike[str] | None = None,
    ) -> None:
        self.addresses: list[tuple[str, int]] = []
        """Host and port of each node, while they run."""
        self.resp_addresses: list[tuple[str, int]] = []
        """Host and port of each node for Valkey's protocol, while they run and if they speak it."""
        self.work_directory: Path | None = None
        """The directory of all state, while the nodes run."""
        self._nodes = nodes
        self._config = config
        self._given_directory = work_directory
        self._resp = resp
        self._namespaces = namespaces
        self._settings = settings or {}
        self._address = address
        self._log = log
        self._thread: threading.Thread | None = None
        self._process = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._started = threading.Event()
        self._ending = threading.Lock()
        self._stop_asked = False
        self._failure: StartError | None = None

    @property
    def host(self) -> str:
        """The address of the first node."""
        host, _ = self._first()
        return host

    @property
    def port(self) -> int:
        """The port of the first node."""
        _, port = self._first()
        return port

    @property
    def resp_address(self) -> tuple[str, int]:
        """Host and port of the first node for Valkey's protocol."""
        self._first()
        if not self.resp_addresses:
            raise RuntimeError("the node does not speak Valkey's protocol: give it resp=True")
        return self.resp_addresses[0]

    @property
    def resp_port(self) -> int:
        """The port of the first node for Valkey's protocol."""
        return self.resp_address[1]

    def _first(self) -> tuple[str, int]:
        if not self.addresses:
            raise RuntimeError("the node does not run: use it in a with statement, or call start()")
        return self.addresses[0]

    def start(self) -> None:
        """Return when clients are served. Raises StartError, and leaves nothing behind then."""
        if self._thread is not None:
            here = os.getpid() == self._process
            raise StartError(
                "the node runs already" if here else "the node belongs to the process that was forked"
            )
        if type(self._nodes) is not int or not 1 <= self._nodes <= PROCESS_NODES_MAX:
            raise StartError(f"nodes is {self._nodes!r}: one process has 1 to {PROCESS_NODES_MAX}")
        directory = self.work_directory = self._make_directory()
        self._process = os.getpid()
        self._stop_asked = False
        self._started.clear()
        atexit.register(self._stop_at_exit)  # for a program that ends without a stop
        try:
            config = self._load(directory)
            self._thread = threading.Thread(target=self._run, args=(config,), name="asudfd", daemon=True)
            self._thread.start()
            self._started.wait()  # without a limit: a metadata store may be long in coming
        except BaseException:
            self.stop()
            raise
        if not self.addresses:
            self._end()
            raise StartError("the node was stopped before it served clients")

    def stop(self) -> None:
        """Return when the nodes are gone, with threads, sockets and temporary files; may be called again.

        Commands in flight are cut off. Raises StopError after STOP_SECONDS if something in the node does not end.
        """
        if os.getpid() != self._process:
            return  # a fork of the program: the node belongs to its parent
        self._stop_asked = True
        if self._loop is not None and self._stopping is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._end()

    def _stop_at_exit(self) -> None:
        """Stop as far as that goes: Python starts no work in threads any more when a program has ended."""
        with contextlib.suppress(StartError, StopError):
            self.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        starting = asyncio.ensure_future(asyncio.to_thread(self.start))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:  # the thread would go on
            await asyncio.to_thread(self.stop)
            await asyncio.gather(starting, return_exceptions=True)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    def _make_directory(self) -> Path:
        try:
            if self._given_directory is None:
                return Path(tempfile.mkdtemp(prefix="asudfd-"))
            given = Path(self._given_directory)
            given.mkdir(
                mode=0o700, parents=True, exist_ok=True
            )  # before the lock makes it, for the log in it
        except OSError as error:
            where = self._given_directory or tempfile.gettempdir()
            raise StartError(f"cannot use the work directory {where}: {error.strerror}") from error
        return given

    def _load(self, directory: Path) -> Config:
        """The configuration, made fit for a node inside of a program. Raises StartError."""
        try:
            config = self._read(str(directory))
        except ConfigError as error:
            raise StartError(str(error)) from error
        service = config.network.service
        service.address, service.access_address, service.access_port = self._address, "", 0
        config.network.http.port = 0
        config.network.resp.address = self._address
        if self._log is not None:
            config.logging = [Sink(os.fspath(self._log))]
        if config.logging == [Sink()]:  # the console belongs to the program
            config.logging = [Sink(str(directory / LOG))]
        if self._given_directory is None:
            config.mod_lua.user_path = str(directory / MODULES)
            for namespace in config.namespaces:
                _keep_in_work_directory(namespace)
        return config

    def _read(self, directory: str) -> Config:
        assignments = [
            ParameterAssignment(path, spell(value), "settings") for path, value in self._settings.items()
        ]
        if self._config is None:
            return embedded(directory, self._namespaces, assignments, "namespaces")
        if isinstance(self._config, bytes) or not os.fspath(self._config).strip():
            raise StartError(
                f"config is {self._config!r}: give the path of a file, or the text of a configuration"
            )
        text = os.fspath(self._config)
        if "\n" in text or "{" in text:
            return load_text(text, directory, assignments)
        return load(text, directory, assignments)

    def _run(self, config: Config) -> None:
        """The whole life of the thread."""
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(self._live(config))
        except StartError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001 - the edge of the thread: it is raised where the program waits for it
            self._failure = StartError(f"the node failed: {str(error) or type(error).__name__}")
            self._failure.__cause__ = error
        finally:
            self._started.set()

    async def _live(self, config: Config) -> None:
        service = config.service
        self._stopping = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        if self._stop_asked:  # before there was a loop to be told of it
            return
        log = Log(config.logging, local_time=service.log_local_time, millis=service.log_millis)
        with contextlib.closing(log):
            resp_ports = self._resp_ports(config.network.resp)
            async with Server(config, [0] * self._nodes, log, resp_ports=resp_ports) as server:
                starting = asyncio.ensure_future(self._start(server))
                stopping = asyncio.ensure_future(self._stopping.wait())
                await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
                if starting.done():
                    starting.result()
                    await stopping
                    await server.drain(0)
                else:
                    starting.cancel()
                    await asyncio.wait((starting,))

    def _resp_ports(self, configured: RespConfig) -> list[RespPorts] | None:
        """A free port for Valkey's protocol for each node, plain and over TLS; None if nobody asks for it."""
        if not (self._resp or configured.is_asked_for):
            return None
        plain = self._resp or configured.port != NO_PORT
        ports = RespPorts(0 if plain else NO_PORT, NO_PORT if configured.tls_port == NO_PORT else 0)
        return [ports] * self._nodes

    async def _start(self, server: Server) -> None:
        await server.open()
        await server.join()
        await server.serve()
        self.resp_addresses = server.addresses_of("resp")
        self.addresses = server.addresses
        self._started.set()

    def _end(self) -> None:
        """Wait for the thread, and remove what is left. Raises StopError, and StartError if the nodes have failed."""
        with self._ending:  # a start that is being stopped comes here from two threads
            if self._thread is not None:
                self._thread.join(STOP_SECONDS)
                if self._thread.is_alive():
                    raise StopError(
                        f"the node has not stopped within {STOP_SECONDS:g} s: a call of Lua or of a disk does not end; "
                        f"its thread goes on, and {self.work_directory} is left"
                    )
            atexit.unregister(self._stop_at_exit)
            self._thread = self._loop = self._stopping = None
            self.addresses, self.resp_addresses = [], []
            if self._given_directory is None and self.work_directory is not None:
                shutil.rmtree(self.work_directory, ignore_errors=True)
            self.work_directory = None
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure


def _keep_in_work_directory(namespace: NamespaceConfig) -> None:
    """Have the files of ``namespace`` in the work directory: a test must not touch those of a real node."""
    engine = namespace.storage_engine
    engine.file = tuple(f"{namespace.name}-{Path(each).name}" for each in engine.file)
