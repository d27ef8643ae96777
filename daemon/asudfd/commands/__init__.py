"""The commands of asudfd: a first word that is one of them takes the rest of the command line."""

from __future__ import annotations

TYPE_CHECKING = False  # on the start-up path: typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from asinfo.terminal.options import Option, Values

    class Command(Protocol):
        """The module of a command: its options, what its help says, and what it does.

        Where options are INTERSPERSED they may stand behind words.
        """

        OPTIONS: Sequence[Option]
        SUMMARY: str
        GRAMMAR: str
        NOTES: str
        INTERSPERSED: bool

        def act(self, values: Values) -> int:
            """Do it; the exit status. Raises Error."""


TABLE = {"run": "asudfd.commands.run", "run-with": "asudfd.commands.run_with"}
"""The module of each command; only that of the command at hand is imported."""


def module_of(name: str) -> Command:
    """The module of a command."""
    from importlib import import_module

    found: Command = import_module(TABLE[name])
    return found


def perform(name: str, argv: Sequence[str]) -> int:
    """Run the command ``name`` with the words behind it; its exit status. Raises Error."""
    from asinfo.terminal.options import recognise

    command = module_of(name)
    values = recognise(argv, command.OPTIONS, interspersed=command.INTERSPERSED)
    if values is not None:
        return _act(command, name, values)
    from asinfo.terminal import application  # typer: only for help

    words = command.GRAMMAR.removeprefix(f"asudfd {name} ").removeprefix("[OPTION]... ")
    return application.explain(
        f"asudfd {name}",
        argv,
        command.OPTIONS,
        summary=command.SUMMARY,
        examples=command.NOTES,
        words=words,
        interspersed=command.INTERSPERSED,
    )


def _act(command: Command, name: str, values: Values) -> int:
    from asinfo.errors import UsageError

    try:
        return command.act(values)
    except UsageError as error:
        from asinfo.terminal.usage import wrong

        what, _, _ = str(error).partition("; see '")
        raise wrong(what, f"asudfd {name} --help") from None
