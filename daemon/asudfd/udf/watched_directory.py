"""A directory of modules while somebody edits them: which files have changed, once they have been written.

An editor writes a file in several steps, or another file that it renames. So what is new, or gone, counts when it is the
same in two looks. Files whose names no module can have are left out: hidden ones, those of editors, and all but `*.lua`.
"""

from __future__ import annotations

import os
from stat import S_ISREG
from typing import TYPE_CHECKING, NamedTuple

from asinfo.file_stamp import FileStamp
from asinfo.files import FileError, read_file
from asinfo.wire.udf import SOURCE_SIZE_MAX, is_filename

if TYPE_CHECKING:
    from pathlib import Path


class DirectoryChange(NamedTuple):
    """What a look has found: texts of changed files, files that are gone, and why others cannot be read.

    ``pending``: something has changed just now, and the next look will tell.
    """

    changed: dict[str, bytes]
    removed: list[str]
    problems: dict[str, str]
    pending: bool


class WatchedDirectory:
    """The modules in the directory ``path``. A thread may look, one at a time."""

    __slots__ = ("_path", "_seen", "_taken")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: dict[str, FileStamp] = {}
        self._taken: dict[str, FileStamp] = {}

    def names(self) -> set[str]:
        """The files that were taken."""
        return set(self._taken)

    def look(self, *, first: bool = False) -> DirectoryChange:
        """What has changed since the last look; the ``first`` takes all as it is. Raises OSError for the directory."""
        before, self._seen = self._seen, self._scan()
        changed = {name: state for name, state in self._seen.items() if self._taken.get(name) != state}
        written = [name for name, state in changed.items() if first or before.get(name) == state]
        gone = [name for name in self._taken if name not in self._seen]
        removed = [name for name in gone if name not in before]
        for name in removed:
            del self._taken[name]
        texts: dict[str, bytes] = {}
        problems: dict[str, str] = {}
        for name in sorted(written):
            self._taken[name] = changed[name]
            try:
                texts[name] = read_file(self._path / name, SOURCE_SIZE_MAX)
            except FileError as error:
                problems[name] = error.reason
        return DirectoryChange(
            texts, removed, problems, len(written) < len(changed) or len(removed) < len(gone)
        )

    def _scan(self) -> dict[str, FileStamp]:
        found: dict[str, FileStamp] = {}
        with os.scandir(self._path) as entries:
            for entry in entries:
                if is_filename(os.fsencode(entry.name)):
                    try:
                        about = entry.stat()
                    except OSError:  # gone again, or a link to nothing
                        continue
                    if S_ISREG(about.st_mode):
                        found[entry.name] = FileStamp.of(about)
        return found
