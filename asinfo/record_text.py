"""Records for a person and as JSON: bins, generation and time to live, and what a call has changed."""

from __future__ import annotations

from asinfo.wire.json_value import to_json

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))

COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m"}


class RecordText:
    """A record to be shown. ``ttl`` is in seconds, None for one that never expires."""

    __slots__ = ("bins", "generation", "ttl")

    def __init__(self, bins: Mapping[str, Any], generation: int, ttl: int | None) -> None:
        self.bins = bins
        self.generation = generation
        self.ttl = ttl

    @property
    def head(self) -> str:
        """``generation 3, ttl 29 d``."""
        return f"generation {self.generation}, ttl {_duration(self.ttl)}"

    @property
    def document(self) -> dict[str, object]:
        """The record as a JSON document."""
        bins = {name: to_json(value) for name, value in self.bins.items()}
        return {"generation": self.generation, "ttl": self.ttl, "bins": bins}


def value_text(value: Any) -> str:
    """A value as one line of JSON."""
    from json import dumps

    return dumps(to_json(value), ensure_ascii=False)


def changes(before: RecordText | None, after: RecordText | None) -> list[str]:
    """What differs, as the lines of a diff of two lists of bins; none where nothing does."""
    old, new = _lines(before), _lines(after)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    heads = [record.head if record else "no record" for record in (before, after)]
    if not changed and heads[0] == heads[1]:
        return []
    said = [f"--- before: {heads[0]}", f"+++ after: {heads[1]}"]
    for name in changed:
        said += [f"{sign}{side[name]}" for sign, side in (("-", old), ("+", new)) if name in side]
    return said


def coloured(line: str) -> str:
    """A line of a diff as a terminal shows it."""
    colour = COLOURS.get(line[:1])
    return f"{colour}{line}\x1b[0m" if colour else line


def _lines(record: RecordText | None) -> dict[str, str]:
    return {name: f"{name}: {value_text(value)}" for name, value in record.bins.items()} if record else {}


def _duration(seconds: int | None) -> str:
    if seconds is None:
        return "never"
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
