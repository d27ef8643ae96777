"""The standard streams when something is wrong with them: closed, full, or nobody reads on.

Loaded only then; a good run writes to ``sys.stdout.buffer`` and needs none of this.
"""

from __future__ import annotations

import os
import sys


def tell(program: str, message: str) -> None:
    """One line on standard error; nothing where that is closed or full, for there is no one left to tell."""
    if sys.stderr is None:
        return
    from asinfo.text import visible

    line = f"{program}: {visible(message)}"
    try:
        sys.stderr.write((_wrapped(line) if sys.stderr.isatty() else line) + "\n")
        sys.stderr.flush()
    except OSError:
        _give_up(2)


def _wrapped(line: str) -> str:
    """``line`` at words to the width of the terminal; a line that a message has indented is source, and stays as it is."""
    from shutil import get_terminal_size
    from textwrap import fill

    width = get_terminal_size().columns
    if len(line) <= width or ":     " in line:
        return line
    return fill(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def lost(program: str, error: OSError) -> int:
    """The exit code after data could not be written: say why, unless the reader has just had enough."""
    if not isinstance(error, BrokenPipeError):
        tell(program, f"{error.filename or 'standard output'}: {(error.strerror or str(error)).lower()}")
    if sys.stdout is not None:
        _give_up(sys.stdout.fileno())
    return 1


def closed() -> OSError:
    """What it means that there is no standard output; to be raised before anything is sent."""
    return OSError(9, "closed")


def _give_up(descriptor: int) -> None:
    """Keep Python from trying to write again, and from complaining, when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
