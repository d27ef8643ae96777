"""A load generator: CONNECTIONS connections, PIPELINE requests in flight on each, one process, one epoll.

`python -m tests.bench.load HOST PORT CONNECTIONS PIPELINE KIND SECONDS` prints how many requests were answered.
"""

from __future__ import annotations

import os
import select
import sys
import time
from typing import TYPE_CHECKING

from asinfo.wire import frame
from asinfo.wire.resp_frame import command
from tests.bench.processes import connect

if TYPE_CHECKING:
    import socket

CORE = 0
REQUESTS = {
    "info": frame.pack(frame.INFO, b"build\n"),
    "resp": command("PING"),
    "SET": command("SET", "k", "v"),
    "trivial": command("FCALL", "trivial", 0),
    "set": command("FCALL", "set", 1, "k", "v"),
    "my_hset": command("FCALL", "my_hset", 1, "h", "field", "some value", "another", "another value"),
    "ten": command("FCALL", "ten", 1, "k", "v"),
}


def load(address: tuple[str, int], connections: int, pipeline: int, kind: str, seconds: float) -> int:
    """Requests answered within ``seconds``."""
    request = REQUESTS[kind]
    sockets = [connect(address) for _ in range(connections)]
    reply_size = _reply_size(sockets[0], request)
    epoll = select.epoll()
    by_number = {sock.fileno(): sock for sock in sockets}
    batch, batch_size = request * pipeline, reply_size * pipeline
    missing = dict.fromkeys(by_number, batch_size)
    for number, sock in by_number.items():
        sock.setblocking(False)
        epoll.register(number, select.EPOLLIN)
        sock.send(batch)
    batches = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for number, _ in epoll.poll():
            sock = by_number[number]
            left = missing[number] - len(sock.recv(262_144))
            if left:
                missing[number] = left
                continue
            missing[number] = batch_size
            batches += 1
            sock.send(batch)
    return batches * pipeline


def _reply_size(sock: socket.socket, request: bytes) -> int:
    """Size in bytes of one reply; every reply of a run is the same."""
    sock.sendall(request)
    return len(sock.recv(65536))


if __name__ == "__main__":
    host, port, connections, pipeline, kind, seconds = sys.argv[1:]
    os.sched_setaffinity(0, {CORE})
    print(load((host, int(port)), int(connections), int(pipeline), kind, float(seconds)))
