"""Values by name: for a person in columns or in groups, turned, with sums; for programs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from asadm.outcome import NodeAnswer
from asadm.tables.values import ValueTable
from asinfo.exchange import Endpoint
from asinfo.terminal.render import plain, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def answers(count: int, *, failed: Sequence[int] = ()) -> list[NodeAnswer]:
    """Of nodes 10.0.0.1, 10.0.0.2 and so on."""
    return [
        NodeAnswer(Endpoint(f"10.0.0.{number}"), "refused", error="nobody listens there")
        if number in failed
        else NodeAnswer(Endpoint(f"10.0.0.{number}"), "ok")
        for number in range(1, count + 1)
    ]


def table(*values: Mapping[str, str] | None, failed: Sequence[int] = (), marked: bool = False) -> ValueTable:
    return ValueTable("x", "X", answers(len(values), failed=failed), values, marked=marked)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_a_terminal(made: ValueTable, columns: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines below the title and the headings."""
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = Terminal()
    show(made.sheet(), stream, colour=False)
    return [" ".join(line.split()) for line in stream.getvalue().splitlines()]


def test_what_differs_is_there_on_some_nodes_or_not_the_same() -> None:
    made = table({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2"}, None, failed=[3])
    assert made.differing() == ["b", "c"]


def test_the_odd_one_stands_out_where_most_are_the_same() -> None:
    rows = table(
        {"a": "1", "b": "1"}, {"a": "1", "b": "2"}, {"a": "2", "b": "3"}, None, failed=[4], marked=True
    )
    state, a, b = rows.sheet().rows
    assert [cell.text for cell in state] == ["State", "ok", "ok", "ok", "refused"]
    assert [cell.mark for cell in a] == ["", "", "", "changed", ""]
    assert [cell.mark for cell in b] == [""] * 5  # each is another


def test_sums_say_of_how_many_nodes_they_are() -> None:
    made = table({"objects": "2", "uptime": "9"}, {"objects": "3", "uptime": "9"}, None, failed=[3])
    made.total = True
    assert plain(made.sheet()).splitlines() == [
        "X",
        "Name     10.0.0.1:3000  10.0.0.2:3000  10.0.0.3:3000  Total of 2/3",
        "State    ok             ok             refused        -",
        "objects  2              3              -              5",
        "uptime   9              9              -              -",
        "2 of 3 nodes were read; 10.0.0.3:3000: nobody listens there",
    ]
    assert made.document()["totals"] == {
        "nodes_read": 2,
        "nodes_asked": 3,
        "values": {"objects": 5, "uptime": None},
    }


def test_turned_it_has_a_line_a_node_and_one_of_sums() -> None:
    made = table({"objects": "2"}, None, failed=[2])
    made.flipped = made.total = True
    assert plain(made.sheet()).splitlines() == [
        "X",
        "Node            State    objects",
        "10.0.0.1:3000   ok       2",
        "10.0.0.2:3000   refused  -",
        "= 1 of 2 nodes  -        2",
        "1 of 2 nodes were read; 10.0.0.2:3000: nobody listens there",
    ]


def test_a_node_without_the_thing_says_so() -> None:
    made = ValueTable("x", "X", answers(3), [{"a": "1"}, None, None], reasons={2: "role violation"})
    state = made.sheet().rows[0]
    assert [cell.text for cell in state] == ["State", "ok", "not there", "role violation"]
    assert made.note() == "2 of 3 nodes were read; 10.0.0.3:3000: role violation"
    rows = made.document()["rows"]
    assert isinstance(rows, list)
    assert [row.get("reason") for row in rows] == [None, "not there", "role violation"]


def test_a_node_that_does_not_have_the_thing_was_read() -> None:
    made = table({"objects": "1"}, None)
    made.total = True
    assert plain(made.sheet()).splitlines() == [
        "X",
        "Name     10.0.0.1:3000  10.0.0.2:3000  Total of 2",
        "State    ok             not there      -",
        "objects  1              -              1",
    ]
    assert made.document()["totals"] == {"nodes_read": 2, "nodes_asked": 2, "values": {"objects": 1}}


def test_values_in_json_are_typed() -> None:
    rows = table({"a": "1", "b": "true", "c": "null", "cluster_key": "12"}).document()["rows"]
    assert isinstance(rows, list)
    assert rows[0]["values"] == {"a": 1, "b": True, "c": None, "cluster_key": "12"}


def test_nodes_that_say_the_same_share_a_line_where_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [
        {"id": f"A{number}", "threads": "8" if number == 7 else "4", "same": "x", "count": str(number)}
        for number in range(1, 101)
    ]
    made = table(*values, None, failed=[101], marked=True)
    made.total = True
    assert on_a_terminal(made, 80, monkeypatch)[3:] == [
        "State refused 10.0.0.101:3000",
        "count 1 to 100 5050 100 values, most 10.0.0.100:3000",
        "id A1, ... 100 values",
        "same x all 100 nodes",
        "threads 4 404 99 nodes",
        "8 10.0.0.7:3000",
        "100 of 101 nodes were read; 10.0.0.101:3000: nobody listens there",
    ]


def test_names_of_nodes_are_cut_before_values_are(monkeypatch: pytest.MonkeyPatch) -> None:
    made = table({"name": "1"}, {"name": "2"}, {"name": "1"})
    assert on_a_terminal(made, 80, monkeypatch)[1] == "Name 10.0.0.1:3000 10.0.0.2:3000 10.0.0.3:3000"
    assert (
        on_a_terminal(made, 45, monkeypatch)[1] == "Name \u20260.0.1:3000 \u20260.0.2:3000 \u20260.0.3:3000"
    )
    assert on_a_terminal(made, 33, monkeypatch)[3:] == [
        "name 1 10.0.0.1:3000,",
        "10.0.0.3:3000",
        "2 10.0.0.2:3000",
    ]


def test_a_long_value_is_folded_and_names_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "heartbeat.mesh-seed-address-port"
    made = table({name: ",".join(["10.0.0.2:3002"] * 4)}, {name: ",".join(["10.0.0.1:3002"] * 4)})
    first, second, *_ = on_a_terminal(made, 80, monkeypatch)[3:]
    assert first.startswith(f"{name} 10.0.0.2:3002,")
    assert first.endswith(" 10.0.0.1:3000")
    assert second.endswith("2:3002,10.0.0.2:3002")
