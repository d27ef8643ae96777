"""Commands of asadm by their words: which one is meant, and its arguments.

Everything is parsed before anything is run, so a mistake in the last statement stops the first.
"""

from __future__ import annotations

import sys

from asadm import commands
from asadm.target.types import FUNCTION, UDF, default_rules
from asinfo.errors import UsageError
from asinfo.terminal.options import Values, recognise

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from asadm.commands import CommandRow
    from asadm.target.interface import Rules
    from asadm.target.types import RulesOf
    from asinfo.terminal.options import Option

VERBATIM = "--"
"""The keyword of a clause whose words are taken as they stand, also where they look like flags or keywords."""


class CommandArguments:  # plain class: dataclasses cost more to import than the whole run
    """The words and flags that were given to a command.

    ``options``  its flags: ``arguments.options.flag("quiet")``, defaults filled in
    ``names``    the words after the command, in order; as many as were given
    ``clauses``  words by keyword, only keywords that were given
    ``rest``     everything, for a command that takes the rest of the line as it stands
    ``prepared`` what the command's ``check`` has read or parsed for its ``run``
    ``rules_of`` finds the rules for modules of the cluster that the run is about
    ``family``   of the command, one of `asadm.target.types`: which types of clusters it is for
    """

    __slots__ = ("clauses", "family", "names", "options", "prepared", "rest", "rules_of")

    def __init__(self, options: Values, rules_of: RulesOf = default_rules, family: str = UDF) -> None:
        self.options = options
        self.family = family
        self.rules_of = rules_of
        self.names: list[str] = []
        self.clauses: dict[str, list[str]] = {}
        self.prepared: Any = None
        self.rest: list[str] = []

    @property
    def rules(self) -> Rules:
        """The rules for modules of the cluster that the run is about. Raises UsageError and ConfigError where it cannot be told."""
        return self.rules_of(self.family)


class ParsedCommand:
    """A parsed command, ready to run: its row, its module, its arguments and its text as the user gave it."""

    __slots__ = ("arguments", "module", "row", "text")

    def __init__(self, row: CommandRow, module: Any, arguments: CommandArguments, text: str) -> None:
        self.row = row
        self.module = module
        self.arguments = arguments
        self.text = text

    @property
    def privileged(self) -> bool:
        """Whether this very call must be enabled first."""
        changing = getattr(self.module, "changing", None)
        return self.row.privileged or bool(changing and changing(self.arguments))


def parse(text: str, source: str = "", rules_of: RulesOf = default_rules) -> list[ParsedCommand]:
    """The commands in ``text``. ``source`` is the name of the file they come from, for the messages.

    ``rules_of`` finds the rules for modules, when a command needs them.

    Raises UsageError for the first thing that is not understood.
    """
    # not for a command that comes in words
    from asadm.statement_text import placed, split

    calls = []
    for statement in split(text, source):
        try:
            calls.append(call(statement.words, statement.text, rules_of=rules_of))
        except UsageError as error:
            raise UsageError(placed(str(error), source, statement.line)) from None
    return calls


def call(
    words: Sequence[str],
    text: str = "",
    *,
    extra: Sequence[Option] = (),
    take_extra: Callable[[Values], None] | None = None,
    rules_of: RulesOf = default_rules,
) -> ParsedCommand:
    """The command that ``words`` say. Raises UsageError.

    ``extra`` flags are understood too, where the command has none of that name. What was given of them is handed to
    ``take_extra`` before the command checks its arguments, since the rules for modules may depend on it.
    """
    try:
        row, used = find(words)
    except UsageError:
        if "--help" not in words[1:]:
            raise
        return call(["help", *words[: words.index("--help")]], text)  # of a group: "udf --help"
    if "--help" in words[used:] and row.name != "help":
        return call(["help", *row.words], text)
    module = load(row)
    own: tuple[Option, ...] = getattr(module, "OPTIONS", ())
    arguments = _arguments(row, words[used:], own, extra)
    arguments.rules_of = rules_of
    arguments.family = row.family
    if take_extra is not None:
        take_extra(_taken_out(arguments.options, own))
    check = getattr(module, "check", None)
    if check is not None:
        _check(row, check, arguments)
    return ParsedCommand(row, module, arguments, text or " ".join(words))


def _check(row: CommandRow, check: Callable[[CommandArguments], None], arguments: CommandArguments) -> None:
    """Let the command check its arguments. What it says of its own options gets its name and its help, as all usage errors."""
    try:
        check(arguments)
    except UsageError as error:
        said, name = str(error), f"{row.name}: "
        if "; see '" in said or not said.startswith(("--", name)):
            raise
        raise wrong(name + said.removeprefix(name), row.name) from None


def allow(calls: Sequence[ParsedCommand], *, privileged: bool) -> None:
    """Refuse the whole run when a command would need ``enable`` and has not got it by then. Raises UsageError."""
    for each in calls:
        if each.row.name == "enable":
            privileged = True
        elif each.row.name == "disable":
            privileged = False
        elif each.privileged and not privileged:
            raise UsageError(f'"{each.text}" changes the cluster: put "enable;" before it, or give --enable')


def load(row: CommandRow) -> Any:
    """The module of ``row``, imported now if it was not before."""
    __import__(row.module)  # importlib is not loaded otherwise
    return sys.modules[row.module]


def find(words: Sequence[str]) -> tuple[CommandRow, int]:
    """The row that ``words`` begin with, and how many of them name it; each may be an unambiguous beginning.

    Raises UsageError for a word that begins no command, or several, and for a command that is not complete.
    """
    if words and words[0] == commands.SHORT_FUNCTION:
        words = [FUNCTION, *words[1:]]
    rows: Sequence[CommandRow] = commands.TABLE
    for position in range(len(words)):
        group = next((row for row in rows if position and len(row.words) == position), None)
        if group is not None and _ends(group, words, position):
            return group, position
        rows = _narrow([row for row in rows if len(row.words) > position], position, words)
        if len(rows) == 1 and len(rows[0].words) == position + 1:
            return rows[0], position + 1
    group = next((row for row in rows if row.group and len(row.words) == len(words)), None)
    if group is not None:
        return group, len(words)
    nexts = ", ".join(dict.fromkeys(row.words[len(words)] for row in rows))
    raise wrong(f'"{" ".join(words)}" is not complete, it goes on with {nexts}')


def _ends(group: CommandRow, words: Sequence[str], position: int) -> bool:
    """Whether the name of the command ends before ``position``: a clause or a flag of ``group`` stands there."""
    return words[position] in group.keywords or words[position].startswith("-")


def _narrow(rows: Sequence[CommandRow], position: int, words: Sequence[str]) -> list[CommandRow]:
    word = words[position]
    known = list(dict.fromkeys(row.words[position] for row in rows))
    word = word if word in known else commands.ALIASES.get(word, word)
    found = [each for each in known if each == word] or [
        each for each in known if word and each.startswith(word)
    ]
    if len(found) > 1:
        raise wrong(f'"{" ".join(words[: position + 1])}" may be {", ".join(found)}')
    if not found:
        raise wrong(_unknown(words, position, known))
    return [row for row in rows if row.words[position] == found[0]]


def _unknown(words: Sequence[str], position: int, known: Sequence[str]) -> str:
    """What is wrong with the word at ``position``, which is none of ``known``."""
    from difflib import get_close_matches

    from asadm import vendor_commands

    vendors = vendor_commands.named(words)
    if vendors:
        return f'"{vendors}" is a command of the vendor\'s asadm that {vendor_commands.why(vendors)}'
    word, before = words[position], " ".join(words[:position])
    if not before and word in vendor_commands.MODIFIERS:
        return f"{word!r} begins no command: it belongs on the line of its command, which ends with the line"
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    meant = [row.name for row in commands.TABLE if row.words[-1] == word] or near
    what = f'"{before}" has no {word!r}' if before else f"unknown command {word!r}"
    if meant:
        return f"{what}, did you mean {' or '.join(map(repr, meant))}?"
    return f"{what}, {'it goes on with' if before else 'the commands are'} {', '.join(known)}"


def _arguments(
    row: CommandRow, words: Sequence[str], own: Sequence[Option], extra: Sequence[Option]
) -> CommandArguments:
    if row.rest:
        arguments = CommandArguments(Values(own))
        arguments.rest = list(words)
        return arguments
    words, verbatim = _before_dashes(row, words)
    options = [*own, *_beside(own, extra)]
    values = recognise(words, options)
    if values is None:
        from asinfo.terminal.usage import fault

        raise wrong(f"{row.name}: {fault(words, options)}", row.name)
    arguments = CommandArguments(values)
    _sort(row, values.words, arguments)
    if verbatim:
        arguments.clauses[VERBATIM] = verbatim
    return arguments


def _before_dashes(row: CommandRow, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words before ``--``, and those after it where the command takes them as they stand."""
    words = list(words)
    if VERBATIM not in row.keywords or VERBATIM not in words:
        return words, []
    at = words.index(VERBATIM)
    return words[:at], words[at + 1 :]


def _taken_out(values: Values, own: Sequence[Option]) -> Values:
    """What ``values`` say of other options than ``own``; they do not say it any more."""
    names = {option.name for option in own}
    extra = Values([option for option in values.options if option.name not in names])
    extra.given = {name: values.given.pop(name) for name in list(values.given) if name not in names}
    return extra


def _beside(own: Sequence[Option], extra: Sequence[Option]) -> list[Option]:
    """The ``extra`` options that no spelling of ``own`` hides."""
    taken = {spelling for option in own for spelling in option.spellings}
    return [option for option in extra if not taken.intersection(option.spellings)]


def wrong(what: str, command: str = "") -> UsageError:
    """The error that says ``what`` is wrong with ``command``, and which help explains it."""
    from asinfo.terminal import usage

    return usage.wrong(what, f"asadm help {command}".rstrip())


def _sort(row: CommandRow, words: Sequence[str], arguments: CommandArguments) -> None:
    """Put the words that are no flags where they belong; raises UsageError for too few and too many."""
    keywords = dict(zip(row.keywords, row.clauses, strict=True))
    clause: list[str] | None = None
    for word in words:
        if word in keywords and word not in arguments.clauses:
            words_of = arguments.clauses[word] = []
            clause = words_of if _takes_words(keywords[word]) else None
        elif clause is None:
            arguments.names.append(word)
        else:
            clause.append(word)
    _count(row, arguments, keywords)


def _takes_words(clause: str) -> bool:
    """Whether words follow the keyword of ``clause``."""
    return " " in clause


def _count(row: CommandRow, arguments: CommandArguments, keywords: dict[str, str]) -> None:
    needed = [name for name in row.names if not name.startswith("[")]
    if len(arguments.names) < len(needed):
        raise wrong(f"{row.name}: {needed[len(arguments.names)]} is missing: {row.grammar}", row.name)
    if len(arguments.names) > len(row.names) and not row.many:
        raise wrong(f"{row.name}: unexpected {arguments.names[len(row.names)]!r}: {row.grammar}", row.name)
    for keyword, clause in keywords.items():
        given = arguments.clauses.get(keyword)
        if given is None and not clause.startswith("["):
            raise wrong(f"{row.name}: {clause} is missing: {row.grammar}", row.name)
        if given == [] and _takes_words(clause):
            raise wrong(f"{row.name}: a word after {keyword!r} is missing: {row.grammar}", row.name)
        most = clause.count(" ")
        if given and len(given) > most and "..." not in clause:
            raise wrong(f"{row.name}: unexpected {given[most]!r}: {row.grammar}", row.name)
