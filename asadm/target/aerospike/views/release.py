"""`info release`: which build each node is, and for which machine."""

from __future__ import annotations

from asadm.tables.table import Column, Table, TableRow

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.target.aerospike.views.asking import NodeInfo

COMMANDS = ("release",)
OLDER = ("build", "edition")
"""Asked of a node that has no ``release``, as one before 8.1.1."""

COLUMNS = (
    Column("architecture", "Architecture", detail=1),
    Column("edition", "Edition"),
    Column("version", "Version"),
    Column("os", "OS"),
    Column("sha", "SHA", detail=2),
)
FIELDS = {"architecture": "arch", "edition": "edition", "version": "version", "os": "os", "sha": "sha"}
"""Our columns and the fields of ``release``."""


def follow(info: NodeInfo) -> list[str]:
    """What is asked further."""
    return [] if info.fields("release") else list(OLDER)


def table(found: Sequence[NodeInfo]) -> Table:
    """One row a node."""
    rows = [TableRow(info.answer, _values(info)) for info in found if info.good]
    return Table("release", "Release", COLUMNS, [info.answer for info in found], rows)


def _values(info: NodeInfo) -> dict[str, str | None]:
    fields = info.fields("release")
    values = {name: fields.get(field) for name, field in FIELDS.items()}
    if not fields:
        values.update(edition=info.text("edition"), version=info.text("build"))
    return values
