"""Modules that a real server took have no error, and those of our own have nothing at all."""

import json
from pathlib import Path
from typing import Any

from asinfo.lint.findings import ERROR, LintFinding
from asinfo.lint.linter import lint
from tests.each import for_each
from tests.unit.asinfo.lint.sources import Source, sources

ROOT = Path(__file__).parents[4]
CASES = [
    json.loads(line)
    for line in (ROOT / "tests/vectors/lua_cases_2.jsonl").read_text(encoding="utf-8").splitlines()
]
SINGLE = [case for case in CASES if "modules" in case]
SEQUENCES = [case for case in CASES if "steps" in case]
LUA = sorted(
    path
    for directory in ("config/udf", "config/fleet/udf", "tests")
    for path in (ROOT / directory).rglob("*.lua")
)

FAILS_WHEN_IT_RUNS = {"new.error.062", "new.error.063", "new.error.064", "new.error.065", "new.require.008"}
"""Texts that raise an error when they are loaded: only a node that runs them knows."""


def _errors(findings: list[LintFinding]) -> list[str]:
    return [str(finding) for finding in findings if finding.level == ERROR]


def _id(case: dict[str, Any]) -> str:
    return str(case["id"])


@for_each(SINGLE, _id)
def test_what_the_server_took_has_no_error_and_what_it_refused_has_one(case: dict[str, Any]) -> None:
    refused = "put_error" in (case.get("expect") or {}) and case["id"] not in FAILS_WHEN_IT_RUNS
    assert bool(_errors(lint(sources(case["modules"])))) == refused, case["title"]


@for_each(SEQUENCES, _id)
def test_steps_that_the_server_took_have_no_error(case: dict[str, Any]) -> None:
    there: dict[bytes, bytes] = {}
    for step in case["steps"]:
        name = step.get("file", "").encode()
        if step["do"] == "put" and step["expect"] == "ok":
            source = Source(name, step["source"].encode())
            assert not _errors(lint([source], there))
            there[name] = source.content
        elif step["do"] == "remove":
            there.pop(name, None)


def test_modules_of_our_own_have_nothing() -> None:
    directories: dict[Path, list[Source]] = {}
    for path in LUA:
        source = Source(path.name.encode(), path.read_bytes())
        directories.setdefault(path.parent, []).append(source)
    assert directories
    for directory, modules in directories.items():
        assert [str(finding) for finding in lint(modules)] == [], directory
