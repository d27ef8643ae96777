"""A worker that drops contexts is free again, or closed: the workers are scripted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from asudfd.lua.context_dropper import ContextDropper
from asudfd.lua.worker.frames import BrokenWorkerError
from asudfd.lua.worker.worker_end import WorkerEndedError
from asudfd.lua.worker_contexts import ContextDrop

if TYPE_CHECKING:
    from asudfd.lua.call_workers import CallWorkers
    from asudfd.lua.pool import ContextPool


class Script:
    """Worker, pool and workers in one: notes what is done to it, and fails as it is told to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.done: list[str] = []
        self.failure = failure
        self.workers = self
        self.held: asyncio.Event | None = None

    def __getattr__(self, name: str) -> Any:
        return lambda *_: self.done.append(name)

    async def drop(self, _contexts: object) -> None:
        await self._wait("drop")

    async def settle(self) -> None:
        await self._wait("settle")

    async def _wait(self, what: str) -> None:
        self.done.append(what)
        if self.held is not None:
            await self.held.wait()
        if self.failure is not None:
            raise self.failure


def dropped(script: Script, contexts: list[Any], *, whole: bool = False) -> list[str]:
    async def scene() -> None:
        dropper = ContextDropper(cast("CallWorkers", script))
        drop = ContextDrop(cast("Any", script), contexts, whole=whole)
        dropper.drop(cast("ContextPool", script), drop)
        await asyncio.gather(*dropper._tasks)

    asyncio.run(scene())
    return script.done


def test_it_is_free_when_it_has_dropped_them() -> None:
    assert dropped(Script(), [1, 2]) == ["forget", "forget", "drop", "free", "serve"]
    assert dropped(Script(), []) == ["settle", "free", "serve"]


def test_it_ends_with_the_last_of_its_contexts() -> None:
    assert dropped(Script(), [1], whole=True) == ["forget", "close"]


@pytest.mark.parametrize("failure", [WorkerEndedError("ended"), BrokenWorkerError("broken")])
def test_one_that_fails_is_closed(failure: Exception) -> None:
    assert dropped(Script(failure), [1]) == ["forget", "drop", "lose", "close"]


def test_a_stop_waits_for_none() -> None:
    script = Script()

    async def scene() -> None:
        script.held = asyncio.Event()
        dropper = ContextDropper(cast("CallWorkers", script))
        dropper.drop(
            cast("ContextPool", script), ContextDrop(cast("Any", script), [cast("Any", 1)], whole=False)
        )
        await asyncio.sleep(0)
        await dropper.stop()

    asyncio.run(scene())
    assert script.done == ["forget", "drop"]
