"""Applying functions through the host: here and now when they are short, in a worker when they are not."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from asudfd.config.schema.lua import ModLua
from asudfd.lua.aerospike.host import UdfHost
from asudfd.lua.aerospike.record_view import RecordView, StreamView, record_call, stream_call
from asudfd.lua.aerospike.udf_result import UdfResult
from asudfd.lua.errors import ModuleError
from tests.work import measured

SUBJECT = RecordView(False, 0, 0, 0, b"conf", b"", bytes(20), b"", True)
NO_ARGUMENTS = b"\x90"
LARGE = b"\x91\xc6\x00\x01\x11\x70\x04" + bytes(69_999)
"""Arguments that are too large to be tried on the event loop."""

MODULES = {
    "m": b"n = 0 function f(rec) n = n + 1 return n end function twice(rec, x) return 2 * x end\n"
    b"function loop(rec) while true do end end\n"
    b"function work(rec, n) for i = 1, n * 1000000 do end return 'done' end\n"
    b"function say(rec) info('here') end",
    "bad": b"error('no')",
}


def play(
    scene: Callable[[UdfHost, list[str]], Awaitable[None]],
    count: int = 2,
    body_max_ms: int = 1000,
    workers: int = 32,
) -> None:
    async def stage() -> None:
        lines: list[str] = []
        settings = ModLua(user_path="/udf", context_count=count, body_max_ms=body_max_ms, udf_workers=workers)
        host = UdfHost(settings, MODULES.get, lambda _level, _place, text, _context: lines.append(text))
        try:
            await scene(host, lines)
        finally:
            await host.stop()

    asyncio.run(stage())


def integer(applied: UdfResult | None) -> int:
    assert applied is not None
    assert applied[:2] == (0, 1), applied
    return int.from_bytes(applied.value, "big")


async def warm(host: UdfHost, count: int = 2) -> None:
    for _ in range(count):
        assert (await host.run(record_call("m", b"twice", b"\x91\x01", SUBJECT), 5)).code == 0


def test_contexts_are_made_while_the_call_waits() -> None:
    async def scene(host: UdfHost, _lines: list[str]) -> None:
        assert host.run_inline(*record_call("m", b"f", NO_ARGUMENTS, SUBJECT)) is None
        assert integer(await host.run(record_call("m", b"f", NO_ARGUMENTS, SUBJECT), 5)) == 1
        # the second context is made ahead, or still to be made
        again = host.run_inline(*record_call("m", b"f", NO_ARGUMENTS, SUBJECT))
        assert integer(again or await host.run(record_call("m", b"f", NO_ARGUMENTS, SUBJECT), 5)) == 1
        counts = [integer(host.run_inline(*record_call("m", b"f", NO_ARGUMENTS, SUBJECT))) for _ in range(4)]
        assert counts == [2, 2, 3, 3]
        (figures,) = host.statistics()
        assert (figures.contexts, figures.creations, figures.hits) == (2, 2, 4)

    play(scene)


def test_a_slow_function_moves_to_workers_and_back() -> None:
    async def scene(host: UdfHost, _lines: list[str]) -> None:
        await warm(host)
        assert host.run_inline(*record_call("m", b"work", b"\x91\x05", SUBJECT)) is None
        assert (await host.run(record_call("m", b"work", b"\x91\x05", SUBJECT), 20)).value == b"done"
        await warm(host)
        assert integer(host.run_inline(*record_call("m", b"twice", b"\x91\x04", SUBJECT))) == 8
        for _ in range(400):
            if host.run_inline(*record_call("m", b"work", b"\x91\x00", SUBJECT)):
                break
            await host.run(record_call("m", b"work", b"\x91\x00", SUBJECT), 5)
        else:
            raise AssertionError("never quick again")

    play(scene)


def test_a_loop_holds_the_event_loop_for_a_moment_only() -> None:
    async def scene(host: UdfHost, _lines: list[str]) -> None:
        await warm(host)
        with measured() as work:
            assert host.run_inline(*record_call("m", b"loop", NO_ARGUMENTS, SUBJECT)) is None
        assert work.pieces < 7
        applied = await host.run(record_call("m", b"loop", NO_ARGUMENTS, SUBJECT), 0.05)
        assert applied[:4] == (100, 3, b"UDF Execution Timeout", 0)

    play(scene)


def test_failures() -> None:
    async def scene(host: UdfHost, lines: list[str]) -> None:
        for module in ("none", "bad", "m.lua", "a/m"):
            assert host.run_inline(*record_call(module, b"f", NO_ARGUMENTS, SUBJECT)) is None
            applied = await host.run(record_call(module, b"f", NO_ARGUMENTS, SUBJECT), 5)
            assert applied[:4] == (100, 3, b"UDF: Execution Error 1", 0)
            assert (applied.detail or b"").startswith(b"lua create error: ")
        assert not lines  # who serves the call tells it
        assert (await host.run(record_call("m", b"nope", NO_ARGUMENTS, SUBJECT), 5))[
            2
        ] == b"function not found"

    play(scene)


def test_lines_are_written_once() -> None:
    async def scene(host: UdfHost, lines: list[str]) -> None:
        assert (await host.run(record_call("m", b"say", NO_ARGUMENTS, SUBJECT), 5)).code == 0
        assert lines == ["here"]  # and not by its proof too
        assert host.run_inline(*record_call("m", b"say", NO_ARGUMENTS, SUBJECT))
        assert lines == ["here"] * 2
        assert (await host.run(record_call("m", b"say", LARGE, SUBJECT), 5)).code == 0  # in a worker
        assert lines == ["here"] * 3

    play(scene, count=1)


def test_full_speed_soon_after_the_cache_was_cleared() -> None:
    async def scene(host: UdfHost, _lines: list[str]) -> None:
        await warm(host, 10)
        host.clear()
        inline = 0
        for _ in range(20):
            if host.run_inline(*record_call("m", b"twice", b"\x91\x01", SUBJECT)):
                inline += 1
            else:
                await host.run(record_call("m", b"twice", b"\x91\x01", SUBJECT), 5)
        assert inline >= 10  # those beyond found a context that was made ahead

    play(scene, count=10)


def test_a_call_that_waits_for_a_worker_past_its_deadline_does_not_run() -> None:
    said: list[str] = []

    async def scene(host: UdfHost, lines: list[str]) -> None:
        loop = asyncio.ensure_future(host.run(record_call("m", b"loop", LARGE, SUBJECT), 60))
        await asyncio.sleep(0)
        applied = await host.run(record_call("m", b"say", LARGE, SUBJECT), 0.02)
        assert applied[:4] == (100, 3, b"UDF Execution Timeout", 0)
        assert not loop.done()
        loop.cancel()
        await asyncio.wait((loop,))
        await host.stop()
        said.extend(lines)

    play(scene, workers=1)
    assert said == []


def test_a_call_that_waits_for_a_context_past_its_deadline_does_not_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("asudfd.lua.worker_contexts.PATIENCE", 60)

    async def scene(host: UdfHost, lines: list[str]) -> None:
        loops = [
            asyncio.ensure_future(host.run(record_call("m", b"loop", LARGE, SUBJECT), 60)) for _ in range(2)
        ]
        await asyncio.sleep(0)
        pool = host.pools.of("m")
        while pool.counts.total < 2:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.001)
        applied = await host.run(record_call("m", b"say", LARGE, SUBJECT), 0.02)
        assert applied[:4] == (100, 3, b"UDF Execution Timeout", 0)
        assert not any(loop.done() for loop in loops)
        for loop in loops:
            loop.cancel()
        await asyncio.wait(loops)
        assert lines == []

    play(scene)


def test_a_module_is_checked_while_calls_take_all_workers() -> None:
    async def scene(host: UdfHost, _lines: list[str]) -> None:
        loop = asyncio.ensure_future(host.run(record_call("m", b"loop", NO_ARGUMENTS, SUBJECT), 60))
        await asyncio.sleep(0)
        await host.validate("new.lua", b"function f() end")
        assert not loop.done()
        loop.cancel()
        await asyncio.wait((loop,))

    play(scene, workers=1)


def test_a_call_runs_while_modules_are_checked() -> None:
    async def scene(host: UdfHost, _lines: list[str]) -> None:
        checks = [asyncio.ensure_future(host.validate("new.lua", b"while true do end")) for _ in range(5)]
        await asyncio.sleep(0)
        assert (await host.run(record_call("m", b"twice", b"\x91\x01", SUBJECT), 5)).code == 0
        assert not any(check.done() for check in checks)
        failures = await asyncio.gather(*checks, return_exceptions=True)
        assert all(isinstance(failure, ModuleError) for failure in failures)

    play(scene, body_max_ms=300)


def test_a_stopped_host_answers_time_outs() -> None:
    async def scene(host: UdfHost, _lines: list[str]) -> None:
        stream = host.open_stream(stream_call("m", b"f", NO_ARGUMENTS, StreamView(b"", True)))
        await host.stop()
        assert (await host.run(record_call("m", b"f", NO_ARGUMENTS, SUBJECT), 5))[
            2
        ] == b"UDF Execution Timeout"
        poured = await host.pour(stream, b"", 5)
        assert poured.failure.endswith(b"UDF Execution Timeout")
        host.close_stream(stream)

    play(scene)
