"""The host: cached contexts, changed modules and dependencies, overlapping calls, the event loop beside loops."""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any, NoReturn

import pytest

from asudfd.config.schema.lua import INLINE, PROCESS, ModLua
from asudfd.lua import host, profile_guard, timed_result
from asudfd.lua.admission import FunctionKey
from asudfd.lua.aerospike.host import UdfHost
from asudfd.lua.aerospike.record_batch import END, pack
from asudfd.lua.aerospike.record_view import StreamView, record_call, stream_call
from asudfd.lua.call_figures import FUNCTIONS_MAX
from asudfd.lua.context import LuaContext
from tests.fakes.lua_call import NO_RECORD, call_function
from tests.waiting import wait_for
from tests.worker_processes import busy, own_workers

COUNTER = b"n = 0\nfunction f() n = n + 1 return n end"


class Node:
    """Registered modules and a host for them."""

    def __init__(self, settings: dict[str, Any], modules: dict[str, bytes]) -> None:
        self.modules = modules
        self.lines: list[tuple[int, str, str]] = []
        self.host = UdfHost(
            ModLua(user_path="/udf", **settings), modules.get, lambda *line: self.lines.append(line[:3])
        )

    async def call(self, module: str, function: str = "f", *arguments: Any, seconds: float = 5) -> Any:
        return await call_function(self.host, module, function, *arguments, seconds=seconds)

    async def detail(self, module: str) -> bytes:
        """What the log is to say of a call that fails."""
        result = await self.host.run(record_call(module, b"f", b"\x90", NO_RECORD), 5)
        return result.detail or b""

    async def calls(self, count: int, module: str = "m") -> list[Any]:
        return [await self.call(module) for _ in range(count)]

    def has_begun(self, module: str) -> bool:
        """Whether a call of the function f runs in a worker, or is about to."""
        return bool(self.host._admission._begun[FunctionKey(module, b"f")])

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():  # noqa: ASYNC110 - the host has no event for what is waited for
            await asyncio.sleep(0.001)

    def put(self, module: str, source: bytes | None) -> None:
        former = self.modules.get(module)
        if source is None:
            del self.modules[module]
        else:
            self.modules[module] = source
        self.host.forget(module, former)


def play(scene: Callable[[Node], Awaitable[None]], *, modules: dict[str, bytes], **settings: Any) -> None:
    async def stage() -> None:
        node = Node(settings, modules)
        try:
            await scene(node)
        finally:
            await node.host.stop()

    asyncio.run(stage())


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No busy machine makes a function slow: where it runs is not what is tested."""
    for module in (profile_guard, timed_result, host):
        monkeypatch.setattr(module, "HOLD_MAX", 10.0)
    monkeypatch.setattr(host, "LONG_SECONDS", 10.0)
    monkeypatch.setattr(host, "TRIAL_SECONDS", 10.0)


@pytest.mark.usefixtures("unhurried")
def test_twelve_calls_of_a_counter() -> None:
    async def scene(node: Node) -> None:
        assert await node.calls(12) == [1] * 10 + [2, 2]
        (figures,) = node.host.statistics()
        assert (figures.module, figures.contexts, figures.idle, figures.high_water) == ("m", 10, 10, 10)
        assert (figures.hits, figures.misses, figures.creations, figures.evictions) == (2, 10, 10, 0)

    play(scene, modules={"m": COUNTER})


@pytest.mark.parametrize("isolation", [INLINE, PROCESS])
def test_twelve_calls_of_a_slow_counter(isolation: str) -> None:
    slow = b"n = 0\nfunction f() for i = 1, 300000 do end n = n + 1 return n end"

    async def scene(node: Node) -> None:
        assert await node.calls(12) == [1] * 10 + [2, 2]
        (figures,) = node.host.statistics()
        assert (figures.contexts, figures.idle, figures.high_water) == (10, 10, 10)
        assert (figures.hits, figures.misses, figures.creations, figures.evictions) == (2, 10, 10, 0)

    play(scene, modules={"m": slow}, isolation=isolation)


@pytest.mark.usefixtures("unhurried")
def test_functions_of_a_module_that_grows_or_is_large() -> None:
    """Contexts that hold much are made anew, or stay in workers; calls go on."""
    grows = b"kept = {} function f() kept[#kept + 1] = string.rep('x', 100000) .. #kept return #kept end"
    large = b"t = {} for i = 1, 100000 do t[i] = {} end function f() return #t end"

    async def scene(node: Node) -> None:
        counts = await node.calls(90, "grows")
        assert counts[0] == 1
        assert all(later - sooner == 1 or later == 1 for sooner, later in pairwise(counts))
        again = counts.index(1, 1)
        assert 1 in counts[again + 1 :]  # more than once
        assert await node.calls(5, "large") == [100_000] * 5
        row = next(row for row in node.host.statistics() if row.module == "large")
        assert (row.contexts, row.creations, row.hits) == (1, 1, 4)

    play(scene, modules={"grows": grows, "large": large}, context_count=1)


def test_success_and_result_of_the_last_call_are_globals() -> None:
    async def scene(node: Node) -> None:
        assert await node.calls(2) == [b"nil:nil", b"true:nil:nil"]

    play(
        scene,
        modules={"m": b"function f() return tostring(success) .. ':' .. tostring(result) end"},
        context_count=1,
    )


def test_no_cache() -> None:
    async def scene(node: Node) -> None:
        assert await node.calls(3) == [1, 1, 1]
        assert [row.contexts for row in node.host.statistics()] == [0]

    play(scene, modules={"m": COUNTER}, cache_enabled=False)


def test_a_changed_module_starts_anew_and_a_removed_one_is_gone() -> None:
    async def scene(node: Node) -> None:
        assert await node.calls(3) == [1, 2, 3]
        node.put("m", COUNTER.replace(b"n = 0", b"n = 100"))
        assert await node.calls(2) == [101, 102]
        node.host.clear()
        assert await node.calls(2) == [101, 102]
        node.put("m", None)
        assert await node.calls(1) == [b"UDF: Execution Error 1"]
        assert node.host.statistics() == []

    play(scene, modules={"m": COUNTER}, context_count=1)


def test_a_call_under_way_finishes_on_its_old_context() -> None:
    slow = b"function f() repeat until pcall(require, 'end') return 1 end"  # the host is asked each time

    async def scene(node: Node) -> None:
        waiting = asyncio.create_task(node.call("m", "f", seconds=60))
        await node.until(lambda: bool(busy(own_workers())))
        node.put("m", b"function f() return 2 end")
        assert await node.call("m") == 2
        assert not waiting.done()
        node.modules["end"] = b"return true"
        assert await waiting == 1
        assert node.host.statistics()[0].contexts == 1

    play(scene, modules={"m": slow})


NEEDS_D = b"local d = require('d') function f() return d.v end"
BREAKING = {
    "a cycle": b"local m = require('m') return { v = 2 }",
    "an error": b"error('no more')",
    "no code": b"nope nope",
    "gone": None,
}


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING)
@pytest.mark.parametrize("called", [False, True])
def test_a_change_that_breaks_those_who_require_it_leaves_them_what_they_had(
    change: bytes | None, called: bool
) -> None:
    async def scene(node: Node) -> None:
        await node.host.validate("m.lua", NEEDS_D)
        if called:
            assert await node.calls(3) == [1] * 3
        node.put("d", change)
        assert await node.calls(12) == [1] * 12
        assert not node.lines
        node.host.clear()  # now nothing is left of it
        assert await node.call("m") == b"UDF: Execution Error 1"
        node.put("d", b"return { v = 3 }")
        assert await node.calls(2) == [3, 3]

    play(scene, modules={"m": NEEDS_D, "d": b"return { v = 1 }"})


def test_who_changed_since_has_nothing_of_what_others_had() -> None:
    async def scene(node: Node) -> None:
        assert await node.call("m") == 1
        node.put("d", b"local m = require('m') return { v = 2 }")
        assert await node.call("m") == 1
        node.put("m", NEEDS_D + b" -- changed")
        assert await node.call("m") == b"UDF: Execution Error 1"
        assert b"loop or previous error loading module 'm'" in await node.detail("m")

    play(scene, modules={"m": NEEDS_D, "d": b"return { v = 1 }"})


def test_a_changed_dependency_reaches_those_who_require_it() -> None:
    modules = {
        "leaf": b"return { v = 1 }",
        "middle": b"return require('leaf')",
        "top": b"local d = require('middle') function f() return d.v end",
        "other": COUNTER,
    }

    async def scene(node: Node) -> None:
        assert await node.call("top") == 1
        assert await node.calls(1, "other") == [1]
        node.put("leaf", b"return { v = 2 }")
        assert await node.call("top") == 2
        node.put("leaf", None)
        assert await node.call("top") == 2  # as on the real server
        assert await node.calls(1, "other") == [2]
        node.host.clear()
        assert await node.call("top") == b"UDF: Execution Error 1"
        assert b"module 'leaf' not found" in await node.detail("top")
        node.put("leaf", b"return { v = 3 }")
        assert await node.call("top") == 3

    play(scene, modules=modules, context_count=1)


def test_a_dependency_that_was_missing_reaches_those_who_asked_for_it() -> None:
    async def scene(node: Node) -> None:
        assert await node.call("m") is False
        node.put("later", b"return 1")
        assert await node.call("m") is True

    play(
        scene,
        modules={"m": b"local ok = pcall(require, 'later') function f() return ok end"},
        context_count=1,
    )


REQUIRED = {
    "value": (b"return { v = 9 }", b"function f() return require('d').v end", 9),
    "globals": (b"function helper() return 8 end", b"require('d') function f() return helper() end", 8),
    "nothing": (b"x = 1", b"function f() return require('d') end", True),
    "once": (b"c = (c or 0) + 1", b"function f() require('d') require('d') return c end", 1),
    "two results": (b"return 1", b"function f() return select(2, require('d')) end", b"/udf/d.lua"),
    "arguments": (
        b"return table.concat({ ... }, ' ')",
        b"function f() return require('d') end",
        b"d /udf/d.lua",
    ),
    "error": (b"error('deep')", b"function f() return require('d') end", b"/udf/d.lua:1: deep"),
    "loop": (
        b"require('d')",
        b"function f() require('d') end",
        b"/udf/d.lua:1: loop or previous error loading module 'd'",
    ),
    "syntax": (
        b"x =",
        b"function f() require('d') end",
        b"/udf/m.lua:1: error loading module 'd' from file '/udf/d.lua':\n\t/udf/d.lua:1: unexpected symbol near <eof>",
    ),
    "preload": (
        b"",
        b"function f() package.preload.d = function() return 7 end return (require('d')) end",
        7,
    ),
}


@pytest.mark.parametrize(("dependency", "module", "value"), REQUIRED.values(), ids=REQUIRED)
def test_require(dependency: bytes, module: bytes, value: object) -> None:
    async def scene(node: Node) -> None:
        assert await node.call("m") == value

    play(scene, modules={"d": dependency, "m": module})


def test_arguments_and_results_cross_as_they_are() -> None:
    values = [
        None,
        True,
        False,
        0,
        -(1 << 63),
        (1 << 63) - 1,
        1.0,
        0.5,
        float("inf"),
    ]

    async def scene(node: Node) -> None:
        for value in values:
            back = await node.call("m", "f", value)
            assert (type(back), back) == (type(value), value)
        for text in ("", "\u00e9"):
            assert await node.call("m", "f", text) == text.encode()
        assert await node.call("m", "count", *values) == len(values)

    play(
        scene,
        modules={"m": b"function f(_, a) return a end function count(_, ...) return select('#', ...) end"},
    )


def test_many_calls_at_once() -> None:
    source = b"function f(_, n) local s = 0 for i = 1, 20000 do s = s + n end return s end"

    async def scene(node: Node) -> None:
        answers = await asyncio.gather(*(node.call("m", "f", number) for number in range(64)))
        assert answers == [20000 * number for number in range(64)]
        (figures,) = node.host.statistics()
        assert 1 <= figures.high_water <= 64 + 10
        assert figures.contexts == figures.idle <= 20 + 10  # in workers and in the node
        node.host.trim()
        node.host.trim()
        assert node.host.statistics()[0].contexts <= 10 + 10

    play(scene, modules={"m": source}, context_max=20)


def test_loops_leave_the_event_loop_alone_and_their_contexts_are_dropped() -> None:
    async def scene(node: Node) -> None:
        loops = [asyncio.create_task(node.call("m", seconds=1)) for _ in range(4)]
        turns = 0
        while not all(task.done() for task in loops):
            await asyncio.sleep(0.001)
            turns += 1
        assert {task.result() for task in loops} == {b"UDF Execution Timeout"}
        assert turns > 10
        (figures,) = node.host.statistics()
        assert figures.evictions >= 4  # and those in which the calls were tried on the event loop
        assert figures.contexts == figures.idle
        assert await node.call("m", "g") == 1

    play(scene, modules={"m": b"function f() while true do end end function g() return 1 end"})


def test_a_caller_that_goes_away_leaves_the_context_in_order() -> None:
    async def scene(node: Node) -> None:
        waiting = asyncio.create_task(node.call("m", seconds=0.2))
        await node.until(lambda: node.has_begun("m"))
        waiting.cancel()
        await node.until(lambda: not node.has_begun("m"))
        (figures,) = node.host.statistics()
        assert figures.contexts == figures.idle
        assert await node.call("m", "g") == 1

    play(scene, modules={"m": b"function f() while true do end end function g() return 1 end"})


def test_a_body_that_loops_when_a_context_is_made() -> None:
    body = b"if pcall(require, 'switch') then while true do end end function f() return 1 end"

    async def scene(node: Node) -> None:
        assert await node.call("m") == 1
        node.put("switch", b"return 1")
        # the answers tell which limit came first: that of the body, or that of the call
        assert await node.call("m", seconds=60) == b"UDF: Execution Error 1"
        assert await node.call("m", seconds=0.02) == b"UDF Execution Timeout"

    play(scene, modules={"m": body}, body_max_ms=50)


def test_names_that_clients_make_up_do_not_gather() -> None:
    async def scene(node: Node) -> None:
        for number in range(50):
            assert await node.call(f"none{number}") == b"UDF: Execution Error 1"
        assert node.host.statistics() == []

    play(scene, modules={})


def test_stop_leaves_no_thread_and_no_worker() -> None:
    before = threading.active_count()

    async def scene(node: Node) -> None:
        await asyncio.gather(*(node.call("m") for _ in range(20)))

    play(scene, modules={"m": COUNTER})
    assert threading.active_count() == before
    wait_for(lambda: not own_workers())


HOUR = 3600.0

ENDLESS: dict[str, Callable[[UdfHost], Awaitable[object]]] = {
    "apply": lambda host: host.run(record_call("m", b"f", b"\x90", NO_RECORD), HOUR),
    "body": lambda host: host.validate("n.lua", b"while true do end"),
    "body of a call": lambda host: host.run(record_call("body", b"f", b"\x90", NO_RECORD), HOUR),
    "stream": lambda host: host.pour(
        host.open_stream(stream_call("m", b"g", b"\x90", StreamView(b"", True))), pack(NO_RECORD) + END, HOUR
    ),
}


@pytest.mark.parametrize("begin", ENDLESS.values(), ids=ENDLESS)
def test_stop_gives_up_what_is_under_way(begin: Callable[[UdfHost], Awaitable[object]]) -> None:
    """Whatever its deadline, and whoever waits for it: nothing of Lua outlives the stop."""
    before = threading.active_count()
    texts = {
        "m": b"function f() while true do end end function g(s) return s : map(function() while true do end end) end",
        "body": b"while true do end",
    }

    async def stage() -> None:
        host = UdfHost(
            ModLua(user_path="/udf", body_max_ms=60_000, udf_workers=1), texts.get, lambda *_: None
        )
        calls = [asyncio.ensure_future(begin(host)) for _ in range(3)]  # one may run, the others wait
        while not busy(own_workers()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.001)
        await host.stop()
        await asyncio.gather(*calls, return_exceptions=True)

    asyncio.run(stage())
    assert threading.active_count() == before
    wait_for(lambda: not own_workers())


def test_stop_does_not_close_the_contexts_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    closing = threading.Event()
    monkeypatch.setattr(LuaContext, "close", lambda *_: closing.wait())  # takes long

    async def stage() -> None:
        node = Node({}, {"m": COUNTER})
        await asyncio.gather(*(node.call("m") for _ in range(20)))
        assert node.host.statistics()[0].contexts
        await node.host.stop()

    asyncio.run(stage())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lua")]
    assert not closing.is_set()


class Unsearched(dict[str, Any]):
    """Pools of which one can be had by its name, and that nobody may go through."""

    def values(self) -> NoReturn:
        raise AssertionError("a change of a module went through all modules")


def test_a_change_looks_through_the_others_only_if_somebody_asked_for_the_module() -> None:
    async def scene(node: Node) -> None:
        assert await node.calls(1, "own") == await node.calls(1, "lone") == [1]
        assert await node.call("user") == b"1"
        pools = node.host.pools.by_module
        node.host.pools.by_module = Unsearched(pools)
        node.put("lone", COUNTER.replace(b"+ 1", b"+ 5"))
        with pytest.raises(AssertionError):
            node.put("own", COUNTER)
        assert await node.calls(1, "lone") == [5]
        node.host.pools.by_module = dict(node.host.pools.by_module)
        node.put("own", b"return 2")
        assert await node.call("user") == b"2"

    user = b"local own = require 'own' function f() return tostring(own == true and 1 or own) end"
    play(scene, modules={"own": COUNTER, "lone": COUNTER, "user": user}, context_count=1)


def rows(node: Node) -> dict[str, tuple[int, int, int]]:
    """Calls, failures and time-outs by module and function."""
    return {
        f"{module}.{function.decode()}": (figures.calls, figures.failures, figures.timeouts)
        for module, function, figures in node.host.functions()
    }


def test_nothing_is_kept_of_idle_workers_that_somebody_has_killed() -> None:
    async def scene(node: Node) -> None:
        for _ in range(5):
            assert await node.calls(3) == [1, 2, 3]
            for worker in own_workers():
                os.kill(worker, signal.SIGKILL)
            await node.until(lambda: all(worker.ended for worker in node.host._workers._all))
        assert await node.calls(2) == [1, 2]
        (figures,) = node.host.statistics()
        assert len(node.host._budget) == figures.contexts == 1
        assert len(node.host._workers) <= 2  # and a spare one

    play(scene, modules={"m": COUNTER}, context_count=1, isolation=PROCESS)


def test_calls_are_counted_by_function() -> None:
    async def scene(node: Node) -> None:
        await node.calls(40)
        await node.call("m", "loop", seconds=0.02)
        node.host.count_failure("m", b"loop", timed_out=True)
        assert rows(node) == {"m.f": (40, 0, 0), "m.loop": (1, 1, 1)}
        counted, loop = (figures for _, _, figures in node.host.functions())
        assert 0 < counted.seconds < loop.seconds + 10
        assert loop.seconds >= 0.02
        assert counted.memory > 100_000
        node.put("m", COUNTER + b" -- changed")
        await node.call("m")
        assert rows(node)["m.f"] == (41, 0, 0)

    play(scene, modules={"m": COUNTER + b"\nfunction loop() while true do end end"})


def test_figures_go_with_the_module_and_have_an_end() -> None:
    async def scene(node: Node) -> None:
        for number in range(FUNCTIONS_MAX + 50):
            await node.call("m", f"made_up_{number}")
        await node.call("none")
        assert len(rows(node)) == FUNCTIONS_MAX + 1
        assert rows(node)["m.*"] == (50, 0, 0)
        node.put("m", None)
        assert rows(node) == {}

    play(scene, modules={"m": COUNTER})


def test_a_stream_is_one_call() -> None:
    async def scene(node: Node) -> None:
        call = stream_call("m", b"s", b"\x90", StreamView(b"", True))
        stream = node.host.open_stream(call)
        for _ in range(3):
            assert not (await node.host.pour(stream, END, 5)).failure
        node.host.close_stream(stream)
        assert rows(node) == {"m.s": (1, 0, 0)}

    play(scene, modules={"m": b"function s(stream) return stream end"})
