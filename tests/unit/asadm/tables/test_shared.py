"""Tables of what several nodes say alike."""

from asadm.outcome import NodeAnswer
from asadm.tables.shared import SharedTable
from asadm.tables.table import Column
from asinfo.dialogue import Endpoint
from asinfo.terminal.render import plain
from tests.each import for_each_row

COLUMNS = (Column("name", "Name"), Column("mode", "Mode"))


def nodes(count: int, failed: int = 0) -> list[NodeAnswer]:
    """Good answers of so many nodes, and then failed ones."""
    good = [NodeAnswer(Endpoint(f"n{number}", 3000), "ok") for number in range(count)]
    return good + [NodeAnswer(Endpoint(f"d{number}", 3000), "refused", (), "no") for number in range(failed)]


def who(count: int, tellers: range, failed: int = 0) -> str:
    """What stands under Nodes where ``tellers`` of ``count`` nodes tell something."""
    answers = nodes(count, failed)
    said = [(answers[number], {"name": "a", "mode": "RW"}) for number in tellers]
    sheet = SharedTable("t", "", COLUMNS, answers, said).sheet()
    return str(sheet.rows[-1][2].value)


@for_each_row(
    ("count", "tellers", "failed", "shown"),
    [
        (1, range(1), 0, "n0:3000"),
        (3, range(3), 0, "all 3"),
        (2, range(2), 1, "all 2"),  # that were read
        (1, range(1), 1, "all 1"),
        (3, range(1), 0, "only n0:3000"),
        (300, range(299), 0, "all but n299:3000"),
        (300, range(150), 0, "150 of 300"),
    ],
)
def test_the_nodes_that_say_it(count: int, tellers: range, failed: int, shown: str) -> None:
    assert who(count, tellers, failed) == shown


def test_what_differs_is_another_row_and_a_failed_node_is_one_too() -> None:
    answers = nodes(2, 1)
    said = [(answers[0], {"name": "a", "mode": "RW"}), (answers[1], {"name": "a", "mode": "WO"})]
    table = SharedTable("t", "Things", COLUMNS, answers, said)

    assert plain(table.sheet()).splitlines() == [
        "Things",
        "Name  Mode  Nodes         State",
        "-     -     d0:3000       refused: no",
        "a     RW    only n0:3000  ok",
        "a     WO    only n1:3000  ok",
        "2 of 3 nodes were read",
    ]
    assert table.document()["rows"] == [
        {"nodes": ["n0:3000"], "state": "ok", "name": "a", "mode": "RW"},
        {"nodes": ["n1:3000"], "state": "ok", "name": "a", "mode": "WO"},
        {"node": "d0:3000", "state": "refused", "reason": "no"},
    ]
