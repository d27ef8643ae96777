"""What nodes said, made of texts: for views, which ask nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asadm.outcome import NodeAnswer
from asadm.target.aerospike.views.asking import NodeInfo
from asinfo.dialogue import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asadm.tables.shared import SharedTable
    from asadm.tables.table import Table
    from asadm.tables.values import ValueTable


def node(name: str, answers: Mapping[str, str]) -> NodeInfo:
    """A node that was read."""
    said = {command.encode(): answer.encode() for command, answer in answers.items()}
    return NodeInfo(NodeAnswer(Endpoint("127.0.0.1", 3000, name=name), "ok"), said)


def dead(name: str) -> NodeInfo:
    """A node that was not."""
    return NodeInfo(
        NodeAnswer(Endpoint("127.0.0.1", 3000, name=name), "timeout", error="no answer"),
        {},
    )


def rows(table: Table | SharedTable | ValueTable, member: str = "rows") -> list[dict[str, Any]]:
    """The rows, or another list, of what JSON says of a table."""
    found: Any = table.document()[member]
    return list(found)
