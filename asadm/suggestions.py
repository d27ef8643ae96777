"""Completion of the interactive shell, for its Tab key."""

from __future__ import annotations

import os

from asadm import commands, statement
from asinfo.errors import Error, UsageError
from asinfo.terminal.completion import takes_path
from asinfo.terminal.options import NoValue, tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.commands import CommandRow
    from asadm.session import CommandSession
    from asinfo.terminal.options import Option

ASK_SECONDS = 1.0
"""How long Tab may take to ask the nodes for their modules."""


class Suggestions:
    """Knows the nodes of the session, and for a while their modules, by the family of the commands that they are for."""

    def __init__(self, session: CommandSession) -> None:
        self._session = session
        self._modules: dict[str, list[str]] = {}

    def forget(self) -> None:
        """The modules may be others from now on."""
        self._modules.clear()

    def complete(self, before: str, word: str) -> list[str]:
        """What may stand at the end of ``before + word``, where ``word`` is being typed; a blank ends what is whole."""
        words = _unprefaced(before.rpartition(";")[2].split())
        try:
            row, typed, option = _typed(words)
        except UsageError:
            return _whole(_next_words(words), word)
        if takes_path(option) if option is not None else _path_follows(row, typed):
            return files(word)
        if option is not None:
            return _whole(option.choices, word)
        try:
            return _whole(self._offered(row, typed), word)
        except Error:  # the command is for clusters of another type
            return []

    def _offered(self, row: CommandRow, typed: list[str]) -> list[str]:
        flags = [f"--{option.name}" for option in _options(row) if not option.hidden]
        used = [word for word in typed if word in row.keywords]
        left = [word for word in row.keywords if word not in used]
        if typed[-1:] == ["like"] and used:
            return []
        if used and used[-1] == "with":
            nodes = self._nodes(row.family)
            return nodes if typed[-1] == "with" else [*nodes, *left, *flags]
        if not used and (len(typed) < len(row.names) or row.many):
            wanted = row.names[min(len(typed), len(row.names) - 1)]
            if "COMMAND" in wanted:
                return [*flags, *left]
            if wanted == "NODE":
                return self._nodes(row.family)
            return [*self._names(row.family), *flags, *(left if wanted.startswith("[") else [])]
        return [*left, *flags]

    def _nodes(self, family: str) -> list[str]:
        return [node.name for node in self._session.cluster_for(family, timeout=ASK_SECONDS).nodes]

    def _names(self, family: str) -> list[str]:
        """Modules of any node that answers soon; asked once a command."""
        if family not in self._modules:
            quiet = self._session.cluster_for(family, timeout=ASK_SECONDS)
            listings = quiet.listings(quiet.each([quiet.list_command()]))
            names = {os.fsdecode(name) for listing in listings for name in listing.modules or ()}
            # Without those that would steer the terminal.
            self._modules[family] = sorted(escaped(name) for name in names if name.isprintable())
        return self._modules[family]


def _path_follows(row: CommandRow, typed: list[str]) -> bool:
    """Whether the word behind ``typed`` names a file or a directory."""
    if typed[-1:] == ["path"] and "path" in row.keywords:
        return True
    return len(typed) < len(row.names) and row.names[len(typed)].strip("[]").startswith("DIR")


def _whole(words: Sequence[str], beginning: str) -> list[str]:
    return [f"{word} " for word in words if word.startswith(beginning)]


def _unprefaced(words: list[str]) -> list[str]:
    """``words`` without the commands, and what they take, that another command follows."""
    while words:
        row = next(
            (row for row in commands.TABLE if row.words == (words[0],) and "COMMAND" in row.rest), None
        )
        if row is None:
            break
        words = words[1:]
        while words and (words[0].startswith("--") or words[0].replace(".", "", 1).isdigit()):
            words = words[1:]
    return words


def _typed(words: list[str]) -> tuple[CommandRow, list[str], Option | None]:
    """The command of ``words``, the words behind it that are no flags, and the flag whose value comes next, if so.

    Raises UsageError when the command is not complete or unknown.
    """
    row, used = statement.find(words)
    typed: list[str] = []
    try:
        typed.extend(token.text for token in tokens(words[used:], _options(row)) if token.option is None)
    except NoValue as missing:
        return row, typed, missing.option if not missing.follows else None
    except ValueError:
        pass  # a flag that is not the command's: what follows it may be right all the same
    return row, typed, None


def _options(row: CommandRow) -> Sequence[Option]:
    found: Sequence[Option] = getattr(statement.load(row), "OPTIONS", ())
    return found


def _next_words(words: list[str]) -> list[str]:
    """The words that commands beginning with ``words`` go on with."""
    rows = [
        row
        for row in commands.TABLE
        if len(row.words) > len(words)
        and all(name.startswith(word) for name, word in zip(row.words, words, strict=False))
    ]
    return list(dict.fromkeys(row.words[len(words)] for row in rows))


def files(word: str) -> list[str]:
    """Names of files that begin with ``word``; a directory ends in ``/`` and stays open for more."""
    directory, _, beginning = word.rpartition("/")
    try:
        with os.scandir(directory + "/" if directory or word.startswith("/") else ".") as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries)
    except OSError:
        return []
    prefix = word[: len(word) - len(beginning)]
    return [
        prefix + escaped(name) + ("/" if is_directory else " ")
        for name, is_directory in found
        if name.startswith(beginning) and (beginning or not name.startswith("."))
    ]


def escaped(name: str) -> str:
    """``name`` so that a statement has it as one word."""
    return "".join(f"\\{each}" if each in " \t;'\"\\" else each for each in name)
