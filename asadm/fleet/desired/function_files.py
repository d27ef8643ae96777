"""The operator's libraries: files, and directories of them.

A directory is read as `function plan` reads it (`asadm.fleet.desired.directory`): its ``*.lua`` files that begin as a library does, without
those that its ``functions.yaml`` excludes. A file that is named itself may be called as it likes, and may be a pipe; it has to be a library.
"""

# ruff: noqa: PTH112 - paths as they were given; pathlib would double the start-up time

from __future__ import annotations

import os

from asadm.fleet.desired import limits
from asadm.target.valkey import rules
from asadm.target.valkey.function_library import SIZE_MAX, LibrarySource, library_name
from asinfo.errors import Problem, UsageError, WireError
from asinfo.files import PIPE_SECONDS, FileError, read_file

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable


class LibraryFiles:
    """The libraries of some files.

    ``sources``   in the order of their paths. One whose first line gives no name has an empty one; `asadm.target.valkey.preflight` tells why
    ``problems``  with files of directories that cannot be libraries
    ``others``    files of directories that do not begin as a library does
    """

    __slots__ = ("_size", "others", "problems", "sources")

    def __init__(self) -> None:
        self.sources: list[LibrarySource] = []
        self.problems: list[Problem] = []
        self.others: list[str] = []
        self._size = 0

    def read(self, path: str) -> None:
        """Add the file or the directory at ``path``. Raises UsageError where it is neither, or has no library; ConfigError."""
        if os.path.isdir(path):
            from asadm.fleet.desired import directory  # it costs a file that is named 13 ms

            found = directory.files(path, rules)
            self.problems += found.problems
            self.others += found.others
            for source in found.sources:
                self._add(LibrarySource(source.name, source.path, source.content))
            return
        try:
            text = read_file(path, SIZE_MAX, pipe_seconds=PIPE_SECONDS)
        except FileError as error:
            raise UsageError(str(error)) from None
        try:
            name = library_name(text)
        except WireError:
            name = b""
        self._add(LibrarySource(name, path, text))

    def _add(self, source: LibrarySource) -> None:
        self._size += len(source.text)
        limits.check_size(source.path, self._size, rules.NOUN)
        self.sources.append(source)


def read(paths: Iterable[str]) -> LibraryFiles:
    """The libraries of these files and directories. Raises UsageError and ConfigError."""
    found = LibraryFiles()
    for path in paths:
        found.read(path)
    return found
