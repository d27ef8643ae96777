"""The modifiers of the commands that show figures: ``like``, ``for`` and ``with``; ``diff`` is told by its mere presence.

Patterns are regular expressions that may match anywhere, letter case counts, and several are joined with or, as the vendor's asadm has them.
"""

from __future__ import annotations

from asinfo.errors import UsageError
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from asadm.statement import CommandArguments


FLIP = Option("flip", kind="flag", help="Turn the table: nodes down, names across.")
FLIP_OPTIONS = (FLIP, Option("vendor-flip", "flip", kind="flag", hidden=True))
"""The vendor's asadm takes it with one dash, too."""


def flipped(arguments: CommandArguments) -> bool:
    """Whether the table is to be turned."""
    return any(arguments.options.flag(option.name) for option in FLIP_OPTIONS)


class NamePattern:
    """Which names are wanted: all where no pattern is given."""

    __slots__ = ("_patterns",)

    def __init__(self, words: Sequence[str] = ()) -> None:
        """Raises UsageError for what is no regular expression."""
        self._patterns: list[re.Pattern[str]] = [_compiled(word) for word in words]

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def __call__(self, name: str) -> bool:
        """Whether ``name`` is wanted."""
        return not self._patterns or any(pattern.search(name) for pattern in self._patterns)


class FigureSelection:
    """What of the figures is wanted.

    ``like``       the names of parameters, statistics, indexes or whatever else the table lists
    ``namespace``  and ``set`` of ``for``
    ``words``      of ``like`` and ``for``, for the message that nothing matches
    """

    __slots__ = ("like", "namespace", "set", "words")

    def __init__(
        self, like: Sequence[str] = (), for_: Sequence[str] = (), *, names: Sequence[str] = ()
    ) -> None:
        """``names`` are a namespace, and perhaps a set, as they are called; ``for_`` are patterns of them. Raises UsageError."""
        patterns = [*for_, *map(_exactly, names)]
        self.like = NamePattern(like)
        self.namespace = NamePattern(patterns[:1])
        self.set = NamePattern(patterns[1:2])
        self.words = [*like, *for_, *names]

    def index(self, namespace: str, set_: str, name: str) -> bool:
        """Whether a secondary index is wanted: the second word of ``for`` may be its set, or its name."""
        return self.namespace(namespace) and (self.set(set_) or self.set(name)) and self.like(name)

    @property
    def nothing(self) -> str:
        """What to say where nothing was found."""
        if not self.words:
            return "there is nothing to show"
        return f"nothing matches {', '.join(map(repr, self.words))}: patterns are regular expressions, and letter case counts"


def selection(arguments: CommandArguments) -> FigureSelection:
    """What the clauses say. Raises UsageError for a pattern that is none, and for too many words of ``for``."""
    for_ = arguments.clauses.get("for", [])
    if len(for_) > 2:
        raise UsageError(f"for: unexpected {for_[2]!r}: it takes a namespace, and perhaps a set or an index")
    return FigureSelection(arguments.clauses.get("like", []), for_)


def _exactly(name: str) -> str:
    import re

    return rf"\A{re.escape(name)}\Z"


def _compiled(word: str) -> re.Pattern[str]:
    import re

    try:
        return re.compile(word)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(f"{word!r} is no regular expression: {error}") from None


def one_of(word: str, known: Sequence[str], what: str) -> str:
    """The one of ``known`` that ``word`` is, or the only one it begins. Raises UsageError with a guess."""
    if word in known:
        return word
    found = [each for each in known if each.startswith(word)] if word else []
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{what} {word!r} may be {', '.join(found)}")
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    raise UsageError(f"there is no {what} {word!r}: {hint}")
