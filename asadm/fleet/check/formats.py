"""The output formats of all checks for people, Nagios and programs; `asadm.fleet.check.prometheus` is another."""

from __future__ import annotations

from asadm.fleet.check.report import (  # fmt: skip
    BASELINE,
    CACHE_OFF,
    CONFIG_DRIFT,
    DAMAGED,
    DIRECTORY,
    DRIFT,
    LEVELS,
    MARKER,
    NOT_TOLD,
    POISONED,
    UNREACHABLE,
    CheckReport,
    Finding,
)
from asadm.fleet.observed.grouping import count as counted
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import plural, visible

WORDS = {
    UNREACHABLE: "not read",
    DRIFT: "differ between nodes",
    DAMAGED: "damaged",
    DIRECTORY: "not as in the directory",
    CACHE_OFF: "with the cache left off",
    MARKER: "with a marker left",
    POISONED: "on which every script fails",
    CONFIG_DRIFT: "differ between nodes",
    BASELINE: "not as in the file",
    NOT_TOLD: "of the file that no node has",
}
ONE = {DRIFT: "differs between nodes", CONFIG_DRIFT: "differs between nodes"}
"""The words where there is just one."""
NODES = {UNREACHABLE, CACHE_OFF, POISONED}
LINES_MAX = 200
"""Lines of long text: a monitoring system cuts it anyway, at 4 or 8 KB."""


def headline(checked: CheckReport) -> str:
    """All in one line: ``1 node not read, 2 modules differ between nodes``."""
    parts = []
    for kind, words in WORDS.items():
        count = checked.count(kind)
        if count:
            what = "node" if kind in NODES else checked.noun
            one = count == 1
            of = f" of {len(checked.nodes)}" if kind == UNREACHABLE else ""
            whole = len(checked.nodes) if of else count
            parts.append(
                f"{count}{of} {what if whole == 1 else plural(what)} {ONE.get(kind, words) if one else words}"
            )
    if parts:
        return ", ".join(parts)
    return f"{counted(len(checked.nodes), 'node')}, {counted(checked.subjects, checked.noun)}, all the same"


def sheet(checked: CheckReport) -> Sheet:
    """A row for each finding."""
    rows = [row(finding) for finding in checked.findings]
    subject = checked.noun.capitalize()
    details, whole = (["What", "Level"], [subject]) if checked.long else ([], [])
    return Sheet("", ["Level", "What", subject, "Nodes", "Detail"], rows, details=details, whole=whole)


def row(finding: Finding) -> list[Cell]:
    """One finding."""
    return [
        Cell(LEVELS[finding.level], "bad" if finding.level > 1 else "changed"),
        Cell(finding.kind),
        Cell(finding.subject),
        Cell(finding.where),
        Cell(finding.detail),
    ]


def nagios(checked: CheckReport, family: str) -> bytes:
    """The answer of a Nagios plugin for the commands of ``family``: a status line with figures, then a line for each finding.

    Format: https://nagios-plugins.org/doc/guidelines.html, sections 2 and 2.6. A ``|`` would begin the figures, so
    there is none in the text.
    """
    total = len(checked.nodes)
    figures = [
        f"unreachable={checked.count(UNREACHABLE)};;0;0;{total}",
        *checked.figures(family),
        f"time={checked.seconds:.3f}s;;;0",
    ]
    first = f"{family.upper()} {LEVELS[checked.level].upper()} - {_plain(headline(checked))} | {' '.join(figures)}"
    lines = [_plain(str(finding)) for finding in checked.findings]
    if len(lines) > LINES_MAX:
        lines = [*lines[:LINES_MAX], f"and {len(lines) - LINES_MAX} more"]
    return "\n".join([first, *lines, ""]).encode("utf-8", "backslashreplace")


def nagios_unknown(reason: str, family: str) -> bytes:
    """The answer of a plugin that could not check."""
    return f"{family.upper()} UNKNOWN - {_plain(reason)}\n".encode("utf-8", "backslashreplace")


def _plain(line: str) -> str:
    return visible(line).replace("|", "/")


def document(checked: CheckReport) -> dict[str, object]:
    """Members of the JSON document."""
    return {
        "status": LEVELS[checked.level],
        "summary": headline(checked),
        "complete": checked.complete,
        "nodes_read": checked.read,
        "nodes_asked": len(checked.nodes),
        "seconds": round(checked.seconds, 3),
        "findings": [
            {
                "level": LEVELS[finding.level],
                "kind": finding.kind,
                checked.member: finding.subject,
                "nodes": [node.name for node in finding.nodes],
                "detail": finding.detail,
            }
            for finding in checked.findings
        ],
        **checked.members(),
    }
