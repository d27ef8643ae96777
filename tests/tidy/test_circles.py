"""Circles of imports: modules that need each other cannot be read, tested or moved alone.

Imports for annotations count: who names a type depends on it, whatever happens at run time.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.tidy.facts import PACKAGES, ROOT, Import, examine, facts

LARGEST = {"asadm": 1, "asinfo": 4, "asudfd": 2}
"""The most modules of a package that may stand in one circle."""


def imports(package: str) -> dict[str, set[str]]:
    """The modules of ``package``, each with those of the same package that it imports, wherever in it."""
    base = PACKAGES[package]
    paths = {_name(package, path.relative_to(base)): path.relative_to(ROOT) for path in base.rglob("*.py")}
    return {name: _imported(facts(path).imports, paths.keys()) - {name} for name, path in paths.items()}


def _name(package: str, path: Path) -> str:
    parts = (package, *path.with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(imports: list[Import], modules: Collection[str]) -> set[str]:
    """Of `from a import b` the module `a.b` where there is one, else `a`."""
    found: set[str] = set()
    for module, names in imports:
        parts = {f"{module}.{name}" for name in names}
        found.update(part if part in modules else module for part in parts or {module})
    return found & set(modules)


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """The sets of modules that all need each other: the strongly connected components of more than one module."""
    reached = {name: _reachable(graph, name) for name in graph}
    found: list[set[str]] = []
    for name in graph:
        circle = {other for other in reached[name] if name in reached[other]}
        if len(circle) > 1 and circle not in found:
            found.append(circle)
    return found


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for name in graph[waiting.pop()] - found:
            found.add(name)
            waiting.append(name)
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_no_circle_is_larger_than_allowed(package: str) -> None:
    assert [sorted(circle) for circle in circles(imports(package)) if len(circle) > LARGEST[package]] == []


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}, "f": {"a"}}
    assert circles(graph) == [{"a", "b", "c"}, {"d", "e"}]


def test_imports_for_annotations_and_within_functions_count() -> None:
    source = "import x.a\nif TYPE_CHECKING:\n    from x import b\ndef f():\n    from x.c import d\n"
    assert _imported(examine(ast.parse(source)).imports, ["x", "x.a", "x.b", "x.c"]) == {"x.a", "x.b", "x.c"}
