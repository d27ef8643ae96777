"""Takes over the parts of system metadata that are about records: definitions of indexes, and marks of truncations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.record.indexes import read
from asudfd.record.truncation import LUT_SIZE_MAX, WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asudfd.record.indexes import Index
    from asudfd.record.namespace import Namespace
    from asudfd.smd.interface import SmdItem


def accept_indexes(
    namespaces: Mapping[bytes, Namespace],
    items: Sequence[SmdItem],
    warn: Callable[[str], None] = lambda _: None,
) -> None:
    """Take over changed definitions from system metadata; those of other namespaces are not ours.

    What is no definition is told to ``warn``, and counts as removed.
    """
    for item in items:
        name, _, index_name = item.key.encode("utf-8", "surrogateescape").partition(b"|")
        space = namespaces.get(name)
        if space is None:
            continue
        index = None
        try:
            index = read(item.value) if item.value is not None else None
        except ValueError as error:
            warn(f"the index {item.key!r} in system metadata is not served: it {error}")
        if index is None:
            space.indexes.pop(index_name, None)
        else:
            _name(space.indexes, index_name, index)


def _name(indexes: dict[bytes, Index], name: bytes, index: Index) -> None:
    """Put an index under its name: it has one, so another one that it had is gone in the same step."""
    for other in [other for other, definition in indexes.items() if definition == index]:
        del indexes[other]
    indexes[name] = index


def accept_truncations(
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
