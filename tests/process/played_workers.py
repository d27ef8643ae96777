"""Workers that a test plays: whatever they say, the node must stay whole."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from asudfd.lua.worker.descriptors import Forked
from asudfd.lua.worker.shared_page import PAGE_SIZE
from asudfd.lua.worker.supply import WorkerSupply
from asudfd.lua.worker.worker_end import Worker

if TYPE_CHECKING:
    from collections.abc import Callable


class PlayedSupply(WorkerSupply):
    """Its workers are pipes; ``play`` gets the other ends of each, to read from and to write to, and leaves them open."""

    def __init__(self, play: Callable[[int, int], object]) -> None:
        super().__init__("none")
        self._play = play
        self._process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        self._ends: list[int] = []
        self.forked = 0

    def close(self) -> None:
        """End what stands for the workers."""
        self.leave()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def leave(self) -> None:
        """Close the ends of all workers, as a process does that ends."""
        for end in self._ends:
            os.close(end)
        self._ends.clear()

    async def fork(self) -> Worker:
        """A worker; its process ends when the first one is killed, and keeps its number."""
        self.forked += 1
        theirs_to_read, ours_to_write = os.pipe()
        ours_to_read, theirs_to_write = os.pipe()
        self._ends += (theirs_to_read, theirs_to_write)
        self._play(theirs_to_read, theirs_to_write)
        process = Forked(self._process.pid, os.pidfd_open(self._process.pid))
        return Worker(process, ours_to_read, ours_to_write, mmap.mmap(-1, PAGE_SIZE))
