"""Calls for which the event loop waits: their lines, and what becomes of those that last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from asinfo.wire import msgpack
from asudfd.config.schema.lua import PROCESS, ModLua
from asudfd.lua import call_workers
from asudfd.lua.aerospike.host import UdfHost
from asudfd.lua.aerospike.record_view import record_call
from asudfd.lua.worker.module_worker import ModuleWorker
from tests.fakes.lua_call import NO_RECORD

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from asudfd.lua.call import LuaCall

    Scene = Callable[[UdfHost, list[str]], Awaitable[None]]

MODULE = b"""
function say(r, text) info(text) return 1 end
function spin(r, count)
    for i = 1, count do end
    return count
end
function loop(r, count)
    info("loops")
    for i = 1, count do end
    return count
end
"""
LONG = 30_000_000  # a fifth of a second


def call(function: bytes, argument: int | str) -> LuaCall:
    return record_call("m", function, msgpack.pack([argument]), NO_RECORD)


@pytest.fixture
def play(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Scene], None]:
    """Play a scene with a host that knows all functions to be quick, and what they have logged since.

    On a busy machine a short call may take more than WAIT_MS.
    """
    monkeypatch.setattr("asudfd.lua.worker.module_worker.WAIT_MS", 60_000)

    def played(scene: Scene) -> None:
        lines: list[str] = []

        async def stage() -> None:
            settings = ModLua(user_path="/udf", isolation=PROCESS, context_count=1)
            host = UdfHost(settings, {"m": MODULE}.get, lambda _level, _place, text, _: lines.append(text))
            try:
                for one in (call(b"say", "first"), call(b"loop", 1), call(b"spin", 1)) * 2:
                    assert (await host.run(one, 60)).code == 0
                lines.clear()
                await scene(host, lines)
            finally:
                await host.stop()

        asyncio.run(stage())

    return played


def test_lines_of_a_call_for_which_the_event_loop_waits(
    play: Callable[[Scene], None],
) -> None:
    async def scene(host: UdfHost, lines: list[str]) -> None:
        for text in ("one", "two"):
            result = host.run_inline(*call(b"say", text))
            assert result is not None
            assert result.code == 0
            await asyncio.sleep(0)
        assert lines == ["one", "two"]

    play(scene)


def test_a_call_that_lasts_is_left_when_the_worker_says_so(
    play: Callable[[Scene], None],
) -> None:
    """It would end before anybody stops waiting for it. It is done anew, and what it has logged comes once."""

    async def scene(host: UdfHost, lines: list[str]) -> None:
        for function in (b"spin", b"loop"):
            assert host.run_inline(*call(function, LONG)) is None
            found = await host.run(call(function, LONG), 60)
            assert int.from_bytes(found.value, "big") == LONG
            assert function not in host.pools.by_module["m"].version.guard.quick
        assert lines == ["loops"]
        assert (await host.run(call(b"say", "after"), 60)).code == 0

    play(scene)


@pytest.mark.parametrize("quick", [False, True])
def test_workers_of_a_module_that_has_only_been_slow_are_less_urgent(
    quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the start: to make a context takes longer than most calls."""
    nicer: list[int] = []
    monkeypatch.setattr(ModuleWorker, "be_nicer", lambda _worker, niceness: nicer.append(niceness))
    monkeypatch.setattr(call_workers, "LONG_SECONDS", 60.0)

    async def stage() -> None:
        settings = ModLua(user_path="/udf", isolation=PROCESS, cache_enabled=False)
        host = UdfHost(settings, {"m": MODULE}.get, lambda *_: None)
        try:
            for one in [call(b"say", "quick")] * 3 * quick + [call(b"spin", LONG)]:
                await host.run(one, 60)
            assert nicer == []
            await host.run(call(b"spin", LONG), 60)
        finally:
            await host.stop()

    asyncio.run(stage())
    assert nicer == ([] if quick else [call_workers.NICENESS])
