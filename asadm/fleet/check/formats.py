"""The output formats of ``udf check``: text, Nagios, Prometheus, JSON."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from asadm.cron.metrics import Metric, labels
from asadm.fleet.check.findings import (  # fmt: skip
    CACHE_OFF,
    DAMAGED,
    DIRECTORY,
    DRIFT,
    LEVELS,
    MARKER,
    OK,
    POISONED,
    UNREACHABLE,
    CheckResult,
)
from asadm.fleet.observed.grouping import count as counted
from asadm.fleet.plan.plan import CHANGES
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import plural, text, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WORDS = {
    UNREACHABLE: "not read",
    DRIFT: "differ between nodes",
    DAMAGED: "damaged",
    DIRECTORY: "not as in the directory",
    CACHE_OFF: "with the cache left off",
    MARKER: "with a marker left",
    POISONED: "on which every script fails",
}
ONE = {DRIFT: "differs between nodes"}
"""The words where there is just one."""
NODES = {UNREACHABLE, CACHE_OFF, POISONED}
LINES_MAX = 200
"""Lines of long text: a monitoring system cuts it anyway, at 4 or 8 KB."""


def headline(checked: CheckResult) -> str:
    """All in one line: ``1 node not read, 2 modules differ between nodes``."""
    parts = []
    for kind, words in WORDS.items():
        count = checked.count(kind)
        if count:
            what = "node" if kind in NODES else checked.survey.noun
            one = count == 1
            of = f" of {len(checked.nodes)}" if kind == UNREACHABLE else ""
            whole = len(checked.nodes) if of else count
            parts.append(
                f"{count}{of} {what if whole == 1 else plural(what)} {ONE.get(kind, words) if one else words}"
            )
    if parts:
        return ", ".join(parts)
    nodes, modules = len(checked.nodes), len(checked.survey.names())
    return f"{counted(nodes, 'node')}, {counted(modules, checked.survey.noun)}, all the same"


def sheet(checked: CheckResult) -> Sheet:
    """A row for each finding."""
    rows = [
        [
            Cell(LEVELS[finding.level], "bad" if finding.level > 1 else "changed"),
            Cell(finding.kind),
            Cell(None if finding.module is None else text(finding.module)),
            Cell(finding.where),
            Cell(finding.detail),
        ]
        for finding in checked.findings
    ]
    return Sheet("", ["Level", "What", checked.survey.noun.capitalize(), "Nodes", "Detail"], rows)


def nagios(checked: CheckResult, service: str) -> bytes:
    """The answer of a Nagios plugin for ``service``: a status line with figures, then a line for each finding.

    Format: https://nagios-plugins.org/doc/guidelines.html, sections 2 and 2.6. A ``|`` would begin the figures, so
    there is none in the text.
    """
    total = len(checked.nodes)
    figures = [
        f"unreachable={checked.count(UNREACHABLE)};;0;0;{total}",
        f"drift={checked.count(DRIFT)};;0;0",
        f"damaged={checked.count(DAMAGED)};;0;0",
        f"directory={checked.count(DIRECTORY)};0;;0",
        f"cache_off={checked.count(CACHE_OFF)};0;;0;{total}",
        f"markers={checked.count(MARKER)};0;;0",
        f"modules={len(checked.survey.names())};;;0",
        f"time={checked.seconds:.3f}s;;;0",
    ]
    first = f"{service} {LEVELS[checked.level].upper()} - {_plain(headline(checked))} | {' '.join(figures)}"
    lines = [_plain(str(finding)) for finding in checked.findings]
    if len(lines) > LINES_MAX:
        lines = [*lines[:LINES_MAX], f"and {len(lines) - LINES_MAX} more"]
    return "\n".join([first, *lines, ""]).encode("utf-8", "backslashreplace")


def nagios_unknown(reason: str, service: str) -> bytes:
    """The answer of a plugin that could not check."""
    return f"{service} UNKNOWN - {_plain(reason)}\n".encode("utf-8", "backslashreplace")


def _plain(line: str) -> str:
    return visible(line).replace("|", "/")


def prometheus(checked: CheckResult) -> str:
    """Text format 0.0.4 without time stamps, as the textfile collector of node_exporter wants it."""
    return "".join(str(metric) for metric in _metrics(checked) if metric.samples)


def _metrics(checked: CheckResult) -> Iterator[Metric]:
    yield from _of_nodes(checked)
    yield from _of_modules(checked)
    yield _found(
        checked, MARKER, "asudf_udf_marker", "A node holds a marker version, left by a killed repair."
    )
    yield _found(checked, DAMAGED, "asudf_udf_damaged", "A node does not serve the module as it lists it.")
    whole = labels(cluster=checked.cluster)
    level = float(checked.level)
    yield Metric("asudf_udf_check_status", "The worst: 0 ok, 1 warning, 2 critical.", ((whole, level),))
    yield Metric("asudf_udf_check_duration_seconds", "How long the check took.", ((whole, checked.seconds),))
    yield Metric("asudf_udf_check_timestamp_seconds", "When the check ended.", ((whole, time.time()),))


def _of_nodes(checked: CheckResult) -> Iterator[Metric]:
    cluster, listings = checked.cluster, checked.survey.listings
    of = [(labels(cluster=cluster, node=each.node.name), each) for each in listings]
    off = {node for finding in checked.findings if finding.kind == CACHE_OFF for node in finding.nodes}
    yield Metric(
        "asudf_node_up",
        "Whether the node told its modules.",
        tuple((label, float(each.read)) for label, each in of),
    )
    yield Metric(
        "asudf_udf_cache_left_off",
        "Whether the cache of the node was cleared from here and is still off.",
        tuple((label, float(each.node in off)) for label, each in of if each.read),
    )
    yield Metric(
        "asudf_udf_module_info",
        "A module that a node lists, and its hash.",
        _samples(
            labels(cluster=cluster, node=each.node.name, filename=text(name), hash=hash_)
            for each in listings
            for name, hash_ in (each.modules or {}).items()
        ),
    )


def _of_modules(checked: CheckResult) -> Iterator[Metric]:
    differing = set(checked.survey.differing())
    drift = {text(name): float(name in differing) for name in checked.survey.names()}
    yield Metric(
        "asudf_udf_drift",
        "Whether the nodes that were read disagree on the module.",
        tuple((labels(cluster=checked.cluster, filename=name), value) for name, value in drift.items()),
    )
    steps = checked.plan.steps if checked.plan else []
    behind = {text(step.name): sum(action in CHANGES for action in step.actions) for step in steps}
    yield Metric(
        "asudf_udf_directory_drift",
        "Nodes that were read and do not have the module as the directory has it.",
        tuple((labels(cluster=checked.cluster, filename=name), count) for name, count in behind.items()),
    )


def _found(checked: CheckResult, kind: str, name: str, words: str) -> Metric:
    """A sample for each node and module of a kind of findings."""
    found = [finding for finding in checked.findings if finding.kind == kind]
    return Metric(
        name,
        words,
        _samples(
            labels(cluster=checked.cluster, node=node.name, filename=text(finding.module or b""))
            for finding in found
            for node in finding.nodes
        ),
    )


def _samples(texts: Iterable[str]) -> tuple[tuple[str, float], ...]:
    """One sample of value 1 for each, none twice: that would not be a valid file."""
    return tuple((each, 1.0) for each in dict.fromkeys(texts))


def document(checked: CheckResult) -> dict[str, object]:
    """Members of the JSON document."""
    differing = set(checked.survey.differing())
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
                "module": None if finding.module is None else text(finding.module),
                "nodes": [node.name for node in finding.nodes],
                "detail": finding.detail,
            }
            for finding in checked.findings
        ],
        "modules": [
            {
                "name": text(name),
                "same": name not in differing,
                "hashes": {
                    node.name: hash_
                    for node, hash_ in zip(checked.nodes, checked.survey.hashes(name), strict=True)
                },
            }
            for name in checked.survey.names()
        ],
    }


def good(checked: CheckResult) -> bool:
    """Whether nothing was found."""
    return checked.level == OK
