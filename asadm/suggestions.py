"""Completion of the interactive shell, for its Tab key."""

from __future__ import annotations

import os

from asadm import commands, offers, placeholders, seen_names, statement
from asadm.fleet.observed.survey import survey
from asadm.statement_text import split
from asinfo.errors import Error, UsageError
from asinfo.info_names import NAMES
from asinfo.terminal.completion import (
    CLUSTERS,
    FUNCTIONS,
    INFO_COMMANDS,
    LIBRARIES,
    MODULES,
    NODES,
    takes_path,
)
from asinfo.terminal.options import NoValue, tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.commands import CommandRow
    from asadm.session import CommandSession
    from asinfo.terminal.options import Option

ASK_SECONDS = 1.0
"""How long Tab may take to ask the nodes for their modules."""

MARK = "\0"
"""Stands for the word that is being typed; no command has it."""


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
        words = _unprefaced(_words(before))
        try:
            row, typed, option = _typed(words)
        except UsageError:
            return _whole(_next_words(words), word)
        try:
            if option is not None:
                return self._values(row, option, word)
            if placeholders.names_file(_placeholder(row, typed)) and not word.startswith("-"):
                return files(word)
            more = [] if typed else _next_words(words)  # "info" alone is a command, too
            return [*_whole([*more, *self._due(row, typed)], word), *_without_its_flag(row, typed, word)]
        except Error:  # the command is for clusters of another type, or the inventory is wrong
            return []

    def _values(self, row: CommandRow, option: Option, word: str) -> list[str]:
        """Values of a flag."""
        if takes_path(option):
            return files(word)
        kind = placeholders.kind_of(row, option.metavar)
        return _whole(option.choices or self._of_kind(row, kind), word)

    def _due(self, row: CommandRow, typed: list[str]) -> list[str]:
        """Values, keywords and flags that may follow ``typed``."""
        flags = [f"--{option.name}" for option in _options(row) if not option.hidden]
        keyword = _last_keyword(row, typed)
        left = [each for each in row.keywords if each not in typed]
        placeholder = _placeholder(row, typed)
        kind = placeholders.kind_of(row, placeholder)
        # COMMAND of the grammar is a command of asadm
        values = placeholders.choices(placeholder) or (
            [] if kind == INFO_COMMANDS else self._of_kind(row, kind)
        )
        if keyword:
            return list(values) if typed[-1] == keyword else [*values, *left, *flags]
        if not placeholder:
            return [*left, *flags]
        if kind == NODES:
            return list(values)
        optional = row.names[min(len(typed), len(row.names) - 1)].startswith("[")
        return [*values, *flags, *(left if optional else [])]

    def _of_kind(self, row: CommandRow, kind: str) -> Sequence[str]:
        """All that is known of ``kind``."""
        if kind == INFO_COMMANDS:
            return NAMES
        if kind == NODES:
            return [node.name for node in self._session.cluster_for(row.family, timeout=ASK_SECONDS).nodes]
        if kind == CLUSTERS:
            return offers.clusters(self._session.flags) if self._session.flags else []
        if kind == FUNCTIONS:
            return [offers.function_beginning(name) for name in self._names(row.family)]
        if kind in {MODULES, LIBRARIES}:
            return self._names(row.family)
        return self._seen(row, kind) if kind else []

    def _seen(self, row: CommandRow, kind: str) -> list[str]:
        """What earlier commands saw of the nodes of the session; of figures only that is offered."""
        if kind in offers.CONTEXTS:
            return list(offers.CONTEXTS[kind])
        cluster = self._session.cluster_for(row.family)
        places = [cluster.name] if cluster.name else [node.address for node in cluster.nodes]
        return seen_names.names(offers.NOUNS[kind], places) if kind in offers.NOUNS else []

    def _names(self, family: str) -> list[str]:
        """Modules of any node that answers soon; asked once a command."""
        if family not in self._modules:
            seen = survey(self._session.cluster_for(family, timeout=ASK_SECONDS))
            names = map(os.fsdecode, seen.names())
            self._modules[family] = sorted(
                name for name in names if name.isprintable()
            )  # none steers the terminal
        return self._modules[family]


def _words(before: str) -> list[str]:
    """The words of the statement that the line before the cursor ends with; none that is known within quotes or a comment."""
    try:
        *_, last = split(f"{before} {MARK}")
    except (UsageError, ValueError):
        return [MARK]
    *words, end = last.words
    return words if end == MARK else [MARK]


def _last_keyword(row: CommandRow, typed: list[str]) -> str:
    """The keyword of the clause that ``typed`` ends in; empty for none."""
    return next((word for word in reversed(typed) if word in row.keywords), "")


def _placeholder(row: CommandRow, typed: list[str]) -> str:
    """What the grammar has in the place of the word behind ``typed``; empty where it has none there."""
    keyword = _last_keyword(row, typed)
    if not keyword:
        return placeholders.word_of(row, len(typed))
    clause = row.clauses[row.keywords.index(keyword)]
    return placeholders.clause_word(row, keyword) if typed[-1] == keyword or "..." in clause else ""


def _without_its_flag(row: CommandRow, typed: list[str], word: str) -> list[str]:
    """Info commands, where the flag that they stand behind was not typed."""
    if typed or not word or row.name != "asinfo":
        return []
    return [f"-v {name} " for name in NAMES if name.startswith(word)]


def _whole(words: Sequence[str], beginning: str) -> list[str]:
    """Those of ``words`` that begin so, as a statement has them; a blank follows, but for what goes on with a dot."""
    quote = beginning[:1] if beginning[:1] in {"'", '"'} else ""
    spelled = [
        f"{quote}{word}{quote}" if quote else escaped(word)
        for word in words
        if not quote or quote not in word
    ]
    return [each if each.endswith(".") else f"{each} " for each in spelled if each.startswith(beginning)]


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
