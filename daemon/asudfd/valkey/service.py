"""Valkey's protocol as a service of a node: its port, its thread, and what it shares with the node."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from asudfd.config.schema import Level
from asudfd.config.schema.network import NO_PORT
from asudfd.config.schema.valkey import FILE
from asudfd.errors import StartError
from asudfd.figures.figure import FigureGroup
from asudfd.valkey.reply import CommandFailed
from asudfd.valkey.server import ValkeyServer
from asudfd.valkey.settings import settings_of
from asudfd.valkey.slots import StaticClusterView, cluster_id
from asudfd.valkey.smd_store import SmdLibraryStore
from asudfd.valkey.text_check import TextChecker

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import FrameType
    from typing import Any

    from asudfd.cluster.cluster import Member
    from asudfd.config.schema import Config
    from asudfd.config.schema.network import RespPorts
    from asudfd.lua.worker.supply import WorkerSupply
    from asudfd.network.listener import Bind
    from asudfd.node import Node
    from asudfd.valkey.journal import KeyspaceJournal
    from asudfd.valkey.preload import PreloadedLibrary

CONTEXT = "udf"
"""Context of the log lines: the node's names for contexts are Aerospike's, and this one is about Lua."""

POSITION = "valkey"
"""What stands for the place in the source in log lines."""

LEVELS = (Level.DETAIL, Level.DEBUG, Level.INFO, Level.WARNING)
"""The node's level for each of Valkey's: debug, verbose, notice, warning."""


class _BoundSocket(NamedTuple):
    """A socket that is bound to a port, and the TLS that is spoken there."""

    socket: socket.socket
    tls: ssl.SSLContext | None


class ValkeyService:
    """Serves ``node`` on ``ports``; ``bind`` and ``bind_tls`` make the listening sockets.

    ``stores`` has the stores of libraries of all nodes of this process. ``shutdown`` ends the process; it is called on the event
    loop, and None refuses SHUTDOWN. ``supply`` makes the processes in which texts are checked.
    """

    label = "resp"

    def __init__(
        self,
        node: Node,
        ports: RespPorts,
        bind: Bind,
        bind_tls: Bind,
        *,
        stores: list[SmdLibraryStore],
        shutdown: Callable[[], None] | None,
        supply: WorkerSupply,
    ) -> None:
        self._node = node
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tls = _tls_context(node.config) if ports.tls != NO_PORT else None
        self._bound: list[_BoundSocket] = []
        self._bind(bind, ports.plain, None)
        self._bind(bind_tls, ports.tls, self._tls)
        self._server = ValkeyServer(settings_of(node.config.resp), self._warn)
        self._server.state.log = self._log
        self._shutdown = shutdown
        if shutdown is not None:
            self._server.state.shutdown = self._ask_for_shutdown
        self._store = SmdLibraryStore(node.smd, self._server.reactor, self._server.state.libraries, stores)
        self._server.state.libraries.store = self._store
        self._checker = TextChecker(supply, self._server.reactor, self._warn)
        self._server.state.texts.use(self._checker)
        self._preloaded = _libraries_of(node) if len(stores) == 1 else []

    @property
    def address(self) -> tuple[str, int]:
        """Where the plain port is bound, with the real port; that for TLS if it is the only one."""
        host, port = self._bound[0].socket.getsockname()[:2]
        return host, port

    @property
    def ports(self) -> tuple[int, int]:
        """The real ports, plain and for TLS; 0 for what there is not."""
        found = {bool(each.tls): each.socket.getsockname()[1] for each in self._bound}
        return found.get(False, 0), found.get(True, 0)

    def listen(self) -> None:
        """Let clients connect; they are served after `start`. Raises StartError."""
        for bound in self._bound:
            self._server.listen(*bound)

    async def start(self) -> None:
        """Serve clients from now on, when the keys and the libraries are there that have been stored. Raises StartError."""
        self._loop = asyncio.get_running_loop()
        if self._node.config.resp.storage == FILE:
            await asyncio.to_thread(self._open_journal)
        else:
            self._server.state.make_journal = self._make_journal
        self._store.attach(self._loop)
        self._checker.attach(self._loop)
        self._server.start()
        if self._preloaded:
            await self._preload()
        self._server.accept()

    async def stop(self, seconds: float) -> None:
        """Stop accepting, wait up to ``seconds`` for a function that runs, close every connection."""
        self._store.detach()
        self._checker.stop()
        await asyncio.to_thread(self._server.stop, seconds)

    async def close(self) -> None:
        """Release the port and the thread."""
        await self.stop(0)
        self._loop = None
        for bound in self._bound:
            bound.socket.close()

    def members_changed(self, members: Sequence[Member]) -> None:
        """These are the live members of the cluster now; those with a port for Valkey's protocol share the slots.

        A node that shares nothing with others is no cluster: clients then may use several databases.
        """
        node = self._node
        if not node.smd.shared and len(node.cluster.here) < 2:
            return
        addresses = {
            cluster_id(each.id): (each.host, each.resp_port, each.resp_tls_port)
            for each in members
            if each.resp_port or each.resp_tls_port
        }
        view = StaticClusterView(cluster_id(node.id), addresses, node.cluster.generation)
        self._server.reactor.call_soon_threadsafe(partial(self._server.state.join, view))

    def figure_groups(self) -> Iterable[FigureGroup]:
        """Its figures under the names of the redis exporter, as they were a second ago."""
        host, port = self.address
        labels = {"addr": f"{host}:{port}"}
        return (FigureGroup("redis", labels, self._server.figures),)

    def blocks(self, _frame: FrameType) -> str | None:
        """Nothing: it has a thread of its own."""
        return None

    def client_of(self, _task: asyncio.Task[Any]) -> str:
        """No client: its requests are no tasks."""
        return ""

    def _bind(self, bind: Bind, port: int, tls: ssl.SSLContext | None) -> None:
        """Have a port that is asked for. Raises StartError."""
        if port != NO_PORT:
            address = self._node.config.network.resp.listen_address
            self._bound.append(_BoundSocket(bind(address, port), tls))

    def _open_journal(self) -> None:
        """Read the keys that have been stored, and keep those that come. Raises StartError."""
        from asudfd.valkey.journal import ALWAYS, EVERY_SECOND  # for nodes that store keys

        state = self._server.state
        state.journal = self._make_journal()
        state.journal.open()
        state.settings.pin("appendonly", "yes")
        state.settings.pin("appendfsync", ALWAYS if self._node.config.resp.commit_to_device else EVERY_SECOND)
        state.apply_settings()

    def _make_journal(self) -> KeyspaceJournal:
        from asudfd.valkey.journal import KeyspaceJournal  # for nodes that store keys

        node, state = self._node, self._server.state
        path = Path(node.config.service.work_directory) / f"valkey-{node.id}.journal"
        sync = node.config.resp.commit_to_device
        return KeyspaceJournal(path, state.engine, self._server.reactor, self._warn, sync=sync)

    async def _preload(self) -> None:
        """Load the libraries that the node is started with. Raises StartError."""
        loop, loaded = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

        def load() -> None:
            told = ""
            try:
                self._load_preloaded()
            except StartError as error:
                told = str(error)
            except Exception as error:
                told = f"the libraries of {self._node.config.resp.functions} cannot be loaded: {error}"
                raise
            finally:
                loop.call_soon_threadsafe(loaded.set_result, told)

        self._server.reactor.call_soon_threadsafe(load)
        if told := await loaded:
            raise StartError(told)

    def _load_preloaded(self) -> None:
        """Load them, all or none, in the thread of the server. Raises StartError, with the file that is to blame if one is."""
        place = ""

        def codes() -> Iterator[bytes]:
            nonlocal place
            for library in self._preloaded:
                place = library.file
                yield library.code
            place = ""

        try:
            self._server.state.libraries.restore(codes(), "replace")
        except CommandFailed as error:
            why = error.reply.text.decode("utf-8", "backslashreplace").removeprefix("ERR ")
            what = (
                f"the library of {place}" if place else f"the libraries of {self._node.config.resp.functions}"
            )
            raise StartError(f"{what} cannot be loaded: {why}") from None

    def _ask_for_shutdown(self) -> None:
        """A client asks for the end of the node."""
        if self._loop is not None and self._shutdown is not None:
            self._loop.call_soon_threadsafe(self._shutdown)

    def _log(self, level: int, text: bytes) -> None:
        self._write(LEVELS[level], text.decode("utf-8", "backslashreplace"))

    def _warn(self, text: str) -> None:
        self._write(Level.WARNING, text)

    def _write(self, level: Level, text: str) -> None:
        """Log a line; the log belongs to the event loop."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._node.log.write, level, CONTEXT, text, POSITION)


def _libraries_of(node: Node) -> list[PreloadedLibrary]:
    """The libraries that ``node`` is started with, the first of a process, whose nodes share them. Raises StartError."""
    if not node.config.resp.functions:
        return []
    from asudfd.valkey.preload import read_libraries

    return read_libraries(node.config.resp.functions)


def _tls_context(config: Config) -> ssl.SSLContext:
    """The TLS of the port for it. Raises StartError."""
    from asudfd.network.tls import TlsFiles, server_context  # for those who ask for it

    tls = config.network.tls
    return server_context(
        TlsFiles(tls.cert_file, tls.key_file, tls.ca_file, config.network.resp.tls_auth_clients)
    )
