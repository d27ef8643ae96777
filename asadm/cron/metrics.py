"""The result of a job as a Prometheus text file, for the textfile collector of node_exporter.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4), without time stamps, written
to a temporary file and renamed, as node_exporter asks for: it may read at any moment. The temporary name does not end
in .prom, so the collector never reads it.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from asinfo.errors import Error, UsageError
from asinfo.files import FileError, read_file, replace_file, special
from asinfo.text import visible

PREFIX = "asudf_cache_clear_"
LAST_SUCCESS = PREFIX + "last_success_timestamp_seconds"
FILE_SIZE_MAX = 16 * 1024 * 1024
"""Bytes of a previous file that are looked at: far more than any cluster makes, and an end for a wrong file."""


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """Figures of one node; ``succeeded_at`` is in seconds of Unix time, None for a failure."""

    node: str
    succeeded_at: float | None
    seconds: float
    cache_left_off: bool = False


@dataclass(frozen=True, slots=True)
class RunFigures:
    """Figures of one run; ``cluster`` is a label, so that two clusters on one machine keep apart."""

    cluster: str
    ended_at: float
    seconds: float
    nodes: tuple[NodeFigures, ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """One family: its name, its help line and a value for every label set."""

    name: str
    help: str
    samples: tuple[tuple[str, float], ...]

    def __str__(self) -> str:
        head = f"# HELP {self.name} {self.help}\n# TYPE {self.name} gauge\n"
        return head + "".join(f"{self.name}{labels} {_number(value)}\n" for labels, value in self.samples)


def check_target(path: str) -> None:
    """Raise UsageError when no metrics file can be written there, before anything is done."""
    if not path or "\0" in path or path.endswith("/"):
        raise UsageError("--metrics-file: needs the name of a file")
    target = Path(path)
    if not target.parent.is_dir():
        raise UsageError(f"--metrics-file: {target.parent} is not a directory")
    if target.is_dir():
        raise UsageError(f"--metrics-file: {path} is a directory")
    if found := special(path):
        raise UsageError(f"--metrics-file: {path} is {found}, not a file")


def write(path: str, run: RunFigures) -> None:
    """Write the figures of ``run``, keeping the last success of nodes that failed this time.

    Raises Error with the reason when the file cannot be written; the previous file is then untouched.
    """
    write_text(path, render(run, previous_successes(_previous(path))))


def write_text(path: str, text: str) -> None:
    """Put ``text`` there in one step. Raises Error with the reason when that cannot be done."""
    try:
        # 0644 whatever the umask of cron is: the collector runs as another user. No fsync: after a power failure a
        # missing figure is as good as a stale one.
        replace_file(path, text.encode("utf-8", "backslashreplace"), mode=0o644, sync=False)
    except FileError as error:
        raise Error(f"metrics file {path} was not written: {error.reason}") from None


def render(run: RunFigures, before: Mapping[str, float]) -> str:
    """The text of the file; ``before`` maps label texts to the last success they had."""
    return "".join(str(metric) for metric in _metrics(run, before))


def _metrics(run: RunFigures, before: Mapping[str, float]) -> Iterable[Metric]:
    whole = labels(cluster=run.cluster)
    failed = sum(figures.succeeded_at is None for figures in run.nodes)
    each = [(labels(cluster=run.cluster, node=figures.node), figures) for figures in run.nodes]
    last = [
        (label, before.get(label, 0.0) if f.succeeded_at is None else f.succeeded_at) for label, f in each
    ]
    yield Metric(PREFIX + "run_timestamp_seconds", "When the last run ended.", ((whole, run.ended_at),))
    yield Metric(PREFIX + "run_duration_seconds", "How long the last run took.", ((whole, run.seconds),))
    yield Metric(PREFIX + "nodes", "Configured nodes in the last run.", ((whole, len(run.nodes)),))
    yield Metric(PREFIX + "nodes_failed", "Nodes that failed in the last run.", ((whole, failed),))
    yield Metric(
        PREFIX + "success",
        "Whether the node cleared its cache in the last run.",
        tuple((label, float(f.succeeded_at is not None)) for label, f in each),
    )
    yield Metric(
        PREFIX + "duration_seconds",
        "How long the last request to the node took.",
        tuple((label, f.seconds) for label, f in each),
    )
    yield Metric(
        LAST_SUCCESS,
        "When the node last cleared its cache; no sample before its first success.",
        tuple((label, value) for label, value in last if value),
    )
    yield Metric(
        PREFIX + "cache_left_off",
        "Whether the node is a real Aerospike server, whose cache stays off until a module changes.",
        tuple((label, float(f.cache_left_off)) for label, f in each),
    )


def previous_successes(text: str) -> dict[str, float]:
    """Label text to last success, from a previous file. Lines that are not understood are left out."""
    found = {}
    for line in text.split("\n"):  # not splitlines: a name may hold U+2028 and its kin
        if line.startswith(LAST_SUCCESS + "{") and "} " in line:
            labels, _, value = line.removeprefix(LAST_SUCCESS).rpartition(" ")
            with contextlib.suppress(ValueError):
                found[labels] = _time_stamp(value)
    return found


def _time_stamp(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value < 0:
        raise ValueError(text)
    return value


def labels(**values: str) -> str:
    """The labels of a sample, their values escaped."""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in values.items()) + "}"


def _escaped(value: str) -> str:
    shown = "\n".join(map(visible, value.split("\n")))  # a newline has a form of its own here
    return shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    """Milliseconds are enough, and whole numbers stay short."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _previous(path: str) -> str:
    """The previous file's text; nothing when there is none or it cannot be read."""
    try:
        return read_file(path, FILE_SIZE_MAX).decode("utf-8", "replace")
    except FileError:
        return ""
