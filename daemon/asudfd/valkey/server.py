"""The Valkey face of one node: its keyspace, its clients, and the thread in which both live.

Everything but `listen`, `start` and `stop` belongs to that thread. The node's event loop goes on whatever a function does:
Lua runs without Python's lock.
"""

from __future__ import annotations

import threading
import time
import traceback
from typing import TYPE_CHECKING

from asudfd.network.listener import listen
from asudfd.network.reactor import Reactor
from asudfd.network.socket_connection import SocketConnection, SocketConnections
from asudfd.network.socket_listener import SocketListener
from asudfd.valkey.commands import handlers, import_families
from asudfd.valkey.conversation import RespConversation
from asudfd.valkey.dispatch import Dispatcher
from asudfd.valkey.state import ServerState

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

    from asudfd.figures.figure import Figure
    from asudfd.valkey.settings import ValkeySettings

SWEEP_SECONDS = 0.1
"""How often keys whose time is over are looked for; the real server does so ten times a second by default."""

FIGURES_SECONDS = 1.0
"""How old figures for the metrics may be; who scrapes does so every 15 seconds or more."""

SWEEP_KEYS = 200
"""Keys that one sweep looks at in each database: some 20 us."""

MAX_CLIENTS = b"-ERR max number of clients reached\r\n"


class ValkeyServer:
    """Serves the clients of listening sockets with one keyspace. ``warn`` is told of faults, in a sentence."""

    def __init__(self, settings: ValkeySettings, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self.reactor = Reactor(self._on_fault)
        self.state = ServerState(settings, self.reactor, warn)
        self._dispatcher = Dispatcher(self.state, handlers())
        self._listeners: list[SocketListener] = []
        self._plain: dict[str, SocketListener] = {}  # those without TLS by their addresses
        self._connections = SocketConnections()
        self._thread: threading.Thread | None = None
        self.figures: tuple[Figure, ...] = ()
        """For the metrics, taken once in a while; any thread may read it."""
        self._figured = 0.0
        self._imports = import_families()

    def listen(self, listening: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        """Serve the clients of ``listening``, a socket that is bound, from `start` on; over TLS if there is a ``tls``.

        Raises StartError: another may listen there by now.
        """
        listen(listening)
        host, port = listening.getsockname()[:2]
        self.state.settings.pin("bind", host)
        self.state.settings.pin("tls-port" if tls else "port", str(port))
        self._listeners.append(self._listener(listening, tls))
        if tls is None:
            self._plain[host] = self._listeners[-1]
            self.state.rebind = self.rebind
        self.state.refused_connections = lambda: sum(each.refused for each in self._listeners)

    def rebind(self, hosts: list[str]) -> None:
        """Listen on the port for connections without TLS at these addresses, and at no others. Raises OSError or ValueError, and changes nothing then.

        To be called in the thread of the face, while clients are served.
        """
        port = int(self.state.settings.text("port"))
        made: dict[str, socket.socket] = {}
        try:
            for host in hosts:
                if host not in self._plain:
                    made[host] = _listening_socket(host, port)
        except (OSError, ValueError):
            for each in made.values():
                each.close()
            raise
        for host, listening in made.items():
            self._plain[host] = self._listener(listening, None)
            self._listeners.append(self._plain[host])
            self._plain[host].start()
        for host in self._plain.keys() - hosts:
            listener = self._plain.pop(host)
            self._listeners.remove(listener)
            listener.stop()

    def _listener(self, listening: socket.socket, tls: ssl.SSLContext | None) -> SocketListener:
        settings, connected, connections = self.state.settings, self._connected, self._connections
        if tls is None:
            return SocketListener(
                self.reactor, listening, settings, connected, MAX_CLIENTS, connections=connections
            )
        from asudfd.network.tls import TlsListener  # for those who ask for it

        return TlsListener(self.reactor, listening, settings, connected, connections=connections, context=tls)

    def start(self) -> None:
        """Start the thread; clients are served from `accept` on."""
        self._thread = threading.Thread(target=self.reactor.run, name="valkey", daemon=True)
        self._thread.start()

    def accept(self) -> None:
        """Serve clients from now on."""
        self.reactor.call_soon_threadsafe(self.state.libraries.forget_elsewhere)
        for listener in self._listeners:
            self.reactor.call_soon_threadsafe(listener.start)
        self.reactor.call_soon_threadsafe(self._sweep_later)

    def stop(self, seconds: float = 0) -> None:
        """Serve nobody more; returns when the thread has ended. A function may run on for ``seconds``."""
        if self._thread:
            self.reactor.stop()
            self._thread.join(seconds)
            if self._thread.is_alive():
                self.state.end_script()
            self._thread.join()
            self._thread = None
            self._close()

    def _close(self) -> None:
        for connection in tuple(self._connections):
            connection.cut()
        for listener in self._listeners:
            listener.stop()
        if self.state.journal:
            self.state.journal.close()
        self.reactor.close()

    def _connected(self, connection: SocketConnection) -> RespConversation:
        return RespConversation(self._dispatcher, self.state.connected(connection))

    def _sweep(self) -> None:
        try:
            if (
                not self.state.running.busy
            ):  # a function holds the keyspace, and this is called from inside it
                self._sweep_keys()
        finally:
            self._sweep_later()

    def _sweep_later(self) -> None:
        self.reactor.call_later(SWEEP_SECONDS, self._sweep)

    def _sweep_keys(self) -> None:
        lua = self.state.engine.lua
        lua[b"state"][b"now"] = self.state.now()
        if self.state.sweeps and self.state.settings.text("import-mode") == "no":
            lua[b"sweep"](SWEEP_KEYS)
            lua[b"sweep_fields"](SWEEP_KEYS)
        lua[b"return_memory"]()
        if self.state.ready:
            self.state.blocked.serve()
        if self.state.is_written() and self.state.journal:
            self.state.journal.compact_if_due()
        now = time.monotonic()
        if self.state.journal:
            self.state.journal.confirm_if_due(now)
        self.state.statistics.sample(now)
        if now - self._figured > FIGURES_SECONDS:
            from asudfd.valkey.metrics import take_figures  # not at the start

            self.figures, self._figured = take_figures(self.state), now
        if self._listeners:
            self._listeners[0].close_idle(now)  # the connections of all
        next(self._imports, None)  # a millisecond or two each

    def _on_fault(self, error: BaseException) -> None:
        where = "".join(traceback.format_exception(error))
        self._warn(f"a fault in the Valkey face: {where}")


def _listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens at an address. Raises OSError, and ValueError for what is none: a name may take long to look up."""
    import ipaddress  # for CONFIG SET bind
    import socket

    family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    listening = socket.create_server((host, port), family=family)
    listen(listening)
    return listening
