"""Workers as a node has them: what the node does where it has no room for one, and with one that does not read."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from asudfd.lua.errors import ModuleError
from asudfd.lua.worker import frames, zygote
from asudfd.lua.worker.checker import ModuleChecker
from asudfd.lua.worker.frames import ModuleCheck, WorkerLine
from asudfd.lua.worker.supply import NoWorkerError, WorkerSupply
from asudfd.lua.worker.zygote import Zygote

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECK = ModuleCheck(b"m.lua", b"return 1", b"", 64 << 20, 1000, unsafe=False)


@contextmanager
def zygote_of_test() -> Iterator[tuple[Zygote, socket.socket]]:
    """A zygote that the test plays, and its end of the socket; the process is one that only waits."""
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process, own, other:
        yield Zygote(process.pid, own), other


def test_an_answer_without_its_descriptor_is_no_worker() -> None:
    with zygote_of_test() as (made, other):
        other.send(struct.pack("<i", made.pid))
        with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
            zygote.forked(made)


@pytest.mark.parametrize("room", [0, 1])
def test_a_node_without_room_for_pipes_has_no_worker(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    pipe = os.pipe
    made: list[tuple[int, int]] = []

    def scarce() -> tuple[int, int]:
        if len(made) == room:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        made.append(pipe())
        return made[-1]

    async def fork() -> None:
        with zygote_of_test() as (zygote_, _):
            supply = WorkerSupply(zygote_)
            monkeypatch.setattr(os, "pipe", scarce)
            try:
                await supply.fork()
            finally:
                monkeypatch.undo()

    with pytest.raises(NoWorkerError, match=os.strerror(errno.EMFILE)):
        asyncio.run(fork())
    for end in sum(made, ()):
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            os.fstat(end)


def test_a_worker_that_asks_and_does_not_read_is_broken() -> None:
    """Its sources would wait in the node, as many as it asks for."""
    lines: list[WorkerLine] = []

    async def check() -> None:
        with zygote_of_test() as (zygote_, other):
            checker = ModuleChecker(
                WorkerSupply(zygote_), lambda _: bytes(1 << 20), lines.append, lambda _: None
            )
            checking = asyncio.create_task(checker.check(CHECK))
            _, pipes, _, _ = await asyncio.to_thread(socket.recv_fds, other, 1, 2)
            pidfd = os.pidfd_open(zygote_.pid)
            socket.send_fds(other, [struct.pack("<i", zygote_.pid)], [pidfd])
            os.close(pidfd)
            os.write(pipes[1], frames.frame(frames.FETCH, b"a") * 2)
            try:
                await checking
            finally:
                for end in pipes:
                    os.close(end)

    with pytest.raises(ModuleError, match="breaks the sandbox"):
        asyncio.run(check())
    assert "asks for sources" in lines[0].text
