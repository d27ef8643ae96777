"""The Typer application made from an option table: help, errors, and every form the recogniser leaves alone."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asinfo.options import Option, Values


def run(
    program: str,
    argv: Sequence[str],
    options: Sequence[Option],
    action: Callable[[Values], int],
    *,
    summary: str,
    examples: str = "",
    words: str = "",
    interspersed: bool = True,
) -> int:
    """Parse ``argv`` with Typer and run ``action``; its exit code, 0 after help, 2 after a usage error (on stderr).

    ``words`` names the positional words in the help ("" when the program takes none).
    """
    raise NotImplementedError
