"""The figures of the sets and of the secondary indexes of a namespace, in the order of the info commands that list them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.config.schema import NamespaceSet
from asudfd.figures.figure import GAUGE, Figure
from asudfd.record.sets import SetFigures
from asudfd.record.truncation import WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.record.namespace import Namespace

INDEX_FIGURES = tuple(
    Figure(name, value, GAUGE, f"{text}; always so here.")
    for name, value, text in (
        ("entries", 0, "Entries of the index"),
        ("used_bytes", 0, "Bytes that the index takes"),
        ("entries_per_bval", 0, "Entries for each value of the bin"),
        ("entries_per_rec", 0, "Entries for each record"),
        ("load_pct", 100, "How far the index is built, in percent"),
        ("load_time", 0, "Seconds that it took to build the index"),
        ("stat_gc_recs", 0, "Entries that were cleaned up"),
    )
)
"""Of every index: it holds nothing, and so is always ready."""


def set_names(space: Namespace) -> list[bytes]:
    """Every set that has or had records, then those that only the configuration names."""
    return [name for name in dict.fromkeys((*space.sets, *space.config.sets)) if name]


def set_figures(space: Namespace, name: bytes) -> Iterator[Figure]:
    """Figures and parameters of the set ``name``."""
    figures = space.sets.get(name) or SetFigures()
    limits = space.config.sets.get(name) or NamespaceSet()
    pending = space.truncation.pending
    indexes = sum(index.set_name.encode() == name for index in space.indexes.values())
    truncated = "Last update, in milliseconds since 2010, up to which records are gone."
    yield Figure("objects", figures.objects, GAUGE, "Records of the set.")
    yield Figure("tombstones", 0, GAUGE, "Marks of deleted records; always 0 here.")
    yield Figure("data_used_bytes", figures.data_used_bytes, GAUGE, "Bytes of the set's records.")
    yield Figure("truncate_lut", space.truncation.marks.get(name, 0), GAUGE, truncated)
    yield Figure("sindexes", indexes, GAUGE, "Secondary indexes of the set.")
    yield Figure("index_populating", False, GAUGE, "Whether an index of the set is built; never here.")
    yield Figure(
        "truncating", name in pending or WHOLE in pending, GAUGE, "Whether a truncation is under way."
    )
    for parameter, value in (
        ("default-read-touch-ttl-pct", limits.default_read_touch_ttl_pct),
        ("default-ttl", limits.default_ttl),
        ("disable-eviction", limits.disable_eviction),
        ("enable-index", limits.enable_index),
        ("stop-writes-count", limits.stop_writes_count),
        ("stop-writes-size", limits.stop_writes_size),
    ):
        yield Figure(parameter, value, GAUGE, "Parameter of the set.")
