"""The result of ``udf check`` or ``function check`` as metrics, for the textfile collector of node_exporter.

Text format 0.0.4 without time stamps. The two families have names of their own, so that one machine can watch fleets of both.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from asadm.cron.metrics import Metric, labels
from asadm.fleet.check.report import CACHE_OFF, DAMAGED, MARKER, POISONED
from asadm.fleet.plan.plan import CHANGES
from asadm.target.types import FUNCTION, UDF
from asinfo.text import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asadm.fleet.check.findings import CheckResult
    from asadm.fleet.check.report import CheckReport


class _Words(NamedTuple):
    """What a family calls its metrics: their ``prefix``, what a server has of them, and the ``label`` with its name."""

    prefix: str
    noun: str
    label: str


_WORDS = {
    UDF: _Words("asudf_udf", "module", "filename"),
    FUNCTION: _Words("asudf_function", "library", "library"),
}


def text_of(checked: CheckResult, family: str) -> str:
    """The metrics for the commands of ``family``."""
    words = _WORDS[family]
    own = _of_functions if family == FUNCTION else _of_udfs
    metrics = [
        *_of_nodes(checked, words),
        *own(checked),
        *_of_modules(checked, words),
        _found(checked, words, DAMAGED, "damaged", f"A node does not serve the {words.noun} as it lists it."),
        *of_check(checked, words.prefix),
    ]
    return "".join(str(metric) for metric in metrics if metric.samples)


def of_check(checked: CheckReport, prefix: str) -> Iterator[Metric]:
    """Metrics of the check itself, whose names begin with ``prefix``."""
    whole = labels(cluster=checked.cluster)
    for name, help_, value in (
        ("status", "The worst: 0 ok, 1 warning, 2 critical.", float(checked.level)),
        ("duration_seconds", "How long the check took.", checked.seconds),
        ("timestamp_seconds", "When the check ended.", time.time()),
    ):
        yield Metric(f"{prefix}_check_{name}", help_, ((whole, value),))


def _of_nodes(checked: CheckResult, words: _Words) -> Iterator[Metric]:
    cluster, listings = checked.cluster, checked.survey.listings
    yield Metric(
        "asudf_node_up",
        "Whether the node told its modules or libraries.",  # the same in both files: they may be read together
        tuple((labels(cluster=cluster, node=each.node.name), float(each.read)) for each in listings),
    )
    yield Metric(
        f"{words.prefix}_{words.noun}_info",
        f"A {words.noun} that a node lists, and its hash.",
        _samples(
            labels(cluster=cluster, node=each.node.name, **{words.label: text(name)}, hash=hash_)
            for each in listings
            for name, hash_ in (each.modules or {}).items()
        ),
    )


def _of_udfs(checked: CheckResult) -> Iterator[Metric]:
    """What only nodes of Aerospike can have."""
    yield _flagged(
        checked,
        CACHE_OFF,
        "asudf_udf_cache_left_off",
        "Whether the cache of the node was cleared from here and is still off.",
    )
    help_ = "A node holds a marker version, left by a killed repair."
    yield _found(checked, _WORDS[UDF], MARKER, "marker", help_)


def _of_functions(checked: CheckResult) -> Iterator[Metric]:
    """What only servers of Valkey can have."""
    yield _flagged(
        checked,
        POISONED,
        "asudf_function_poisoned",
        "Whether every script and function fails on the node until it is restarted.",
    )


def _of_modules(checked: CheckResult, words: _Words) -> Iterator[Metric]:
    def of(name: str) -> str:
        return labels(cluster=checked.cluster, **{words.label: name})

    differing = set(checked.survey.differing())
    drift = {text(name): float(name in differing) for name in checked.survey.names()}
    yield Metric(
        f"{words.prefix}_drift",
        f"Whether the nodes that were read disagree on the {words.noun}.",
        tuple((of(name), value) for name, value in drift.items()),
    )
    steps = checked.plan.steps if checked.plan else []
    behind = {text(step.name): sum(action in CHANGES for action in step.actions) for step in steps}
    yield Metric(
        f"{words.prefix}_directory_drift",
        f"Nodes that were read and do not have the {words.noun} as the directory has it.",
        tuple((of(name), count) for name, count in behind.items()),
    )


def _flagged(checked: CheckResult, kind: str, name: str, help_: str) -> Metric:
    """A sample for each node that was read: whether it has a kind of findings."""
    found = {node for finding in checked.findings if finding.kind == kind for node in finding.nodes}
    return Metric(
        name,
        help_,
        tuple(
            (labels(cluster=checked.cluster, node=each.node.name), float(each.node in found))
            for each in checked.survey.listings
            if each.read
        ),
    )


def _found(checked: CheckResult, words: _Words, kind: str, name: str, help_: str) -> Metric:
    """A sample for each node and module of a kind of findings."""
    return Metric(
        f"{words.prefix}_{name}",
        help_,
        _samples(
            labels(cluster=checked.cluster, node=node.name, **{words.label: finding.subject or ""})
            for finding in checked.findings
            if finding.kind == kind
            for node in finding.nodes
        ),
    )


def _samples(texts: Iterable[str]) -> tuple[tuple[str, float], ...]:
    """One sample of value 1 for each, none twice: that would not be a valid file."""
    return tuple((each, 1.0) for each in dict.fromkeys(texts))
