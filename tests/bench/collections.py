"""Large lists and maps: CPU of appends to lists of 10 and of 10,000, and `build` while the largest ones are worked on.

Appends are requests in process and without a socket; medians of 1,000, and of 50 where a thread does them, which is that of many
values. The largest lists and maps are those that a record of 1 MiB holds. Without end one connection has them sorted, searched by
rank and value and written to; then it puts them; then it reads them with filters, in queries, too; then it does so with regions of
geo JSON. Another sends `build` about every millisecond.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from asinfo.wire import expression as x
from asinfo.wire import frame, message, msgpack, request
from asinfo.wire.digest import PARTITIONS
from asinfo.wire.message import (
    FIELD_FILTER,
    FIELD_NAMESPACE,
    FIELD_PARTITIONS,
    FIELD_SET,
    INFO1_NO_BINS,
    INFO1_READ,
    INFO3_PARTITION_DONE,
    OP_CDT_MODIFY,
    OP_CDT_READ,
    op,
)
from asinfo.wire.msgpack import ORDERED, GeoJSON, MarkedList, Raw
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from tests.bench.busy import latencies
from tests.bench.figures import distribution, figure
from tests.bench.lists import Shape, measure
from tests.bench.processes import asudfd, connect, directory, median, receive
from tests.fakes.world import World

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

REPEATS, REPEATS_OF_MANY = 1000, 50
SECONDS = 10.0
SMALL, LARGE = 10, 10_000
_INFO3 = frame.HEADER_SIZE + 3
"""Where a frame says whether it is a query: nothing else here has flags there."""

ALL = b"".join(number.to_bytes(2, "little") for number in range(PARTITIONS))
ANSWERS = frozenset((Result.OK, Result.FILTERED_OUT))
"""Results of requests that were not refused."""


def run() -> None:
    """Record what an append takes, then how long `build` waits."""
    _appends()
    with directory() as home, asudfd(home / "state") as daemon:
        address = daemon.addresses[0]
        distribution("build, quiet node", latencies(address, SECONDS / 2), "ms")
        puts = _bodies(_puts())
        with connect(address) as sock:
            results = [_result(sock, body) for body in puts]
        for label, bodies in (
            ("operations", _bodies(_operations())),
            ("puts", puts),
            ("filters", _bodies(_filters())),
            ("regions", _bodies(_regions())),
        ):
            results += _beside(address, label, bodies)
    figure("requests on the largest lists and maps", len(results), "")
    figure("of these refused", sum(result not in ANSWERS for result in results), "", target="0")


def _beside(address: tuple[str, int], label: str, bodies: list[bytes]) -> list[int]:
    """Record how long `build` waits while these requests are sent again and again; their results."""
    stop = threading.Event()
    done: list[int] = []
    thread = threading.Thread(target=_work, args=(address, bodies, stop, done))
    thread.start()
    name = f"build, {label} on the largest lists and maps"
    distribution(name, latencies(address, SECONDS), "ms", p99="at most 10 ms")
    stop.set()
    thread.join()
    figure(f"{label} done meanwhile", len(done), "")
    return done


def _appends() -> None:
    world = World()
    _append_one(world, "a list", lambda size: [each * 7 % size for each in range(size)], "at most 5 x")
    _append_one(world, "an ordered list", _ordered)
    many = median([_append_many(world) for _ in range(REPEATS_OF_MANY)])
    figure(f"append of {LARGE:,} values to an ordered list of {LARGE:,}", many / 1e3, "ms")


def _append_one(
    world: World, name: str, values: Callable[[int], list[int]], target: str | None = None
) -> None:
    """Record what it takes to append a value to a small and to a large list."""
    small, large = (
        median(measure(world, Shape("", values(size), [[1, 5]], writes=True), REPEATS).microseconds)
        for size in (SMALL, LARGE)
    )
    figure(f"append to {name} of {SMALL}", small, "us")
    against = f"to one of {SMALL}"
    figure(f"append to {name} of {LARGE:,}", large, "us", target=target, ratio=large / small, against=against)


def _ordered(size: int) -> list[int]:
    return MarkedList(range(size), ORDERED)


def _append_many(world: World) -> float:
    """CPU of this process in us, its threads with it, for an append of as many values as an ordered list has."""
    key = Key("test", "demo", "many")
    world.ask(request.put(key, {"b": _ordered(LARGE)}))
    values = [each * 7919 % (2 * LARGE) for each in range(LARGE)]
    ops = [op(OP_CDT_MODIFY, 4, b"b", msgpack.pack([2, values]))]
    body = request.operate(key, ops, reads=False, writes=True)
    began = time.process_time_ns()
    result = world.ask(body).result
    taken = time.process_time_ns() - began
    assert result == Result.OK
    return taken / 1e3


VALUES: dict[str, Any] = {
    "integers": [each * 7919 % 100 for each in range(1_000_000)],
    "wide": [each * 7919 % 65_536 for each in range(340_000)],
    "texts": [f"{each * 7919 % 9_000:0100}" for each in range(9_000)],
    "map": {f"{each:08}": each for each in range(70_000)},
    "nested": [{"n": each % 100} for each in range(200_000)],
    "map out of order": {each * 7919 % 150_000: 1 for each in range(150_000)},
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


def _work(address: tuple[str, int], bodies: list[bytes], stop: threading.Event, done: list[int]) -> None:
    with connect(address) as sock:
        sock.settimeout(60)
        while not stop.is_set():
            done += [_result(sock, body) for body in bodies if not stop.is_set()]


def _bodies(requests: Iterator[bytes]) -> list[bytes]:
    return [frame.pack(frame.MESSAGE, body) for body in requests]


def _puts() -> Iterator[bytes]:
    for name, value in VALUES.items():
        yield request.put(Key("test", "demo", name), {"b": value})


LISTS, MAPS = ([x.BIN, kind, Raw(b"b")] for kind in (x.LIST, x.MAP))
FILTERS: list[Any] = [
    [x.EQ, [x.CALL, x.INTEGER, 0, [22, 5, 7], LISTS], 0],
    [x.GT, LISTS, [x.QUOTE, [100]]],
    [x.GT, [x.CALL, x.INTEGER, 0, [105, 5, 5, 50], MAPS], 0],
]
"""Whether nothing equals 7; whether the list comes after another one; whether a map has values from 5 on."""


SIDE = "[-122.419415,37.774929],[-122.319415,37.774929],[-122.319415,37.874929],"
ISLAND = "[[[0,0],[1,0],[1,1],[0,0]]]"
REGIONS = {
    "ring": GeoJSON(f'{{"type":"Polygon","coordinates":[[{SIDE * 14_000}[-122.419415,37.774929]]]}}'),
    "islands": GeoJSON(f'{{"type":"MultiPolygon","coordinates":[{",".join([ISLAND] * 37_000)}]}}'),
}
"""Regions that nearly fill a record: of many corners, and of many polygons."""


def _regions() -> Iterator[bytes]:
    """Puts of regions; filters that look whether a point is in one that is stored, and in one of their own."""
    point = GeoJSON('{"type":"Point","coordinates":[-122.35,37.79]}')
    value = [x.BIN, x.GEOJSON, Raw(b"b")]
    yield request.put(Key("test", "demo", "point"), {"b": point})
    for name, region in REGIONS.items():
        yield request.put(Key("test", "demo", name), {"b": region})
        for key, shape in ((name, point), ("point", region)):
            wanted = Policy(filter=msgpack.pack([x.GEO, shape, value]))
            yield request.exists(Key("test", "demo", key), wanted)


def _filters() -> Iterator[bytes]:
    for wanted in map(msgpack.pack, FILTERS):
        for name in VALUES:
            yield request.exists(Key("test", "demo", name), Policy(filter=wanted))
        fields = [
            (FIELD_NAMESPACE, b"test"),
            (FIELD_SET, b"demo"),
            (FIELD_PARTITIONS, ALL),
            (FIELD_FILTER, wanted),
        ]
        yield message.request(INFO1_READ | INFO1_NO_BINS, 0, INFO3_PARTITION_DONE, fields=fields)


def _operations() -> Iterator[bytes]:
    for name in VALUES:
        for code, command in OF_MAPS if name.startswith("map") else OF_LISTS:
            ops = [op(code, 4, b"b", msgpack.pack(command))]
            yield request.operate(Key("test", "demo", name), ops, reads=code == READS, writes=code == WRITES)


def _result(sock: socket.socket, body: bytes) -> int:
    """The result of a request; of a query that of its last message."""
    sock.sendall(body)
    while True:
        _, size = frame.unpack_header(receive(sock, frame.HEADER_SIZE))
        found = request.replies(receive(sock, size))[-1]
        if found.last or not body[_INFO3]:
            return found.result
