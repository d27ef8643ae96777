"""`show sindex`: the secondary indexes, as every node lists them."""

from __future__ import annotations

from asadm.tables.shared import SharedTable
from asadm.tables.table import Column
from asadm.target.aerospike.views.indexes import LIST, NO_INDEX

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.tables.table import Value
    from asadm.target.aerospike.views.asking import NodeInfo

COLUMNS = (
    Column("namespace", "Namespace"),
    Column("set", "Set"),
    Column("index", "Index"),
    Column("bin", "Bin"),
    Column("bin_type", "Bin Type", detail=1),
    Column("index_type", "Index Type", detail=4),
    Column("index_state", "State"),
    Column("context", "Context", detail=2),
    Column("expression", "Expression", detail=3),
)

_FIELDS = {
    "namespace": "ns",
    "set": "set",
    "index": "indexname",
    "bin": "bin",
    "bin_type": "type",
    "index_type": "indextype",
    "index_state": "state",
    "context": "context",
    "expression": "exp",
}


def table(found: Sequence[NodeInfo], wanted: Callable[[str, str, str], bool]) -> SharedTable:
    """A row for each index of a wanted namespace, set and name; where nodes say something else of one, there is a row for each."""
    said = [
        (info.answer, _values(entry))
        for info in found
        for entry in info.entries(LIST)
        if wanted(entry.get("ns", ""), entry.get("set", ""), entry.get("indexname", ""))
    ]
    answers = [info.answer for info in found]
    note = "" if said else NO_INDEX
    return SharedTable("sindex", "Secondary Indexes", COLUMNS, answers, said, order=3, note=note)


def _values(entry: dict[str, str]) -> dict[str, Value]:
    """A text ``null`` is none, but a name is what it is."""
    found: dict[str, Value] = {name: entry.get(field) for name, field in _FIELDS.items()}
    for name in ("set", "context", "expression"):
        if found[name] in {"null", "NULL"}:
            found[name] = None
    return found
