"""The figures of the Lua modules of a node, one set of labels for each module; asudfd's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.figures.figure import COUNTER, GAUGE, Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.node import Node

BUCKET = "function_microseconds_bucket"
"""The name that Prometheus expects of a histogram's figures."""

_SHOWN = range(2, 21, 2)
"""Buckets of the metrics: up to 4, 16, ... 1048576 microseconds. Always the same, as Prometheus' rates want it."""


def function_figures(node: Node) -> Iterator[Figure]:
    """Figures of each function of each module that was called."""
    for module, function, figures in node.host.functions():
        labels = (("module", module), ("function", function.decode("utf-8", "backslashreplace")))
        calls, below = figures.calls, 0
        yield Figure("function_errors", figures.failures, COUNTER, "Calls that failed.", labels)
        yield Figure("function_timeouts", figures.timeouts, COUNTER, "Calls that ran out of time.", labels)
        text = "Most bytes that a Lua context had in use after a call of the function."
        yield Figure("function_memory_high_water", figures.memory, GAUGE, text, labels)
        yield Figure("function_microseconds_count", calls, COUNTER, "Calls of the function.", labels)
        total = round(figures.seconds * 1e6)
        yield Figure("function_microseconds_sum", total, COUNTER, "Microseconds that calls took.", labels)
        text = "Calls that took at most so many microseconds."
        for at, count in enumerate(figures.buckets):
            below += count
            if at in _SHOWN:
                yield Figure(BUCKET, below, COUNTER, text, (*labels, ("le", str(1 << at))))
        yield Figure(BUCKET, calls, COUNTER, text, (*labels, ("le", "+Inf")))


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
