"""Calls `increment` of counter.lua on some records, over one connection: what `make demo` has in place of an application.

    python -m docs.demo_calls HOST:PORT CALLS

An application uses one of the client libraries of docs/clients.md; the demonstration needs none installed.
"""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

from asinfo.wire import frame, request

if TYPE_CHECKING:
    from typing import BinaryIO

SECONDS_MAX = 10.0
POLICY = request.Policy(limit=5000)  # the machine may be busy


def increment(connection: socket.socket, stream: BinaryIO, visitor: str) -> object:
    """Add 1 to the bin `visits` of a record in the node; the new number."""
    key = request.Key("test", "visitors", visitor)
    connection.sendall(
        frame.pack(frame.MESSAGE, request.apply(key, "counter", "increment", ["visits", 1], POLICY))
    )
    _, size = frame.unpack_header(stream.read(frame.HEADER_SIZE))
    answer = request.reply(stream.read(size))
    if "SUCCESS" not in answer.bins:
        raise SystemExit(f"increment of {visitor}: result {answer.result} {answer.bins}")
    return answer.bins["SUCCESS"]


def main(address: str, calls: str) -> None:
    """Each call is about a record of its own; the records lie on all nodes of the cluster."""
    host, _, port = address.rpartition(":")
    with (
        socket.create_connection((host, int(port)), timeout=SECONDS_MAX) as connection,
        connection.makefile("rb") as stream,
    ):
        visits = [increment(connection, stream, f"visitor{number}") for number in range(int(calls))]
    print(f"{calls} calls, answers {visits[0]} to {visits[-1]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
