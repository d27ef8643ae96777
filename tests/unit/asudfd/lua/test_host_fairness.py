"""Fairness among the calls of a node, whose workers the system gives turns: short ones beside endless ones, and those that wait."""

import asyncio
from collections import Counter

import pytest

from asudfd.config.schema.lua import ModLua
from asudfd.lua.admission import FunctionKey
from asudfd.lua.aerospike.host import UdfHost
from asudfd.lua.aerospike.record_view import RecordView, record_call
from asudfd.lua.aerospike.udf_result import UdfResult
from asudfd.lua.errors import ModuleError
from tests.waiting import wait_for
from tests.worker_processes import busy, own_workers

SUBJECT = RecordView(False, 0, 0, 0, b"", b"", bytes(20), b"", True)
NO_ARGUMENTS = b"\x90"
TIMED_OUT = b"UDF Execution Timeout"
ENDLESS = 40
MODULE = b"""
function forever() while true do end end
for number = 1, 40 do _G['forever' .. number] = function() while true do end end end
function short() local n = 0 for i = 1, 100000 do n = n + i end return n end
function say() info('here') end
"""


@pytest.fixture(autouse=True)
def _alone() -> None:
    """The workers of the last test are gone: killing many takes a moment."""
    wait_for(lambda: not own_workers())


def host(workers: int, **settings: int) -> UdfHost:
    config = ModLua(user_path="/udf", udf_workers=workers, **settings)  # type: ignore[arg-type]  # its parameters that are numbers
    return UdfHost(config, {"m": MODULE}.get, lambda *_: None)


def begin(node: UdfHost, function: bytes, seconds: float = 3600) -> asyncio.Task[UdfResult]:
    return asyncio.ensure_future(node.run(record_call("m", function, NO_ARGUMENTS, SUBJECT), seconds))


async def running(node: UdfHost, functions: list[bytes]) -> list[asyncio.Task[UdfResult]]:
    """Endless calls, of which as many run in workers as may."""
    begun = Counter[FunctionKey]()
    free = node._admission._free
    for key in (FunctionKey("m", function) for function in functions):
        if begun[key] < free:
            begun[key] += 1
            free -= 1
    calls = [begin(node, function) for function in functions]
    while len(busy(own_workers())) < begun.total():  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.01)
    return calls


async def give_up(calls: list[asyncio.Task[UdfResult]]) -> None:
    assert not [each.result() for each in calls if each.done()]
    for each in calls:
        each.cancel()
    await asyncio.wait(calls)


def test_a_short_call_is_served_beside_endless_ones() -> None:
    """All of them have a worker, and it has one too, which the system gives its part of the processors."""

    async def scene() -> list[UdfResult]:
        node = host(ENDLESS + 1)
        endless = await running(node, [b"forever%d" % number for number in range(1, ENDLESS + 1)])
        short = [await begin(node, b"short") for _ in range(5)]
        await give_up(endless)
        await node.stop()
        return short

    assert [each.code for each in asyncio.run(scene())] == [0] * 5


def test_a_short_call_has_a_place_when_one_function_wants_all() -> None:
    async def scene() -> UdfResult:
        node = host(4)
        endless = await running(node, [b"forever"] * ENDLESS)
        assert len(busy(own_workers())) == 2
        short = await begin(node, b"short")
        await give_up(endless)
        await node.stop()
        return short

    assert asyncio.run(scene()).code == 0


def test_who_waits_is_answered_at_its_deadline_and_never_begins() -> None:
    lines: list[str] = []

    async def scene() -> list[UdfResult]:
        config = ModLua(user_path="/udf", udf_workers=1)
        node = UdfHost(config, {"m": MODULE}.get, lambda *line: lines.append(line[2]))
        endless = await running(node, [b"forever"])
        ended = await asyncio.gather(*(begin(node, b"say", 0.1) for _ in range(20)))
        await give_up(endless)  # it still ran when all others had their answers
        await node.stop()
        return ended

    assert {each.value for each in asyncio.run(scene())} == {TIMED_OUT}
    assert lines == []


def test_what_others_run_is_not_the_time_of_a_modules_body() -> None:
    body = b"for i = 1, 2000000 do end "
    config = ModLua(user_path="/udf", udf_workers=9, body_max_ms=500)
    sources = {"m": MODULE, "n": body + b"function short() return 1 end"}

    async def scene() -> UdfResult:
        node = UdfHost(config, sources.get, lambda *_: None)
        endless = await running(node, [b"forever%d" % number for number in range(1, 9)])
        await node.validate("n.lua", sources["n"])
        short = await node.run(record_call("n", b"short", NO_ARGUMENTS, SUBJECT), 600)
        await give_up(endless)
        await node.stop()
        return short

    assert asyncio.run(scene()).code == 0


def test_a_body_that_has_had_its_time_ends_among_endless_calls() -> None:
    async def scene() -> None:
        node = host(9, body_max_ms=100)
        endless = await running(node, [b"forever%d" % number for number in range(1, 9)])
        with pytest.raises(ModuleError, match="did not end"):
            await node.validate("n.lua", b"while true do end")
        await give_up(endless)
        await node.stop()

    asyncio.run(scene())
