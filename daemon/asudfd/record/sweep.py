"""The sweep: a walk over all records that removes those that are gone (nsup, as the real server calls it).

It comes every `nsup-period` seconds, and at once after a truncation. It never holds the event loop for longer than
a slice, and leaves alone the records that somebody works on: whoever holds them sees that they are gone by himself.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from asinfo.wire.digest import PARTITIONS
from asudfd.fairness import Slice
from asudfd.process.metrics import Metrics
from asudfd.record.histogram import Histograms
from asudfd.record.record import times
from asudfd.record.refused import RequestRefused
from asudfd.record.ttl import now_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.record.namespace import Namespace

SWEEP_SLICE_SECONDS = 0.0005
"""How long a sweep holds the event loop at a time."""

RECORDS_BETWEEN_LOOKS = 16
"""After so many records the sweep looks at the clock."""

LOOK_SECONDS = 1.0
"""How often the parameters and the system's memory are looked at."""


class Sweeper:
    """The sweeps of one namespace, with the figures that they leave behind.

    ``expired`` counts records that a sweep removed because their time had come; ``non_expirable`` is how many
    without an end the last sweep met; ``cycle_ms`` and ``deleted_pct`` tell how the last sweep went.
    """

    __slots__ = (
        "_event",
        "_namespace",
        "_task",
        "cycle_ms",
        "deleted_pct",
        "expired",
        "histograms",
        "non_expirable",
        "system_memory_full",
    )

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._event = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.expired = 0
        self.non_expirable = 0
        self.cycle_ms = 0
        self.deleted_pct = 0.0
        self.histograms = Histograms()
        self.system_memory_full = False

    def start(self) -> None:
        """Sweep in the background from now on."""
        self._task = asyncio.create_task(self._live())

    async def stop(self) -> None:
        """End that."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def wake(self) -> None:
        """Sweep at once."""
        self._event.set()

    async def _live(self) -> None:
        last = last_histogram = monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._event.wait()
            config = self._namespace.config
            self._look_at_memory(config.stop_writes_sys_memory_pct)
            now = monotonic()
            histogram = 0 < config.nsup_hist_period <= now - last_histogram
            if self._event.is_set() or histogram or 0 < config.nsup_period <= now - last:
                self._event.clear()
                last = now
                last_histogram = now if histogram else last_histogram
                await self.sweep(histograms=histogram)

    def _look_at_memory(self, percent: int) -> None:
        free, free_percent = Metrics.free()
        # no figure at all is where there is no /proc
        self.system_memory_full = bool(percent and free and 100 - free_percent >= percent)

    async def sweep(self, *, histograms: bool = False) -> None:
        """Walk over all records once."""
        begun, expired, objects = monotonic(), self.expired, max(1, self._namespace.sets.objects)
        marks = dict(self._namespace.truncation.pending)
        new = Histograms.begin() if histograms else None
        self.non_expirable = 0
        slice_ = Slice(SWEEP_SLICE_SECONDS)
        for _ in self._steps(new):
            if slice_.is_over():
                await slice_.next()
        self._namespace.truncation.swept(marks)
        if new is not None:
            self.histograms = new
        self.cycle_ms = int((monotonic() - begun) * 1000)
        self.deleted_pct = 100 * (self.expired - expired) / objects

    def _steps(self, histograms: Histograms | None) -> Iterator[None]:
        """The walk, in steps of a few records."""
        for partition in range(PARTITIONS):
            with suppress(RequestRefused):  # damage: told by the storage, and left to `asudfd --recover`
                for number, digest in enumerate(self._namespace.storage.digests(partition)):
                    if number % RECORDS_BETWEEN_LOOKS == 0:
                        yield
                    self._look(digest, histograms)
            yield

    def _look(self, digest: bytes, histograms: Histograms | None) -> None:
        namespace = self._namespace
        value = None
        with suppress(RequestRefused):  # a damaged record: the others are swept all the same
            value = namespace.storage.get(digest)
        if value is None or digest in namespace.locks:
            return
        void_time, _, _ = times(value)
        if namespace.gone(value):
            with suppress(RequestRefused):  # a full disk: the next sweep tries again
                namespace.delete(digest)
                self.expired += bool(void_time and void_time < now_seconds())
            return
        self.non_expirable += not void_time
        if histograms is not None:
            histograms.add(len(value), void_time and void_time - now_seconds())
