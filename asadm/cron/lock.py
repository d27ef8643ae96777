"""A lock file (flock) that lets one run at a time do something.

The kernel frees the lock when its holder ends, however it ends, so a file left behind means nothing. The process id
in the file is for people only; the lock alone decides.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from asinfo.errors import Error, UsageError
from asinfo.files import FileError, open_file
from asinfo.terminal import interrupt

POLL_SECONDS = 0.1
"""How often a waiting run tries again: flock itself can only wait for ever."""


class LockHeldError(Error):
    """Another run holds the lock; ``holder`` is its process id, user and host as it wrote them, or empty."""

    def __init__(self, path: str, holder: str) -> None:
        run = f"another run (process {holder})" if holder else "another run"
        super().__init__(f"{run} holds the lock {path}")
        self.holder = holder


class LockFile:
    """The lock of one file, held inside a ``with`` block.

    ``wait`` is the longest wait in seconds, 0 for none; ``holder`` says who we are, beside the process id; ``mode`` are
    the permissions of a new file, less what the umask takes away. Entering raises LockHeldError when another run still
    holds the lock then, and UsageError when the file cannot be used at all.
    """

    def __init__(
        self,
        path: str,
        wait: float = 0.0,
        *,
        holder: str = "",
        mode: int = 0o600,
        sleep: Callable[[float], None] = interrupt.sleep,
    ) -> None:
        self.path = path
        self._mark = f"{os.getpid()} {holder}".strip().encode("utf-8", "replace") + b"\n"
        self._wait = wait
        self._mode = mode
        self._sleep = sleep
        self._file = -1

    def __enter__(self) -> Self:
        give_up = time.monotonic() + self._wait
        while not self._try():
            left = give_up - time.monotonic()
            if left <= 0:
                raise LockHeldError(self.path, _holder(self.path))
            self._sleep(min(POLL_SECONDS, left))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The file stays: removing it would let a waiting run lock a file that a third run no longer sees.
        os.close(self._file)
        self._file = -1

    def _try(self) -> bool:
        """Whether the lock was free and is now ours."""
        file = _open(self.path, self._mode)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _still_there(file, self.path):
                os.close(file)
                return self._try()
            os.ftruncate(file, 0)
            os.pwrite(file, self._mark, 0)
        except BlockingIOError:
            os.close(file)
            return False
        except OSError as error:
            os.close(file)
            raise UsageError(f"--lock: {self.path}: {error.strerror}") from None
        self._file = file
        return True


def _open(path: str, mode: int) -> int:
    """Open the file, making it when absent.

    First without O_CREAT: in a sticky directory such as /run/lock Linux refuses O_CREAT on a file of another user
    (fs.protected_regular). No link is followed for the sake of the same kind of directory: nobody may point us at a
    file of ours.
    """
    try:
        try:
            return open_file(path, os.O_RDWR)
        except FileError as error:
            if not error.missing:
                raise
            return open_file(path, os.O_RDWR | os.O_CREAT, mode)
    except FileError as error:
        raise UsageError(f"--lock: {error}") from None


def _still_there(file: int, path: str) -> bool:
    """Whether the path still names the locked file: a cleaner of temporary files may have removed it."""
    try:
        named = Path(path).lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(named, os.fstat(file))


def _holder(path: str) -> str:
    """The process id in the file and what stands behind it, or nothing where it holds anything else."""
    try:
        file = open_file(path, os.O_RDONLY)
    except FileError:
        return ""
    try:
        text = os.read(file, 200).decode("utf-8", "replace").strip()
    finally:
        os.close(file)
    number, _, who = text.partition(" ")
    if not (number.isascii() and number.isdigit()) or not text.isprintable():
        return ""
    return f"{number}, {who}" if who else number
