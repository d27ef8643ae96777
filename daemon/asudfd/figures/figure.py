"""A figure: a number or text that a node shows."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from asudfd.config.parameter import spell

if TYPE_CHECKING:
    from collections.abc import Iterable


class FigureKind(StrEnum):
    """The kind of a figure: a number that only grows, a number that may fall, or a text."""

    COUNTER = "counter"
    GAUGE = "gauge"
    TEXT = "text"


COUNTER, GAUGE, TEXT = FigureKind


class Figure(NamedTuple):
    """A figure of a node, a namespace or a module. A truth value is a gauge of 0 or 1.

    A number with a fixed count of decimals has them in its text already. ``labels`` tell figures of one name apart.
    """

    name: str
    value: bool | int | str
    kind: FigureKind
    help: str
    labels: tuple[tuple[str, str], ...] = ()


class FigureGroup(NamedTuple):
    """Figures for the metrics: ``prefix`` begins the names of all of them, and all have the ``labels``."""

    prefix: str
    labels: dict[str, str]
    figures: Iterable[Figure]


def info_text(figures: Iterable[Figure]) -> str:
    """The form of an info command: `name=value;...`."""
    return ";".join(
        [f"{name}={value if type(value) is int else spell(value)}" for name, value, _, _, _ in figures]
    )
