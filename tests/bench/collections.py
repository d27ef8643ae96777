"""Large lists and maps: CPU of an append to a list of 10 and of 10,000, and `build` while the largest ones are worked on.

Appends are requests in process and without a socket; medians of 1,000. The largest lists and maps are those that a record of
1 MiB holds; one connection has them sorted, searched by rank and value and written to without end, and another sends
`build` about every millisecond.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from asinfo.wire import frame, msgpack, request
from asinfo.wire.message import OP_CDT_MODIFY, OP_CDT_READ, op
from asinfo.wire.request import Key
from tests.bench.busy import latencies
from tests.bench.figures import distribution, figure
from tests.bench.lists import Shape, measure
from tests.bench.processes import asudfd, connect, directory, median, receive
from tests.fakes.world import World

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

REPEATS = 1000
SECONDS = 10.0
SMALL, LARGE = 10, 10_000


def run() -> None:
    """Record what an append takes, then how long `build` waits."""
    _appends()
    with directory() as home, asudfd(home / "state") as daemon:
        address = daemon.addresses[0]
        distribution("build, quiet node", latencies(address, SECONDS / 2), "ms")
        stop, stored = threading.Event(), threading.Event()
        done: list[int] = []
        thread = threading.Thread(target=_work, args=(address, stop, stored, done))
        thread.start()
        stored.wait()
        distribution(
            "build, the largest lists and maps", latencies(address, SECONDS), "ms", p99="at most 10 ms"
        )
        stop.set()
        thread.join()
    figure("operations on the largest lists and maps", len(done), "")
    figure("of these refused", sum(map(bool, done)), "", target="0")


def _appends() -> None:
    records = World().records
    found = {}
    for size in (SMALL, LARGE):
        shape = Shape("", [each * 7 % size for each in range(size)], [[1, 5]], writes=True)
        found[size] = median(measure(records, shape, REPEATS).microseconds)
    figure(f"append to a list of {SMALL}", found[SMALL], "us")
    figure(
        f"append to a list of {LARGE:,}",
        found[LARGE],
        "us",
        target="at most 5 x",
        ratio=found[LARGE] / found[SMALL],
        against=f"to one of {SMALL}",
    )


VALUES: dict[str, Any] = {
    "integers": [each * 7919 % 100 for each in range(1_000_000)],
    "wide": [each * 7919 % 65_536 for each in range(340_000)],
    "texts": [f"{each * 7919 % 9_000:0100}" for each in range(9_000)],
    "map": {f"{each:08}": each for each in range(70_000)},
}
"""Lists and maps that nearly fill a record."""

READS, WRITES = OP_CDT_READ, OP_CDT_MODIFY
OF_LISTS = (
    (WRITES, [13, 0]),
    (READS, [26, 5, 0]),
    (READS, [22, 5, 7]),
    (READS, [24, 3, 0]),
    (WRITES, [9, 0, 1]),
)
OF_MAPS = ((WRITES, [67, "00000001x", 1]), (READS, [106, 5, 0]), (WRITES, [76, 0, "00000001x"]))
"""Operations, with their codes: what clients call sort, by rank range, by value, by index range as ranks, set; put and remove."""


def _work(address: tuple[str, int], stop: threading.Event, stored: threading.Event, done: list[int]) -> None:
    bodies = [frame.pack(frame.MESSAGE, body) for body in _operations()]
    with connect(address) as sock:
        sock.settimeout(60)
        for name, value in VALUES.items():
            body = request.put(Key("test", "demo", name), {"b": value})
            done.append(_result(sock, frame.pack(frame.MESSAGE, body)))
        stored.set()
        while not stop.is_set():
            done += [_result(sock, body) for body in bodies if not stop.is_set()]


def _operations() -> Iterator[bytes]:
    for name in VALUES:
        for code, command in OF_MAPS if name == "map" else OF_LISTS:
            ops = [op(code, 4, b"b", msgpack.pack(command))]
            yield request.operate(Key("test", "demo", name), ops, reads=code == READS, writes=code == WRITES)


def _result(sock: socket.socket, body: bytes) -> int:
    sock.sendall(body)
    _, size = frame.unpack_header(receive(sock, frame.HEADER_SIZE))
    return request.reply(receive(sock, size)).result
