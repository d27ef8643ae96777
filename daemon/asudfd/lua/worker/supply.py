"""Workers as the node has them: forked on demand, read and written without blocking, killed by a descriptor and never by a number."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from asinfo.errors import Error
from asudfd.lua.worker import zygote as zygotes
from asudfd.lua.worker.frames import HEADER, frame, size_from_worker

if TYPE_CHECKING:
    from asudfd.lua.worker.zygote import Forked, Zygote

FORK_SECONDS = 20.0
"""How long the zygote may take for a worker: some 10 ms, and the first time 0.1 s, as it loads Lua; a busy machine is slower."""


class NoWorkerError(Error):
    """There is no worker: the system has no process to spare, or the zygote is gone."""


class WorkerEndedError(Error):
    """The worker has ended, by itself or killed."""


class Worker:
    """A worker that runs, and its pipes."""

    __slots__ = ("_process", "_reader", "_transports")

    def __init__(
        self,
        process: Forked,
        reader: asyncio.StreamReader,
        reading: asyncio.ReadTransport,
        writing: asyncio.WriteTransport,
    ) -> None:
        self._process = process
        self._reader = reader
        self._transports = (reading, writing)

    @property
    def ended(self) -> bool:
        """Whether it is known to have ended, and all that it said was read."""
        return self._reader.at_eof()

    @property
    def reads(self) -> bool:
        """Whether it has taken all that was sent."""
        return not self._transports[1].get_write_buffer_size()

    def send(self, kind: int, body: bytes = b"") -> None:
        """Send a frame."""
        self._transports[1].write(frame(kind, body))

    async def receive(self) -> tuple[int, bytes]:
        """Kind and body of the next frame. Raises WorkerEndedError, and BrokenWorkerError for what no worker may say."""
        try:
            kind, size = size_from_worker(await self._reader.readexactly(HEADER.size))
            return kind, await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise WorkerEndedError("the worker has ended") from None

    def seconds(self) -> float:
        """Processor time that it has taken; 0 when it has ended."""
        try:
            # the clock of another process, see clock_getcpuclockid(3)
            return time.clock_gettime(~self._process.pid << 3 | 2)
        except OSError:
            return 0.0

    def kill(self) -> None:
        """End it now; whoever waits for it sees its end."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process.pidfd, signal.SIGKILL)

    def close(self) -> None:
        """Kill it and free what belongs to it."""
        self.kill()
        os.close(self._process.pidfd)
        for transport in self._transports:
            transport.close()


class WorkerSupply:
    """Makes workers, one after the other, for all nodes of the process."""

    def __init__(self, zygote: Zygote) -> None:
        self._zygote = zygote
        self._lock = asyncio.Lock()
        self._broken = False
        zygote.socket.setblocking(False)

    def close(self) -> None:
        """End the zygote, and its workers with it."""
        self._broken = True
        self._zygote.close()

    async def fork(self) -> Worker:
        """A new worker. Raises NoWorkerError."""
        to_worker, our_writing, our_reading, from_worker = _two_pipes()
        try:
            process = await self._forked(to_worker, from_worker)
        except BaseException:
            os.close(our_writing)
            os.close(our_reading)
            raise
        finally:
            os.close(to_worker)
            os.close(from_worker)
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        reading, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(our_reading, "rb", 0)
        )
        writing, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(our_writing, "wb", 0))
        return Worker(process, reader, reading, writing)

    async def _forked(self, reading: int, writing: int) -> Forked:
        async with self._lock:
            if self._broken:
                raise NoWorkerError("the process that makes workers is gone")
            try:
                zygotes.request(self._zygote, reading, writing)
                async with asyncio.timeout(FORK_SECONDS):
                    await _readable(self._zygote)
                return zygotes.forked(self._zygote)
            except asyncio.CancelledError:
                self.close()  # its answer, should it still come, would be taken for that to another request
                raise
            except TimeoutError:
                self.close()  # the same
                raise NoWorkerError("the process that makes workers does not answer") from None
            except OSError as error:
                raise _no_process(error) from None


def _two_pipes() -> list[int]:
    """The reading and the writing end of a pipe, and those of another one. Raises NoWorkerError."""
    ends: list[int] = []
    try:
        ends += os.pipe()
        ends += os.pipe()
    except OSError as error:
        for end in ends:
            os.close(end)
        raise _no_process(error) from None
    return ends


def _no_process(error: OSError) -> NoWorkerError:
    return NoWorkerError(f"no process can be made: {error}")


async def _readable(zygote: Zygote) -> None:
    """Wait until the zygote has answered."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[None] = loop.create_future()
    loop.add_reader(zygote.socket, _settle, answered)
    try:
        await answered
    finally:
        loop.remove_reader(zygote.socket)


def _settle(answered: asyncio.Future[None]) -> None:
    if not answered.done():
        answered.set_result(None)
