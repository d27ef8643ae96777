"""`show user-agents`: which client libraries are connected to which nodes."""

from __future__ import annotations

from asadm.tables.table import Column, Table, TableRow, count_column
from asinfo.text import number, text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.tables.table import Value
    from asadm.target.aerospike.views.asking import NodeInfo

COMMAND = "user-agents"

KEYS = (Column("client_version", "Client Version"), Column("app_id", "App ID"))
COLUMNS = (count_column("count", "Connections"),)


def table(found: Sequence[NodeInfo]) -> Table:
    """A row for each kind of client of each node."""
    rows = [
        TableRow(
            info.answer, {**_client(entry.get("user-agent", "")), "count": number(entry.get("count", ""))}
        )
        for info in found
        for entry in info.entries(COMMAND)
    ]
    note = "" if rows else "no client has said what it is"
    return Table(
        "user_agents", "User Agents", COLUMNS, [info.answer for info in found], rows, keys=KEYS, note=note
    )


def _client(agent: str) -> dict[str, Value]:
    """What base64 of ``FORM,VERSION,APP`` says; a text of another form as it is."""
    from binascii import a2b_base64

    try:
        said = text(a2b_base64(agent, strict_mode=True))
    except ValueError:  # binascii.Error is one
        return {"client_version": agent, "app_id": None}
    form, comma, rest = said.partition(",")
    version, _, app = rest.partition(",")
    return (
        {"client_version": version, "app_id": app}
        if comma and form
        else {"client_version": said, "app_id": None}
    )
