"""The figures of the benchmarks: printed as they are measured, and kept with date, commit and machine in a JSON file."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.bench.processes import percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "benchmarks.json"

BENCHMARKS = (
    "startup",
    "fanout",
    "server",
    "idle",
    "ready",
    "put",
    "modules",
    "storage",
    "lists",
    "collections",
    "records",
    "busy",
    "hostile",
    "isolation",
    "plan",
    "apply",
    "propagation",
    "functions",
    "functionfleet",
    "mirror",
    "lint",
    "offline",
)
"""Every benchmark, in the order in which they are run and shown: the modules of this directory that have a `run`."""


class Measurement(NamedTuple):
    """One figure: a value in a unit, its ratio to something measured in the same run, and its target."""

    name: str
    value: float
    unit: str
    target: str | None = None
    ratio: float | None = None
    against: str | None = None
    """What the ratio compares with."""


class Run(NamedTuple):
    """One run of a benchmark: where its figures come from, and the figures."""

    date: str
    commit: str
    machine: str
    load_before: float | None
    load_after: float | None
    figures: Sequence[Measurement]


measured: list[Measurement] = []
"""The figures of the benchmark that is running."""


def figure(
    name: str,
    value: float,
    unit: str,
    *,
    target: str | None = None,
    ratio: float | None = None,
    against: str | None = None,
) -> None:
    """Record a figure and print it as one line."""
    found = Measurement(
        name, rounded(value), unit, target, None if ratio is None else rounded(ratio), against
    )
    measured.append(found)
    print(line(found), flush=True)


def distribution(
    name: str, values: Sequence[float], unit: str, *, p99: str | None = None, longest: str | None = None
) -> None:
    """Record how many values there are, their median, their 99th percentile and the longest; with targets."""
    figure(f"{name}: requests", len(values), "")
    figure(f"{name}: median", percentile(values, 50), unit)
    figure(f"{name}: p99", percentile(values, 99), unit, target=p99)
    figure(f"{name}: longest", max(values), unit, target=longest)


def note(text: str) -> None:
    """Print what is no figure: it is not recorded."""
    print(f"  {text}", flush=True)


def line(found: Measurement) -> str:
    """A figure as it is printed."""
    ratio = "" if found.ratio is None else f"{shown(found.ratio)} x {found.against}"
    target = "" if found.target is None else f"target: {found.target}"
    return f"  {found.name:<72} {shown(found.value):>9} {found.unit:<6} {ratio:<28} {target}".rstrip()


def rounded(value: float) -> float:
    """``value`` with three significant digits, or as a whole number: what follows is noise."""
    if value == 0:
        return 0
    decimals = 2 - math.floor(math.log10(abs(value)))
    return round(value, decimals) if decimals > 0 else round(value)


def shown(value: float) -> str:
    """A value for a reader: thousands apart, never with an exponent."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6f}".rstrip("0").rstrip(".")


def read(path: Path) -> dict[str, Run]:
    """The last run of each benchmark."""
    if not path.exists():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Run(**{**run, "figures": [Measurement(**each) for each in run["figures"]]})
        for name, run in found.items()
    }


def merge(path: Path, name: str, run: Run) -> None:
    """Replace the run of the benchmark ``name`` in the file, and leave the others as they are."""
    runs = {**read(path), name: run}
    text = json.dumps({key: _document(each) for key, each in runs.items()}, indent=2, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def _document(run: Run) -> dict[str, Any]:
    figures = [
        {key: value for key, value in found._asdict().items() if value is not None} for found in run.figures
    ]
    return {**run._asdict(), "figures": figures}
