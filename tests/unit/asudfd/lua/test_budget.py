"""The memory of all contexts of a node: its bound, what large contexts come to, and what the system gets back."""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any, cast

import pytest

from asudfd.config.schema.lua import PROCESS, ModLua
from asudfd.lua.aerospike.host import UdfHost
from asudfd.lua.aerospike.record_view import RecordView, StreamView, record_call, stream_call
from asudfd.lua.budget import EXCEEDED, MeasuredContext, MemoryBudget
from asudfd.lua.call import OUT_OF_MEMORY
from asudfd.lua.worker.contexts import GROWN_MAX
from tests.worker_processes import own_workers, private_bytes

SUBJECT = RecordView(False, 0, 0, 0, b"", b"", bytes(20), b"", True)
NO_ARGUMENTS = b"\x90"
SECONDS = 60.0
"""What a call may take: memory is to end it, however busy the machine is."""

MEGABYTE = 1 << 20
MODULE = b"""
function keep(rec, megabytes)
    kept = {}
    for number = 1, megabytes do kept[number] = string.rep(string.char(number % 256), 2^20) end
    return #kept
end
function waste(rec, megabytes)
    for number = 1, megabytes do local text = string.rep(string.char(number % 256), 2^20) end
    return 1
end
function hoard(rec)
    kept = {}
    while true do kept[#kept + 1] = { #kept } end
end
function one() return 1 end
"""
FULL = b"""
kept = {}
for number = 1, 150000 do kept[number] = { number } end
"""
"""A module whose contexts take some megabytes from the first."""


class _Sized:
    def __init__(self, memory: int) -> None:
        self.size = memory

    def memory(self) -> int:
        return self.size


def sized(memory: int) -> MeasuredContext:
    return _Sized(memory)


def test_beyond_the_budget_the_larger_contexts_end() -> None:
    budget = MemoryBudget(100)
    small, large = sized(20), sized(70)
    budget.add(small)
    budget.add(large)
    assert budget.share() == inf
    cast("_Sized", small).size = 40
    assert small.memory() < budget.share() < large.memory()
    budget.remove(large)
    assert budget.share() == inf
    cast("_Sized", small).size = 101
    assert budget.share() == small.memory()  # one that is alone takes too much itself
    assert len(budget) == 1


Scene = Callable[[UdfHost], Awaitable[None]]


def play(scene: Scene, **settings: Any) -> None:
    async def stage() -> None:
        config = ModLua(user_path="/udf", **settings)
        host = UdfHost(config, lambda name: FULL if name == "full" else MODULE, lambda *_: None)
        try:
            await scene(host)
        finally:
            await host.stop()

    asyncio.run(stage())


async def apply(host: UdfHost, function: bytes, number: int = 0, module: str = "m") -> bytes | int:
    """The integer that a call comes to, or its error text."""
    arguments = bytes([0x91, number]) if number else NO_ARGUMENTS
    applied = await host.run(record_call(module, function, arguments, SUBJECT), SECONDS)
    return int.from_bytes(applied.value, "big") if applied.code == 0 else applied.value


def contexts(host: UdfHost, module: str) -> int:
    return next((row.contexts for row in host.statistics() if row.module == module), 0)


def test_idle_contexts_go_before_a_call_is_refused() -> None:
    async def scene(host: UdfHost) -> None:
        assert await apply(host, b"keep", 10, "a") == 10
        assert await apply(host, b"keep", 12, "b") == 12
        for number in range(12):  # fewer than there may be idle workers
            assert await apply(host, b"keep", 4, f"small{number}") == 4
        assert contexts(host, "a")  # and perhaps one that was prewarmed
        assert contexts(host, "b") == 0  # the largest goes first
        assert contexts(host, "small0")

    play(scene, memory_max=64 * MEGABYTE, context_count=1)


def test_a_call_without_memory_for_its_context_is_refused() -> None:
    async def scene(host: UdfHost) -> None:
        stream = host.open_stream(stream_call("m", b"one", NO_ARGUMENTS, StreamView(b"", True)))
        host._budget._most = 0
        assert await apply(host, b"one") == EXCEEDED
        poured = await host.pour(stream, b"", 1)
        assert poured.failure.endswith(EXCEEDED)
        host.close_stream(stream)
        host._budget._most = 64 * MEGABYTE
        assert await apply(host, b"one") == 1

    play(scene)


def test_together_calls_take_no_more_than_the_node_gives() -> None:
    async def scene(host: UdfHost) -> None:
        most = 0
        hoards = [asyncio.ensure_future(apply(host, b"hoard")) for _ in range(4)]
        while not all(each.done() for each in hoards):
            most = max(most, host._budget.used())
            await asyncio.sleep(0.002)
        assert {each.result() for each in hoards} == {OUT_OF_MEMORY}
        assert most < (64 + 40) * MEGABYTE
        async with asyncio.timeout(SECONDS):
            while await apply(host, b"one") == EXCEEDED:
                pass  # until the others are freed

    play(scene, memory_max=64 * MEGABYTE, context_memory=1024 * MEGABYTE, udf_workers=4)


def test_a_context_that_grew_large_is_not_kept_and_garbage_does_not_count() -> None:
    async def scene(host: UdfHost) -> None:
        assert await apply(host, b"keep", 4) == 4
        assert contexts(host, "m") == 1
        assert await apply(host, b"keep", 40) == 40
        assert contexts(host, "m") == 0
        assert host._budget.used() == 0
        assert await apply(host, b"waste", 40) == 1
        assert contexts(host, "m") == 1
        assert host._budget.used() < GROWN_MAX

    play(scene, context_count=1, isolation=PROCESS)


STRINGS = b"""
function numbered() local t = {} while true do t[#t + 1] = string.format('%d-%d', #t, #t) end end
function named() local t, n = {}, 0 while true do n = n + 1 t['k' .. n] = 'v' .. n end end
"""


@pytest.mark.parametrize("function", [b"numbered", b"named"])
def test_small_strings_that_fill_the_memory_end_for_want_of_it(function: bytes) -> None:
    """Lua does not fail where its table of strings cannot grow: it collects garbage for every string it makes."""

    async def stage() -> bytes:
        settings = ModLua(user_path="/udf", context_memory=4 * MEGABYTE)
        host = UdfHost(settings, lambda _: STRINGS, lambda *_: None)
        applied = await host.run(record_call("m", function, NO_ARGUMENTS, SUBJECT), SECONDS)
        await host.stop()
        return applied.value

    assert asyncio.run(stage()) == OUT_OF_MEMORY


def test_too_many_arguments_are_called_that() -> None:
    async def scene(host: UdfHost) -> None:
        arguments = b"\xdd" + (1 << 20).to_bytes(4, "big") + b"\1" * (1 << 20)
        assert (await host.run(record_call("m", b"one", arguments, SUBJECT), SECONDS))[
            2
        ] == b"too many arguments"

    play(scene)


def _private() -> int:
    """Bytes that the workers have to themselves."""
    return sum(map(private_bytes, own_workers()))


async def fill(host: UdfHost, count: int) -> None:
    """Have ``count`` contexts: as many streams are open at once, and each has one to itself."""
    streams = [
        host.open_stream(stream_call("full", b"f", NO_ARGUMENTS, StreamView(b"", True))) for _ in range(count)
    ]
    for stream in streams:
        assert not (await host.pour(stream, b"", SECONDS)).failure
        host.close_stream(stream)
    while len(list(host.pools.by_module["full"].workers.idle())) < count:  # noqa: ASYNC110 - nothing tells when they are back
        await asyncio.sleep(0)


@pytest.mark.parametrize("way", ["clear", "trim", "large"])
def test_memory_goes_back_to_the_system(way: str) -> None:
    """Also in a program that has a node inside."""

    async def scene(host: UdfHost) -> None:
        assert await apply(host, b"one") == 1
        before = _private()
        if way == "large":
            held = 90 * MEGABYTE  # of the 96 that a context may take
            assert await apply(host, b"hoard") == OUT_OF_MEMORY
        else:
            await fill(host, 12)
            held = host._budget.used()
            assert held > 90 * MEGABYTE
            assert _private() > held
        if way == "clear":
            host.clear()
        elif way == "trim":
            host.trim()
            host.trim()
        async with asyncio.timeout(SECONDS):
            while _private() - before > held / 3:  # noqa: ASYNC110 - nothing tells when
                await asyncio.sleep(0.01)

    play(scene, context_count=1, body_max_ms=60_000)
