"""`show mapping`: which node has which id and which addresses."""

from __future__ import annotations

from asadm.tables.table import Column, Table, TableRow

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.target.aerospike.views.asking import NodeInfo

SERVICE = "service-clear-std"
COMMANDS = ("node", SERVICE)

COLUMNS = (
    Column("id", "Node ID"),
    Column("address", "Asked At"),
    Column("services", "Addresses For Clients"),
)


def table(found: Sequence[NodeInfo]) -> Table:
    """A row for each node."""
    rows = [
        TableRow(
            info.answer,
            {
                "id": info.text("node"),
                "address": info.answer.node.address,
                "services": [each for each in (info.text(SERVICE) or "").split(",") if each],
            },
        )
        for info in found
        if info.good
    ]
    return Table("mapping", "Nodes", COLUMNS, [info.answer for info in found], rows)
