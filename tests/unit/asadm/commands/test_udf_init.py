"""``asadm udf init``: what it writes, what is in its way, and that what it writes passes the checks that it sets up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from asadm import inventory_file
from asadm.fleet.desired.new_repository import files

if TYPE_CHECKING:
    from tests.unit.asadm.conftest import Asadm


def _written(top: Path) -> list[str]:
    return sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())


def test_all_files_are_written(asadm: Asadm, tmp_path: Path) -> None:
    result = asadm("udf", "init", "new/modules")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [f"new/modules/{path}" for path in files()]
    assert _written(tmp_path / "new/modules") == sorted(files())
    document = asadm("udf", "init", "other", "--json").document
    assert (document["directory"], document["files"]) == ("other", list(files()))


def test_what_is_written_passes_its_own_lint(asadm: Asadm) -> None:
    asadm("udf", "init", "modules")
    result = asadm("udf", "lint", "modules/udf")
    assert (result.code, result.out) == (0, "1 module: nothing is wrong\n")


def test_a_directory_that_is_there_keeps_its_files(asadm: Asadm, tmp_path: Path) -> None:
    top = tmp_path / "modules"
    (top / ".git").mkdir(parents=True)
    (top / "LICENSE").write_text("ours")
    assert asadm("udf", "init", "modules").code == 0
    assert (top / "LICENSE").read_text() == "ours"


@pytest.mark.parametrize("path", ["README.md", "udf/counter.lua", ".github/workflows/udf.yml"])
def test_nothing_is_written_over_a_file(asadm: Asadm, tmp_path: Path, path: str) -> None:
    (tmp_path / "modules" / path).parent.mkdir(parents=True)
    (tmp_path / "modules" / path).symlink_to("nowhere")
    result = asadm("udf", "init", "modules")
    assert (result.code, result.out) == (2, "")
    assert result.err == f"asadm: modules has {path} already: nothing was written\n"
    assert _written(tmp_path / "modules") == []


def test_what_cannot_be_a_directory(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name, code in (("file", 2), ("file/below", 1), ("n" * 300, 2)):
        result = asadm("udf", "init", name)
        assert result.code == code, name
        assert result.out == ""
        assert len(result.err.splitlines()) == 1


def test_the_inventory_has_the_laptop() -> None:
    found = inventory_file.parse(files()["asadm.yaml"].encode(), "asadm.yaml")
    assert (found["default"], list(found["clusters"])) == ("laptop", ["laptop"])


def test_the_hook_and_the_workflow_run_what_there_is() -> None:
    texts = files()
    (repository,) = yaml.safe_load(texts[".pre-commit-config.yaml"])["repos"]
    assert repository["hooks"][0]["entry"] == "asadm udf lint udf"
    steps = yaml.safe_load(texts[".github/workflows/udf.yml"])["jobs"]["test"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert commands == ["pip install -r requirements.txt", "asadm udf lint udf --format github", "pytest"]
