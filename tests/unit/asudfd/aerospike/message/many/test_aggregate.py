"""Aggregations: the wire specification, section 4.9; the UDF specification, section 4."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NamedTuple, cast

import pytest

from asinfo.wire import message, msgpack, particle, request
from asinfo.wire.digest import partition
from asinfo.wire.message import INFO3_LAST
from asinfo.wire.request import Key
from asinfo.wire.result import Result
from asudfd.aerospike.info.queries import query_abort, query_show
from asudfd.aerospike.info.request import Request
from asudfd.aerospike.message.many.jobs import ACTIVE_MAX
from asudfd.config.schema.lua import ModLua
from asudfd.lua.aerospike.host import CROSSING_MODULE, UdfHost
from asudfd.lua.call import StreamResult
from asudfd.lua.stream import StreamCall
from asudfd.lua.worker.supply import shared_supply
from asudfd.network.session import ClientSession
from asudfd.record.indexes import Index
from tests.fakes.world import World

RECORDS = 300
PREFIX = "UDF: Execution Error 2 : "
MODULE = b"""
local function n(r) return r.n end
local function add(a, b) return a + b end
function all(s) return s : map(n) end
function total(s) return s : map(n) : reduce(add) end
function counts(s) return s : aggregate(map{n = 0}, function(m, r) m.n = m.n + 1 return m end) end
function above(s, limit) return s : filter(function(r) return r.n > limit end) : map(n) end
function whole(s) return s end
function nothing() end
function number() return 5 end
function broken(s) error("here") end
function fails(s) return s : map(function(r) error({}) end) end
function late(s) return s : map(n) : reduce(add) : map(function() error("never") end) end
function reduced(s) return s : map(n) : reduce(function() error("in reduce") end) end
function endless(s) return s : filter(function() while true do end end) end
function stubborn(s)
    return s : filter(function() while true do pcall(function() while true do end end) end end)
end
function bomb(s)
    return s : aggregate(list(), function(l, r) while true do list.append(l, string.rep("x", 1000000) .. #l) end end)
end
function large(s) return s : map(function(r) return string.rep("x", 100000) end) end
function meta(s)
    return s : map(function(r)
        return list{record.gen(r), record.setname(r), record.ttl(r), record.numbins(r), #tostring(record.digest(r)),
            record.key(r), record.drop_key(r)}
    end)
end
function slow(s, n) return s : map(function(r) for i = 1, n or 1000000 do end return r.n end) end
function kept(s)
    local last
    return s : map(function(r) local other = last or r last = r return other.n end)
end
"""
MODULES = {"m": MODULE, "bad": b"error('no')"}


class Aggregated(NamedTuple):
    """Values under SUCCESS, texts under FAILURE, the code of the last message."""

    values: list[Any]
    failures: list[Any]
    code: int


def body(
    function: str = "all",
    *arguments: Any,
    module: str = "m",
    set_name: str = "demo",
    packed: bytes | None = None,
    info1: int = 1,
    limit: int = 0,
    more: Any = (),
) -> bytes:
    packed = msgpack.pack(list(arguments)) if packed is None else packed
    call = [(33, b"\1"), (30, module.encode()), (31, function.encode()), (32, packed)]
    fields = [(0, b"test"), (1, set_name.encode()), (7, bytes(7) + b"\1"), *call, *more]
    return message.request(info1, 0, 4, ttl=0xFFFF_FFFF, limit=limit, fields=fields)


def decoded(bodies: list[bytes]) -> Aggregated:
    found: dict[bytes, list[Any]] = {b"SUCCESS": [], b"FAILURE": []}
    codes = []
    for each in bodies:
        for header in message.replies(each):
            codes.append(header[4])
            for _, kind, name, data in message.read_ops(each, header[11], header[10])[0]:
                found[name].append(particle.unpack(kind, data))
    assert not any(codes[:-1])
    return Aggregated(found[b"SUCCESS"], found[b"FAILURE"], codes[-1])


@pytest.fixture(scope="module")
def zygote() -> None:
    """The process that forks workers has been made: on a busy machine that takes longer than a batch may."""

    async def fork() -> None:
        (await shared_supply(CROSSING_MODULE).fork()).close()

    asyncio.run(fork())


@pytest.fixture
def stored(world: World, zygote: None) -> Iterator[World]:
    for number in range(RECORDS):
        world.ask(request.put(Key("test", "demo", number), {"n": number}))
    for number in range(20):
        world.ask(request.put(Key("test", "other", number), {"n": 1}))
    host = UdfHost(ModLua(user_path="/udf"), MODULES.get, lambda *_: None)
    world.use(host)
    world.records.context.service.transaction_max_ms = (
        60_000  # of each piece, which a busy machine does not do in a second
    )
    yield world
    assert host.streams == 0
    world.play(host.stop())


@pytest.fixture
def aggregate(stored: World) -> Callable[..., Aggregated]:
    return lambda *arguments, **options: decoded(stored.bodies(body(*arguments, **options)))


Aggregate = Callable[..., Aggregated]


def partitions() -> Counter[int]:
    """How many records each partition has."""
    return Counter(partition(Key("test", "demo", number).digest) for number in range(RECORDS))


def test_every_record_of_the_set(stored: World, aggregate: Aggregate) -> None:
    found = aggregate("all")
    assert (sorted(found.values), found.failures, found.code) == (list(range(RECORDS)), [], 0)
    assert stored.count("pi_query_aggr_complete") == 1
    assert len(aggregate("all", set_name="").values) == RECORDS + 20


def test_the_reply_ends_with_a_last_message(stored: World) -> None:
    *_, last = [each for reply in stored.bodies(body()) for each in message.replies(reply)]
    assert (last[2], last[4], last[10]) == (INFO3_LAST, 0, 0)


def test_once_for_every_partition_with_records(aggregate: Aggregate) -> None:
    assert sum(aggregate("total").values) == sum(range(RECORDS))
    assert len(aggregate("total").values) == len(partitions())
    counts = [value["n"] for value in aggregate("counts").values]
    assert sorted(counts) == sorted(partitions().values())


def test_what_follows_a_reduce_is_the_clients(aggregate: Aggregate) -> None:
    assert sorted(aggregate("late").values) == sorted(aggregate("total").values)


def test_arguments(aggregate: Aggregate) -> None:
    assert sorted(aggregate("above", 296).values) == [297, 298, 299]


def test_no_arguments_may_have_no_bytes(aggregate: Aggregate) -> None:
    assert len(aggregate("all", packed=b"").values) == RECORDS
    assert len(aggregate("all", packed=b"\xc1").values) == RECORDS


def test_records_themselves_are_null(aggregate: Aggregate) -> None:
    assert aggregate("whole").values == [None] * RECORDS


def test_metadata(aggregate: Aggregate) -> None:
    assert aggregate("meta").values[0] == [1, "demo", 0, 1, 59]


def test_a_record_before_the_present_one_is_refused(stored: World) -> None:
    one = partition(Key("test", "demo", 0).digest)
    number = 1000
    while partition(Key("test", "demo", number).digest) != one:
        number += 1
    stored.ask(request.put(Key("test", "demo", number), {"n": 0}))
    found = decoded(stored.bodies(body("kept")))
    assert found.failures == [f"{PREFIX}/udf/m.lua:32: the record belongs to another call"]


FAILURES = {
    "nope": "function not found",
    "broken": "/udf/m.lua:11: here",
    "fails": "result value type unexpected",
    "nothing": "[string \"aerospike.lua\"]:33: attempt to index a nil value (global 'result')",
    "number": "[string \"aerospike.lua\"]:33: attempt to index a number value (global 'result')",
    "endless": "UDF Execution Timeout",
    "stubborn": "UDF Execution Timeout",
    "bomb": "not enough memory",
}


@pytest.mark.parametrize("function", FAILURES)
def test_an_error_ends_the_aggregation(stored: World, function: str) -> None:
    stored.node.config.service.transaction_max_ms = 60_000
    started = time.process_time()
    found = decoded(stored.bodies(body(function, limit=100 if "Timeout" in FAILURES[function] else 0)))
    assert time.process_time() - started < 30
    assert found == ([], [PREFIX + FAILURES[function]], Result.SERVER_ERROR)
    assert stored.count("pi_query_aggr_error") == 1
    assert len(decoded(stored.bodies(body("all"))).values) == RECORDS


def test_an_error_in_a_reduce_needs_two_values(stored: World, aggregate: Aggregate) -> None:
    found = aggregate("reduced")
    expected = [f"{PREFIX}/udf/m.lua:14: in reduce"] if max(partitions().values()) > 1 else []
    assert (found.failures, found.code) == (expected, len(expected))


def test_without_a_limit_of_the_client_the_nodes_holds(stored: World, aggregate: Aggregate) -> None:
    stored.node.config.service.transaction_max_ms = 50
    assert aggregate("endless").failures == [PREFIX + "UDF Execution Timeout"]


def test_the_nodes_limit_is_not_that_of_the_whole(
    stored: World, aggregate: Aggregate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every batch of records begins with the whole of it, whatever those before have taken; a client's limit goes on."""
    given: list[float] = []
    pour = UdfHost.pour

    async def noting(
        host: UdfHost, stream: StreamCall, batch: bytes, deadline_seconds: float
    ) -> StreamResult:
        given.append(deadline_seconds)
        return await pour(host, stream, batch, deadline_seconds)

    monkeypatch.setattr(UdfHost, "pour", noting)
    stored.node.config.service.transaction_max_ms = 60_000
    assert len(aggregate("large", set_name="other").values) == 20
    assert len(given) > 5
    assert set(given) == {60}
    given.clear()
    assert len(aggregate("large", set_name="other", limit=50_000).values) == 20
    assert 50 > given[0] > given[-1] > 0


TOLD = {
    "broken": "m.broken failed: UDF: Execution Error 2 : /udf/m.lua:11: here; at m.lua:11; query of {test} demo",
    "reduced": "m.reduced failed: UDF: Execution Error 2 : /udf/m.lua:14: in reduce; at m.lua:14 in f; query of {test} demo",
}


@pytest.mark.parametrize("function", TOLD)
def test_the_log_tells_where_it_failed(stored: World, function: str) -> None:
    stored.bodies(body(function))
    [(level, context, line)] = [each for each in cast("Any", stored.node.log).lines if each[0] == "warning"]
    assert (level, context) == ("warning", "aggr")
    assert line.startswith(TOLD[function])


@pytest.mark.parametrize("module", ["nope", "bad"])
def test_a_module_that_cannot_run(aggregate: Aggregate, module: str) -> None:
    assert aggregate("all", module=module) == ([], ["UDF: Execution Error 1"], Result.SERVER_ERROR)


def test_large_values_come_in_pieces(stored: World) -> None:
    bodies = stored.bodies(body("large"))
    assert len(bodies) > 50
    assert max(map(len, bodies)) < 500_000
    assert len(decoded(bodies).values) == RECORDS


def test_refusals(stored: World, aggregate: Aggregate) -> None:
    assert aggregate("all", set_name="nope").code == Result.NOT_FOUND
    assert aggregate("all", info1=1 | message.INFO1_SHORT_QUERY).code == Result.PARAMETER
    assert aggregate("all", more=[(43, b"\x90")]).code == Result.UNSUPPORTED_FEATURE
    assert aggregate("x" * 128).code == Result.PARAMETER
    stored.node.config.service.disable_udf_execution = True
    assert aggregate("all").code == Result.FORBIDDEN


def test_only_so_many_at_a_time(stored: World, aggregate: Aggregate) -> None:
    stored.node.host.streams = ACTIVE_MAX
    assert aggregate("all") == ([], [], Result.FORBIDDEN)
    stored.node.host.streams = 0


def test_a_client_that_leaves(stored: World) -> None:
    """The context comes back, and other requests had their turns meanwhile."""

    async def scene() -> None:
        answer = cast("AsyncIterator[bytes]", stored.records.respond(body("large")))
        await anext(answer)
        assert stored.node.host.streams == 1
        await cast("Any", answer).aclose()
        waiting = cast("AsyncIterator[bytes]", stored.records.respond(body("endless", limit=60_000)))
        task = asyncio.ensure_future(cast("Any", anext(waiting)))
        while stored.node.host.streams == 0:  # noqa: ASYNC110 - what it counts is no event
            await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert stored.count("pi_query_aggr_abort") == 2

    stored.play(scene())


def test_the_nodes_of_a_process_have_their_parts(make_world: Callable[..., World]) -> None:
    worlds = {identity: make_world(2) for identity in ("A1", "A2")}
    hosts = [UdfHost(ModLua(user_path="/udf"), MODULES.get, lambda *_: None) for _ in worlds]
    for identity, world in worlds.items():
        world.become(identity)
    for world, host in zip(worlds.values(), hosts, strict=True):
        world.use(host)
        world.records.join({identity: each.records.executor for identity, each in worlds.items()})
    for number in range(50):
        worlds["A1"].ask(request.put(Key("test", "demo", number), {"n": number}))
    found = [decoded(world.bodies(body("all"))).values for world in worlds.values()]
    assert all(found)
    assert sorted(itertools.chain(*found)) == list(range(50))
    for world, host in zip(worlds.values(), hosts, strict=True):
        world.play(host.stop())


def test_query_show_lists_it(stored: World, aggregate: Aggregate) -> None:
    aggregate("all")
    line = query_show(stored.node, Request(b"query-show", b"id=1", ClientSession())).decode()
    shown = dict(figure.split("=", 1) for figure in line.split(":"))
    assert (shown["job-type"], shown["status"], shown["set"]) == ("aggregation", "done(ok)", "demo")
    assert (shown["recs-succeeded"], shown["job-progress"]) == (str(RECORDS), "100.00")
    assert "udf-filename" not in shown


def test_a_range_of_an_index(stored: World, aggregate: Aggregate) -> None:
    bounds = b"".join(b"\0\0\0\x08" + number.to_bytes(8, "big") for number in (3, 6))
    wanted = (22, b"\1\1n\1" + bounds)
    assert aggregate("all", more=[wanted]).code == Result.INDEX_NOT_FOUND
    stored.namespace.indexes[b"i"] = Index("demo", "n", "numeric", "default")
    assert sorted(aggregate("all", more=[wanted]).values) == [3, 4, 5, 6]
    assert stored.count("si_query_aggr_complete") == 1


def test_an_abort(stored: World) -> None:
    async def dialogue() -> list[bytes]:
        pieces = cast("Any", stored.records.respond(body("slow", limit=60_000)))
        first = await anext(pieces)
        assert query_abort(stored.node, Request(b"query-abort", b"id=1", ClientSession())) == b"ok"
        return [first[8:], *[piece[8:] async for piece in pieces]]

    assert decoded(stored.play(dialogue())).code == Result.QUERY_ABORT
    assert stored.count("pi_query_aggr_abort") == 1
