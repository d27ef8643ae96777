"""Sheets: the one form in which commands hand over tables, and the only place that imports rich.

A sheet becomes a rich table on a terminal, plain aligned text in a pipe, or JSON.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO


class Cell:
    """One value and the mark it carries: ``""``, ``good``, ``bad``, ``changed`` or ``quiet``.

    None is shown as ``-`` and is ``null`` in JSON.
    """

    __slots__ = ("mark", "value")

    def __init__(self, value: str | float | None, mark: str = "") -> None:
        self.value = value
        self.mark = mark


class Sheet:
    """A table: title, column names, rows of cells (a plain value stands for an unmarked cell), and a closing note."""

    __slots__ = ("columns", "note", "rows", "title")

    def __init__(
        self,
        title: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Cell | str | float | None]],
        note: str = "",
    ) -> None:
        self.title = title
        self.columns = list(columns)
        self.rows = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
        self.note = note


def show(sheet: Sheet, stream: TextIO, *, colour: bool | None = None) -> None:
    """Write ``sheet``: a rich table when ``stream`` is a terminal, plain aligned text otherwise.

    ``colour`` False switches colours off; NO_COLOR and TERM=dumb do so too.
    """
    raise NotImplementedError


def plain(sheet: Sheet) -> str:
    """The sheet as aligned text: title when there is one, column names, one line a row; stable and greppable."""
    raise NotImplementedError


def as_data(sheet: Sheet) -> dict[str, object]:
    """The sheet for JSON: ``{"title", "columns", "rows": [{column: value}], "note"}``."""
    raise NotImplementedError


def visible(text: str) -> str:
    r"""``text`` safe for a terminal: control characters as ``\xNN`` (a node's answer must not steer the terminal)."""
    raise NotImplementedError
