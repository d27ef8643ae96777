"""The descriptors of a worker: those that it gets, and the one that stands for it."""

from __future__ import annotations


class WorkerEnds:  # plain classes: typing is not loaded yet
    """Descriptors for a worker: its pipes, its shared page, and the socket on which the zygote says that it is there."""

    __slots__ = ("answer", "page", "reading", "writing")

    def __init__(self, reading: int, writing: int, page: int, answer: int) -> None:
        self.reading = reading
        self.writing = writing
        self.page = page
        self.answer = answer


class Forked:
    """A process that was forked, and the descriptor that stands for it: its id may be another's when it has ended. -1 where the system has none."""

    __slots__ = ("pid", "pidfd")

    def __init__(self, pid: int, pidfd: int = -1) -> None:
        self.pid = pid
        self.pidfd = pidfd
