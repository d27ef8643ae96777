"""An event loop of sockets that runs in a thread of its own, and can be run a step from inside what it has called.

asyncio's loops cannot do the latter. A face needs it whose calls hold everything up for as long as they take, and which
still has to tell its other clients so (asudfd.valkey: a Lua function that does not end). It is also the shortest
way from a socket to a reply: one call for each event, with nothing in between.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import select
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

READ, WRITE = select.POLLIN, select.POLLOUT
"""What a handler may wait for; epoll has the same numbers."""

HANG_UP = getattr(select, "POLLRDHUP", 0)
"""The other side sends no more: for one that is not read from at the moment."""

_TICK_SECONDS = 1.0
"""The longest wait: a thread that is asked to stop in an unforeseen way still ends within it."""


class ReactorTimer:
    """A call at a later time, which can be cancelled."""

    __slots__ = ("call", "when")

    def __init__(self, when: float, call: Callable[[], None]) -> None:
        self.when = when
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Do not call."""
        self.call = None

    def __lt__(self, other: ReactorTimer) -> bool:
        return self.when < other.when


class Reactor:
    """Waits for sockets, timers and calls from other threads, in the thread that calls `run`.

    Everything but `call_soon_threadsafe`, `wake` and `stop` belongs to that thread. ``fault`` is told of what a call raised.
    """

    def __init__(self, fault: Callable[[BaseException], None]) -> None:
        self._fault = fault
        self._epoll, self._unit = _new_poll()
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._timers: list[ReactorTimer] = []
        self._posted: deque[Callable[[], None]] = deque()
        self._answers: deque[Callable[[], None]] = deque()
        self._sends: deque[Callable[[], None]] = deque()
        self.is_shared = False
        """Whether more than one event has come at once."""
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)
        self.watch(self._wake_read, READ, self._woken)
        self._stopping = False
        self._thread: int | None = None
        self.now = time.monotonic()
        """The time, of a clock that nobody sets, at which the events at hand came."""

    def run(self) -> None:
        """Serve until `stop`."""
        self._thread = threading.get_ident()
        while not self._stopping:
            self.step(_TICK_SECONDS)

    def stop(self) -> None:
        """End `run` after the step at hand; any thread may ask for it."""
        self._stopping = True
        self.wake()

    def close(self) -> None:
        """Give the descriptors back; to be called after `run` has ended."""
        os.close(self._wake_read)
        os.close(self._wake_write)
        if hasattr(self._epoll, "close"):
            self._epoll.close()

    def step(self, seconds: float) -> None:
        """Wait up to ``seconds`` for something to happen, and handle what has happened.

        What has come on many sockets is read, then answered, then sent: each of the three is done in a row, since the kernel's code and
        that of the interpreter drive each other out of the caches of the processor.
        """
        if self._timers:
            left = self._timers[0].when - time.monotonic()
            if left < seconds:
                seconds = left if left > 0 else 0.0
        try:
            events = self._epoll.poll(seconds * self._unit)
        except InterruptedError:
            return
        self.now = time.monotonic()
        self.is_shared = len(events) > 1
        handlers = self._handlers
        for descriptor, event in events:
            handler = handlers.get(descriptor)
            if handler is not None:
                try:  # not by _call: there is one of these for each request
                    handler(event)
                except Exception as error:  # noqa: BLE001 - the edge: one connection's fault ends no other
                    self._fault(error)
        if self._answers:
            self._call_all(self._answers)
        if self._sends:
            self._call_all(self._sends)
        if self._timers and self._timers[0].when <= time.monotonic():
            self._run_timers()
            self._call_all(self._sends)

    def answer_later(self, call: Callable[[], None]) -> None:
        """Call ``call`` when the events at hand have been handled; also in a step from inside another one."""
        self._answers.append(call)

    def send_later(self, call: Callable[[], None]) -> None:
        """Call ``call`` when all has been answered."""
        self._sends.append(call)

    def send_now(self) -> None:
        """Send what waits to be sent: the call at hand takes its time."""
        self._call_all(self._sends)

    def run_posted(self) -> None:
        """Make the calls that other threads have asked for; for a call that waits for one of them."""
        while self._posted:
            self._call(self._posted.popleft())

    def wait(self, done: Callable[[], bool]) -> None:
        """Wait in the thread of the loop until ``done``, which another thread brings about and then calls `wake`.

        The calls that other threads ask for are made meanwhile; no socket is served.
        """
        self.send_now()
        while not done():
            select.select([self._wake_read], [], [], _TICK_SECONDS)
            self._woken(READ)

    def call_soon_threadsafe(self, call: Callable[[], None]) -> None:
        """Call ``call`` in the thread of the loop; any thread may ask for it."""
        self._posted.append(call)
        self.wake()

    def call_later(self, seconds: float, call: Callable[[], None]) -> ReactorTimer:
        """Call ``call`` after so many seconds."""
        timer = ReactorTimer(time.monotonic() + seconds, call)
        heapq.heappush(self._timers, timer)
        return timer

    def watch(self, descriptor: int, events: int, handler: Callable[[int], None]) -> None:
        """Call ``handler`` with the events whenever one of ``events`` is there."""
        self._handlers[descriptor] = handler
        self._epoll.register(descriptor, events)

    def change(self, descriptor: int, events: int) -> None:
        """Wait for other events from now on; 0 waits for errors only."""
        self._epoll.modify(descriptor, events)

    def forget(self, descriptor: int) -> None:
        """Watch no more; to be called before the descriptor is closed."""
        if self._handlers.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def wake(self) -> None:
        """End a wait that is going on; any thread may."""
        with contextlib.suppress(
            BlockingIOError, OSError
        ):  # full: it will wake up anyway; closed: it has ended
            os.write(self._wake_write, b"\0")

    def _woken(self, _event: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
        self.run_posted()

    def _run_timers(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0].when <= now:
            call = heapq.heappop(self._timers).call
            if call is not None:
                self._call(call)

    def _call_all(self, calls: deque[Callable[[], None]]) -> None:
        while calls:
            try:
                while calls:
                    calls.popleft()()
            except Exception as error:  # noqa: BLE001 - the edge: one connection's fault ends no other
                self._fault(error)

    def _call(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - the edge: one connection's fault ends no other
            self._fault(error)


def _new_poll() -> tuple[Any, float]:
    """Something that waits for descriptors, and what it calls a second; a poll object has the methods of epoll's."""
    if hasattr(select, "epoll"):
        return select.epoll(), 1.0
    return select.poll(), 1000.0
