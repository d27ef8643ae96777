"""The lock on the work directory: one daemon owns it at a time."""

import fcntl
import os
from pathlib import Path

from asinfo.files import FileError, exposed, open_file
from asudfd.errors import StartError

NAME = "asudfd.pid"


class WorkDirectory:
    """A work directory that belongs to this process while it lives; its lock file holds the process id.

    The file stays behind at the end: deleting it would let two daemons lock two files of the same name.
    """

    __slots__ = ("_descriptor", "path")

    def __init__(self, path: Path) -> None:
        """Make ``path`` if need be and lock it. Raises StartError saying who has it or what is in the way.

        A directory that others may write is refused: they could put links and files of their own in our place.
        """
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if reason := exposed(path):
                raise StartError(f"the work directory cannot be used: {reason}")
            self._descriptor = open_file(path / NAME, os.O_RDWR | os.O_CREAT)
        except FileError as error:
            raise StartError(f"cannot use the work directory {path}: {error}") from error
        except OSError as error:
            raise StartError(f"cannot use the work directory {path}: {error.strerror}") from error
        try:
            self._lock()
        except BaseException:
            os.close(self._descriptor)
            raise

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, b"%d\n" % os.getpid(), 0)
        except BlockingIOError as error:
            owner = os.pread(self._descriptor, 32, 0).decode(errors="replace").strip()
            raise StartError(
                f"the work directory {self.path} belongs to another daemon (process {owner})"
            ) from error
        except OSError as error:
            raise StartError(f"cannot write {self.path / NAME}: {error.strerror}") from error

    def doubts(self) -> str:
        """Who could take the whole directory away, and so all that is in it; empty when nobody can."""
        try:
            return exposed(self.path.resolve().parent, sticky=True)
        except FileError:
            return ""  # it cannot be looked at, and so not be written either

    def release(self) -> None:
        """Let another daemon have the directory."""
        os.close(self._descriptor)
