"""Completion scripts of bash, zsh and fish, made from an option table and a list of commands.

All three go the same way: they walk over the words typed so far, step over options and their values, find the command
that the other words name, and offer what may come next. Only the spelling differs, hence one template a shell.
"""

from __future__ import annotations

from dataclasses import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from asinfo.terminal.options import Option


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a program.

    ``words``     what names it: ``manage udfs add``
    ``options``   its own flags
    ``needs``     how many words of the user come before its keywords
    ``keywords``  words that begin a clause, such as ``with``
    ``files``     the keywords behind which the name of a file stands
    ``first``     whether the first word of the user is the name of a file or a directory
    ``another``   whether another command follows, as behind ``watch``; such a command has a single word
    """

    words: str
    options: Sequence[Option] = ()
    needs: int = 0
    keywords: Sequence[str] = ()
    files: Sequence[str] = ()
    first: bool = False
    another: bool = False


@dataclass(frozen=True, slots=True)
class CompletionModel:
    """The options and commands that fill the templates of the three shells."""

    program: str
    options: Sequence[Option]
    commands: Sequence[Command]
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
        return _spellings(option for option in self._every if option.kind == "optional")

    @property
    def valued(self) -> list[str]:
        """All spellings of options that take the next word, whatever it is."""
        return _spellings(option for option in self._every if option.kind not in {"flag", "optional"})

    @property
    def choices(self) -> list[tuple[list[str], Sequence[str]]]:
        """Spellings of options with a fixed set of values, and the values."""
        found = {tuple(option.spellings): option.choices for option in self._every if option.choices}
        return [(list(spellings), values) for spellings, values in found.items()]

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


def script(shell: str, program: str, options: Sequence[Option], commands: Sequence[Command] = ()) -> str:
    """The script of ``shell`` (bash, zsh or fish) that completes ``program``."""
    from asinfo.terminal.completion import bash, fish, zsh

    templates: dict[str, Callable[[CompletionModel], str]] = {
        "bash": bash.script,
        "zsh": zsh.script,
        "fish": fish.script,
    }
    return templates[shell](CompletionModel(program, options, commands))


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
