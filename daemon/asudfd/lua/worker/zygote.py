"""The zygote: a process that is forked before the node has threads and sockets, and forks workers when it is asked.

It has none of the node's descriptors but its end of one socket, and loads Lua when the first worker is wanted. It ends when the
node does, whatever ends that. Only built-in modules are imported here: this is on the way of every start.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import struct
from contextlib import suppress
from functools import partial

from asudfd.lua.worker.descriptors import Forked, WorkerEnds

TYPE_CHECKING = False  # on the start-up path: typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

_REPLY = struct.Struct("<i?")
"""The id of the process that was forked, or the number of an error, negative; and whether a descriptor that stands for it comes with it."""

ASK = b"\1"

_ENDS = 4
"""Descriptors that come with a request, see `WorkerEnds`."""


class Zygote:
    """The node's end: ``socket`` takes requests, each with the descriptors of a worker. Any thread may ask."""

    __slots__ = ("pid", "socket")

    def __init__(self, pid: int, own: socket.socket) -> None:
        self.pid = pid
        self.socket = own

    def close(self) -> None:
        """End it, and all of its workers with it."""
        if self.socket.fileno() < 0:
            return
        self.socket.close()
        with suppress(
            ProcessLookupError, ChildProcessError
        ):  # a program that ignores SIGCHLD has waited for it
            os.kill(self.pid, signal.SIGKILL)  # ours: until it is waited for, nobody else has its number
            os.waitpid(self.pid, 0)


def start(crossing: str) -> Zygote | None:
    """Fork the zygote, whose workers run modules of ``crossing`` (see `asudfd.lua.worker.worker.load`); None where this system has no fork, or no process to spare.

    For a process without threads; `spawn` is for all others.
    """
    if not hasattr(os, "fork"):
        return None
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        pid = os.fork()
    except OSError:
        own.close()
        other.close()
        return None
    if pid == 0:
        _live(other, crossing, node=os.getppid())
    other.close()
    own.setblocking(False)
    return Zygote(pid, own)


def spawn(crossing: str) -> Zygote:
    """The same in a new interpreter, for a process with threads, or whose zygote has gone: some 60 ms. Raises OSError."""
    if not hasattr(os, "fork"):
        raise OSError(errno.ENOSYS, "this system has no fork")
    import subprocess  # here: not on the way of every start
    import sys

    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    number = other.fileno()
    program = f"from asudfd.lua.worker import zygote; zygote.live({number}, {crossing!r})"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        with other:
            process = subprocess.Popen(
                [sys.executable, "-c", program],
                stdin=subprocess.DEVNULL,
                pass_fds=[number],
                env=environment,
            )
    except OSError:
        own.close()
        raise
    process.returncode = 0  # it is waited for in `Zygote.close`, or not at all
    own.setblocking(False)
    return Zygote(process.pid, own)


def request(zygote: Zygote, ends: WorkerEnds) -> None:
    """Ask for a worker with these ends. Raises OSError where the zygote is gone."""
    socket.send_fds(zygote.socket, [ASK], [ends.reading, ends.writing, ends.page, ends.answer])


def forked(answer: socket.socket) -> Forked:
    """The answer to a request, when it has come. Raises OSError with the reason why there is no worker, BlockingIOError too early."""
    reply, descriptors, _, _ = socket.recv_fds(answer, _REPLY.size, 1)
    if len(reply) != _REPLY.size:
        raise OSError(errno.ESRCH, "the zygote is gone")
    number, stands = _REPLY.unpack(reply)
    if number < 0:
        raise OSError(-number, os.strerror(-number))
    if len(descriptors) != stands:  # the node has no room for one; the worker ends with its pipes
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    return Forked(number, *descriptors)


# ---- in the zygote


def _live(asked: socket.socket, crossing: str, node: int = 0) -> NoReturn:
    """What the zygote does until the node is gone; ``node`` is its process, 0 where that is a program with a node in it."""

    def serve() -> None:
        _leave_node_behind(asked.fileno())
        _serve(asked, crossing, node)

    _end_with(serve)


def live(number: int, crossing: str) -> NoReturn:
    """The same in an interpreter of its own; ``number`` is the descriptor of its socket."""
    _live(socket.socket(fileno=number), crossing)


def _leave_node_behind(kept: int) -> None:
    """Keep no descriptor but ``kept``; signals are for the node, and the zygote ends when its socket does."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system takes away workers that have ended
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))


def _serve(asked: socket.socket, crossing: str, node: int) -> None:
    """Fork a worker at each request. With the first one the node, and workers, have a short time slice."""
    loaded: Any = None
    while True:
        data, descriptors, _, _ = socket.recv_fds(asked, len(ASK), _ENDS)
        if not data:
            return
        from asudfd.lua.worker import time_slice, worker

        if loaded is None:
            loaded = worker.load(crossing)
            for process in {node, 0}:
                time_slice.set_time_slice(process, time_slice.SHORT)
        if (
            len(descriptors) == _ENDS
        ):  # fewer: there is no room for them here; who has asked sees its ends close
            ends = WorkerEnds(*descriptors)
            _answer(
                ends, _fork([asked.fileno(), ends.answer], partial(worker.live, ends, os.getpid(), loaded))
            )
        for descriptor in descriptors:
            os.close(descriptor)


def _answer(ends: WorkerEnds, pid: int) -> None:
    """Say which process it is, or why there is none; nobody may wait for it any more."""
    with suppress(OSError), socket.socket(fileno=os.dup(ends.answer)) as answer:
        if pid < 0 or not hasattr(os, "pidfd_open"):  # Linux has it since 5.3
            answer.send(_REPLY.pack(pid, False))
            return
        pidfd = os.pidfd_open(pid)
        try:
            socket.send_fds(answer, [_REPLY.pack(pid, True)], [pidfd])
        finally:
            os.close(pidfd)


def _fork(left: Sequence[int], live: Callable[[], None]) -> int:
    """The process that does ``live`` without the descriptors that are ``left``, or the number of an error, negative."""
    try:
        pid = os.fork()
    except OSError as error:
        return -(error.errno or errno.EAGAIN)
    if pid == 0:
        for descriptor in left:
            os.close(descriptor)
        _end_with(live)
    return pid


def _end_with(what: Callable[[], None]) -> NoReturn:
    """Do ``what`` and end the process, whatever comes of it: nobody is above, and whoever waits sees that it has ended."""
    code = 1
    try:
        what()
        code = 0
    finally:
        os._exit(code)
