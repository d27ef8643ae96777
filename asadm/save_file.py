"""Writes a file atomically, or into a pipe or device that is there."""

from __future__ import annotations

import errno
import os
import stat

from asinfo.errors import UsageError
from asinfo.files import FileError, file_error, replace_file

STANDARD_OUTPUT = "-"
"""In place of the name of a file, where a command writes to it."""


def save(path: str, content: bytes, *, private: bool = False) -> None:
    """Put ``content`` into the file ``path``: a reader sees the former file or the new one, never a part.

    A link stays a link: the file it names is replaced, and keeps its mode. A terminal, a pipe and the like are not
    replaced but written to. ``private`` makes it readable for its owner only. Raises UsageError.
    """
    try:
        if _takes_a_stream(path):
            _pour(path, content)
        else:
            replace_file(path, content, mode=0o600 if private else None)
    except FileError as error:
        raise UsageError(str(error)) from None
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENXIO:
            raise UsageError(f"{path}: nobody reads from this pipe") from None
        raise UsageError(str(file_error(path, error))) from None


def possible(path: str) -> str:
    """``path`` when a file can be made there, to be asked before anything is sent. Raises UsageError."""
    parent = os.path.dirname(os.path.realpath(path))  # noqa: PTH120 - a path as text throughout
    if os.path.isdir(path) or path.endswith("/"):  # noqa: PTH112 - a path as text throughout
        raise UsageError(f"{path}: is a directory")
    if not os.access(parent, os.W_OK | os.X_OK) and not os.path.exists(path):  # noqa: PTH110 - a path as text throughout
        raise UsageError(f"{path}: {parent} is no directory, or may not be written")
    return path


def file_or_output(path: str | None) -> str | None:
    """`possible` of the file that an option names; None for standard output, which is meant by ``-`` and without the option."""
    return None if path in {None, STANDARD_OUTPUT} else possible(path or "")


def _takes_a_stream(path: str) -> bool:
    """Whether there is a pipe or a device of characters: something to write to, and no place to keep anything."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a path as text throughout
    except FileNotFoundError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _pour(path: str, content: bytes) -> None:
    """Write to what is there. Raises OSError; a pipe that nobody reads is one, and not waited for."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        os.set_blocking(descriptor, True)
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)
