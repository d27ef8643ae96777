"""The command line as a table: one row per option, one recogniser for the plain forms.

A program declares its options once. ``recognise`` reads a command line from that table in microseconds. What it does not
understand it leaves to ``asinfo.terminal.application``: help, which Typer prints from the same table, and the error that
says what is wrong. Documentation, manual pages and shell completion read the table too.

Kinds of option, and what ``Values`` gives for them:

    flag      no value             bool
    text      any text             str
    optional  text or nothing      str, "" when the value was left out (a password to be asked for)
    list      any text, repeated   list of str
    choice    one of ``choices``   str, spelled as in the table whatever the case typed
    integer   a whole number >= 0  int
    port      1 to PORT_MAX        int
    number    a decimal >= 0       float
    seconds   a decimal > 0        float, at most a day
    pause     seconds, or nothing  float, 0.0 when the value was left out
"""

from __future__ import annotations

import os

from asinfo.errors import UsageError

TYPE_CHECKING = False  # on the start-up path: typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Value = bool | str | int | float | list[str]


PORT_MAX = 65535

SECONDS_MAX = 86400
"""Longest time that an option of kind ``seconds`` may ask for: more is a slip of the finger."""


class Option:
    """One option: ``--name``, perhaps ``-short``, and the spellings of the real tools (``--tls_name``).

    ``ignored`` and ``refused`` are for words of the vendor's tools: they are understood, and the text says why that does
    nothing here, or why it would mislead.

    A plain class because dataclasses would double the start-up time of the tools.
    """

    __slots__ = (
        "aliases", "choices", "default", "environment", "help", "hidden", "ignored", "kind", "metavar", "name", "panel",
        "refused", "short",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        short: str = "",
        kind: str = "text",
        *,
        help: str = "",  # noqa: A002 - the word every parser uses
        metavar: str = "",
        default: Value | None = None,
        choices: Sequence[str] = (),
        environment: str = "",
        aliases: Sequence[str] = (),
        panel: str = "Options",
        hidden: bool = False,
        ignored: str = "",
        refused: str = "",
    ) -> None:
        self.name = name
        self.short = short
        self.kind = kind
        self.help = help
        self.metavar = metavar or ("" if kind == "flag" else kind.upper())
        self.default = default
        self.choices = tuple(choices)
        self.environment = environment
        self.aliases = tuple(aliases)
        self.panel = panel
        self.hidden = hidden or bool(ignored or refused)
        self.ignored = ignored
        self.refused = refused

    def explained(self, help_: str, metavar: str = "") -> Option:
        """The same option with another help, and perhaps another word for its value."""
        made = Option.__new__(Option)
        for name in self.__slots__:
            setattr(made, name, getattr(self, name))
        made.help = help_
        made.metavar = metavar or self.metavar
        return made

    @property
    def spellings(self) -> list[str]:
        """Every way to write the option, the short one first, the documented long one next."""
        names = [f"-{self.short}"] if self.short else []
        names.append(f"--{self.name}")
        if "-" in self.name:
            names.append("--" + self.name.replace("-", "_"))
        names.extend(f"--{alias}" for alias in self.aliases)
        return names

    @property
    def described(self) -> str:
        """The help, with the environment variable that says the same."""
        return f"{self.help}  [${self.environment}]" if self.environment else self.help


class Values:
    """The parsed values of a command line.

    An option that was not given answers its environment variable, then the configuration file, then its default.
    """

    __slots__ = ("_options", "configured", "given", "words")

    def __init__(self, options: Sequence[Option]) -> None:
        self._options = {option.name: option for option in options}
        self.given: dict[str, Value] = {}
        """Only what was typed, by option name."""
        self.configured: dict[str, Value] = {}
        """What configuration files say, by option name."""
        self.words: list[str] = []
        """The words that belong to no option, in order."""

    @property
    def options(self) -> list[Option]:
        """The table these values belong to."""
        return list(self._options.values())

    def _value(self, name: str) -> Value | None:
        if name in self.given:
            return self.given[name]
        option = self._options[name]
        if option.environment:
            text = os.environ.get(option.environment)
            if text:
                return convert(option, text)
        return self.configured.get(name, option.default)

    def option(self, name: str) -> Option:
        """The row of the table."""
        return self._options[name]

    def flag(self, name: str) -> bool:
        """Whether the flag was given."""
        return bool(self._value(name))

    def text(self, name: str) -> str | None:
        """Value of a text, optional or choice option; None when not given."""
        value = self._value(name)
        return value if isinstance(value, str) else None

    def texts(self, name: str) -> list[str]:
        """Values of a list option, in the order typed."""
        value = self._value(name)
        return value if isinstance(value, list) else []

    def integer(self, name: str) -> int | None:
        """Value of an integer or port option; None when not given."""
        value = self._value(name)
        return value if isinstance(value, int) else None

    def number(self, name: str) -> float | None:
        """Value of a number, seconds or pause option; None when not given."""
        value = self._value(name)
        return value if isinstance(value, float) else None


def notes(values: Values) -> list[str]:
    """What to tell of options that were typed and do nothing here. Raises UsageError for one that would mislead."""
    found = []
    for name in values.given:
        option = values.option(name)
        if option.refused:
            raise UsageError(f"--{name}: {option.refused}")
        if option.ignored:
            found.append(f"--{name} is ignored: {option.ignored}")
    return found


def convert(option: Option, text: str) -> Value:
    """The value that ``text`` means for ``option``. Raises ValueError with a text for the user."""
    kind = option.kind
    if kind == "flag":
        return True
    if kind in {"text", "optional", "list"}:
        return text
    if kind == "choice":
        for choice in option.choices:
            if text.lower() == choice.lower():
                return choice
        raise ValueError(f"{text!r} is not one of {', '.join(option.choices)}")
    if kind in {"integer", "port"}:
        number = whole(text)
        if kind == "port" and not 1 <= number <= PORT_MAX:
            raise ValueError(f"{text!r} is not a port (1 to {PORT_MAX})")
        return number
    if kind == "pause" and not text:
        return 0.0
    return _decimal(text, zero=kind == "number")


def whole(text: str, low: int = 0, high: int | None = None) -> int:
    """The whole number that ``text`` is, from ``low`` to ``high``. Raises ValueError with a text for the user."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):  # 18 digits fit every counter
        raise ValueError(f"{text!r} is not a whole number")
    number = int(text)
    if number < low or (high is not None and number > high):
        raise ValueError(f"{text!r} is not a number from {low} to {high}")
    return number


def _decimal(text: str, *, zero: bool) -> float:
    plain = text.replace(".", "", 1)
    if not (plain.isascii() and plain.isdigit() and len(text) <= 18):
        raise ValueError(f"{text!r} is not a number of seconds" if not zero else f"{text!r} is not a number")
    number = float(text)
    if number == 0 and not zero:
        raise ValueError(f"{text!r} is not more than 0")
    if number > SECONDS_MAX and not zero:
        raise ValueError(f"{text!r} is more than {SECONDS_MAX} seconds, a day")
    return number


class NoValue(ValueError):  # noqa: N818 - named for what is missing
    """An option without its value; ``follows`` is the word behind it, "" at the end. Its text is the option's name."""

    def __init__(self, option: Option, follows: str) -> None:
        super().__init__(f"--{option.name}")
        self.option = option
        self.follows = follows


class Token:
    """One piece of a command line: an option with its text, or a word (``option`` is None)."""

    __slots__ = ("option", "text")

    def __init__(self, option: Option | None, text: str) -> None:
        self.option = option
        self.text = text


def tokens(argv: Sequence[str], options: Sequence[Option], *, interspersed: bool = True) -> Iterator[Token]:
    """The pieces of ``argv``.

    With ``interspersed`` false the first word ends the options and all that follow are words. A long option may
    be cut to any unambiguous beginning. Raises ValueError where a piece is not understood.
    """
    table = {spelling: option for option in options for spelling in option.spellings}
    position = 0
    only_words = False
    while position < len(argv):
        word = argv[position]
        position += 1
        if word == "--" and not only_words:
            only_words = True
        elif only_words or word == "-" or not word.startswith("-"):
            only_words = only_words or not interspersed
            yield Token(None, word)
        else:
            option, text = _option(word, table)
            while option.kind == "flag" and text is not None:  # flags of one letter written together: -jl
                yield Token(option, "")
                if text.startswith("-"):
                    raise ValueError(word)
                option, text = _option(f"-{text}", table)
            if text is None:
                text, used = _next(option, argv, position, table)
                position += used
            yield Token(option, text)


def _option(word: str, table: dict[str, Option]) -> tuple[Option, str | None]:
    """The option that ``word`` names, and the value that is part of the same word."""
    option = table.get(word)
    if option is not None:
        return option, None
    if word.startswith("--"):
        name, equals, text = word.partition("=")
        found = [table[name]] if name in table else _beginning_with(name, table)
        if len(found) != 1 or (equals and found[0].kind == "flag"):
            raise ValueError(word)
        return found[0], text if equals else None
    option = table.get(word[:2])
    if option is None:
        raise ValueError(word)
    return option, word[2:]


def _beginning_with(name: str, table: dict[str, Option]) -> list[Option]:
    """The options of which a spelling begins so; hidden ones only where no other does."""
    found: list[Option] = []
    for spelling, option in table.items():
        if spelling.startswith(name) and option not in found:
            found.append(option)
    return [option for option in found if not option.hidden] or found


def _next(option: Option, argv: Sequence[str], position: int, table: dict[str, Option]) -> tuple[str, int]:
    """The value in the word after the option, and how many words that took."""
    if option.kind == "flag":
        return "", 0
    follows = argv[position] if position < len(argv) else None
    if option.kind == "optional":
        return ("", 0) if follows is None or follows.startswith("-") else (follows, 1)
    if option.kind == "pause":
        return (follows, 1) if follows and follows.replace(".", "", 1).isdigit() else ("", 0)
    if follows is None or _is_no_value(follows, table):
        raise NoValue(option, follows or "")
    return follows, 1


def _is_no_value(word: str, table: dict[str, Option]) -> bool:
    """Whether ``word`` after an option shows that its value was forgotten: an option, or a negative number, which no value is.

    Another word may begin with a dash: ``--tls-protocols -all,+TLSv1.2``.
    """
    return word.startswith("--") or word in table or (word[:1] == "-" and word[1:2].isdigit())


def recognise(argv: Sequence[str], options: Sequence[Option], *, interspersed: bool = True) -> Values | None:
    """What ``argv`` says; None when any of it is not understood."""
    values = Values(options)
    try:
        for token in tokens(argv, options, interspersed=interspersed):
            _take(values, token)
    except ValueError:
        return None
    return values


def _take(values: Values, token: Token) -> None:
    option, text = token.option, token.text
    if option is None:
        values.words.append(text)
    elif option.kind == "flag":
        values.given[option.name] = True
    elif option.kind == "list":
        values.given[option.name] = [*values.texts(option.name), text]
    else:
        values.given[option.name] = convert(option, text)
