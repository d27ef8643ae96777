"""The figures of every set: number of records, and bytes of them.

The empty name stands for the records without a set.
"""

from __future__ import annotations


class SetFigures:
    """Records of one set, and bytes of them as they are stored."""

    __slots__ = ("data_used_bytes", "objects")

    def __init__(self, objects: int = 0, data_used_bytes: int = 0) -> None:
        self.objects = objects
        self.data_used_bytes = data_used_bytes


class Sets(dict[bytes, SetFigures]):
    """The figures of every set by name, and of all records together."""

    __slots__ = ("data_used_bytes", "objects")

    def __init__(self) -> None:
        super().__init__()
        self.objects = 0
        self.data_used_bytes = 0

    def restore(self, name: bytes, objects: int, data_used_bytes: int) -> None:
        """Begin with what the set ``name`` had when it was stored."""
        self[name] = SetFigures(objects, data_used_bytes)
        self.objects += objects
        self.data_used_bytes += data_used_bytes

    def figures(self) -> dict[bytes, tuple[int, int]]:
        """Objects and bytes of every set."""
        return {name: (one.objects, one.data_used_bytes) for name, one in self.items()}

    def written(self, name: bytes, old_size: int, new_size: int) -> None:
        """A record of the set ``name`` has grown from ``old_size`` bytes, 0 for none, to ``new_size``."""
        figures = self.get(name)
        if figures is None:
            figures = self[name] = SetFigures()
        if not old_size:
            figures.objects += 1
            self.objects += 1
        figures.data_used_bytes += new_size - old_size
        self.data_used_bytes += new_size - old_size

    def removed(self, name: bytes, size: int) -> None:
        """A record of the set ``name``, of ``size`` bytes, is gone."""
        figures = self[name]
        figures.objects -= 1
        figures.data_used_bytes -= size
        self.objects -= 1
        self.data_used_bytes -= size
