"""The language of ``-e``, of files of commands, of standard input and of the shell.

    statements = statement *( ";" statement )        a newline separates too
    statement  = words of a command, then its words, clauses and flags (see asadm.commands)

A word may be quoted with ' or "; a backslash protects the next character outside of single quotes. Inside quotes
``;`` is an ordinary character. Everything is parsed before anything is run.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from typing import Any

    from asadm.commands import Row


class Arguments:  # plain class: dataclasses cost more to import than the whole run
    """What was given to a command.

    ``options``  values of its flags by long name (``"quiet"``), defaults filled in
    ``names``    the words after the command, in order; as many as were given
    ``clauses``  words by keyword, only keywords that were given
    ``rest``     everything, for a command that takes the rest of the line as it stands
    """

    __slots__ = ("clauses", "names", "options", "rest")

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.names: list[str] = []
        self.clauses: dict[str, list[str]] = {}
        self.rest: list[str] = []


class Call:
    """A parsed command, ready to run: its row, its module, its arguments and its text as the user gave it."""

    __slots__ = ("arguments", "module", "row", "text")

    def __init__(self, row: Row, module: Any, arguments: Arguments, text: str) -> None:
        self.row = row
        self.module = module
        self.arguments = arguments
        self.text = text
