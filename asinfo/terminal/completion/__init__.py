"""Completion scripts of bash, zsh and fish, made from an option table and a list of commands.

All three go the same way: they walk over the words typed so far, step over options and their values, find the command
that the other words name, and offer what may come next. Only the spelling differs, hence one template a shell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from asinfo.terminal.options import Option


OPTIONAL = ("optional", "pause")
"""The kinds of options whose value may be left out."""


CLUSTERS, HOSTS, NODES, MODULES, LIBRARIES, FUNCTIONS = (
    "clusters", "hosts", "nodes", "modules", "libraries", "functions",
)  # fmt: skip
NAMESPACES, PARAMETERS, STATISTICS, CONFIG_CONTEXTS, STATISTICS_CONTEXTS = (
    "namespaces", "parameters", "statistics", "config-contexts", "statistics-contexts",
)  # fmt: skip
"""Kinds of values that are others for each user: a program tells its own."""

INFO_COMMANDS = "info-commands"
"""A kind of values that are the same everywhere."""

PLACEHOLDERS = {
    "CLUSTER": CLUSTERS,
    "HOST[:TLSNAME][:PORT],...": HOSTS,
    "NODE": NODES,
    "MODULE": MODULES,
    "LIBRARY": LIBRARIES,
    "MODULE.FUNCTION": FUNCTIONS,
    "NAMESPACE": NAMESPACES,
    "PARAMETER": PARAMETERS,
    "COMMAND": INFO_COMMANDS,
}
"""The kinds of what the words stand for that help has in the place of a value."""


class Place(NamedTuple):
    """Where a value of ``kind`` is due in a command: behind the keyword ``where``, or at that number of words; ``*`` is any number."""

    where: str
    kind: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a program.

    ``words``     what names it: ``manage udfs add``
    ``options``   its own flags
    ``needs``     how many words of the user come before its keywords
    ``keywords``  words that begin a clause, such as ``with``
    ``files``     the keywords behind which the name of a file stands
    ``first``     whether the first word of the user is the name of a file or a directory
    ``places``    the words of the user for which values are offered
    ``another``   whether another command follows, as behind ``watch``; such a command has a single word
    """

    words: str
    options: Sequence[Option] = ()
    needs: int = 0
    keywords: Sequence[str] = ()
    files: Sequence[str] = ()
    first: bool = False
    places: Sequence[Place] = ()
    another: bool = False


@dataclass(frozen=True, slots=True)
class CompletionModel:
    """The options and commands that fill the templates of the three shells.

    ``words``  all values of some kinds; those of the others the program itself tells, where it has an option ``offer``
    """

    program: str
    options: Sequence[Option]
    commands: Sequence[Command]
    words: Mapping[str, Sequence[str]]
    _every: list[Option] = field(init=False)

    def __post_init__(self) -> None:
        own = [option for command in self.commands for option in command.options]
        object.__setattr__(self, "_every", [*self.options, *own])

    @property
    def shown(self) -> list[Option]:
        """The options of the program that help shows."""
        return shown(self.options)

    @property
    def paths(self) -> list[str]:
        """All spellings of options whose value is the name of a file."""
        return _spellings(option for option in self._every if takes_path(option))

    @property
    def optional(self) -> list[str]:
        """All spellings of options whose value may be left out."""
        return _spellings(option for option in self._every if option.kind in OPTIONAL)

    @property
    def valued(self) -> list[str]:
        """All spellings of options that take the next word, whatever it is."""
        return _spellings(option for option in self._every if option.kind not in {"flag", *OPTIONAL})

    @property
    def choices(self) -> list[tuple[list[str], Sequence[str]]]:
        """Spellings of options with a fixed set of values, and the values."""
        found = {tuple(option.spellings): self.values(option) for option in self._every}
        return [(list(spellings), values) for spellings, values in found.items() if values]

    def values(self, option: Option) -> Sequence[str]:
        """All values of ``option``, where they are known beforehand."""
        return option.choices or self.words.get(PLACEHOLDERS.get(option.metavar, ""), ())

    @property
    def offered(self) -> Sequence[str]:
        """The kinds of values that the program tells."""
        return next((option.choices for option in self.options if option.name == "offer"), ())

    def kind(self, option: Option) -> str:
        """The kind of the values of ``option`` that the program tells; empty for none."""
        kind = PLACEHOLDERS.get(option.metavar, "")
        return kind if kind in self.offered else ""

    @property
    def asked(self) -> list[str]:
        """All spellings of options whose values the program tells."""
        return _spellings(option for option in self._every if self.kind(option))

    @property
    def of_options(self) -> dict[str, list[str]]:
        """By kind, the spellings of such options of the program."""
        return {kind: found for kind in self.offered if (found := self._of_kind(kind, self.options))}

    @property
    def of_commands(self) -> dict[str, list[tuple[str, str]]]:
        """By kind, each command with a spelling of such an option of its own."""
        return {
            kind: found
            for kind in self.offered
            if (
                found := [
                    (command.words, spelling)
                    for command in self.commands
                    for spelling in self._of_kind(kind, command.options)
                ]
            )
        }

    @property
    def of_places(self) -> dict[str, list[tuple[str, str]]]:
        """By kind, each command with a place for it; those behind a keyword first, so that they win over any number."""
        return {
            kind: found
            for kind in self.offered
            if (
                found := [
                    (command.words, place.where)
                    for command in self.commands
                    for place in command.places
                    if place.kind == kind
                ]
            )
        }

    def _of_kind(self, kind: str, options: Sequence[Option]) -> list[str]:
        return _spellings(option for option in options if self.kind(option) == kind)

    @property
    def whole(self) -> list[str]:
        """The commands whose words are all there, save those that another command follows."""
        return [command.words for command in self.commands if not command.another]

    @property
    def prefaces(self) -> list[str]:
        """The commands that another command follows."""
        return [command.words for command in self.commands if command.another]

    @property
    def following(self) -> dict[str, list[str]]:
        """The words that go on with each beginning of a command, the empty one first."""
        found: dict[str, list[str]] = {"": []}
        for command in self.commands:
            words = command.words.split()
            for position, word in enumerate(words):
                after = found.setdefault(" ".join(words[:position]), [])
                if word not in after:
                    after.append(word)
        plain = [word for word in found[""] if word not in self.prefaces]
        return {**found, **dict.fromkeys(self.prefaces, plain)}

    @property
    def groups(self) -> dict[str, list[str]]:
        """The words that go on with whole commands, as with ``info``."""
        whole = set(self.whole)
        return {start: words for start, words in self.following.items() if start in whole}

    @property
    def known(self) -> list[str]:
        """Every beginning of a command, and the whole commands."""
        return [
            each for each in dict.fromkeys([*self.following, *self.whole]) if each not in {"", *self.prefaces}
        ]

    @property
    def before_files(self) -> list[str]:
        """Commands with the keyword behind which the name of a file stands: ``manage udfs add path``."""
        return [f"{command.words} {keyword}" for command in self.commands for keyword in command.files]

    @property
    def begun_with_files(self) -> list[str]:
        """Commands whose first word names a file, with how many words were given when it is due: ``udf plan 0``."""
        return [f"{command.words} 0" for command in self.commands if command.first]


def script(
    shell: str,
    program: str,
    options: Sequence[Option],
    commands: Sequence[Command] = (),
    words: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> str:
    """The script of ``shell`` (bash, zsh or fish) that completes ``program``; ``words``: all values of some kinds."""
    from asinfo.terminal.completion import bash, fish, zsh

    templates: dict[str, Callable[[CompletionModel], str]] = {
        "bash": bash.script,
        "zsh": zsh.script,
        "fish": fish.script,
    }
    return templates[shell](CompletionModel(program, options, commands, words))


def shown(options: Iterable[Option]) -> list[Option]:
    """The options that help shows."""
    return [option for option in options if not option.hidden]


def takes_path(option: Option) -> bool:
    """Whether the value of ``option`` is the name of a file or a directory."""
    return option.metavar in {"PATH", "FILE", "DIR", "DIRECTORY"}


def names(option: Option) -> list[str]:
    """The spellings worth offering: the short one, the long one."""
    return [f"-{option.short}", f"--{option.name}"] if option.short else [f"--{option.name}"]


def quoted(text: str) -> str:
    """``text`` in single quotes, as bash and zsh have them."""
    return "'" + text.replace("'", "'\\''") + "'"


def fill(template: str, **values: str) -> str:
    """``template`` with every ``@name@`` replaced. A line that holds just a name whose value is empty goes."""
    for name, value in values.items():
        if not value:
            template = template.replace(f"@{name}@\n", "")
        template = template.replace(f"@{name}@", value)
    return template


def _spellings(options: Iterable[Option]) -> list[str]:
    return list(dict.fromkeys(spelling for option in options for spelling in option.spellings))
