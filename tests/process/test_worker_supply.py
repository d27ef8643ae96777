"""Workers as a node has them: what the node does where it has no room for one, and with one that does not read."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from asudfd.lua.aerospike.host import CROSSING_MODULE
from asudfd.lua.worker import zygote
from asudfd.lua.worker.frames import ModuleCheck, WorkerSettings
from asudfd.lua.worker.supply import NoWorkerError, WorkerSupply
from asudfd.lua.worker.zygote import Zygote

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECK = ModuleCheck(b"m.lua", b"return 1", 1000)
SETTINGS = WorkerSettings(b"/udf", 64 << 20, unsafe=False, address_space=64 << 20, niceness=0)


@contextmanager
def zygote_of_test() -> Iterator[tuple[Zygote, socket.socket]]:
    """A zygote that the test plays, and its end of the socket; the process is one that only waits."""
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process, own, other:
        yield Zygote(process.pid, own), other


def test_an_answer_without_its_descriptor_is_no_worker() -> None:
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with own, other:
        other.send(struct.pack("<i?", os.getpid(), True))
        with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
            zygote.forked(own)


def test_no_answer_is_no_worker() -> None:
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with own:
        other.close()
        with pytest.raises(ProcessLookupError):
            zygote.forked(own)


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
            supply = WorkerSupply(CROSSING_MODULE, zygote_)
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


def test_a_zygote_that_ends_may_take_requests_for_a_while() -> None:
    """The node asks again, until that one refuses, and then another one."""

    def take(other: socket.socket) -> None:
        for _ in range(2):
            _, descriptors, _, _ = socket.recv_fds(other, 1, 4)
            for descriptor in descriptors:
                os.close(descriptor)
        other.close()

    async def fork() -> None:
        with zygote_of_test() as (zygote_, other):
            taking = threading.Thread(target=take, args=(other,))
            taking.start()
            supply = WorkerSupply(CROSSING_MODULE, zygote_)
            try:
                worker = await supply.fork()
                worker.close()
            finally:
                supply.close()
                taking.join()

    asyncio.run(fork())
