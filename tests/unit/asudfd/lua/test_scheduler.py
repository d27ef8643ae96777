"""The scheduler of Lua calls: time slices of threads, admission of calls, deadlines while they wait."""

import asyncio
import threading
import time
from collections.abc import Callable
from math import inf
from typing import cast

import pytest

from asudfd.config.schema.lua import ModLua
from asudfd.lua.admission import Admission, FunctionKey
from asudfd.lua.aerospike.host import UdfHost
from asudfd.lua.aerospike.record_view import RecordView, record_call
from asudfd.lua.aerospike.udf_result import UdfResult
from asudfd.lua.budget import MemoryBudget
from asudfd.lua.call import LuaCall
from asudfd.lua.context import LuaContext
from asudfd.lua.errors import ModuleError
from asudfd.lua.pool import ContextLease
from asudfd.lua.runner import Runner, TimedResult
from asudfd.lua.scheduler import Scheduler, SchedulerSlot

SUBJECT = RecordView(False, 0, 0, 0, b"", b"", bytes(20), b"", True)
NO_ARGUMENTS = b"\x90"
TIMED_OUT = b"UDF Execution Timeout"
MODULE = b"""
function forever() while true do end end
function short() local n = 0 for i = 1, 100000 do n = n + i end return n end
"""


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end


def test_turns_go_to_the_new_then_to_who_gave_theirs_up() -> None:
    scheduler = Scheduler(1, MemoryBudget(1 << 40))
    order: list[str] = []
    first = SchedulerSlot(scheduler, inf)
    begun = threading.Event()

    def loop() -> None:
        with first:
            begun.set()
            while len(order) < 2:
                first.now()
            order.append("loop")

    def short(name: str) -> None:
        with SchedulerSlot(scheduler, inf):
            order.append(name)

    threads = [threading.Thread(target=loop, daemon=True)]
    threads[0].start()
    begun.wait()
    threads += [threading.Thread(target=short, args=(name,), daemon=True) for name in ("a", "b")]
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(order[:2]) == ["a", "b"]
    assert order[2] == "loop"
    assert not len(scheduler)


def test_as_many_threads_run_as_there_are_turns() -> None:
    scheduler = Scheduler(2, MemoryBudget(1 << 40))
    running: list[int] = []
    most: list[int] = []

    every: list[SchedulerSlot] = []

    def loop(number: int) -> None:
        with SchedulerSlot(scheduler, inf) as slot:
            every.append(slot)
            while sum(each.had for each in every) < 30:  # so often one was given up; all take part until then
                running.append(number)
                most.append(len(running))
                running.remove(number)
                slot.now()

    threads = [threading.Thread(target=loop, args=(number,), daemon=True) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert max(most) <= 2


def test_a_call_past_its_deadline_is_next() -> None:
    scheduler = Scheduler(1, MemoryBudget(1 << 40))
    held = SchedulerSlot(scheduler, inf)
    held.__enter__()
    ended: list[str] = []

    def wait(name: str, deadline: float) -> None:
        slot = SchedulerSlot(scheduler, deadline)
        with scheduler._lock:
            scheduler._queues[-1].append(slot)
        slot.wakeup.acquire()
        ended.append(name)
        scheduler.end()

    threads = []
    for name, deadline in (("patient", inf), ("late", 0.0)):
        threads.append(threading.Thread(target=wait, args=(name, deadline), daemon=True))
        threads[-1].start()
        until(lambda: len(scheduler) == len(threads))
    held.__exit__()
    for thread in threads:
        thread.join(10)
    assert ended == ["late", "patient"]


def test_who_is_given_up_ends_at_the_next_look() -> None:
    slot = SchedulerSlot(Scheduler(1, MemoryBudget(1 << 40)), time.monotonic() + 100)
    with slot:
        assert slot.now() < inf
        slot.give_up()
        assert slot.now() == inf
        assert slot.is_late()


def test_a_stop_ends_who_runs_and_who_waits() -> None:
    scheduler = Scheduler(1, MemoryBudget(1 << 40))
    begun = threading.Event()
    stuck = threading.Event()

    def hang() -> None:
        with SchedulerSlot(scheduler, inf):  # in one instruction that takes long
            begun.set()
            stuck.wait()

    ended: list[bool] = []

    def wait() -> None:
        with SchedulerSlot(scheduler, inf) as slot:
            ended.append(slot.now() == inf)

    hanging = threading.Thread(target=hang)
    hanging.start()
    begun.wait()
    waiting = [threading.Thread(target=wait) for _ in range(3)]
    for thread in waiting:
        thread.start()
    until(lambda: len(scheduler) == 3)
    scheduler.stop()
    for thread in waiting:
        thread.join(60)
    wait()  # one that begins afterwards
    assert ended == [True] * 4
    assert hanging.is_alive()
    stuck.set()
    hanging.join(60)
    assert not scheduler.begun


class _Sized:
    def __init__(self, memory: int) -> None:
        self.size = memory

    def memory(self) -> int:
        return self.size


def sized(memory: int) -> LuaContext:
    return cast("LuaContext", _Sized(memory))


def test_beyond_the_budget_the_larger_contexts_end() -> None:
    budget = MemoryBudget(100)
    small, large = sized(20), sized(70)
    budget.add(small)
    budget.add(large)
    assert not budget.is_exceeded_by(large)
    cast("_Sized", small).size = 40
    assert budget.is_exceeded_by(large)
    assert not budget.is_exceeded_by(small)
    budget.remove(large)
    assert not budget.is_exceeded_by(small)
    assert len(budget) == 1


def test_no_function_takes_all_places() -> None:
    async def scene() -> None:
        admission = Admission(8)
        many = [asyncio.ensure_future(admission.enter(FunctionKey("m", b"many"))) for _ in range(20)]
        await asyncio.sleep(0)
        assert sum(each.done() for each in many) == 4
        other = [asyncio.ensure_future(admission.enter(FunctionKey("m", b"other"))) for _ in range(20)]
        await asyncio.sleep(0)
        assert sum(each.done() for each in other) == 2
        await asyncio.wait_for(admission.enter(FunctionKey("m", b"new")), 1)
        admission.leave(FunctionKey("m", b"many"))
        await asyncio.sleep(0)
        assert sum(each.done() for each in (*many, *other)) == 6  # one has left
        for each in (*many, *other):
            each.cancel()
        await asyncio.wait((*many, *other))

    asyncio.run(scene())


def test_a_place_that_comes_when_nobody_wants_it_goes_on() -> None:
    async def scene() -> None:
        admission = Admission(1)
        await admission.enter(FunctionKey("m", b"f"))
        given_up, waiting = (asyncio.ensure_future(admission.enter(FunctionKey("m", b"f"))) for _ in range(2))
        await asyncio.sleep(0)
        admission.leave(FunctionKey("m", b"f"))
        given_up.cancel()
        await asyncio.wait_for(waiting, 1)
        assert given_up.cancelled()

    asyncio.run(scene())


def host(threads: int) -> UdfHost:
    settings = ModLua(user_path="/udf", udf_threads=threads)
    return UdfHost(settings, {"m": MODULE}.get, lambda *_: None)


async def running(node: UdfHost, count: int) -> list[asyncio.Task[UdfResult]]:
    """Endless calls, of which as many have begun in threads as may: one function gets half of the places."""
    places = min(count, node._admission._free // 2)
    calls = [
        asyncio.ensure_future(node.run(record_call("m", b"forever", NO_ARGUMENTS, SUBJECT), 3600))
        for _ in range(count)
    ]
    while node._admission._begun[FunctionKey("m", b"forever")] < places:  # noqa: ASYNC110 - it has no event for that
        await asyncio.sleep(0)
    return calls


async def give_up(calls: list[asyncio.Task[UdfResult]]) -> None:
    assert not [each.result() for each in calls if each.done()]
    for each in calls:
        each.cancel()
    await asyncio.wait(calls)


def test_a_short_call_gets_its_turn_among_endless_ones() -> None:
    async def scene() -> UdfResult:
        node = host(1)
        endless = await running(node, 40)
        short = await node.run(record_call("m", b"short", NO_ARGUMENTS, SUBJECT), 600)
        await give_up(endless)
        await node.stop()
        return short

    assert asyncio.run(scene()).code == 0


def test_who_waits_is_answered_at_its_deadline_and_never_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asudfd.lua.host.THREADS_MAX", 2)
    begun: list[str] = []
    run = Runner.run

    def counted(runner: Runner, slot: SchedulerSlot, call: LuaCall, lease: ContextLease) -> TimedResult:
        begun.append(call.module)
        return run(runner, slot, call, lease)

    monkeypatch.setattr(Runner, "run", counted)

    async def scene() -> list[UdfResult]:
        node = host(1)
        endless = await running(node, 1)
        waiting = [node.run(record_call("m", b"forever", NO_ARGUMENTS, SUBJECT), 0.1) for _ in range(20)]
        ended = await asyncio.gather(*waiting)
        await give_up(endless)  # it still ran when all others had their answers
        await node.stop()
        return ended

    assert {each.value for each in asyncio.run(scene())} == {TIMED_OUT}
    assert begun == ["m"]


def test_what_was_waited_for_a_turn_is_not_ones_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, own = 100.0, 7.0
    monkeypatch.setattr("asudfd.lua.scheduler.monotonic", lambda: now)
    monkeypatch.setattr("asudfd.lua.scheduler.thread_time", lambda: own)
    scheduler = Scheduler(1, MemoryBudget(1 << 40))
    slot = SchedulerSlot(scheduler, inf)

    def other() -> None:
        nonlocal now
        with SchedulerSlot(scheduler, inf):
            now += 1000

    with slot:
        assert slot.own_now() == 7
        thread = threading.Thread(target=other, daemon=True)
        thread.start()
        until(lambda: len(scheduler) == 1)
        now += 0.125  # more than a slice lasts when others wait
        own += 0.0625  # the system gave the processor to somebody else for the rest of it
        assert slot.own_now() == 7.0625
        assert slot.now() == 1100.125
        assert slot.had == 1
    thread.join(60)
    assert not thread.is_alive()


def test_what_others_run_is_not_the_time_of_a_modules_body() -> None:
    body = b"for i = 1, 2000000 do end "
    settings = ModLua(user_path="/udf", udf_threads=1, body_max_ms=500)
    sources = {"m": MODULE, "n": body + b"function short() return 1 end"}

    async def scene() -> UdfResult:
        node = UdfHost(settings, sources.get, lambda *_: None)
        endless = await running(node, 40)
        await node.validate("n.lua", sources["n"])
        short = await node.run(record_call("n", b"short", NO_ARGUMENTS, SUBJECT), 600)
        await give_up(endless)
        await node.stop()
        return short

    assert asyncio.run(scene()).code == 0


def test_a_body_that_has_had_its_time_ends_among_endless_calls() -> None:
    settings = ModLua(user_path="/udf", udf_threads=1, body_max_ms=100)

    async def scene() -> None:
        node = UdfHost(settings, {"m": MODULE}.get, lambda *_: None)
        endless = await running(node, 10)
        with pytest.raises(ModuleError, match="did not end"):
            await node.validate("n.lua", b"while true do end")
        await give_up(endless)
        await node.stop()

    asyncio.run(scene())
