"""Changes a second between two looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.outcome import NodeAnswer
from asadm.tables.rates import BEGAN_ANEW, rates
from asadm.tables.values import ValueTable
from asinfo.exchange import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NODES = [Endpoint(f"10.0.0.{number}") for number in (1, 2)]


def look(*values: Mapping[str, str] | None) -> ValueTable:
    found = [
        NodeAnswer(node, "timeout" if each is None else "ok", error="" if each else "no answer")
        for node, each in zip(NODES, values, strict=True)
    ]
    return ValueTable(
        "statistics_namespace", "test Namespace Statistics", found, values, keys={"namespace": "test"}
    )


def rate(
    before: ValueTable, now: ValueTable, seconds: Sequence[float] = (2.0, 2.0)
) -> tuple[list[str], list[Mapping[str, str] | None], list[str]]:
    """The names, the values, and the states of nodes."""
    [table] = rates([before], [now], seconds)
    assert table.name == "rate_namespace"
    return table.names, table.values, [cell.text for cell in table.states()]


def test_numbers_that_changed_by_the_seconds_of_each_node() -> None:
    before = look(
        {"reads_success": "10", "same": "1", "mode": "a", "used": "9", "uptime": "1"}, {"reads_success": "0"}
    )
    now = look(
        {"reads_success": "15", "same": "1", "mode": "b", "used": "5", "uptime": "3"}, {"reads_success": "8"}
    )
    names, values, _ = rate(before, now, (2.0, 4.0))
    assert names == ["reads_success", "used"]
    assert values == [{"reads_success": "2.5", "same": "0", "used": "-2"}, {"reads_success": "2"}]


def test_a_node_that_counts_less_began_anew() -> None:
    now = look({"reads_success": "3", "used": "1"}, {"reads_success": "20"})
    names, values, states = rate(look({"reads_success": "10"}, {"reads_success": "10"}), now)
    assert (names, values[0], states) == (["reads_success"], None, [BEGAN_ANEW, "ok"])


def test_a_node_that_was_away_has_its_reason() -> None:
    good: dict[str, str] = {"reads_success": "1"}
    assert rate(look(good, None), look(good, good))[2] == ["ok", "timeout"]
    assert rate(look(good, good), look(good, None))[2] == ["ok", "timeout"]


def test_what_is_new_has_no_rate() -> None:
    assert rates([], [look({"a": "1"}, {"a": "1"})], [1.0, 1.0]) == []
