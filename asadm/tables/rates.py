"""Changes a second, between two looks at the same statistics."""

from __future__ import annotations

from asadm.tables.value import counter, is_number, summable, typed
from asadm.tables.values import ValueTable

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BEGAN_ANEW = "began anew"
"""The state of a node whose counters went back."""

DECIMALS = 2
"""Of a rate."""


def rates(
    before: Sequence[ValueTable], now: Sequence[ValueTable], seconds: Sequence[float]
) -> list[ValueTable]:
    """What changed in each table that is in both looks; ``seconds`` passed between the two answers of each node."""
    known = {(table.name, *table.keys.values()): table for table in before}
    pairs = [(known.get((table.name, *table.keys.values())), table) for table in now]
    return [_rates(earlier, later, seconds) for earlier, later in pairs if earlier is not None]


def _rates(before: ValueTable, now: ValueTable, seconds: Sequence[float]) -> ValueTable:
    values: list[Mapping[str, str] | None] = []
    reasons = {**before.reasons, **now.reasons}
    for number, (earlier, later, passed) in enumerate(zip(before.values, now.values, seconds, strict=True)):
        changes = None if earlier is None or later is None else _changes(earlier, later)
        if changes is not None and any(change < 0 and counter(name) for name, change in changes.items()):
            changes, reasons[number] = None, BEGAN_ANEW
        values.append(None if changes is None else _each_second(changes, passed))
    answers = [
        later if earlier.good or not later.good else earlier
        for earlier, later in zip(before.answers, now.answers, strict=True)
    ]
    name = f"rate_{now.name.partition('_')[2]}"
    table = ValueTable(
        name, f"{now.title}, changes a second", answers, values, keys=now.keys, reasons=reasons
    )
    changed = {name for each in values if each for name, rate in each.items() if rate != "0"}
    table.keep(changed.__contains__)
    return table


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, float]:
    """How much every number is more than before; shares, ages and parameters have no rate."""
    found = {}
    for name, text in now.items():
        said = before.get(name)
        if said == text:
            found[name] = 0.0
        elif said is not None and summable(name):
            earlier, later = typed(name, said), typed(name, text)
            if is_number(earlier) and is_number(later):
                found[name] = float(later) - float(earlier)
    return found


def _each_second(changes: Mapping[str, float], seconds: float) -> dict[str, str]:
    return {name: _shown(change / seconds) for name, change in changes.items()}


def _shown(rate: float) -> str:
    """``12.5``, ``0``, ``-3``: as a node would write it."""
    text = f"{rate:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
