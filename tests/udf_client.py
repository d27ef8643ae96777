"""One connection of a client that calls functions, and how long each call took."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Self

from asinfo.wire import frame, request
from asinfo.wire.request import Key, Policy, RecordReply
from asinfo.wire.udf import put
from tests.processes import Daemon, receive_exactly

if TYPE_CHECKING:
    from asinfo.wire.particle import Value

LIMIT_MS = 60_000
"""Of a call that is to end by itself, however busy the machine is."""

TIMED_OUT = {"FAILURE": "UDF Execution Timeout"}


class Ended(NamedTuple):
    """What a call came to, after how many seconds, and its result code."""

    bins: dict[str, Value]
    seconds: float
    code: int


class UdfClient:
    """Sends record messages, one after the other."""

    def __init__(self, daemon: Daemon) -> None:
        self.socket = daemon.connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, body: bytes) -> RecordReply:
        """The answer to a request on one record."""
        self.begin(body)
        return self.answer()

    def begin(self, body: bytes) -> None:
        """Send a request, whose `answer` is read later."""
        self.socket.sendall(frame.pack(frame.MESSAGE, body))

    def answer(self) -> RecordReply:
        """The answer to the request that waits longest."""
        kind, size = frame.unpack_header(receive_exactly(self.socket, frame.HEADER_SIZE))
        assert kind == frame.MESSAGE
        return request.reply(receive_exactly(self.socket, size))

    def call(
        self, module: str, function: str, *arguments: Value, key: int | str = 0, limit: int = LIMIT_MS
    ) -> Ended:
        """Call a function on the record ``key``."""
        began = time.monotonic()
        reply = self.ask(apply(module, function, *arguments, key=key, limit=limit))
        return Ended(reply.bins, time.monotonic() - began, reply.result)


def apply(module: str, function: str, *arguments: Value, key: int | str = 0, limit: int = LIMIT_MS) -> bytes:
    """The message of a call."""
    return request.apply(Key("test", "s", key), module, function, arguments, Policy(limit=limit))


def register(daemon: Daemon, name: str, source: bytes) -> None:
    """Put the module ``name``.lua."""
    answer = daemon.ask(put(name.encode() + b".lua", source) + b"\n")
    assert answer.endswith(b"\tok\n"), answer
