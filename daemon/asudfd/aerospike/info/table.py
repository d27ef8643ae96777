"""The table of info commands: one row a command, one family a file, doubles refused at start.

`help`, the documentation page and the tests read this table; the first line of a handler's docstring is the
command's grammar, the rest says what it does.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asinfo.wire.info import COMMAND_NAME_SIZE_MAX

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode

Handler = Callable[["AerospikeNode", "Request"], bytes | Awaitable[bytes]]
"""Answers one command: at once, or as an awaitable when it must wait for a disk or for Lua."""


@dataclass(frozen=True, slots=True)
class InfoCommand:
    """One info command.

    ``constant`` rows answer the same for the life of the node whatever their parameters, so whole reply frames of
    them may be kept. ``hidden`` rows are left out of `help`, as the real server leaves some out.
    """

    name: bytes
    handler: Handler
    privilege: str = ""
    constant: bool = False
    hidden: bool = False


class InfoTable:
    """All rows by name."""

    __slots__ = ("rows",)

    def __init__(self, families: Iterable[Iterable[InfoCommand]]) -> None:
        """Merge ``families``; raises ValueError for a name that stands twice or is too long."""
        self.rows: dict[bytes, InfoCommand] = {}
        for family in families:
            for row in family:
                if row.name in self.rows or len(row.name) > COMMAND_NAME_SIZE_MAX:
                    raise ValueError(f"info command {row.name!r} is declared twice or too long")
                self.rows[row.name] = row

    def shown(self) -> set[bytes]:
        """The names of those that are not hidden."""
        return {row.name for row in self.rows.values() if not row.hidden}
