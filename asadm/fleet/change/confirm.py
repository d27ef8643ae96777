"""The confirmation of a change: ``--yes``, or a question on the terminal."""

from __future__ import annotations

import sys

from asinfo.errors import UsageError
from asinfo.terminal import interrupt
from asinfo.text import visible

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.fleet.change.settings import ChangeSettings


def require(settings: ChangeSettings) -> None:
    """Refuse a run that nobody could confirm, before it does anything. Raises UsageError."""
    if not (settings.yes or settings.dry_run or _terminal()):
        raise UsageError(
            "this changes the cluster, and no terminal can confirm it: give --yes, or --dry-run to look"
        )


def confirmed(question: str, *, yes: bool, word: str = "") -> bool:
    """Whether to go on: ``--yes``, or a yes on the terminal. The question goes to standard error.

    Where data is lost, ``word`` (the name of what is lost) or a whole ``yes`` has to be typed.
    """
    if yes:
        return True
    choices = f" Type {word} or yes to go on: " if word else " [y/N] "
    sys.stderr.write("\n".join(map(visible, (question + choices).split("\n"))))
    sys.stderr.flush()
    typed = interrupt.read(sys.stdin.readline).strip()
    return typed == word or typed.lower() == "yes" if word else typed.lower() in {"y", "yes"}


def _terminal() -> bool:
    return bool(sys.stdin and sys.stderr and sys.stdin.isatty() and sys.stderr.isatty())
