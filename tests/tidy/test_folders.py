"""What belongs into which folder of the tests."""

import ast
from pathlib import Path

from tests.tidy.each import for_each

UNIT = Path(__file__).parents[1] / "unit"
STARTS = {"subprocess", "multiprocessing", "pty", "tests.processes", "tests.etcd", "tests.cluster_processes"}
"""Modules whose import says that a test starts a process."""

FIXTURES = {"a parameter start_daemon", "a parameter asudfd"}
"""Fixtures that start one."""


def used(path: Path) -> set[str]:
    """What a file imports, and the parameters of its functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                found.update(alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                found.update((module, *(f"{module}.{alias.name}" for alias in names)))
            case ast.arg(arg=name):
                found.add(f"a parameter {name}")
    return found


@for_each(sorted(UNIT.rglob("*.py")))
def test_a_unit_test_starts_no_process(path: Path) -> None:
    assert not used(path) & (STARTS | FIXTURES), "it belongs into tests/process"
