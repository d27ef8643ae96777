"""Log compaction: writes a new log of one SMD module, without replaced entries, while changes go on.

    begin     the items as they are now are written into the new log; from here on, changes are noted as missed
    follow    what was missed is written as well, until little is left
    finish    between two groups of changes the rest is written, and the new log takes the place of the old

The old log has every acknowledged change until the very moment at which the new one, which has them too, takes its
name. So a kill at any step loses nothing, and an error of the disk only ends the attempt.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from asudfd.smd.log import SmdLog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asudfd.smd.interface import SmdItem
    from asudfd.smd.module import SmdModule

REST_MAX = 64
"""Missed changes that may be left for `finish`, for which changes wait: fewer than one flush costs."""


class Compaction:
    """One attempt; ``write`` and ``finish`` block."""

    __slots__ = ("_items", "_log", "_module", "_sizes", "cancelled")

    def __init__(self, module: SmdModule) -> None:
        """Take the items as they are; they are not changed while this runs."""
        self._module = module
        self._items: Sequence[SmdItem] = list(module.items.values())
        self._log: SmdLog | None = None
        self._sizes: dict[str, int] = {}
        self.cancelled = False
        module.missed = []

    def take(self) -> bool:
        """Take what was missed, to be written with the next `write`; whether that is much."""
        missed = self._module.missed or []
        if len(missed) <= REST_MAX:
            return False
        self._items, self._module.missed = missed, []
        return True

    def write(self) -> None:
        """Write what was taken. Raises OSError."""
        if self._log is None:
            self._log = SmdLog.create(self._module.save)
        self._add(self._items)
        self._items = ()

    def _add(self, items: Sequence[SmdItem]) -> None:
        assert self._log
        sizes = self._log.add(self._while_wanted(items), self._module.content_key, self._module.tid)
        for item, size in zip(items, sizes, strict=True):
            if item.generation:
                self._sizes[item.key] = size
            else:
                self._sizes.pop(item.key, None)

    def _while_wanted(self, items: Sequence[SmdItem]) -> Iterator[SmdItem]:
        for item in items:
            if self.cancelled:
                raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))
            yield item

    def finish(self) -> None:
        """Write the rest and put the log in place; no change is stored meanwhile. Raises OSError."""
        assert self._log
        self._add(self._module.missed or [])
        self._module.install(self._log, self._sizes)

    def end(self) -> None:
        """Note nothing any more, and leave nothing behind unless the log is in place."""
        self._module.missed = None
        if self._log is not None and self._log is not self._module.log:
            self._log.discard()
        self._log = None
