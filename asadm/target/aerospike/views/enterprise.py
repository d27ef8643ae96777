"""What only the Enterprise Edition has: racks, rosters and rules that mask values, as every node tells them."""

from __future__ import annotations

from asadm.tables.node_names import named, names
from asadm.tables.shared import SharedTable
from asadm.tables.table import Column

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.outcome import NodeAnswer
    from asadm.tables.table import Value
    from asadm.target.aerospike.views.asking import NodeInfo

RACKS, ROSTER, MASKING = "racks:", "roster:", "masking-show:"

ENTERPRISE_ONLY = 25
"""The code with which a Community server refuses such a command."""

EDITION = "release"
COMMUNITY = "Community"


def without(found: Sequence[NodeInfo], command: str) -> list[NodeAnswer]:
    """The nodes that say that ``command`` is of another edition. They were read well: that is what there is to tell."""
    refused = [info.answer for info in found if info.code(command) == ENTERPRISE_ONLY]
    for answer in refused:
        answer.status, answer.error = "ok", ""
    return refused


def only(what: str, nodes: Sequence[NodeAnswer], found: Sequence[NodeInfo]) -> str:
    """The line that says so; empty where no node is without."""
    if not nodes:
        return ""
    who = "all nodes" if len(nodes) == len(found) > 1 else named(names(nodes))
    return f"{what} are of the Enterprise Edition: {who} {'is' if len(nodes) == 1 else 'are'} without"


def elsewhere(what: str, nodes: Sequence[NodeAnswer]) -> str:
    """The line of nodes that may have ``what``, which are read over the security protocol."""
    return f"{named(names(nodes))}: {what} are shown by the vendor's asadm: here the security protocol just logs in"


def communities(found: Sequence[NodeInfo]) -> list[NodeAnswer]:
    """The nodes of the Community Edition."""
    return [info.answer for info in found if COMMUNITY in info.fields(EDITION).get("edition", "")]


def racks_table(found: Sequence[NodeInfo], note: str) -> SharedTable:
    """A row for each rack."""
    columns = [Column("namespace", "Namespace"), Column("rack_id", "Rack ID"), Column("members", "Members")]
    said: list[tuple[NodeAnswer, dict[str, Value]]] = [
        (
            info.answer,
            {"namespace": entry.get("ns"), "rack_id": name.removeprefix("rack_"), "members": _list(ids)},
        )
        for info in found
        for entry in info.entries(RACKS)
        for name, ids in entry.items()
        if name.startswith("rack_")
    ]
    return SharedTable("racks", "Racks", columns, [info.answer for info in found], said, order=2, note=note)


def roster_table(found: Sequence[NodeInfo], note: str) -> SharedTable:
    """A row for each namespace."""
    columns = [
        Column("namespace", "Namespace"),
        Column("current_roster", "Current Roster"),
        Column("pending_roster", "Pending Roster"),
        Column("observed_nodes", "Observed Nodes"),
    ]
    said: list[tuple[NodeAnswer, dict[str, Value]]] = [
        (
            info.answer,
            {
                "namespace": entry.get("ns"),
                "current_roster": _list(entry.get("roster", "")),
                "pending_roster": _list(entry.get("pending_roster", "")),
                "observed_nodes": _list(entry.get("observed_nodes", "")),
            },
        )
        for info in found
        for entry in info.entries(ROSTER)
    ]
    return SharedTable("roster", "Roster", columns, [info.answer for info in found], said, note=note)


def masking_table(found: Sequence[NodeInfo], note: str) -> SharedTable:
    """A row for each rule, with the fields that nodes give it."""
    said: list[tuple[NodeAnswer, dict[str, Value]]] = [
        (info.answer, {f"rule_{name}": value for name, value in entry.items()})
        for info in found
        for entry in info.entries(MASKING)
    ]
    names = list(dict.fromkeys(name for _, values in said for name in values))
    columns = [Column(name, name.removeprefix("rule_")) for name in names] or [Column("rule", "Rule")]
    answers = [info.answer for info in found]
    return SharedTable("masking", "Masking Rules", columns, answers, said, order=len(columns), note=note)


def _list(ids: str) -> list[str]:
    return [each for each in ids.split(",") if each and each != "null"]
