"""The rows of valkey_*.jsonl.gz: commands that a real Valkey 9.1.2 was sent, played to a server of ours.

`python -m tests.recorded.valkey GROUP... [--show N]` plays groups and prints the rows that fail.

A row is sent on a fresh connection, after FLUSHALL, FUNCTION FLUSH and SCRIPT FLUSH on another. It has either `send`, a
command; or `raw`, bytes, with `replies` (their number) and `closes`; or `steps` of several connections. Bytes are hex; in
lists of arguments each character is a byte. `mask` (patterns and what replaces them, on both sides) and `order` (elements
in any order) say what may differ.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import socket
import time
from typing import TYPE_CHECKING, NamedTuple

from asudfd.valkey.commands import import_families
from asudfd.valkey.server import ValkeyServer
from asudfd.valkey.settings import ValkeySettings
from asudfd.valkey.slots import StaticClusterView
from tests.recorded.verdict import Outcome, Row, Verdict, judged, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GROUPS = (
    "busy",
    "cluster",
    "connection",
    "data",
    "dump",
    "eval",
    "fcall",
    "function",
    "guide",
    "lua_api",
    "lua_more",
)

CLEAN = (("FLUSHALL",), ("FUNCTION", "FLUSH", "SYNC"), ("SCRIPT", "FLUSH", "SYNC"))

TIMEOUT = 10.0
"""Seconds after which a reply is taken as missing; generous, since the machine may be busy."""

PAUSE = 0.01
"""Seconds after which a server that was not busy is asked again."""

MEMBER = "7a" * 20
"""The id of the one member of a cluster."""

HASTY_TIMEOUT = 1.5
"""The same at a terminal, where many replies may be missing."""


class ConnectionOver(Exception):  # noqa: N818 - named for what happened
    """The server has closed the connection."""


class ReplyStream:
    """A connection that reads whole replies."""

    def __init__(self, address: tuple[str, int], protocol: int, timeout: float) -> None:
        self._socket = socket.create_connection(address, timeout=timeout)
        self.rest = bytearray()
        if protocol == 3:
            self.call(("HELLO", "3"))

    def call(self, arguments: Sequence[str]) -> bytes:
        self.send(command(arguments))
        return self.read()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def sends_no_more(self) -> None:
        """End the client's side of the stream; replies can still come."""
        self._socket.shutdown(socket.SHUT_WR)

    def read(self) -> bytes:
        """The next reply: it is whole when no element of it is missing."""
        at, missing = 0, 1
        while missing:
            end = self._line_end(at)
            mark, number = self.rest[at : at + 1], bytes(self.rest[at + 1 : end - 2])
            at, missing = end, missing - 1
            if mark in b"$!=" and int(number) >= 0:
                at = end + int(number) + 2
                while len(self.rest) < at:
                    self._fill()
            elif mark in b"*~>%|":
                missing += max(0, int(number)) * (2 if mark in b"%|" else 1) + (mark == b"|")
        reply = bytes(self.rest[:at])
        del self.rest[:at]
        return reply

    def ends(self) -> bool:
        """Whether the server closes the connection; what it sends before stays in ``rest``."""
        try:
            while True:
                self._fill()
        except TimeoutError:
            return False
        except (ConnectionOver, ConnectionError):
            return True

    def close(self) -> None:
        self._socket.close()

    def _line_end(self, at: int) -> int:
        while True:
            end = self.rest.find(b"\r\n", at)
            if end >= 0:
                return end + 2
            self._fill()

    def _fill(self) -> None:
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionOver
        self.rest += data


def command(arguments: Sequence[str]) -> bytes:
    """The bytes of a command, each character of which is a byte."""
    out = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        data = str(argument).encode("latin-1")
        out.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(out)


class RowPlayer:
    """Plays rows to a server at ``address``."""

    def __init__(self, address: tuple[str, int], timeout: float = TIMEOUT) -> None:
        self._address = address
        self._timeout = timeout
        self._control: ReplyStream | None = None

    def verdict(self, row: Row) -> Verdict:
        wanted, found = expected(row), self.play(row)
        same = len(wanted) == len(found) and all(
            want is None or _same(want, got, row) for want, got in zip(wanted, found, strict=True)
        )
        return judged(row["id"], (found, wanted), same=same)

    def play(self, row: Row) -> list[bytes]:
        """The replies to a row; where none came, what happened instead, in angle brackets."""
        self._call(CLEAN)
        found: list[bytes] = []
        connections = _Connections(self._address, row["proto"], self._timeout)
        try:
            for arguments in row.get("setup", ()):
                connections["a"].call(arguments)
            found.extend(_replies(row, connections))
        except ConnectionOver:
            found.append(b"<closed>")
        except (OSError, ValueError) as error:
            found.append(b"<%s>" % str(error).encode())
        finally:
            connections.close()
            self._call(row.get("teardown", ()))
        return found

    def close(self) -> None:
        if self._control:
            self._control.close()
        self._control = None

    def _call(self, commands: Sequence[Sequence[str]]) -> None:
        for _ in range(2):  # a row may have ended the connection of control
            try:
                self._control = self._control or ReplyStream(self._address, 2, self._timeout)
                for arguments in commands:
                    self._control.call(arguments)
            except (OSError, ConnectionOver):
                self.close()
            else:
                return


class _Connections:
    """The connections of a row, made when they are first used."""

    def __init__(self, address: tuple[str, int], protocol: int, timeout: float) -> None:
        self._address = address
        self._protocol = protocol
        self._timeout = timeout
        self._open: dict[str, ReplyStream] = {}

    def __getitem__(self, name: str) -> ReplyStream:
        if name not in self._open:
            self._open[name] = ReplyStream(self._address, self._protocol, self._timeout)
        return self._open[name]

    def await_busy(self, seconds: float) -> None:
        """Go on as soon as the server tells a bystander that it is busy, which is what a recorded pause is for, or after the pause."""
        end = time.monotonic() + seconds
        while not self["bystander"].call(["PING"]).startswith(b"-BUSY") and time.monotonic() < end:
            time.sleep(PAUSE)

    def close(self) -> None:
        for each in self._open.values():
            each.close()


def _replies(row: Row, connections: _Connections) -> Iterator[bytes]:
    if "steps" in row:
        for name, action, *rest in row["steps"]:
            yield from _step(connections, name, action, rest)
        return
    stream = connections["a"]
    if "send" in row:
        reply = stream.call(row["send"])
        yield reply + bytes(stream.rest)
        return
    stream.send(bytes.fromhex(row["raw"]))
    reply = b"".join(stream.read() for _ in range(row.get("replies", 1)))
    if row.get("closes"):
        reply += b"" if stream.ends() else b"<still open>"
        reply += bytes(stream.rest)
    yield reply


def _step(connections: _Connections, name: str, action: str, rest: list[object]) -> Iterator[bytes]:
    match action, rest:
        case "sleep", [float() | int() as seconds]:
            connections.await_busy(seconds)
        case "send", [list() as arguments, *_]:
            connections[name].send(command(arguments))
        case "raw", [str() as data, *_]:
            connections[name].send(bytes.fromhex(data))
        case "call", [list() as arguments, *_]:
            yield connections[name].call(arguments)
        case "read", _:
            yield connections[name].read()
        case "eof", _:
            yield b"EOF" if connections[name].ends() else b"OPEN"
        case _:
            raise ValueError(f"no step: {action}")


def expected(row: Row) -> list[bytes | None]:
    """The replies that were recorded; None: any."""
    if "steps" not in row:
        return [bytes.fromhex(row["reply"])]
    steps = [step for step in row["steps"] if step[1] in {"call", "read", "eof"}]
    replies = ["454f46" if step[1] == "eof" else step[-1] for step in steps]
    return [None if reply is None else bytes.fromhex(reply) for reply in replies]


def _same(wanted: bytes, found: bytes, row: Row) -> bool:
    for pattern, replacement in row.get("mask", ()):
        wanted, found = (
            re.sub(pattern, replacement, text.decode("latin-1")).encode("latin-1") for text in (wanted, found)
        )
    if wanted == found:
        return True
    order = row.get("order")
    if not order:
        return False
    with contextlib.suppress(ValueError, IndexError):
        return _sorted(_parse(wanted).value, order) == _sorted(_parse(found).value, order)
    return False


class _Parsed(NamedTuple):
    value: tuple[bytes, object]
    end: int


def _parse(data: bytes, at: int = 0) -> _Parsed:
    """The reply at ``at``, as its mark and its bytes or elements, and where it ends."""
    end = data.index(b"\r\n", at) + 2
    mark, text = data[at : at + 1], data[at + 1 : end - 2]
    if mark in b"$!=" and int(text) >= 0:
        size = int(text)
        return _Parsed((mark, data[end : end + size]), end + size + 2)
    if mark in b"*~>%":
        elements = []
        for _ in range(int(text) * (2 if mark == b"%" else 1)):
            element, end = _parse(data, end)
            elements.append(element)
        return _Parsed((mark, elements), end)
    return _Parsed((mark, text), end)


def _sorted(value: tuple[bytes, object], order: str, *, outermost: bool = True) -> str:
    """A text that is the same for replies that differ in an order that does not count."""
    mark, elements = value
    if not isinstance(elements, list):
        return repr(value)
    texts = [_sorted(each, order, outermost=False) for each in elements]
    if mark == b"%" or (order == "pairs" and outermost):
        texts = [f"{key}: {each}" for key, each in zip(texts[::2], texts[1::2], strict=True)]
    return repr((mark, sorted(texts) if outermost or order == "deep" else texts))


@contextlib.contextmanager
def serving(faults: list[str], *, clustered: bool = False) -> Iterator[tuple[str, int]]:
    """The address of a server of ours in this process; ``faults`` gets what it would log.

    Commands are imported here: pytest parses what it imports, and in Python 3.11 two threads cannot parse at the same time.
    """
    for _ in import_families():
        pass
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = ValkeyServer(ValkeySettings(), faults.append)
        server.listen(listening)
        if clustered:
            server.state.join(StaticClusterView(MEMBER, {MEMBER: ("", 7000)}))
        server.start()
        server.accept()
        try:
            yield listening.getsockname()
        finally:
            server.stop()


def verdicts(group: str, timeout: float = TIMEOUT) -> Iterator[Verdict]:
    """How each row of a group is answered, by a fresh server; last, its faults as rows of their own."""
    faults: list[str] = []
    with serving(faults, clustered=group == "cluster") as address:
        player = RowPlayer(address, timeout)
        for row in read(f"valkey_{group}.jsonl.gz"):
            yield player.verdict(row)
        player.close()
    for fault in faults:
        if fault.startswith(("a fault", "a command has failed")):
            yield judged("fault", fault, same=False)


def main() -> None:
    """Play groups."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("groups", nargs="*", default=GROUPS)
    parser.add_argument("--show", type=int, default=1000)
    options = parser.parse_args()
    for group in options.groups:
        found = [*verdicts(group, HASTY_TIMEOUT)]
        wrong = [each for each in found if each.outcome is not Outcome.SAME]
        print(f"{group}: {len(found) - len(wrong)} of {len(found)}")
        print(*(f"  {each.row}: {each.found[:1500]}" for each in wrong[: options.show]), sep="\n")


if __name__ == "__main__":
    main()
