"""The supply of workers: forked on demand by the zygote of the process, or by a new one where that has gone."""

from __future__ import annotations

import asyncio
import mmap
import os
import socket
from contextlib import suppress
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from asinfo.errors import Error
from asudfd.lua.worker import zygote as zygotes
from asudfd.lua.worker.descriptors import WorkerEnds
from asudfd.lua.worker.shared_page import PAGE_SIZE
from asudfd.lua.worker.worker_end import Worker

if TYPE_CHECKING:
    from asudfd.lua.worker.descriptors import Forked
    from asudfd.lua.worker.zygote import Zygote

FORK_SECONDS = 20.0
"""How long the zygote may take for a worker: some 10 ms, and the first time 0.1 s, as it loads Lua; a busy machine is slower."""

PAUSES = (0.0, 0.01, 0.1)
"""Seconds before a further request where a zygote has gone without an answer: one that has been killed takes requests until the system has
ended it, on a busy machine some milliseconds later."""

PIPE_SIZE = 1 << 20
"""Bytes that a pipe holds, where the system allows it: a batch of a stream and large records cross in one write."""

F_SETPIPE_SZ = 1031
"""Of fcntl(2), on Linux."""


class NoWorkerError(Error):
    """There is no worker: the system has no process to spare, or cannot make one."""


class WorkerSupply:
    """Makes workers, for all nodes of the process. ``zygote`` forks them; None: one is made when the first is wanted."""

    def __init__(self, crossing: str, zygote: Zygote | None = None) -> None:
        self._crossing = crossing
        self._zygote = zygote
        self._lock = Lock()  # nodes of tests have event loops in several threads

    def close(self) -> None:
        """End the zygote, and its workers with it."""
        zygote, self._zygote = self._zygote, None
        if zygote is not None:
            zygote.close()

    async def fork(self) -> Worker:
        """A new worker. Raises NoWorkerError."""
        try:
            for pause in PAUSES:
                with suppress(
                    ProcessLookupError
                ):  # the zygote has just gone: the next request makes another one
                    return await self._fork()
                await asyncio.sleep(pause)
            return await self._fork()
        except TimeoutError:
            raise NoWorkerError("the process that makes workers does not answer") from None
        except OSError as error:
            raise NoWorkerError(f"no process can be made: {error.strerror or error}") from None

    async def _fork(self) -> Worker:
        to_worker, our_writing, our_reading, from_worker = _two_pipes()
        kept, given = [our_writing, our_reading], [to_worker, from_worker]
        page: mmap.mmap | None = None
        try:
            memory = _memory_file()
            given.append(memory)
            os.ftruncate(memory, PAGE_SIZE)
            page = mmap.mmap(memory, PAGE_SIZE)
            process = await self._forked(to_worker, from_worker, memory)
        except BaseException:
            for descriptor in kept:
                os.close(descriptor)
            if page is not None:
                page.close()
            raise
        finally:
            for descriptor in given:
                os.close(descriptor)
        return Worker(process, our_reading, our_writing, page)

    async def _forked(self, reading: int, writing: int, page: int) -> Forked:
        own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with own:
            own.setblocking(False)
            with other:
                self._request(WorkerEnds(reading, writing, page, other.fileno()))
            async with asyncio.timeout(FORK_SECONDS):
                await _readable(own)
            return zygotes.forked(own)

    def _request(self, ends: WorkerEnds) -> None:
        """Ask the zygote, or a new one where it is gone. Raises OSError."""
        with self._lock:
            if self._zygote is not None:
                try:
                    zygotes.request(self._zygote, ends)
                except BlockingIOError:
                    raise
                except OSError:
                    self._zygote.close()
                    self._zygote = None
                else:
                    return
            self._zygote = zygotes.spawn(self._crossing)
            zygotes.request(self._zygote, ends)


@cache
def shared_supply(crossing: str) -> WorkerSupply:
    """The supply of all nodes of a process that has forked no zygote at its start, such as a program with a node in it; it ends with the process."""
    return WorkerSupply(crossing)


def _memory_file() -> int:
    """A file in memory, or where the system has none, one without a name. Raises OSError."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("asudfd-worker", os.MFD_CLOEXEC)
    from tempfile import TemporaryFile  # here: it costs a start more than all of this file

    with TemporaryFile() as file:
        return os.dup(file.fileno())


def _two_pipes() -> list[int]:
    """The reading and the writing end of a pipe, and those of another one. Raises OSError."""
    import fcntl

    ends: list[int] = []
    try:
        ends += os.pipe()
        ends += os.pipe()
    except OSError:
        for end in ends:
            os.close(end)
        raise
    for end in ends[::2]:
        with suppress(OSError):  # a user may have only so much in pipes
            fcntl.fcntl(end, F_SETPIPE_SZ, PIPE_SIZE)
    return ends


async def _readable(answer: socket.socket) -> None:
    """Wait until the zygote has answered, or closed its end."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[None] = loop.create_future()
    loop.add_reader(answer, _settle, answered)
    try:
        await answered
    finally:
        loop.remove_reader(answer)


def _settle(answered: asyncio.Future[None]) -> None:
    if not answered.done():
        answered.set_result(None)
