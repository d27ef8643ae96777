"""The sections of docs/benchmarks.md with figures: from docs/benchmarks.json and the docstrings of the benchmarks."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.figures import BENCHMARKS, RESULTS, read, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.bench.figures import Measurement, Run

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: made by make docs from benchmarks.json -->\n", "<!-- /figures -->\n"


def page() -> str:
    """The page with its generated part renewed; what stands around it is written by hand."""
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin, f"{PAGE} has no line {BEGIN}"
    assert end, f"{PAGE} has no line {END}"
    runs = read(RESULTS)
    sections = "\n".join(section(name, runs.get(name)) for name in BENCHMARKS)
    return f"{before}{BEGIN}{sections}{END}{after}"


def section(name: str, run: Run | None) -> str:
    """What a benchmark measures, where its figures come from, and the figures."""
    parts = [f"## {name}", f"`make bench BENCH={name}`. {_description(name)}"]
    parts += [_origin(run), _table(run.figures)] if run else ["There are no figures yet."]
    return "\n\n".join(parts) + "\n"


def _description(name: str) -> str:
    """The docstring of the benchmark's module; the module need not be imported for it."""
    path = ROOT / "tests" / "bench" / f"{name}.py"
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def _origin(run: Run) -> str:
    facts = {
        "date": run.date,
        "commit": f"`{run.commit}`",
        "machine": run.machine,
        "load average before": "not recorded" if run.load_before is None else shown(run.load_before),
        "load average after": "not recorded" if run.load_after is None else shown(run.load_after),
    }
    return _rows([["run", ""], *([key, value] for key, value in facts.items())])


def _table(figures: Iterable[Measurement]) -> str:
    head = ["figure", "value", "unit", "ratio", "target"]
    return _rows([head, *(_cells(figure) for figure in figures)], align="|---|---:|---|---|---|")


def _cells(figure: Measurement) -> list[str]:
    ratio = "" if figure.ratio is None else f"{shown(figure.ratio)} x {figure.against}"
    return [figure.name, shown(figure.value), figure.unit, ratio, figure.target or ""]


def _rows(rows: list[list[str]], align: str = "|---|---|") -> str:
    head, *others = (
        "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in row) + " |"
        for row in rows
    )
    return "\n".join([head, align, *others])
