"""The processor's time of a piece of code, measured in pieces of work that take their time in the same run."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

ROUNDS = 100_000
"""Of a piece: some three milliseconds on the machines that the tests were written on, and more on a busy or slow one."""


class Work:
    """Work of this thread; ``pieces`` is there when it is done."""

    def __init__(self) -> None:
        self.pieces = 0.0


def _piece() -> float:
    began = time.thread_time()
    for _ in range(ROUNDS):
        pass
    return time.thread_time() - began


@contextmanager
def measured() -> Iterator[Work]:
    """What is done meanwhile, in pieces: a ratio of two times of one run, whatever the machine is and does."""
    work = Work()
    before = _piece()
    began = time.thread_time()
    yield work
    took = time.thread_time() - began
    work.pieces = took / max(before, _piece())
