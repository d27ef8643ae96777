"""When the watchdog takes the event loop for held: by its answers, its callback and its processor time, not by the clock."""

import asyncio
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, cast

import pytest

from asudfd.process import watchdog as module
from asudfd.process.watchdog import Watchdog

LIMIT = 5.0


class Loop:
    """An event loop that has not come to its callbacks yet."""

    def __init__(self) -> None:
        self.asked: list[Callable[[], None]] = []

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        self.asked.append(callback)

    def turn(self) -> None:
        while self.asked:
            self.asked.pop()()


class Scene:
    """A watchdog that looks when it is told, with a clock that is set."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.used = 0.0
        self.watchdog = Watchdog(cast("Any", self.loop), LIMIT, lambda *_: None)
        self.watchdog._clock = lambda: self.used

    def look(self, used: float) -> FrameType | None:
        self.used += used
        return self.watchdog._look()


def in_a_callback(play: Callable[[Scene], None]) -> None:
    """Let ``play`` be what the event loop of this thread runs; its stack is what the watchdog sees."""

    async def callback() -> None:
        play(Scene())

    asyncio.run(callback())


def test_a_callback_that_has_used_the_limit_holds_the_loop() -> None:
    def play(scene: Scene) -> None:
        assert scene.look(0.5) is None  # asks
        assert scene.look(LIMIT - 0.1) is None
        stack = scene.look(0.1)
        assert stack is not None
        assert stack.f_code is Scene.look.__code__ or stack.f_code is Watchdog._look.__code__

    in_a_callback(play)


def test_a_loop_that_answers_is_not_held() -> None:
    def play(scene: Scene) -> None:
        for _ in range(5):
            assert scene.look(LIMIT) is None
            scene.loop.turn()

    in_a_callback(play)


def test_a_process_that_was_stopped_or_has_no_processor_is_not_held() -> None:
    def play(scene: Scene) -> None:
        assert scene.look(0.5) is None
        for _ in range(1000):
            assert scene.look(0.0) is None  # however long that is on the wall

    in_a_callback(play)


def test_an_idle_loop_is_not_woken() -> None:
    def play(scene: Scene) -> None:
        for _ in range(100):
            assert scene.look(module.IDLE_SECONDS / 10) is None
        assert not scene.loop.asked

    in_a_callback(play)


def test_callbacks_one_after_the_other_do_not_hold_the_loop() -> None:
    scene = Scene()

    async def main() -> None:
        for _ in range(5):
            done = asyncio.Event()
            asyncio.get_running_loop().call_soon(one, done)
            await done.wait()

    def one(done: asyncio.Event) -> None:
        assert scene.look(LIMIT) is None  # never answered, but another callback each time
        done.set()

    asyncio.run(main())


def test_a_thread_without_an_event_loop_is_not_held() -> None:
    scene = Scene()
    for _ in range(5):
        assert scene.look(LIMIT) is None


def test_the_callback_is_the_outermost_frame_below_the_loop() -> None:
    found: list[str] = []

    def inner() -> None:
        callback = module._callback(sys._getframe())
        assert callback is not None
        found.append(callback.f_code.co_name)

    async def callback() -> None:
        inner()
        asyncio.Event().set()

    asyncio.run(callback())
    assert found == ["callback"]
    assert module._callback(None) is None


def test_where_a_thread_has_no_clock_the_process_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(time, "pthread_getcpuclockid")
    assert module._processor_clock(1) is time.process_time
