"""The node's end of a worker: frames out and in without blocking; killed by a descriptor and never by a number."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import deque
from contextlib import suppress
from select import POLLIN, poll
from typing import TYPE_CHECKING, NamedTuple

from asinfo.errors import Error
from asudfd.lua.niceness import make_nicer
from asudfd.lua.worker.frames import (
    HEADER,
    RESULT_AT,
    RESULT_MAX,
    BrokenWorkerError,
    size_from_worker,
    whole_result,
)
from asudfd.lua.worker.shared_page import BEGUN, BEGUN_AT, MEMORY

if TYPE_CHECKING:
    import mmap

    from asudfd.lua.worker.descriptors import Forked
    from asudfd.lua.worker.frames import ContextState

FRAMES_MAX = 65536
"""Frames that wait for somebody to ask; what one read brings is a fifth at most, and nobody sends so many unasked but a broken worker."""

WAITING_MAX = 2 * RESULT_MAX
"""Bytes in such frames: a result and what came before it."""

READ_SIZE = 65536
"""Bytes that are read at once: a larger buffer is mapped anew for each read, 13 microseconds for 256 KiB."""


class WorkerEndedError(Error):
    """The worker has ended, by itself or killed."""


class Frame(NamedTuple):
    """A frame from a worker, whose size and kind are good."""

    kind: int
    body: bytes


class Worker:
    """A worker that runs, and its pipes. Belongs to the event loop in which it was made."""

    __slots__ = (
        "_broken",
        "_frames",
        "_have",
        "_loop",
        "_page",
        "_parts",
        "_poll",
        "_process",
        "_reading",
        "_unsent",
        "_waiter",
        "_waiting",
        "_wanted",
        "_writing",
        "ended",
    )

    def __init__(self, process: Forked, reading: int, writing: int, page: mmap.mmap) -> None:
        self._process = process
        self._reading = reading
        self._writing = writing
        self._page = page
        self._parts: list[bytes] = []  # of a frame that is not whole
        self._have, self._wanted = 0, HEADER.size  # bytes
        self._unsent = b""
        self._frames: deque[Frame] = deque()
        self._waiting = 0  # bytes in them
        self._waiter: asyncio.Future[None] | None = None
        self._broken: BrokenWorkerError | None = None
        self._poll = poll()
        self._poll.register(reading, POLLIN)
        self.ended = False
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(reading, self._read)

    @property
    def reads(self) -> bool:
        """Whether it has taken all that was sent."""
        return not self._unsent

    def send(self, data: bytes) -> None:
        """Send a whole frame; what the pipe does not take waits here."""
        if self.ended:
            return
        if not self._unsent:
            sent = self._write(data)
            if sent == len(data):
                return
            data = data[sent:]
            if not self.ended:
                self._loop.add_writer(self._writing, self._write_rest)
        self._unsent += data

    def _write(self, data: bytes) -> int:
        """How many bytes the pipe has taken; that the worker has gone, the other pipe tells."""
        try:
            return os.write(self._writing, data)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)

    def _write_rest(self) -> None:
        self._unsent = self._unsent[self._write(self._unsent) :]
        if not self._unsent:
            self._loop.remove_writer(self._writing)

    async def receive(self) -> Frame:
        """The next frame. Raises WorkerEndedError, and BrokenWorkerError for what no worker may say."""
        while not self._frames:
            if self._broken is not None:
                raise self._broken
            if self.ended:
                raise WorkerEndedError("the worker has ended")
            self._waiter = self._loop.create_future()
            await self._waiter
        return self._next()

    def _next(self) -> Frame:
        found = self._frames.popleft()
        self._waiting -= len(found.body)
        return found

    def receive_soon(self, seconds: float) -> Frame | None:
        """The next frame, if it comes so soon; the event loop waits. None if not, or if the worker has ended or is broken."""
        if not self._frames and not self.ended and seconds > 0 and self._poll.poll(seconds * 1000):
            self._read()
        return self._next() if self._frames else None

    def result_now(self, call: bytes, milliseconds: int) -> tuple[ContextState, bytes] | None:
        """Send a call, and wait for its result for so long: the state of the context, and the packed result.

        The event loop waits, and a microsecond counts. None where nothing has come, or not this alone: `receive_soon` has the rest.
        """
        expected = not (self._frames or self._have or self.ended)
        self.send(call)
        if not expected or not self._poll.poll(milliseconds):
            return None
        data = self._said()
        state = whole_result(data) if data else None
        if data and state:
            return state, data[RESULT_AT:]
        self._take_in(data)
        return None

    def _said(self) -> bytes | None:
        """What is in the pipe: nothing at its end, None where that is not there yet."""
        try:
            return os.read(self._reading, READ_SIZE)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _read(self) -> None:
        self._take_in(self._said())

    def _take_in(self, data: bytes | None) -> None:
        """Take what the worker has said."""
        if data is None:
            return
        if not data:
            self._end()
        self._parts.append(data)
        self._have += len(data)
        if self._have >= self._wanted:
            try:
                self._take(b"".join(self._parts))
            except BrokenWorkerError as error:
                self._broken = error
                self._end()
        if self._frames or self.ended:
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _take(self, data: bytes) -> None:
        """Cut the frames out of what came. Raises BrokenWorkerError."""
        at, end = 0, len(data)
        while end - at >= HEADER.size:
            size, kind = HEADER.unpack_from(data, at)
            size_from_worker(size, kind)
            start = at + HEADER.size
            self._wanted = HEADER.size + size
            if end - start < size:
                break
            self._frames.append(Frame(kind, data[start : start + size]))
            self._waiting += size
            at = start + size
            self._wanted = HEADER.size
        self._parts, self._have = [data[at:]], end - at
        if len(self._frames) > FRAMES_MAX or self._waiting > WAITING_MAX:
            self._frames.clear()
            raise BrokenWorkerError("more than was asked for")

    def _end(self) -> None:
        if not self.ended:
            self.ended = True
            self._loop.remove_reader(self._reading)
            if self._unsent:
                self._loop.remove_writer(self._writing)
                self._unsent = b""

    def memory(self) -> int:
        """Bytes that the context of its call had in use when it last looked."""
        return 0 if self._page.closed else int(MEMORY.unpack_from(self._page)[0])

    def begun(self) -> int:
        """How many calls it has begun."""
        return 0 if self._page.closed else int(BEGUN.unpack_from(self._page, BEGUN_AT)[0])

    def seconds(self) -> float:
        """Processor time that it has taken; 0 when it has ended."""
        try:
            # the clock of another process, see clock_getcpuclockid(3)
            return time.clock_gettime(~self._process.pid << 3 | 2)
        except OSError:
            return 0.0

    def be_nicer(self, niceness: int) -> None:
        """Take the processor less urgently from now on, for good, and for longer at a time."""
        if not self.ended:
            make_nicer(self._process.pid, niceness)
            from asudfd.lua.worker import time_slice  # here: a node whose calls are quick never needs it

            time_slice.set_time_slice(self._process.pid, time_slice.LONG)

    def kill(self) -> None:
        """End it now. Whoever waits for it sees that at once: on a busy machine a process takes half a second to end."""
        if self._page.closed:
            return
        with suppress(ProcessLookupError):
            if self._process.pidfd >= 0:
                signal.pidfd_send_signal(self._process.pidfd, signal.SIGKILL)
            elif not self.ended:
                os.kill(self._process.pid, signal.SIGKILL)
        self._end()
        self._wake()

    def close(self) -> None:
        """Kill it and free what belongs to it."""
        if self._page.closed:
            return
        self.kill()
        for descriptor in (self._process.pidfd, self._reading, self._writing):
            if descriptor >= 0:
                os.close(descriptor)
        self._page.close()
