"""The Prometheus exposition: groups of figures as text.

Figures that are no numbers are left out; true and false are 1 and 0.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from asudfd.config.parameter import spell
from asudfd.figures.figure import Figure, FigureKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asudfd.figures.figure import FigureGroup

KIND = "text/plain; version=0.0.4; charset=utf-8"
"""The type of the content. Source: Prometheus, exposition formats."""

_NO_WORD = re.compile(r"\W", re.ASCII)


class _MetricFamily(NamedTuple):
    """A metric family: kind, help text and samples of one metric."""

    kind: FigureKind
    help: str
    samples: dict[str, str]


def exposition(groups: Iterable[FigureGroup]) -> bytes:
    """The whole text."""
    families: dict[str, _MetricFamily] = {}
    for prefix, labels, figures in groups:
        for figure in figures:
            if figure.kind is not FigureKind.TEXT:
                name = f"{prefix}_{_NO_WORD.sub('_', figure.name)}"
                family = families.setdefault(name, _MetricFamily(figure.kind, figure.help, {}))
                # of two figures whose names differ in other signs only, the later counts
                family.samples[_labels({**labels, **dict(figure.labels)})] = _number(figure)
    lines: list[str] = []
    for name, family in families.items():
        lines += (f"# HELP {name} {_escaped_help(family.help)}\n", f"# TYPE {name} {family.kind}\n")
        lines += (f"{name}{{{labels}}} {value}\n" for labels, value in family.samples.items())
    return "".join(lines).encode("utf-8", "surrogateescape")


def _number(figure: Figure) -> str:
    return str(int(figure.value)) if isinstance(figure.value, bool) else spell(figure.value)


def _labels(labels: dict[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _escaped_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
