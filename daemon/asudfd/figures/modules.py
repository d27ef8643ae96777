"""The figures of the Lua modules of a node, one set of labels for each module; asudfd's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.figures.figure import COUNTER, GAUGE, Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.node import Node


def module_figures(node: Node) -> Iterator[Figure]:
    """A figure that is 1 for each registered module, and those of the contexts of each module that was called."""
    for filename in node.modules.names():
        module = node.modules.get(filename)
        if module is not None:
            labels: tuple[tuple[str, str], ...] = (("filename", filename), ("hash", module.hash))
            yield Figure("module_info", 1, GAUGE, "1 for each registered Lua module.", labels)
    for row in node.host.statistics():
        labels = (("module", row.module),)
        yield Figure("context_now", row.contexts, GAUGE, "Lua contexts of the module.", labels)
        yield Figure(
            "context_idle", row.idle, GAUGE, "Lua contexts of the module that wait for a call.", labels
        )
        yield Figure(
            "context_high_water",
            row.high_water,
            GAUGE,
            "Most Lua contexts of the module at one time.",
            labels,
        )
        yield Figure("context_hits", row.hits, COUNTER, "Calls that took a context from the cache.", labels)
        yield Figure("context_misses", row.misses, COUNTER, "Calls that had to make a context.", labels)
        yield Figure(
            "context_creations", row.creations, COUNTER, "Lua contexts of the module that were made.", labels
        )
        yield Figure(
            "context_evictions",
            row.evictions,
            COUNTER,
            "Lua contexts of the module that were dropped.",
            labels,
        )
