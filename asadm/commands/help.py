"""``help``: the commands, or one of them in full."""

from __future__ import annotations

from asadm import commands
from asadm.outcome import CommandOutcome
from asadm.statement import find, load
from asinfo.errors import UsageError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.commands import CommandRow
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asinfo.terminal.options import Option


LINE_WIDTH = 118
"""Columns of a help text: the notes of the commands have as many."""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for words that begin no command."""
    if arguments.rest:
        _meant(arguments.rest)


def run(_session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """All commands, those that begin with the words, or the one that they name."""
    rows = _meant(arguments.rest)
    shown = explain(rows[0]) if len(rows) == 1 else overview(rows)
    return CommandOutcome((), shown.encode(), extra={"help": shown})


def _meant(words: list[str]) -> list[CommandRow]:
    """The rows whose first words are meant by ``words``."""
    try:
        return [find(words)[0]] if words else list(commands.TABLE)
    except UsageError:
        rows = [row for row in commands.TABLE if _begins(row, words)]
        if not rows:
            raise
        return rows


def _begins(row: CommandRow, words: list[str]) -> bool:
    return len(row.words) > len(words) and all(
        name.startswith(word) for name, word in zip(row.words, words, strict=False)
    )


def overview(rows: Sequence[CommandRow]) -> str:
    """One line a command."""
    width = max(len(row.name) for row in rows)
    return "".join(f"{row.name:{width}}  {row.summary}\n" for row in rows)


def explain(row: CommandRow) -> str:
    """One command: what it does, how it is written, its flags, an example."""
    options: tuple[Option, ...] = getattr(load(row), "OPTIONS", ())
    lines = [row.summary, "", f"Usage: {row.grammar}{' [FLAGS]' if options else ''}"]
    if row.privileged:
        lines.append('It changes the cluster: "enable" must come before it.')
    shown = [option for option in options if not option.hidden]
    if shown:
        lines += ["", "Flags:", *table([(spelled(option), option.described) for option in shown])]
    notes: str = getattr(load(row), "NOTES", "")
    return "\n".join([*lines, "", notes or f'Example: asadm -e "{row.example}"', ""])


def spelled(option: Option) -> str:
    """``-v, --value COMMAND``."""
    names = f"-{option.short}, --{option.name}" if option.short else f"--{option.name}"
    return f"{names} {option.metavar}".rstrip()


def table(pairs: list[tuple[str, str]]) -> list[str]:
    """Two columns, indented; the right one goes on below itself where it is too long for a line."""
    from textwrap import wrap

    width = max(len(left) for left, _ in pairs)
    lines = []
    for left, right in pairs:
        first, *more = wrap(right, max(40, LINE_WIDTH - width - 4)) or [""]
        lines.append(f"  {left:{width}}  {first}".rstrip())
        lines += [f"  {'':{width}}  {line}" for line in more]
    return lines
