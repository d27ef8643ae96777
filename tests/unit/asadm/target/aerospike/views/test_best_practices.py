"""`show best-practices`: one row a node."""

from __future__ import annotations

from asadm.target.aerospike.views import best_practices
from tests.fakes.said import dead, node, rows


def test_what_failed_and_that_all_is_well() -> None:
    found = [
        node("a", {best_practices.COMMAND: "failed_best_practices=swappiness,max-map-count"}),
        node("b", {best_practices.COMMAND: "failed_best_practices=none"}),
        node("c", {best_practices.COMMAND: "?"}),
        dead("d"),
    ]
    table = best_practices.table(found)
    assert [(row.get("practices"), row.get("failed")) for row in rows(table)] == [
        ("swappiness, max-map-count", ["swappiness", "max-map-count"]),
        ("ok", []),
        (None, None),
        (None, None),
    ]
    assert best_practices.PAGE in table.note
    assert best_practices.table(found[1:2]).note == ""
