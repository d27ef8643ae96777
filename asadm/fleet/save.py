"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from asinfo.errors import UsageError


def save(path: str, content: bytes, *, private: bool = False) -> None:
    """Put ``content`` into the file ``path``: a reader sees the former file or the new one, never a part.

    A link stays a link: the file it names is replaced, and keeps its mode. A device or a pipe is simply written to.
    ``private`` makes it readable for its owner only. Raises UsageError.
    """
    path = os.path.realpath(path)
    try:
        mode = _mode(path)
        if mode is not None and not stat.S_ISREG(mode):
            Path(path).write_bytes(content)
        else:
            _replace(path, content, 0o600 if private else mode)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def possible(path: str) -> str:
    """``path`` when a file can be made there, to be asked before anything is sent. Raises UsageError."""
    parent = os.path.dirname(os.path.realpath(path))  # noqa: PTH120 - a path as text throughout
    if os.path.isdir(path) or path.endswith("/"):  # noqa: PTH112 - a path as text throughout
        raise UsageError(f"{path}: is a directory")
    if not os.access(parent, os.W_OK | os.X_OK) and not os.path.exists(path):  # noqa: PTH110 - a path as text throughout
        raise UsageError(f"{path}: {parent} is no directory, or may not be written")
    return path


def _mode(path: str) -> int | None:
    try:
        return Path(path).stat().st_mode
    except FileNotFoundError:
        return None


def _replace(path: str, content: bytes, mode: int | None) -> None:
    """Through a file beside it. ``mode`` None: what the umask leaves."""
    temporary = f"{path}.{os.getpid()}.new"
    descriptor = os.open(
        temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666 if mode is None else 0o600
    )
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if mode is not None:
                os.fchmod(descriptor, stat.S_IMODE(mode))
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
        Path(temporary).replace(path)
    except BaseException:  # Ctrl-C too must not leave the file behind
        with suppress(OSError):
            Path(temporary).unlink()
        raise
