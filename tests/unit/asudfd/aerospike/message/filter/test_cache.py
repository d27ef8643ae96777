"""Where filters are compiled: what takes long, never on the event loop."""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from threading import get_ident
from typing import TYPE_CHECKING, Any

import pytest

from asinfo.wire import batch, expression, message, msgpack, request
from asinfo.wire.msgpack import Raw
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from asudfd.aerospike.message.filter import cache
from asudfd.aerospike.message.filter.regex.budget import RegexBudget, YieldingBudget
from asudfd.record.namespace import RECORD_SIZE_MAX
from tests.each import for_each
from tests.fakes.world import World, gather

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = Key("test", "demo", "k")
OTHER = Key("test", "demo", "other")

INTEGER = [expression.BIN, expression.INTEGER, Raw(b"i")]
PATTERN = [expression.REGEX, 1, Raw(b"Hel{1,2}o|(x?){300}"), [expression.BIN, expression.STRING, Raw(b"s")]]
SIZE = [expression.OR, *[[expression.EQ, INTEGER, number] for number in range(30)]]


@pytest.fixture
def stored(world: World) -> World:
    """A record in a node that has had filters before."""
    for part in cache.PARTS:
        import_module(part)
    world.ask(request.put(KEY, {"i": 5, "s": "Hello"}))
    return world


def single(wanted: bytes) -> bytes:
    return request.get(KEY, policy=Policy(filter=wanted))


def write(wanted: bytes) -> bytes:
    return request.put(KEY, {"j": 1}, Policy(filter=wanted))


def row(wanted: bytes) -> bytes:
    fields = [
        (message.FIELD_NAMESPACE, b"test"),
        (message.FIELD_SET, b"demo"),
        (message.FIELD_FILTER, wanted),
    ]
    info1 = message.INFO1_READ | message.INFO1_GET_ALL
    return request.batch([(KEY, batch.attributes(info1, fields=fields))])


def whole_batch(wanted: bytes) -> bytes:
    rows = batch.pack([(KEY.digest, request.get_row(KEY))], batch.RESPOND_ALL)
    return message.request(
        message.INFO1_BATCH, fields=[(message.FIELD_BATCH, rows), (message.FIELD_FILTER, wanted)]
    )


def query(wanted: bytes) -> bytes:
    partitions = b"".join(number.to_bytes(2, "little") for number in range(4096))
    fields = [(0, b"test"), (1, b"demo"), (7, bytes(8)), (11, partitions), (message.FIELD_FILTER, wanted)]
    return message.request(3, 0, message.INFO3_PARTITION_DONE, fields=fields)


def background(wanted: bytes) -> bytes:
    fields = [(0, b"test"), (1, b"demo"), (7, bytes(8)), (9, bytes(4)), (message.FIELD_FILTER, wanted)]
    return message.request(0, message.INFO2_WRITE, fields=fields, ops=request.writes({"j": 2}))


class Watched:
    """What is compiled, and by which thread."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._loop = get_ident()
        self._compiled = cache._compiled
        self.elsewhere: list[bytes] = []
        monkeypatch.setattr(cache, "_compiled", self)

    def __call__(self, data: bytes, budget: RegexBudget) -> Any:
        if get_ident() == self._loop:
            assert len(data) <= cache.AT_ONCE_SIZE
            assert budget._left == cache.AT_ONCE_STEPS
        else:
            self.elsewhere.append(data)
        return self._compiled(data, budget)


@pytest.mark.parametrize("make", [single, write, row, whole_batch, query, background])
@pytest.mark.parametrize("large", [PATTERN, SIZE], ids=["pattern", "size"])
def test_what_takes_long_is_compiled_off_the_loop(
    stored: World, monkeypatch: pytest.MonkeyPatch, make: Callable[[bytes], bytes], large: Any
) -> None:
    """The answer is that of a small filter that says the same."""
    watched = Watched(monkeypatch)
    small = [expression.EQ, INTEGER, 5]
    name = make.__name__.encode()
    new = [
        expression.AND,
        [expression.NE, [expression.BIN, expression.STRING, Raw(b"s")], Raw(b"\3" + name)],
        large,
    ]
    wanted, same = msgpack.pack(new), msgpack.pack(small)
    results = [
        [each[4] for body in stored.bodies(make(data)) for each in message.replies(body)]
        for data in (same, wanted)
    ]
    assert results[0] == results[1]
    assert watched.elsewhere == [wanted]


def test_the_first_of_all_is_compiled_with_what_it_needs_off_the_loop(
    stored: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "asudfd.aerospike.message.filter.regex.search", raising=False)
    threads: list[int] = []
    monkeypatch.setattr(cache, "import_module", lambda _: threads.append(get_ident()))
    small = single(msgpack.pack([expression.AND, [expression.NE, INTEGER, 55], [expression.EQ, INTEGER, 5]]))
    assert request.reply(stored.bodies(small)[0]).result == Result.OK
    assert threads
    assert get_ident() not in threads


def test_a_small_one_is_answered_at_once(stored: World) -> None:
    pattern = [expression.REGEX, 0, Raw(b"[Hh]ello*"), [expression.BIN, expression.STRING, Raw(b"s")]]
    assert isinstance(stored.records.respond(single(msgpack.pack(pattern))), bytes)


def test_whoever_waits_for_the_record_has_the_filter_in_time(
    stored: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although others push it out meanwhile."""
    watched = Watched(monkeypatch)
    monkeypatch.setattr(cache, "CACHED_MAX", 1)
    wanted = msgpack.pack([expression.AND, [expression.NE, INTEGER, 77], PATTERN])

    async def ask() -> list[bytes]:
        async with stored.namespace.hold(KEY.digest, 1):
            waiting = asyncio.ensure_future(gather(stored.records.respond(single(wanted))))
            other = Policy(filter=msgpack.pack([expression.AND, [expression.NE, INTEGER, 78], PATTERN]))
            await cache.prepare({message.FIELD_FILTER: wanted}, [])  # behind the first one, in the one thread
            await asyncio.sleep(0)
            assert wanted in cache._cache
            await gather(stored.records.respond(request.get(OTHER, policy=other)))
            assert wanted not in cache._cache
            watched.elsewhere.clear()
        return await waiting

    assert request.reply(asyncio.run(ask())[0]).result == Result.OK
    assert watched.elsewhere == [wanted]


def test_filters_that_come_together_are_all_compiled_off_the_loop(
    stored: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(monkeypatch)
    bodies = [
        single(msgpack.pack([expression.AND, [expression.NE, INTEGER, number], PATTERN]))
        for number in range(100, 110)
        for _ in range(3)
    ]

    async def ask() -> list[int]:
        replies = await asyncio.gather(*(gather(stored.records.respond(body)) for body in bodies))
        return [request.reply(each[0]).result for each in replies]

    assert asyncio.run(ask()) == [Result.OK] * len(bodies)
    assert len(set(watched.elsewhere)) == 10


def test_a_thread_that_compiles_rests_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    monkeypatch.setattr("asudfd.aerospike.message.filter.regex.budget.sleep", rests.append)
    budget = YieldingBudget()
    for _ in range(1000):
        budget.charge(1)
    assert len(rests) == 4


def region_of(longitude: float) -> bytes:
    side = ",".join(f"[{longitude},{number / 1000}]" for number in range(1000))
    return f'{{"type":"Polygon","coordinates":[[{side},[50,0],[{longitude},0.0]]]}}'.encode()


def ranged(text: bytes) -> dict[int, bytes]:
    size = len(text).to_bytes(4, "big")
    return {message.FIELD_INDEX_RANGE: b"\1\1g\x17" + size + text + size + text}


def test_what_a_query_asks_for_is_read_off_the_loop_and_once(
    stored: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = ranged(region_of(1))
    threads: list[int] = []
    compiled = cache._compiled

    def watched(source: Any, budget: RegexBudget) -> Any:
        threads.append(get_ident())
        return compiled(source, budget)

    monkeypatch.setattr(cache, "_compiled", watched)
    assert not cache.ready(fields, [])
    asyncio.run(cache.prepare(fields, []))
    assert cache.ready(fields, [])
    assert cache.shape_of(region_of(1)) is cache.shape_of(region_of(1))
    assert len(threads) == 1
    assert get_ident() not in threads


@for_each([ranged(b"x" * (RECORD_SIZE_MAX + 1)), {message.FIELD_INDEX_RANGE: b"\1"}])
def test_what_is_refused_anyway_is_not_read(fields: dict[int, bytes]) -> None:
    assert cache.ready(fields, [])


def test_what_is_made_from_many_bytes_is_not_kept_for_long(
    stored: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = list(map(region_of, range(10)))
    monkeypatch.setattr(cache, "CACHED_BYTES", 5 * len(texts[0]))

    def kept(texts: list[bytes]) -> list[bytes]:
        for text in texts:
            asyncio.run(cache.prepare(ranged(text), []))
        return [text for text in texts if cache.ready(ranged(text), [])]

    assert kept(texts) == texts[5:]
    monkeypatch.setattr(cache, "CACHED_BYTES", 0)
    assert kept(texts) == texts[-cache.KEPT_MIN :]
