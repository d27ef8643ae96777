"""Options that commands for modules and those for libraries share, in the words of the latter."""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable

    from asinfo.terminal.options import Option

_WORDS = (("'udf ", "'function "), ("modules", "libraries"), ("module", "library"))


def of_functions(options: Iterable[Option]) -> tuple[Option, ...]:
    """``options`` of a ``udf`` command, as the ``function`` command of that name explains them."""
    return tuple(
        option.explained(_said(option.help), "LIBRARY" if option.metavar == "MODULE" else "")
        for option in options
    )


def _said(words: str) -> str:
    for before, after in _WORDS:
        words = words.replace(before, after)
    return words
