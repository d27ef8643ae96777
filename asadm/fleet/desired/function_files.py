"""The operator's libraries: files, and directories of them.

Every ``*.lua`` file that lies directly in a directory is a library; files that begin with a dot and subdirectories are not looked at,
and links out of the directory are refused. A file that is named itself may be called as it likes, and may be a pipe.
"""

# ruff: noqa: PTH112, PTH118 - paths as they were given; pathlib would double the start-up time

from __future__ import annotations

import os

from asadm.fleet.desired.confined import ConfinedDirectory
from asadm.target.valkey.function_library import SIZE_MAX, LibrarySource, library_name
from asinfo.errors import Problem, UsageError, WireError
from asinfo.files import PIPE_SECONDS, FileError, read_file

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable

FILES_MAX = 10_000
"""Most libraries of a directory: more is the wrong directory, and would fill the memory."""

TEXTS_MAX = 128 << 20
"""Bytes of all libraries together: a payload of FUNCTION RESTORE has no more (`asinfo.wire.functions`)."""


class LibraryFiles:
    """The libraries of some files: ``sources`` in the order of their paths, and ``problems`` with files that cannot be read.

    A source whose first line gives no name has an empty one; `asadm.target.valkey.preflight` tells why.
    """

    __slots__ = ("_size", "problems", "sources")

    def __init__(self) -> None:
        self.sources: list[LibrarySource] = []
        self.problems: list[Problem] = []
        self._size = 0

    def read(self, path: str) -> None:
        """Add the file or the directory at ``path``. Raises UsageError where it is neither, or has no library."""
        if os.path.isdir(path):
            self._read_directory(path)
            return
        try:
            self._add(path, read_file(path, SIZE_MAX, pipe_seconds=PIPE_SECONDS))
        except FileError as error:
            raise UsageError(str(error)) from None

    def _read_directory(self, path: str) -> None:
        try:
            with ConfinedDirectory(path) as top:
                names = [name for name in top.names() if name.endswith(".lua") and not name.startswith(".")]
                if not names:
                    raise UsageError(f"{path}: there is no library in it: no file called *.lua")
                if len(names) > FILES_MAX:
                    raise UsageError(
                        f"{path}: {len(names)} libraries are more than {FILES_MAX}: is it the right directory?"
                    )
                for name in sorted(names):
                    self._read_from(top, name, os.path.join(path, name))
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: {_reason(error)}") from None

    def _read_from(self, top: ConfinedDirectory, name: str, path: str) -> None:
        try:
            text = top.content(name, SIZE_MAX)
        except (OSError, ValueError) as error:
            self.problems.append(Problem(path, 0, _reason(error)))
            return
        self._add(path, text)

    def _add(self, path: str, text: bytes) -> None:
        self._size += len(text)
        if self._size > TEXTS_MAX:
            raise UsageError(
                f"{path}: the libraries up to this one are larger than {TEXTS_MAX} bytes together"
            )
        try:
            name = library_name(text)
        except WireError:
            name = b""
        self.sources.append(LibrarySource(name, path, text))


def read(paths: Iterable[str]) -> LibraryFiles:
    """The libraries of these files and directories. Raises UsageError."""
    found = LibraryFiles()
    for path in paths:
        found.read(path)
    return found


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
