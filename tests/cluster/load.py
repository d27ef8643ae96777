"""Threads that put and remove modules at any node for as long as a test lasts, and keep the ledger."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from typing import TYPE_CHECKING

from tests.cluster.ledger import OK, Unasked
from tests.etcd import await_true

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cluster.ledger import Ledger
    from tests.cluster_processes import Cluster, Node

NAMES = 30
REMOVALS = 0.2
SIZE_MAX = 20_000

MORE_SECONDS = 60.0
"""How long a test waits for the next acknowledgements."""

ASIDE_SECONDS = 0.02
"""How long a thread pauses that found nobody to ask, or has looked."""


class Load:
    """The threads, and what a test may wait for."""

    def __init__(self, cluster: Cluster, ledger: Ledger, seed: int) -> None:
        self.cluster = cluster
        self.ledger = ledger
        self.faults: list[BaseException] = []
        self._seed = seed
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, writers: int, reader: bool) -> None:
        works = [self._change] * writers + [self._look] * reader
        for number, work in enumerate(works):
            chooser = random.Random(f"{self._seed} {number}")
            self._threads.append(threading.Thread(target=self._run, args=(work, chooser)))
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Wait for what is on its way."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def acknowledged(self) -> int:
        return self.ledger.counts()[OK]

    def more(self, count: int, seconds: float = MORE_SECONDS) -> None:
        """Wait until ``count`` more changes are acknowledged."""
        wanted = self.acknowledged() + count
        await_true(lambda: self.acknowledged() >= wanted or self.faults, f"{count} more changes", seconds)

    def pass_by(self, count: int, seconds: float) -> None:
        """Wait until ``count`` more changes are acknowledged, or for ``seconds``."""
        wanted, deadline = self.acknowledged() + count, time.monotonic() + seconds
        await_true(
            lambda: self.acknowledged() >= wanted or time.monotonic() > deadline, "a while", 2 * seconds + 30
        )

    def _run(self, work: Callable[[random.Random], None], choose: random.Random) -> None:
        try:
            while not self._over.is_set():
                try:
                    work(choose)
                except Unasked:
                    self._over.wait(ASIDE_SECONDS)
        except BaseException as error:  # the test raises it
            self.faults.append(error)
            raise

    def _change(self, choose: random.Random) -> None:
        node, name = self._node(choose), f"m{choose.randrange(NAMES)}.lua"
        if choose.random() < REMOVALS:
            self.ledger.remove(node, name)
        else:
            self.ledger.put(node, name, choose.randrange(SIZE_MAX) if choose.random() < 0.1 else 0)

    def _look(self, choose: random.Random) -> None:
        with contextlib.suppress(OSError, AssertionError):
            self.ledger.look(self._node(choose))
        self._over.wait(ASIDE_SECONDS)

    def _node(self, choose: random.Random) -> Node:
        return choose.choice(self.cluster.nodes)


@contextlib.contextmanager
def running(
    cluster: Cluster, ledger: Ledger, *, seed: int, writers: int = 3, reader: bool = True
) -> Iterator[Load]:
    """Threads at work; at the end all of them have their answers, and none failed."""
    load = Load(cluster, ledger, seed)
    load.start(writers, reader)
    try:
        yield load
    finally:
        load.end()
    assert not load.faults
