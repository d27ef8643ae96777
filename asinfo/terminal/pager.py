"""What is longer than the screen goes through a pager, as the user's PAGER says; ``less`` without one, and ``cat`` for none."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

LESS = "FRX"
"""Options of less, where LESS has none: it ends by itself when all fits, keeps colours, and leaves what it showed on the screen."""


def shown(data: bytes) -> bool:
    """Whether a pager has shown ``data``. It has not where standard input or output is no terminal, or all fits on the screen."""
    if data.count(b"\n") < _rows() or not (_on_terminal(sys.stdin) and _on_terminal(sys.stdout)):
        return False
    words = _words()
    if not words:
        return False
    return _piped(words, data)


def _on_terminal(stream: TextIO | None) -> bool:
    """Whether ``stream`` is a terminal; None is one that was closed before the program began."""
    return stream is not None and stream.isatty()


def _rows() -> int:
    from shutil import get_terminal_size

    return get_terminal_size().lines


def _words() -> list[str]:
    """The command of the pager; none where the user wants none, or has none."""
    from shlex import split
    from shutil import which

    try:
        words = split(os.environ.get("PAGER", "less"))
    except ValueError:  # a quote that is not closed
        return []
    return words if words and words[0] != "cat" and which(words[0]) else []


def _piped(words: list[str], data: bytes) -> bool:
    """Show it. A user who leaves before the end has seen enough; Ctrl-C is the pager's own."""
    import subprocess
    from signal import SIG_IGN, SIGINT, signal

    sys.stdout.flush()
    before = signal(SIGINT, SIG_IGN)
    try:
        environment = {"LESS": LESS, **os.environ}
        subprocess.run(words, input=data, env=environment, check=False)
    except OSError:
        return False
    finally:
        signal(SIGINT, before)
    return True
