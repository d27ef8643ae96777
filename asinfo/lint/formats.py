"""The formats of findings: text for people, annotations for GitHub, SARIF for code scanning, members of a JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.lint.codes import CODES
from asinfo.lint.findings import ERROR
from asinfo.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asinfo.lint.findings import LintFinding

_SHOWN_MAX = 160
"""Characters of a line of a module that are shown: a longer one is no line for people."""

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def text(findings: Iterable[LintFinding]) -> str:
    """Each finding with the line that it is about, and a mark below its place."""
    return "".join(f"{finding}\n{_excerpt(finding)}" for finding in findings)


def _excerpt(finding: LintFinding) -> str:
    source = finding.source.replace("\t", " ")
    if not source.strip() or len(source) > _SHOWN_MAX:
        return ""
    return f"    {source}\n    {' ' * (finding.column - 1)}^\n"


def summary(findings: Sequence[LintFinding], modules: int) -> str:
    """One line: how many errors and warnings there are."""
    looked_at = _counted(modules, "module")
    if not findings:
        return f"{looked_at}: nothing is wrong"
    errors = sum(finding.level == ERROR for finding in findings)
    counts = [(errors, "error"), (len(findings) - errors, "warning")]
    return f"{looked_at}: {', '.join(_counted(count, noun) for count, noun in counts if count)}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun if count == 1 else plural(noun)}"


def github(findings: Iterable[LintFinding]) -> str:
    """A workflow command for each finding: GitHub shows it beside the line."""
    return "".join(
        f"::{finding.level} file={_property(finding.path)}{_line_and_column(finding)},title={finding.code}::"
        f"{_data(finding.message)}\n"
        for finding in findings
    )


def _line_and_column(finding: LintFinding) -> str:
    return f",line={finding.line},col={finding.column}" if finding.line else ""


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def sarif(findings: Iterable[LintFinding]) -> str:
    """A document of SARIF 2.1.0."""
    import json

    from asinfo import __version__

    rules = [
        {
            "id": code.name,
            "shortDescription": {"text": code.title},
            "fullDescription": {"text": code.text},
            "defaultConfiguration": {"level": code.level},
        }
        for code in CODES.values()
    ]
    driver = {"name": "asadm udf lint", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding) for finding in findings],
    }
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _result(finding: LintFinding) -> dict[str, object]:
    from urllib.parse import quote

    place: dict[str, object] = {
        "artifactLocation": {"uri": quote(finding.path.encode("utf-8", "surrogateescape"))}
    }
    if finding.line:
        place["region"] = {
            "startLine": finding.line,
            "startColumn": finding.column,
            "snippet": {"text": finding.source},
        }
    return {
        "ruleId": finding.code,
        "level": finding.level,
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": place}],
    }


def members(findings: Sequence[LintFinding], modules: int) -> dict[str, object]:
    """Members of a JSON document."""
    errors = sum(finding.level == ERROR for finding in findings)
    return {
        "modules": modules,
        "errors": errors,
        "warnings": len(findings) - errors,
        "findings": entries(findings),
    }


def entries(findings: Iterable[LintFinding]) -> list[dict[str, object]]:
    """Findings in a JSON document."""
    return [
        {
            "code": finding.code,
            "level": finding.level,
            "path": finding.path,
            "line": finding.line or None,
            "column": finding.column or None,
            "message": finding.message,
            "source": finding.source or None,
        }
        for finding in findings
    ]
