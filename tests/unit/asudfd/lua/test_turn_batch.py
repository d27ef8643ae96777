"""Calls of one turn of the event loop in a worker: in order, each once, and what becomes of them when one of them does not end."""

import asyncio
from collections.abc import Awaitable, Callable

from asudfd.config.schema.lua import PROCESS, ModLua
from asudfd.lua.aerospike.host import UdfHost
from asudfd.lua.aerospike.record_view import record_call
from asudfd.lua.aerospike.udf_result import UdfResult
from asudfd.lua.call import LuaCall
from asudfd.lua.turn_batch import UNSEEN_MAX, TurnBatch
from tests.fakes.lua_call import NO_RECORD

MODULE = b"""
n = 0
function f() n = n + 1 return n end
function g(r, how)
    while how == 1 do end
    if how == 2 then kept = string.rep("x", 2^30) end
    return 7
end
"""
PLAIN = b"\x90"


def call(function: bytes, argument: int | None = None) -> LuaCall:
    return record_call("m", function, PLAIN if argument is None else bytes((0x91, argument)), NO_RECORD)


def play(scene: Callable[[UdfHost], Awaitable[None]]) -> None:
    async def stage() -> None:
        settings = ModLua(user_path="/udf", isolation=PROCESS, context_count=3)
        host = UdfHost(settings, {"m": MODULE}.get, lambda *_: None)
        try:
            for _ in range(3):
                for one in (call(b"f"), call(b"g", 0)):
                    assert (await host.run(one, 60)).code == 0
            await scene(host)
        finally:
            await host.stop()

    asyncio.run(stage())


async def together(host: UdfHost, calls: list[LuaCall]) -> list[UdfResult | None]:
    """The results of calls that come in one turn, after a turn that brought several, to a worker that does nothing else."""
    for _ in range(2):
        host.run_inline(*call(b"f"))
    await asyncio.sleep(0)
    while not host.pools.by_module["m"].workers.idle_workers():  # noqa: ASYNC110 - one of those calls may have been late
        await asyncio.sleep(0.001)
    results = []
    for one in calls:
        assert host.run_inline(*one) is None
        result = host.run_soon(one)
        assert result is not None
        results.append(result)
    return list(await asyncio.gather(*results))


def values(results: list[UdfResult | None]) -> list[int | None]:
    return [None if each is None else int.from_bytes(each.value, "big") for each in results]


def test_calls_of_one_turn_walk_through_the_contexts() -> None:
    async def scene(host: UdfHost) -> None:
        found = values(await together(host, [call(b"f")] * 7))
        assert None not in found
        numbers = [number for number in found if number is not None]
        # three contexts in turn: each counts on by itself
        assert all(later == sooner + 1 for sooner, later in zip(numbers, numbers[3:], strict=False))
        again = values(await together(host, [call(b"f")] * 2))
        assert again[0] is not None
        assert again[0] > min(numbers)
        (row,) = host.statistics()
        assert (row.contexts, row.idle, row.evictions) == (3, 3, 0)

    play(scene)


def test_a_context_that_is_spoilt_ends_no_other_call() -> None:
    async def scene(host: UdfHost) -> None:
        calls = [call(b"f"), call(b"g", 2), *[call(b"f")] * 5]
        results = await together(host, calls)
        spoilt = results[1]
        assert spoilt is not None
        assert spoilt.value == b"not enough memory"
        assert results[4] is None  # would have been in that context
        assert sum(each is None for each in results) == 1
        assert (await host.run(call(b"f"), 60)).code == 0

    play(scene)


def test_a_call_that_does_not_end_is_found_and_the_others_are_done_elsewhere() -> None:
    async def scene(host: UdfHost) -> None:
        guard = host.pools.by_module["m"].version.guard
        results = await together(host, [call(b"f"), call(b"g", 1), call(b"f")])
        assert results[1:] == [None, None]
        assert b"g" not in guard.quick
        assert b"f" in guard.quick
        assert (await host.run(call(b"g", 1), 0.1)).value == b"UDF Execution Timeout"
        assert (await host.run(call(b"f"), 60)).code == 0

    play(scene)


def test_a_module_that_changes_meanwhile_ends_no_call() -> None:
    async def scene(host: UdfHost) -> None:
        pending = asyncio.ensure_future(together(host, [call(b"f")] * 4))
        batch = host.pools.by_module["m"].batch
        while not (batch and (batch.waiting or batch.in_flight)) and not pending.done():
            await asyncio.sleep(0)
            batch = host.pools.by_module["m"].batch
        host.clear()
        assert len(await pending) == 4
        assert (await host.run(call(b"f"), 60)).code == 0

    play(scene)


def test_a_turn_that_brings_several_is_seen_soon_and_one_that_brings_one_again() -> None:
    async def stage() -> None:
        batch = TurnBatch(lambda: None)

        async def turn(calls: int) -> list[bool]:
            gathered = [batch.note() for _ in range(calls)]
            await asyncio.sleep(0)
            return gathered

        for _ in range(3 * UNSEEN_MAX):
            assert await turn(1) == [False]
        turns = 0
        while await turn(2) == [False, False]:
            turns += 1
            assert turns <= 2 * UNSEEN_MAX
        assert await turn(5) == [True] * 5
        assert await turn(1) == [True]  # so it is known after the turn
        assert await turn(1) == [False]

    asyncio.run(stage())
