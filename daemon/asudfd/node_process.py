"""A node as a process of its own, for tests: it ends with the program that has started it, however that ends.

`asudfd run-with` runs a command that waits until its standard input ends, which is a pipe that this program holds. A client
library that keeps Python's lock while it waits can use such a node, as it could not one in a thread of the same program.
"""

from __future__ import annotations

import contextlib
import select
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from asinfo.errors import Error
from asinfo.wire import frame, info
from asinfo.wire.failure import explain
from asinfo.wire.udf import put

if TYPE_CHECKING:
    from collections.abc import Sequence

START_SECONDS = 60.0
"""How long a start may take: a fraction of a second, on a machine that is not busy."""

STOP_SECONDS = 15.0
"""How long a stop may take before the process is killed."""

ANSWER_SECONDS = 30.0
"""How long an info command may take."""

_WAIT = 'echo "$ASUDF_ADDRESSES"; exec cat >/dev/null'
"""The command beside the node: it says where that is, and waits for the end of its input."""


class NodeProcess:
    """A node in memory on a free port of 127.0.0.1, or ``nodes`` of them as one cluster.

    ``options`` are those of `asudfd run-with`. Use it in a with statement, or `start` and `stop`.
    """

    def __init__(self, nodes: int = 1, options: Sequence[str] = ()) -> None:
        self.addresses: list[tuple[str, int]] = []
        """Host and port of each node, while they run."""
        self._nodes = nodes
        self._options = options
        self._stack = contextlib.ExitStack()
        self._log = Path()
        self._registered: dict[str, bytes] = {}

    @property
    def host(self) -> str:
        """The address of the first node."""
        (host, _), *_ = self.addresses
        return host

    @property
    def port(self) -> int:
        """The port of the first node."""
        (_, port), *_ = self.addresses
        return port

    def start(self) -> None:
        """Return when clients are served. Raises Error with the node's own words where it cannot start."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        directory = Path(self._stack.enter_context(TemporaryDirectory(prefix="asudf-")))
        self._log, said = directory / "node.log", directory / "stderr"
        errors = self._stack.enter_context(said.open("wb"))
        options = [*self._options, "--nodes", str(self._nodes), "--log", str(self._log)]
        process = subprocess.Popen(
            [
                sys.executable, "-m", "asudfd.cli", "run-with", *options, "--env", "ASUDF_ADDRESSES={addresses}", "--",
                "sh", "-c", _WAIT,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )  # fmt: skip
        self._stack.callback(_end, process)
        assert process.stdout is not None
        poll = select.poll()  # a process with tests may have more files than select takes
        poll.register(process.stdout, select.POLLIN)
        if not poll.poll(START_SECONDS * 1000):
            raise Error(f"the node has not started within {START_SECONDS:g} s")
        line = process.stdout.readline().decode()
        if not line.strip():
            raise Error(said.read_text(errors="replace").strip() or "the node has not started")
        places = (each.rpartition(":") for each in line.strip().split(","))
        self.addresses = [(host, int(port)) for host, _, port in places]

    def stop(self) -> None:
        """Return when the process is gone."""
        self.addresses = []
        self._registered.clear()
        self._stack.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def info(self, *commands: str) -> list[str]:
        """The answers of the first node to info commands. Raises Error where one is an error."""
        __tracebackhide__ = True  # pytest shows who has asked
        asked = [command.encode("utf-8", "surrogateescape") for command in commands]
        found = _answers(self.addresses[0], asked)
        for command, answer in zip(commands, found, strict=True):
            if info.is_error(answer):
                raise Error(f"{command.partition(':')[0]}: {explain(answer)}")
        return [answer.decode("utf-8", "surrogateescape") for answer in found]

    def put_udf(self, name: str, source: bytes) -> None:
        """Register a module, unless it was registered as it is. Raises Error, which says what does not compile."""
        __tracebackhide__ = True
        if self._registered.get(name) == source:
            return
        self.info(put(name.encode("utf-8", "surrogateescape"), source).decode("utf-8", "surrogateescape"))
        self._registered[name] = source

    def truncate(self) -> None:
        """Remove the records of every namespace."""
        (names,) = self.info("namespaces")
        self.info(*(f"truncate-namespace:namespace={name}" for name in names.split(";") if name))

    def mark_log(self, text: str) -> None:
        """Write a line into the log; behind it warnings are told that came before it, too."""
        for address in self.addresses:
            _answers(address, [b"log-message:message=" + text.encode()])

    def log_size(self) -> int:
        """Bytes of the log as it is now."""
        return self._log.stat().st_size if self.addresses else 0

    def log_since(self, size: int) -> str:
        """The lines of the log behind so many bytes."""
        with self._log.open("rb") as file:
            file.seek(size)
            return file.read().decode("utf-8", "backslashreplace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Have a node's process end, and wait for that."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def _answers(address: tuple[str, int], commands: list[bytes]) -> list[bytes]:
    return info.answers(_exchange(address, info.request(commands)), commands)


def _exchange(address: tuple[str, int], body: bytes) -> bytes:
    """The reply to an info request, on a connection of its own."""
    with socket.create_connection(address, timeout=ANSWER_SECONDS) as connection:
        connection.sendall(frame.pack(frame.INFO, body))
        with connection.makefile("rb") as stream:
            _, size = frame.unpack_header(stream.read(frame.HEADER_SIZE))
            return stream.read(size)
