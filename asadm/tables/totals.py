"""What the rows of several nodes come to where a plain sum says nothing: shares, averages, and what nodes say alike."""

from __future__ import annotations

from asadm.tables.table import rows_numbers

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.tables.table import TableRow, Total


def share(part: str, whole: str) -> Total:
    """The sum of ``part`` as a percentage of the sum of ``whole``, over the rows that have both: a ``whole`` of 0 is none."""

    def total(rows: Sequence[TableRow]) -> float | None:
        both = [row for row in rows if rows_numbers([row], part) and any(rows_numbers([row], whole))]
        return percentage(sum(rows_numbers(both, part)), sum(rows_numbers(both, whole)))

    return total


def percentage(part: float | None, whole: float | None) -> float | None:
    """``part`` of ``whole`` from 0 to 100; None where either is not known, or ``whole`` is 0."""
    return None if part is None or not whole else part * 100 / whole


def average(name: str) -> Total:
    """The mean of the values called ``name``: every node counts alike."""

    def total(rows: Sequence[TableRow]) -> float | int | None:
        found = rows_numbers(rows, name)
        if not found:
            return None
        mean = sum(found) / len(found)
        return int(mean) if mean == int(mean) else mean

    return total


def alike(name: str) -> Total:
    """Whether the value called ``name`` is the same in all rows."""

    def total(rows: Sequence[TableRow]) -> bool:
        return len({str(row.values.get(name)) for row in rows}) == 1

    return total


def any_true(name: str) -> Total:
    """Whether any row has a yes under ``name``; None where no row says."""

    def total(rows: Sequence[TableRow]) -> bool | None:
        found = [value for row in rows if isinstance(value := row.values.get(name), bool)]
        return any(found) if found else None

    return total


def distinct(name: str) -> Total:
    """The texts called ``name``, and those in lists of that name, each once and in order."""

    def total(rows: Sequence[TableRow]) -> list[str]:
        found: dict[str, None] = {}
        for row in rows:
            value = row.values.get(name)
            if isinstance(value, list):
                found.update(dict.fromkeys(map(str, value)))
            elif value is not None:
                found[str(value)] = None
        return list(found)

    return total


def distinct_numbers(name: str) -> Total:
    """The whole numbers called ``name``, each once, the smallest first."""

    def total(rows: Sequence[TableRow]) -> list[int]:
        return sorted({int(value) for value in rows_numbers(rows, name)})

    return total


def how_many(name: str) -> Total:
    """How many different texts the lists called ``name`` have."""
    found = distinct(name)

    def total(rows: Sequence[TableRow]) -> int:
        names = found(rows)
        return len(names) if isinstance(names, list) else 0

    return total
