"""``help``: the commands, or one of them in full."""

from __future__ import annotations

from asadm import commands
from asadm.outcome import CommandOutcome
from asadm.statement import find, load
from asinfo.errors import UsageError
from asinfo.terminal.reflow import LINE_WIDTH, WIDTH_MIN, reflowed, terminal_width, wrapped

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.commands import CommandRow
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asinfo.terminal.options import Option


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for words that begin no command."""
    if arguments.rest:
        _meant(arguments.rest)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """All commands, those that begin with the words, or the one that they name."""
    rows = _meant(arguments.rest)
    width = terminal_width() if session.terminal else LINE_WIDTH
    shown = explain(rows[0], width) if len(rows) == 1 else overview(rows, width)
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


def overview(rows: Sequence[CommandRow], width: int = LINE_WIDTH) -> str:
    """A line a command, or some where the terminal is narrow."""
    names = max(len(row.name) for row in rows)
    if width >= LINE_WIDTH:
        return "".join(f"{row.name:{names}}  {row.summary}\n" for row in rows)
    lines = table([(row.name, row.summary) for row in rows], width + 2)
    return "".join(f"{line[2:]}\n" for line in lines)


def explain(row: CommandRow, width: int = LINE_WIDTH) -> str:
    """One command: what it does, how it is written, its flags, an example."""
    options: tuple[Option, ...] = getattr(load(row), "OPTIONS", ())
    lines = [*reflowed(row.summary, width), "", f"Usage: {row.grammar}{' [FLAGS]' if options else ''}"]
    if row.privileged:
        lines.append('It changes the cluster: "enable" must come before it.')
    shown = [option for option in options if not option.hidden]
    if shown:
        lines += ["", "Flags:", *table([(spelled(option), option.described) for option in shown], width)]
    notes: str = getattr(load(row), "NOTES", "") or f'Example: asadm -e "{row.example}"'
    return "\n".join([*lines, "", *reflowed(notes, width), ""])


def spelled(option: Option) -> str:
    """``-v, --value COMMAND``."""
    names = f"-{option.short}, --{option.name}" if option.short else f"--{option.name}"
    return f"{names} {option.metavar}".rstrip()


def table(pairs: list[tuple[str, str]], line_width: int = LINE_WIDTH) -> list[str]:
    """Two columns, indented; the right one goes on below itself where it is too long for a line."""
    width = max(len(left) for left, _ in pairs)
    lines = []
    for left, right in pairs:
        first, *more = wrapped(right, max(WIDTH_MIN, line_width - width - 4)) or [""]
        lines.append(f"  {left:{width}}  {first}".rstrip())
        lines += [f"  {'':{width}}  {line}" for line in more]
    return lines
