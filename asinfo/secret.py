"""Passwords by reference, so that they need not stand on a command line.

env:NAME      the environment variable NAME
file:PATH     the first line of the file PATH
(nothing)     asked for on the terminal, or the next line of standard input when that is no terminal
other text    the password itself
"""

from __future__ import annotations

import os
import sys

from asinfo.errors import UsageError
from asinfo.files import PIPE_SECONDS, FileError, read_first_line
from asinfo.terminal import interrupt


def read(text: str, prompt: str, seconds: float = PIPE_SECONDS) -> str:
    """The password that ``text`` means. Raises UsageError when it cannot be had.

    A pipe has ``seconds``, at most those that any pipe has; who sits at the terminal has all the time in the world.
    """
    form, colon, rest = text.partition(":")
    if colon and form == "env":
        value = os.environ.get(rest)
        if value is None:
            raise UsageError(f"password: the environment variable {rest!r} is not set")
        return value
    if colon and form == "file":
        return _first_line(rest, min(seconds, PIPE_SECONDS))
    return text or _ask(prompt)


def _first_line(path: str, seconds: float) -> str:
    try:
        return read_first_line(path, pipe_seconds=seconds).decode("utf-8", "surrogateescape")
    except FileError as error:
        raise UsageError(f"password: {error}") from None


def _ask(prompt: str) -> str:
    if sys.stdin is not None and sys.stdin.isatty():
        from getpass import getpass

        return interrupt.wait(getpass, prompt)
    line = interrupt.read(sys.stdin.readline) if sys.stdin is not None else ""
    if not line:
        raise UsageError(
            "a password is needed: give --password env:VARIABLE or file:PATH, or write it to standard input"
        )
    return line.rstrip("\r\n")
