"""Truncation: all records of a set, or of the namespace, up to a moment are gone at once.

A mark says up to which last update. The records behind it are invisible from then on; the sweep removes them, and
when it has been everywhere the mark is only a figure (`truncate_lut`). Marks are kept by system metadata, which
hands them over at the start and to every node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asudfd.record.namespace import Namespace
    from asudfd.smd.interface import SmdItem

WHOLE = None
"""Key of the mark for the whole namespace, beside those of sets."""


LUT_SIZE_MAX = 18
"""Digits of a moment that are looked at: somebody else may have written it."""


class Truncation:
    """The marks of a namespace, in milliseconds since 2010-01-01 UTC.

    ``marks`` are all, ``pending`` those behind which records may still be found, ``latest`` the greatest ever.
    """

    __slots__ = ("latest", "marks", "pending")

    def __init__(self) -> None:
        self.marks: dict[bytes | None, int] = {}
        self.pending: dict[bytes | None, int] = {}
        self.latest = 0

    def mark(self, name: bytes | None, lut: int) -> None:
        """All records of the set ``name``, or WHOLE, up to the last update ``lut`` are gone."""
        self.marks[name] = self.pending[name] = lut
        self.latest = max(self.latest, lut)

    def undo(self, name: bytes | None) -> None:
        """Forget a mark; what has not been removed yet is there again."""
        self.marks.pop(name, None)
        self.pending.pop(name, None)

    def swept(self, marks: dict[bytes | None, int]) -> None:
        """Nothing is left behind ``marks``."""
        for name, lut in marks.items():
            if self.pending.get(name) == lut:
                del self.pending[name]

    def covers(self, set_name: bytes, last_update: int) -> bool:
        """Whether a record of the set ``set_name`` lies behind a pending mark."""
        pending = self.pending
        return bool(pending) and last_update <= max(pending.get(WHOLE, -1), pending.get(set_name, -1))


def accept(
    namespaces: Mapping[bytes, Namespace],
    items: Sequence[SmdItem],
    warn: Callable[[str], None] = lambda _: None,
) -> None:
    """Take over changed marks from system metadata; those for other namespaces are not ours to judge.

    What is no moment is told to ``warn``, and counts as removed.
    """
    for item in items:
        name, bar, set_name = item.key.encode("utf-8", "surrogateescape").partition(b"|")
        namespace = namespaces.get(name)
        if namespace is not None:
            where = set_name if bar else WHOLE
            lut = item.value or ""
            if lut.isascii() and lut.isdigit() and len(lut) <= LUT_SIZE_MAX:
                namespace.truncation.mark(where, int(lut))
                namespace.sweeper.wake()
            else:
                if lut:
                    warn(f"the truncation {item.key!r} in system metadata is skipped: its value is no moment")
                namespace.truncation.undo(where)
