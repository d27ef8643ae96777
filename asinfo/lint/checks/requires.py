"""What modules require: whether it is there, and whether modules require each other while they are loaded."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from asinfo.lint.api_index import suggestion
from asinfo.lint.findings import WARNING
from asinfo.lint.standard_rows import REFUSED_REQUIRES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from asinfo.lint.findings import LintFinding
    from asinfo.lint.module import LintedModule

CYCLES_MAX = 10
"""Cycles that are told."""

BUILT_IN = frozenset({"_G", "coroutine", "math", "os", "package", "string", "table", "utf8"})
"""What every node has."""


def missing(module: LintedModule, there: frozenset[str]) -> Iterator[LintFinding]:
    """Requires of what is not ``there``."""
    for name, at, at_load in module.required:
        if name in REFUSED_REQUIRES:
            message = f"hardened nodes have no {name}: write {REFUSED_REQUIRES[name]}"
            yield module.finding("refused", at, message)
        elif name not in BUILT_IN and name not in there:
            why = _why(name) or f"there is no module {name}{suggestion(name, there)}"
            yield module.finding("missing-module", at, why, level="" if at_load else WARNING)


def _why(name: str) -> str:
    if name.endswith(".lua"):
        return f"{name} is required without .lua: require({name[:-4]!r})"
    return (
        f"{name} cannot be required: Lua takes a dot for a directory, and nodes have none"
        if "." in name
        else ""
    )


def cycles(modules: Mapping[str, LintedModule], linted: Mapping[str, LintedModule]) -> Iterator[LintFinding]:
    """Modules that require each other while they are loaded: a finding for each cycle, in a module of ``linted``."""
    graph = {name: set(module.loaded) for name, module in sorted(modules.items())}
    for _ in range(CYCLES_MAX):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            cycle: list[str] = error.args[1][:0:-1]  # each requires the next, and the last the first
        else:
            return
        while cycle[0] not in linted and any(name in linted for name in cycle):
            cycle = cycle[1:] + cycle[:1]
        first, second = cycle[0], (cycle * 2)[1]
        graph[first].discard(second)
        if module := linted.get(first):
            way = " -> ".join([*cycle, first])
            yield module.finding("require-cycle", module.loaded[second], f"modules require each other: {way}")
