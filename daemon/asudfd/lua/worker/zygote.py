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
from functools import partial

TYPE_CHECKING = False  # on the start-up path: typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

_REPLY = struct.Struct("<i")
"""The id of the process that was forked, or the number of an error, negative."""

ASK = b"\1"


class Zygote:
    """The node's end: ``socket`` takes a request with two descriptors, and gives the worker that has them."""

    __slots__ = ("pid", "socket")

    def __init__(self, pid: int, own: socket.socket) -> None:
        self.pid = pid
        self.socket = own

    def close(self) -> None:
        """End it, and all of its workers with it."""
        if self.socket.fileno() < 0:
            return
        self.socket.close()
        os.kill(self.pid, signal.SIGKILL)  # ours: until it is waited for, nobody else has its number
        os.waitpid(self.pid, 0)


def start(crossing: str) -> Zygote | None:
    """Fork the zygote, whose workers run modules of ``crossing`` (see `asudfd.lua.worker.worker.load`); None where this system is no Linux of 5.3 or later, or has no process to spare."""
    if not hasattr(os, "pidfd_open"):
        return None
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        pid = os.fork()
    except OSError:
        own.close()
        other.close()
        return None
    if pid == 0:
        _live(other, crossing)
    other.close()
    return Zygote(pid, own)


def request(zygote: Zygote, reading: int, writing: int) -> None:
    """Ask for a worker that reads from the one descriptor and writes to the other. Raises OSError where the zygote is gone."""
    socket.send_fds(zygote.socket, [ASK], [reading, writing])


class Forked:  # plain class: typing is not loaded yet
    """A process that was forked, and the descriptor that stands for it: its id may be another's when it has ended."""

    __slots__ = ("pid", "pidfd")

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self.pidfd = pidfd


def forked(zygote: Zygote) -> Forked:
    """The answer to a request, when it has come. Raises OSError with the reason why there is no worker, BlockingIOError too early."""
    reply, descriptors, _, _ = socket.recv_fds(zygote.socket, _REPLY.size, 1)
    if len(reply) != _REPLY.size:
        raise OSError(errno.ESRCH, "the zygote is gone")
    (number,) = _REPLY.unpack(reply)
    if number < 0:
        raise OSError(-number, os.strerror(-number))
    if not descriptors:  # the node has no room for one; the worker ends with its pipes
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    return Forked(number, *descriptors)


# ---- in the zygote


def _live(asked: socket.socket, crossing: str) -> NoReturn:
    """What the zygote does until the node is gone."""

    def serve() -> None:
        _leave_node_behind(asked.fileno())
        _serve(asked, crossing)

    _end_with(serve)


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


def _serve(asked: socket.socket, crossing: str) -> None:
    """Fork a worker at each request."""
    loaded: Any = None
    while True:
        data, descriptors, _, _ = socket.recv_fds(asked, 1, 2)
        if not data:
            return
        from asudfd.lua.worker import worker

        loaded = loaded or worker.load(crossing)
        reading, writing = descriptors
        pid = _fork(asked, partial(worker.live, reading, writing, os.getpid(), loaded))
        for descriptor in descriptors:
            os.close(descriptor)
        if pid < 0:
            asked.send(_REPLY.pack(pid))
        else:
            pidfd = os.pidfd_open(pid)
            socket.send_fds(asked, [_REPLY.pack(pid)], [pidfd])
            os.close(pidfd)


def _fork(asked: socket.socket, live: Callable[[], None]) -> int:
    """The process that does ``live``, or the number of an error, negative."""
    try:
        pid = os.fork()
    except OSError as error:
        return -(error.errno or errno.EAGAIN)
    if pid == 0:
        asked.close()
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
