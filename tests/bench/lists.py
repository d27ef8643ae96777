"""Operations on lists and maps, in process and without a socket: CPU time of one, and how long the heaviest hold the event loop.

A request to one record in memory; its processor time is the median of 200. The heaviest requests are as large as the
record's maximum size lets through, three of each: what is measured is how long one of them holds the event loop, until it is
answered or left to a thread. What the thread does then is in the benchmark `collections`.
"""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from asinfo.wire import msgpack, request
from asinfo.wire.message import OP_CDT_MODIFY, OP_CDT_READ, op
from asinfo.wire.msgpack import ORDERED, MarkedList, MarkedMap
from asinfo.wire.request import Key
from tests.bench.figures import figure, note
from tests.bench.processes import median, percentile
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = Key("test", "demo", "k")
BIN = "b"
REPEATS = 200
SIZES = (10, 100, 1000)
WORST_REPEATS = 3


class Shape(NamedTuple):
    """A value of the bin, and the operations of one request on it."""

    name: str
    value: Any
    commands: list[Any]
    writes: bool = False


def shapes() -> Iterator[Shape]:
    """The operations that clients use most."""
    for size in SIZES:
        numbers = [each * 7 % size for each in range(size)]
        texts = {f"key{each:05}": each for each in range(size)}
        key = f"key{size // 2:05}"
        label = f"list of {size}"
        yield Shape(f"append, {label}", numbers, [[1, 5]], writes=True)
        yield Shape(f"append with flags, {label}", numbers, [[1, 5, 0, 0]], writes=True)
        yield Shape(f"append of 10, {label}", numbers, [[2, [*range(10)]]], writes=True)
        yield Shape(f"append, ordered {label}", MarkedList(sorted(numbers)), [[1, 5]], writes=True)
        yield Shape(f"insert, {label}", numbers, [[3, 0, 5]], writes=True)
        yield Shape(f"pop, {label}", numbers, [[5, 0]], writes=True)
        yield Shape(f"increment, {label}", numbers, [[12, 0, 1]], writes=True)
        yield Shape(f"size, {label}", numbers, [[16]])
        yield Shape(f"get, {label}", numbers, [[17, size // 2]])
        yield Shape(f"by rank, {label}", numbers, [[21, 7, 0]])
        yield Shape(f"by value, {label}", numbers, [[22, 1, 5]])
        yield Shape(f"by value interval, {label}", numbers, [[25, 5, 2, size // 2]])
        for name, value in (("map", texts), ("ordered map", MarkedMap(texts, ORDERED))):
            label = f"{name} of {size}"
            yield Shape(f"put, {label}", value, [[67, key, 1, 1, 0]], writes=True)
            yield Shape(f"put of a new key, {label}", value, [[67, key + "x", 1, 1]], writes=True)
            yield Shape(f"put of 10, {label}", value, [[68, {f"k{n}": n for n in range(10)}, 1]], writes=True)
            yield Shape(f"increment, {label}", value, [[73, key, 1, 1]], writes=True)
            yield Shape(f"remove by key, {label}", value, [[76, 0, key]], writes=True)
            yield Shape(f"by key, {label}", value, [[97, 7, key]])
            yield Shape(f"by key list, {label}", value, [[107, 7, [key, "key00001", "none"]]])
            yield Shape(f"by rank range, {label}", value, [[106, 7, -3, 3]])
            yield Shape(f"size, {label}", value, [[96]])


def worst() -> Iterator[Shape]:
    """The heaviest requests that the limit of size allows."""
    for size in (5_000, 20_000, 80_000):
        numbers = [each * 7919 % size for each in range(size)]
        yield from _heavy(f"{size} integers", numbers)
        yield from _heavy(f"{size} texts", [f"{each:016}" for each in numbers])
        yield from _heavy(f"{size} texts of 100", [f"{each:0100}" for each in numbers])
        yield from _heavy(f"{size // 4} lists", [[each, str(each), None] for each in numbers[: size // 4]])
        entries = {f"{each:08}": each for each in numbers}
        for label, value in (
            ("map", entries),
            ("ordered map", MarkedMap(dict(sorted(entries.items())), ORDERED)),
        ):
            name = f"{label} of {size}"
            yield Shape(f"by rank range, {name}", value, [[106, 8, 0]])
            yield Shape(f"by value, all as an ordered map, {name}", value, [[105, 17, None]])
            yield Shape(f"put of 1000, {name}", value, [[68, {f"x{n}": n for n in range(1000)}]], writes=True)
            yield Shape(f"removal by key list, {name}", value, [[81, 5, list(entries)[:1000]]], writes=True)
    many = [1] * 100
    yield Shape("2000 appends", many, [[1, 5]] * 2000, writes=True)
    yield Shape("2000 appends, ordered list", MarkedList(many), [[1, 5]] * 2000, writes=True)
    yield Shape("500 ranks of 100", many, [[21, 7, 0]] * 500)
    yield Shape("500 values of 100", many, [[22, 7, 1]] * 500)
    yield Shape("a value with a wildcard", [[1, 2]] * 5000, [[22, 5, [1, msgpack.Ext(255, b"\0")]]])


def _heavy(label: str, values: list[Any]) -> Iterator[Shape]:
    yield Shape(f"by rank range, {label}", values, [[26, 7, 0]])
    yield Shape(f"ranks of all, {label}", values, [[24, 3, 0]])
    yield Shape(f"by value list of 1000, {label}", values, [[23, 3, values[:1000]]])
    yield Shape(f"sort, {label}", values, [[13, 2]], writes=True)
    yield Shape(f"append unique, {label}", values, [[2, values[:1000], 0, 1 | 4 | 8]], writes=True)
    yield Shape(f"set, {label}", values, [[9, 0, 1]], writes=True)
    yield Shape(f"append and set type, {label}", values, [[1, 1], [0, 1]], writes=True)


class Measured(NamedTuple):
    """CPU time of each request of a shape, and whether the last was left to a thread."""

    microseconds: list[float]
    beside: bool


def measure(world: World, shape: Shape, repeats: int) -> Measured:
    """Send the request of a shape ``repeats`` times to the same record."""
    records = world.records
    stored = request.put(KEY, {BIN: shape.value})
    code = OP_CDT_MODIFY if shape.writes else OP_CDT_READ
    ops = [op(code, 4, BIN.encode(), msgpack.pack(command)) for command in shape.commands]
    body = request.operate(KEY, ops, reads=not shape.writes, writes=shape.writes)
    found = []
    world.ask(stored)
    record = world.record(KEY.digest)
    answer: Any = b""
    for _ in range(repeats):
        world.namespace.put(KEY.digest, record)
        began = time.process_time_ns()
        answer = records.respond(body)
        found.append((time.process_time_ns() - began) / 1e3)
    return Measured(found, not isinstance(answer, bytes))


def run() -> None:
    """Record the median of each operation, then how long the heaviest requests hold the event loop."""
    world = World()
    for shape in shapes():
        measured = measure(world, shape, REPEATS)
        figure(shape.name, median(measured.microseconds), "us")
    with warnings.catch_warnings(
        category=RuntimeWarning, action="ignore"
    ):  # what is left to a thread is not awaited
        _turns(world)


def _turns(world: World) -> None:
    turns = list[float]()
    beside = 0
    longest = 0.0, ""
    for shape in worst():
        if world.ask(request.put(KEY, {BIN: shape.value})).result:
            continue  # larger than a record may be
        taken, left = measure(world, shape, WORST_REPEATS)
        beside += left
        turns += taken
        longest = max(longest, (median(taken), shape.name))
    figure("heavy requests", len(turns) // WORST_REPEATS, "")
    figure("heavy requests left to a thread", beside, "")
    figure("heavy requests: median", median(turns) / 1e3, "ms")
    figure("heavy requests: p90", percentile(turns, 90) / 1e3, "ms")
    figure("heavy requests: longest", max(turns) / 1e3, "ms", target="at most 50 ms")
    figure("heavy requests: the largest median of one request", longest[0] / 1e3, "ms")
    note(f"the largest median is that of: {longest[1]}")
