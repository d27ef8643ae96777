"""Sheets: the one form in which commands hand over tables, and the only place that imports rich.

A sheet becomes a rich table on a terminal, plain aligned text in a pipe, or JSON.
"""

from __future__ import annotations

import sys

from asinfo.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TextIO

    from rich.console import Console

STYLES = {"": "", "good": "green", "bad": "bold red", "changed": "yellow", "quiet": "dim"}
"""Marks of cells, and how each looks where there are colours."""


class Cell:
    """One value and the mark it carries: ``""``, ``good``, ``bad``, ``changed`` or ``quiet``.

    None is shown as ``-`` and is ``null`` in JSON. ``shown`` is what a person sees in its place, a number with its unit.
    """

    __slots__ = ("mark", "shown", "value")

    def __init__(
        self, value: str | float | None, mark: str = "", *, shown: str | float | None = None
    ) -> None:
        assert mark in STYLES
        self.value = value
        self.mark = mark
        self.shown = value if shown is None else shown

    @property
    def text(self) -> str:
        """The value for a person; one line, no control characters."""
        shown = self.shown
        if shown is None or shown == "":
            return "-"
        if isinstance(shown, bool):
            return "yes" if shown else "no"
        return f"{shown:.1f}" if isinstance(shown, float) else visible(str(shown))


class Sheet:
    """A table: title, column names, rows of cells (a plain value stands for an unmarked cell), and a closing note.

    ``details`` are columns that go, the last first, where the terminal is not wide enough for all. ``otherwise`` makes the sheet
    that a terminal shows instead where this one does not fit with the names of its columns cut. ``whole`` are columns that are not cut
    while there is a detail to go: names of nodes and ids, which are hard to tell apart when they are cut.
    """

    __slots__ = ("columns", "details", "note", "otherwise", "rows", "title", "whole")

    def __init__(
        self,
        title: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Cell | str | float | None]],
        note: str = "",
        *,
        details: Sequence[str] = (),
        otherwise: Callable[[], Sheet] | None = None,
        whole: Sequence[str] = (),
    ) -> None:
        self.title = title
        self.whole = list(whole)
        self.otherwise = otherwise
        self.columns = list(columns)
        self.details = list(details)
        self.rows = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
        self.note = note
        assert all(len(row) == len(self.columns) for row in self.rows)


def show(sheet: Sheet, stream: TextIO, *, colour: bool | None = None) -> None:
    """Write ``sheet``: a rich table when ``stream`` is a terminal, plain aligned text otherwise.

    ``colour`` False switches colours off; NO_COLOR and TERM=dumb do so too.
    """
    if stream.isatty():
        _rich(sheet, stream, colour=colour)
    else:
        stream.write(plain(sheet))


def plain(sheet: Sheet) -> str:
    """The sheet as aligned text: title when there is one, column names, one line a row; stable and greppable.

    Columns stand two blanks apart; the last is not padded.
    """
    table = [[visible(name) for name in sheet.columns], *([cell.text for cell in row] for row in sheet.rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [visible(sheet.title)] if sheet.title else []
    lines.extend(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )
    if sheet.note:
        lines.append(visible(sheet.note))
    return "\n".join(lines) + "\n"


LAST_WIDTH_MIN = 16
"""The last column may be folded down to this width: reasons of failures stand there."""

CUT_WIDTH_MIN = 11
"""A column that is cut keeps so many places: less of a name or an address tells nothing, and a time like 11-30 09:15 stays whole."""

LONG_WIDTH_MIN = 13
"""A column that is cut before a detail goes keeps so many places: an address like 10.0.0.1:3000 stays whole."""

HEADING_WIDTH_MIN = 8
"""The name of a node above its column may be cut to so many places, of which the last tell it from others."""

CUT = "\u2026"
"""Stands where a cell was cut off."""


def _rich(sheet: Sheet, stream: TextIO, *, colour: bool | None) -> None:
    from rich.console import Console
    from rich.text import Text

    # Without a colour system there is no bold and no dim either: not one escape sequence.
    console = Console(file=stream, color_system=None if colour is False else "auto", highlight=False)
    if sheet.title:
        console.print(Text(visible(sheet.title), style="italic"))
    layout = _headings_cut(sheet, console.width) if sheet.otherwise else _layout(sheet, console.width)
    if layout is None and sheet.otherwise:
        sheet = sheet.otherwise()
        layout = _with_folded(sheet, console.width) or _layout(sheet, console.width)
    if layout is None:
        _vertical(sheet, console)
    else:
        sheet, widths = layout
        _wide(sheet, widths, console)
    if sheet.note:
        console.print(Text(visible(sheet.note), style=STYLES["quiet"]))


def _layout(sheet: Sheet, width: int) -> tuple[Sheet, list[int]] | None:
    """What of ``sheet`` is shown in so many places, and how wide its columns are; None where it does not fit.

    Headings are wrapped first, then columns without content go, then long texts are cut, then details go, and at last everything is cut.
    Texts that would look the same when they are cut, as the addresses of nodes do, are cut at last only.
    """
    for narrower in _narrower(sheet):
        for wrapped in (False, True):
            widths = _widths(narrower, wrapped=wrapped)
            if _needed(widths) <= width:
                return narrower, widths
        cut = None if narrower is sheet else _cut_down(narrower, widths, width, LONG_WIDTH_MIN)
        if cut and _tells_apart(narrower, cut[0]):
            return cut
    narrower.whole = []
    return _cut_down(narrower, widths, width, CUT_WIDTH_MIN)


def _narrower(sheet: Sheet) -> Iterator[Sheet]:
    """The sheet, the sheet without columns that have no content, and then without one detail after the other."""
    yield sheet
    kept = [
        number
        for number in range(len(sheet.columns))
        if number == 0 or any(row[number].text != "-" for row in sheet.rows)
    ]
    yield _part(sheet, kept)
    details = [
        sheet.columns.index(name)
        for name in sheet.details
        if name in sheet.columns and sheet.columns.index(name) in kept
    ]
    for gone in range(1, len(details) + 1):
        left_out = details[-gone:]
        note = f"{gone} column{'' if gone == 1 else 's'} more on a wider terminal"
        found = _part(sheet, [number for number in kept if number not in left_out])
        found.note = f"{sheet.note}; {note}" if sheet.note else note
        yield found


def _headings_cut(sheet: Sheet, width: int) -> tuple[Sheet, list[int]] | None:
    """The sheet with its headings cut where they are wider than what stands below them; None where that is not enough.

    Headings that begin alike keep their ends. Cells are not cut: values that differ would look the same.
    """
    if len(sheet.columns) * (1 + 2) > width:
        return None
    from rich.cells import cell_len

    names = [visible(name) for name in sheet.columns]
    lengths = [cell_len(name) for name in names]
    cells = [max((cell_len(row[at].text) for row in sheet.rows), default=0) for at in range(len(names))]
    for most in range(max(lengths), HEADING_WIDTH_MIN - 1, -1):
        widths = [max(cell, min(length, most)) for cell, length in zip(cells, lengths, strict=True)]
        if _needed(widths) <= width:
            return _with_headings(sheet, names, widths)
    return None


def _with_folded(sheet: Sheet, width: int) -> tuple[Sheet, list[int]] | None:
    """The whole sheet, with columns between the first and the last so narrow that their cells are folded; None where that is not enough."""
    widths = _widths(sheet, wrapped=False)
    while _needed(widths) > width:
        widest = max(range(1, len(widths) - 1), key=lambda number: widths[number])
        if widths[widest] <= CUT_WIDTH_MIN:
            return None
        widths[widest] -= 1
    return sheet, widths


def _with_headings(sheet: Sheet, names: Sequence[str], widths: list[int]) -> tuple[Sheet, list[int]] | None:
    """The sheet with ``names`` cut to ``widths``; None where columns could not be told apart."""
    for cut in (_end, _cut):
        headings = [cut(name, size) for name, size in zip(names, widths, strict=True)]
        if len(set(headings)) == len(set(names)):
            return Sheet(sheet.title, headings, sheet.rows, sheet.note), widths
    return None


def _end(text: str, width: int) -> str:
    """The end of ``text``, in at most ``width`` columns of a terminal."""
    from rich.cells import cell_len

    if cell_len(text) <= width:
        return text
    while cell_len(text) >= width:
        text = text[1:]
    return CUT + text


def _part(sheet: Sheet, kept: Sequence[int]) -> Sheet:
    rows = [[row[number] for number in kept] for row in sheet.rows]
    columns = [sheet.columns[number] for number in kept]
    return Sheet(sheet.title, columns, rows, sheet.note, whole=sheet.whole)


def _widths(sheet: Sheet, *, wrapped: bool) -> list[int]:
    """The places that each column needs; a heading that is ``wrapped`` needs those of its longest word."""
    from rich.cells import cell_len

    names = [visible(name) for name in sheet.columns]
    if wrapped:
        names = [max(name.split() or [""], key=cell_len) for name in names]
    table = [names, *([cell.text for cell in row] for row in sheet.rows)]
    return [max(map(cell_len, column)) for column in zip(*table, strict=True)]


def _needed(widths: Sequence[int]) -> int:
    return _before_last(widths) + min(widths[-1], LAST_WIDTH_MIN)


def _before_last(widths: Sequence[int]) -> int:
    """Where the last column begins."""
    return sum(width + 2 for width in widths[:-1])


def _cut_down(sheet: Sheet, widths: Sequence[int], width: int, least: int) -> tuple[Sheet, list[int]] | None:
    """The sheet with its widest columns cut to ``least`` places; None where that is not enough."""
    widths = list(widths)
    free = [number for number, name in enumerate(sheet.columns[:-1]) if name not in sheet.whole]
    while _needed(widths) > width:
        widest = max(free, key=lambda number: widths[number], default=None)
        if widest is None or widths[widest] <= least:
            return None
        widths[widest] -= 1
    most = [*widths[:-1], sys.maxsize]  # the cells of the last are folded instead
    rows = [[_cut_cell(cell, size) for cell, size in zip(row, most, strict=True)] for row in sheet.rows]
    names = [
        " ".join(_cut(word, size) for word in visible(name).split())
        for name, size in zip(sheet.columns, [*widths[:-1], width - _before_last(widths)], strict=True)
    ]
    return Sheet(sheet.title, names, rows, sheet.note), widths


def _tells_apart(sheet: Sheet, cut: Sheet) -> bool:
    """Whether cells of a column that differ in ``sheet`` do so in ``cut``, too."""
    for number in range(len(sheet.columns)):
        texts = {
            (row[number].text, short[number].text) for row, short in zip(sheet.rows, cut.rows, strict=True)
        }
        if len({whole for whole, _ in texts}) > len({short for _, short in texts}):
            return False
    return True


def _cut_cell(cell: Cell, width: int) -> Cell:
    text = _cut(cell.text, width)
    return cell if text == cell.text else Cell(cell.value, cell.mark, shown=text)


def _cut(text: str, width: int) -> str:
    """``text`` in at most ``width`` columns of a terminal; an address keeps its end, where it differs from others.

    Of a host the beginning is kept, and of an IPv4 address the end.
    """
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    host, colon, port = text.rpartition(":")
    if colon and port.isdigit() and cell_len(port) < width - 3:
        left = width - len(port) - 2
        if host.replace(".", "").isdigit():
            return CUT + host[-left:] + colon + port
        return set_cell_size(host, left) + CUT + colon + port
    return set_cell_size(text, width - 1) + CUT


def _vertical(sheet: Sheet, console: Console) -> None:
    """Each row as a block of its own: the first cell, and below it a line for every other one that is not empty.

    Lines are made by hand: of many nodes there are a hundred thousand, for which a table of rich takes half a minute.
    """
    from rich.cells import cell_len
    from rich.text import Text

    names = [visible(name) for name in sheet.columns[1:]]
    left = max(map(cell_len, names), default=0) + 4
    room = max(console.width - left, 1)
    for first, *others in sheet.rows:
        console.print(Text(first.text, style=STYLES[first.mark] or "bold"))
        lines = [
            (name, part, cell.mark)
            for name, cell in zip(names, others, strict=True)
            if cell.text != "-"
            for name, part in _folded(name, cell.text, room)
        ]
        block = Text("\n").join(
            Text.assemble("  ", name, " " * (left - 2 - cell_len(name)), (part, STYLES[mark]))
            for name, part, mark in lines
        )
        if lines:
            console.print(block, no_wrap=True, overflow="ignore", crop=False)


def _folded(name: str, text: str, width: int) -> Iterator[tuple[str, str]]:
    """``text`` in lines of at most ``width`` columns, the first after ``name``."""
    from rich.cells import cell_len, chop_cells

    if cell_len(text) <= width:
        yield name, text
        return
    for number, part in enumerate(chop_cells(text, width)):
        yield "" if number else name, part


def _wide(sheet: Sheet, widths: Sequence[int], console: Console) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
    )
    for number, name in enumerate(sheet.columns):
        figures = any(isinstance(row[number].value, int | float) for row in sheet.rows)
        folded = number == len(widths) - 1 and widths[number] > LAST_WIDTH_MIN
        wide = None if folded else widths[number]
        table.add_column(
            Text(visible(name)), justify="right" if figures else "left", overflow="fold", width=wide
        )
    for row in sheet.rows:
        table.add_row(*(Text(cell.text, style=STYLES[cell.mark]) for cell in row))
    console.print(table)
