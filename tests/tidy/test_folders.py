"""What belongs into which folder of the tests."""

import ast
from pathlib import Path

import pytest

from tests.conftest import scope_of
from tests.each import for_each
from tests.tidy.facts import PACKAGES, ROOT

UNIT = ROOT / "tests" / "unit"
STARTS = {
    "subprocess",
    "multiprocessing",
    "pty",
    "tests.processes",
    "tests.etcd",
    "tests.cluster_processes",
    "tests.real_valkey",
}
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


def source_folder(tests: Path) -> Path:
    """The folder of the source that a folder below tests/unit mirrors."""
    package, *rest = tests.relative_to(UNIT).parts
    return PACKAGES[package].joinpath(*rest)


def sources(folder: Path) -> set[str]:
    """Names of the modules, Lua files and packages in a folder of the source."""
    found = {path.stem for path in folder.iterdir() if path.suffix in {".py", ".lua"}}
    return found | {path.parent.name for path in folder.glob("*/__init__.py")}


@for_each(sorted(UNIT.rglob("test_*.py")))
def test_a_unit_test_stands_where_its_source_stands(path: Path) -> None:
    """Tests of a/b/c.py are in a/b/test_c.py or a/b/test_c_topic.py, those of a whole package as if it were a module."""
    folder = source_folder(path.parent)
    assert folder.is_dir(), f"no {folder.relative_to(ROOT)} is there"
    name = f"{path.stem.removeprefix('test_')}_"
    assert any(name.startswith(f"{source}_") for source in sources(folder)), (
        f"{folder.relative_to(ROOT)} has no module by whose name {path.name} begins"
    )


@pytest.mark.parametrize(
    ("test", "scope"),
    [
        ("tests/unit/asadm/test_cli.py::test_help[a::b]", "tests/unit/asadm/test_cli.py"),
        (
            "tests/unit/asudfd/cluster/test_cluster.py::TestIt::test_it",
            "tests/unit/asudfd/cluster/test_cluster.py",
        ),
        ("tests/cluster/test_modules_etcd.py::test_it", "tests/cluster/"),
        ("tests/tidy/test_words.py::test_it", "tests/tidy/"),
    ],
)
def test_what_pytest_n_keeps_in_one_process(test: str, scope: str) -> None:
    assert scope_of(test) == scope
