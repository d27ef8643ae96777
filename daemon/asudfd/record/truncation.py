"""Truncation: removes all records of a set, or of the namespace, up to a moment at once.

A mark says up to which last update. The records behind it are invisible from then on; the sweep removes them, and
when it has been everywhere the mark is only a figure (`truncate_lut`). Marks are kept by system metadata, which
hands them over at the start and to every node.
"""

from __future__ import annotations

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
