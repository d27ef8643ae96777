"""The watchdog: a thread that detects a callback of the event loop that does not end.

Lua gives Python's lock free while it runs, so this thread runs while the loop is stuck in a single Lua instruction.

    look        every tenth of the limit, and at most every LOOK_SECONDS
    ask         the loop to answer, if its thread has been busy since the last look; an idle loop is not woken
    held        no answer, the same callback, and the loop's thread has used the limit of the processor since

All is measured by the processor's time of the loop's thread. So nothing happens while the machine sleeps, while the
process is stopped or gets no processor, and while the loop waits for a disk: that is for the supervisor's watchdog
(`asudfd.process.guard`). The same callback is asked for because a loop with thousands of ready clients may not
come to answer for long, though it serves all of them.

Where C code holds Python's lock, this thread does not run either, nor can anything in Python: see `Backstop`.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
from itertools import dropwhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import FrameType

LOOKS = 10
"""Looks within the limit: so much later than its limit, in tenths, a held loop may be found."""

LOOK_SECONDS = 0.5
"""Longest pause between two looks. One costs some 20 us, hence 2 of these wake-ups a second nothing that matters."""

IDLE_SECONDS = 0.001
"""Processor time of the loop's thread between two looks that says that it is idle; timers take a tenth of that.

A part of the pause would not do: on a busy machine, a held loop gets little of it.
"""

BACKSTOP_LIMITS = 2
"""Processor time of the whole process, in limits, without a look of the watchdog: then C code holds Python's lock."""


class Watchdog:
    """Watches ``loop``, which runs in the main thread; calls ``held`` with the stack in the watchdog's thread, once.

    ``seconds`` are of the processor. ``held`` is not expected to return.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, held: Callable[[FrameType, float], None]
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._held = held
        self._pause = min(seconds / LOOKS, LOOK_SECONDS)
        self._main = threading.main_thread().ident or 0
        self._clock = _processor_clock(self._main)
        self._stopped = threading.Event()
        self._backstop = Backstop(seconds * max(BACKSTOP_LIMITS, (os.cpu_count() or 1) / 4))
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self._answered = True
        self._callback: FrameType | None = None
        self._since = self._last = 0.0

    def start(self) -> None:
        """Begin to look; in the main thread. Raises RuntimeError where the user may have no more threads."""
        self._thread.start()
        self._backstop.set()

    def stop(self) -> None:
        """Look no more; in the main thread."""
        self._stopped.set()
        self._thread.join()
        self._backstop.clear()

    def _run(self) -> None:
        self._since = self._last = self._clock()
        while not self._stopped.wait(self._pause):
            self._backstop.push()
            stack = self._look()
            if stack is not None:
                self._backstop.pause()
                self._held(stack, self._clock() - self._since)
                return

    def _look(self) -> FrameType | None:
        """The stack of the loop's thread if the loop is held."""
        used = self._clock()
        stack = sys._current_frames().get(self._main)  # noqa: SLF001 - the documented way to another thread's stack
        callback = _callback(stack)
        if self._answered or callback is None or callback is not self._callback:
            self._ask(used, callback)
        elif used - self._since >= self._seconds:
            return stack
        self._last = used
        return None

    def _ask(self, used: float, callback: FrameType | None) -> None:
        """Begin to measure anew; an idle loop need not answer."""
        self._callback, self._since = callback, used
        busy = used - self._last > IDLE_SECONDS
        if busy and self._answered:
            self._answered = False
            self._loop.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        self._answered = True


class Backstop:
    """Ends the process, with the Python stacks of all threads on stderr, if ``push`` does not come in time.

    For C code that holds Python's lock: only a signal handler in C still runs then, and faulthandler has one. The
    timer counts the processor time of the process, so that one that was stopped or suspended does not end when it
    goes on; faulthandler's own timer would. The process dies of SIGPROF: a supervisor starts it anew.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def set(self) -> None:
        """Begin to count; in the main thread."""
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # whoever started us may have had it ignored
        faulthandler.register(signal.SIGPROF, file=2, all_threads=True, chain=True)
        self.push()

    def push(self) -> None:
        """Count from zero."""
        signal.setitimer(signal.ITIMER_PROF, self._seconds)

    def pause(self) -> None:
        """Count no more. The timer would outlive an exec."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def clear(self) -> None:
        """End it; in the main thread."""
        self.pause()
        faulthandler.unregister(signal.SIGPROF)


def _callback(stack: FrameType | None) -> FrameType | None:
    """The outermost frame of ``stack`` below those of the event loop: that of the callback which the loop runs."""
    frames = []
    while stack is not None:
        frames.append(stack)
        stack = stack.f_back
    loop_on = dropwhile(lambda frame: not _is_asyncio(frame), reversed(frames))
    return next(dropwhile(_is_asyncio, loop_on), None)


def _is_asyncio(frame: FrameType) -> bool:
    return frame.f_globals.get("__package__") == "asyncio"


def _processor_clock(thread: int) -> Callable[[], float]:
    """The processor time of ``thread``; of the process where the system does not tell (macOS)."""
    try:
        number = time.pthread_getcpuclockid(thread)
    except AttributeError:
        return time.process_time
    return lambda: time.clock_gettime(number)
