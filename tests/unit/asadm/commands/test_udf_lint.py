"""``asadm udf lint``: modules in files, checked without any node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from asadm.commands import udf_lint
from asinfo.lint.codes import CODES

if TYPE_CHECKING:
    from tests.unit.asadm.conftest import Asadm

ROOT = Path(__file__).parents[4]
WRONG = "function f(rec, a)\n\treturn unpack(a), tostrng(1)\nend\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with a good module, and what is none."""
    made = tmp_path / "udf"
    made.mkdir()
    (made / "a.lua").write_text("function f(rec) return rec.a end\n")
    (made / ".hidden.lua").write_bytes(b"wrong")
    (made / "README.md").write_bytes(b"wrong")
    return made


def test_good_modules(asadm: Asadm, directory: Path) -> None:
    result = asadm("udf", "lint", "udf")
    assert (result.code, result.out, result.err) == (0, "1 module: nothing is wrong\n", "")
    document = asadm("udf", "lint", "udf/a.lua", "--json").document
    assert (document["code"], document["modules"], document["findings"]) == (0, 1, [])


def test_text_has_the_line_and_a_mark(asadm: Asadm, directory: Path) -> None:
    (directory / "b.lua").write_text(WRONG)
    result = asadm("udf", "lint", "udf")
    assert (result.code, result.err) == (1, "")
    assert result.out == (
        "udf/b.lua:2:9: warning: Lua 5.4 has no unpack: write table.unpack [removed]\n"
        "     return unpack(a), tostrng(1)\n"
        "            ^\n"
        "udf/b.lua:2:20: warning: tostrng is defined nowhere; did you mean tostring? [unknown-global]\n"
        "     return unpack(a), tostrng(1)\n"
        "                       ^\n"
        "2 modules: 2 warnings\n"
    )


def test_what_is_no_module_is_found_beside_the_others(asadm: Asadm, directory: Path) -> None:
    (directory / "b.lua").write_bytes(b"")
    (directory / "c d.lua").write_bytes(b"return 1")
    (directory / "e.lua").write_bytes(b"function (")
    (directory / "f.lua").write_bytes(b" " * ((1 << 20) + 1))
    (directory / "g.lua").symlink_to("/etc/passwd")
    (directory / "h.i.lua").write_bytes(b"return 1")
    document = asadm("udf", "lint", "udf", "--json").document
    found = {(each["path"], each["level"], each["code"]) for each in document["findings"]}
    assert found == {
        ("udf/b.lua", "error", "file"),
        ("udf/c d.lua", "error", "file"),
        ("udf/e.lua", "error", "syntax"),
        ("udf/f.lua", "error", "file"),
        ("udf/g.lua", "error", "file"),
        ("udf/h.i.lua", "warning", "file"),
    }
    assert (document["code"], document["errors"], document["warnings"]) == (1, 5, 1)


def test_files_may_require_what_lies_beside_them(asadm: Asadm, directory: Path) -> None:
    (directory / "b.lua").write_text(
        'require("a")\nlocal c = require("c")\nfunction g(rec) return f(rec), c end\n'
    )
    assert asadm("udf", "lint", "udf/b.lua").code == 1
    (directory / "c.lua").write_text("function (")  # somebody else's
    result = asadm("udf", "lint", "udf/b.lua")
    assert (result.code, result.out) == (0, "1 module: nothing is wrong\n")
    assert asadm("udf", "lint", "udf/b.lua", "udf/c.lua").code == 1


def test_what_is_named_twice_is_looked_at_once(asadm: Asadm, directory: Path) -> None:
    (directory / "b.lua").write_text(WRONG)
    for paths in (["udf"], ["udf/b.lua", "udf"], ["udf", "udf/", "./udf/b.lua"]):
        assert asadm("udf", "lint", *paths).out.endswith("2 modules: 2 warnings\n")
    assert asadm("udf", "lint", "udf/b.lua", "udf/../udf/b.lua").out.endswith("1 module: 2 warnings\n")


def test_what_udf_yaml_excludes_is_no_module(asadm: Asadm, directory: Path) -> None:
    (directory / "b.lua").write_text("function (")
    (directory / "udf.yaml").write_text("exclude: [b.lua]\n")
    assert asadm("udf", "lint", "udf").code == 0
    (directory / "udf.yaml").write_text("exclude: 1\n")
    assert asadm("udf", "lint", "udf").code == 2


def test_what_cannot_be_read_is_a_wrong_command_line(asadm: Asadm, directory: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for arguments in (["nosuch.lua"], ["empty"], [], ["udf", "--format", "xml"]):
        result = asadm("udf", "lint", *arguments)
        assert (result.code, result.out) == (2, ""), arguments
        assert result.err


def test_annotations_for_github(asadm: Asadm, directory: Path) -> None:
    (directory / "b.lua").write_text(WRONG)
    (directory / "c,d:%.lua").write_bytes(b"")
    result = asadm("udf", "lint", "udf", "--format", "github")
    assert result.code == 1
    lines = result.out.splitlines()
    assert lines[0].startswith("::error file=udf/c%2Cd%3A%25.lua,title=file::this cannot be the name")
    assert (
        lines[1]
        == "::warning file=udf/b.lua,line=2,col=9,title=removed::Lua 5.4 has no unpack: write table.unpack"
    )


def test_sarif(asadm: Asadm, directory: Path) -> None:
    (directory / "b.lua").write_text(WRONG)
    (directory / "c d.lua").write_bytes(b"x")
    (run,) = json.loads(asadm("udf", "lint", "udf", "--format", "sarif").out)["runs"]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == set(CODES)
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places[0] == {"artifactLocation": {"uri": "udf/c%20d.lua"}}
    assert places[1]["region"] == {
        "startLine": 2, "startColumn": 9, "snippet": {"text": "\treturn unpack(a), tostrng(1)"},
    }  # fmt: skip
    assert [result["ruleId"] for result in run["results"]] == ["file", "removed", "unknown-global"]
    assert json.loads(asadm("udf", "lint", "udf/a.lua", "--format", "sarif").out)["runs"][0]["results"] == []


def test_the_hook_and_the_action_run_the_command() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    action = yaml.safe_load((ROOT / "config/ci/lint-action/action.yml").read_text())
    assert hook["entry"] == "asadm udf lint"
    run = action["runs"]["steps"][-1]["run"].split()
    assert run[:3] == ["asadm", "udf", "lint"]
    assert run[-1] in udf_lint.FORMAT.choices
