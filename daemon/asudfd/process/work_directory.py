"""Opens files of the work directory: regular files only, never links, pipes or devices, whoever put them there.

A link is not followed: it could lead to any file that the daemon may write. A pipe or a device holds nobody up.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from asinfo.files import FileError, open_file

if TYPE_CHECKING:
    from pathlib import Path


def open_own(path: Path, flags: int, mode: int = 0o600) -> int:
    """A descriptor of the file at ``path``. Raises OSError, whose text says what is there instead of a file."""
    try:
        return open_file(path, flags, mode)
    except FileError as error:
        reason = f"it {error.reason}" if error.reason.startswith("is ") else error.reason
        raise OSError(error.errno or errno.EINVAL, reason) from error


def read_own(path: Path, size: int = -1) -> bytes:
    """The content of the file at ``path``, or its first ``size`` bytes. Raises OSError."""
    with os.fdopen(open_own(path, os.O_RDONLY), "rb") as opened:
        return opened.read(size)


def sync_directory(path: Path) -> None:
    """Make the names in the directory ``path`` durable. Raises OSError."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
