"""A load generator of record requests: CONNECTIONS connections, one request in flight on each, one process, one epoll.

`python -m tests.bench.records_load HOST PORT CONNECTIONS KIND SECONDS` prints how many were answered; the kinds are those of `frames`.
"""

from __future__ import annotations

import os
import select
import sys
import time
from itertools import cycle, islice
from typing import TYPE_CHECKING

from asinfo.wire import frame, request
from tests.bench.load import CORE
from tests.bench.processes import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from asinfo.wire.particle import Value

KEYS = 64
MODULE = b"""
function increment(rec, bin_name, amount)
    if aerospike:exists(rec) then
        rec[bin_name] = rec[bin_name] + amount
        aerospike:update(rec)
    else
        rec[bin_name] = amount
        aerospike:create(rec)
    end
    return rec[bin_name]
end

function push(rec, bin_name, value)
    local values = rec[bin_name]
    list.append(values, value)
    list.remove(values, 1)
    rec[bin_name] = values
    aerospike:update(rec)
    return #values
end

function loop(rec, count)
    local sum = 0
    for number = 1, count do sum = sum + number end
    return sum
end

function forever(rec) while true do end end
"""
ITERATIONS = 100_000
TEN: dict[str, Value] = {"values": [*range(10)]}
SMALL: dict[str, Value] = {"count": 1, "name": "a small record"}


def key(number: int, set_name: str) -> request.Key:
    """One of the keys that all requests are about."""
    return request.Key("test", set_name, f"key{number}")


def frames(kind: str) -> list[bytes]:
    """A ready-made request for every key."""
    make: dict[str, Callable[[int], bytes]] = {
        "apply": lambda number: request.apply(key(number, "applied"), "bench", "increment", ["count", 1]),
        "get": lambda number: request.get(key(number, "small")),
        "put": lambda number: request.put(key(number, "small"), SMALL),
        "put1": lambda number: request.put(key(number, "applied"), {"count": number}),
        "push": lambda number: request.apply(key(number, "ten"), "bench", "push", ["values", number]),
        "put1k": lambda number: request.put(key(number, "large"), {"data": b"x" * 1024}),
        "loop": lambda number: request.apply(key(number, "applied"), "bench", "loop", [ITERATIONS]),
    }
    return [frame.pack(frame.MESSAGE, make[kind](number)) for number in range(KEYS)]


def load(address: tuple[str, int], connections: int, kind: str, seconds: float) -> int:
    """Requests answered within ``seconds``; each connection takes the keys in turn, beginning with its own."""
    requests = frames(kind)
    sockets = [connect(address) for _ in range(connections)]
    sockets[0].sendall(requests[0])
    reply_size = len(sockets[0].recv(65536))  # the same for all requests of a kind
    epoll = select.epoll()
    numbers = {}
    for number, sock in enumerate(sockets):
        following = islice(cycle(requests), number % KEYS, None)
        numbers[sock.fileno()] = (sock.recv, sock.send, following.__next__)
        sock.setblocking(False)
        epoll.register(sock.fileno(), select.EPOLLIN)
        sock.send(next(following))
    answered = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for number, _ in epoll.poll():
            recv, send, take = numbers[number]
            reply = recv(65536)
            if len(reply) != reply_size:
                raise SystemExit(f"a reply of {len(reply)} bytes, not {reply_size}: {reply!r}")
            answered += 1
            send(take())
    return answered


if __name__ == "__main__":
    host, port, connections, kind, seconds = sys.argv[1:]
    os.sched_setaffinity(0, {CORE})
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))  # nor does it preempt the node
    print(load((host, int(port)), int(connections), kind, float(seconds)))
