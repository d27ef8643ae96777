"""Turns errors of the disk into words; recognises a full disk behind LMDB's "Input/output error"."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, NamedTuple

from asudfd.process.work_directory import open_own

if TYPE_CHECKING:
    from pathlib import Path

    import lmdb

FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
"""Errors that say that there is no room: on the disk, in the user's quota, in what a process may write to a file."""

_PAGE = 4096


class DiskFault(NamedTuple):
    """An error of the disk; ``full`` tells whether free space would cure it."""

    text: str
    full: bool


def reason(error: OSError | lmdb.Error, path: Path) -> DiskFault:
    """Why ``path`` could not be written, as ``error`` says or as the disk says when it is asked once more.

    LMDB reports what was written only in part as "Input/output error"; that is what a disk does that becomes full.
    """
    code = error.errno if isinstance(error, OSError) else getattr(error, "code", None)
    if code == errno.EIO and not isinstance(error, OSError):
        code = _ask(path) or code
    if code is None or code <= 0:  # LMDB's own errors are negative
        return DiskFault(str(error), full=False)
    return DiskFault(os.strerror(code), code in FULL)


def _ask(path: Path) -> int:
    """The error of another page at the end of ``path``, 0 when there is room for it. The file stays as it was."""
    try:
        number = open_own(path, os.O_RDWR)
    except OSError as error:
        return error.errno or 0
    try:
        end = os.fstat(number).st_size
        os.posix_fallocate(number, end, _PAGE)
        os.ftruncate(number, end)
    except OSError as error:
        return error.errno or 0
    finally:
        os.close(number)
    return 0
