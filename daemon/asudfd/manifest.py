"""The manifest: the list of all files of records and of metadata, so that a start notices a file that is missing.

The list is in the work directory, whatever directory a file is in, so that it outlasts files that are lost together.
Whoever wants to start without a file deletes its line.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from asinfo.files import FileError, replace_file
from asudfd.errors import StartError
from asudfd.process.work_directory import read_own

NAME = "asudfd.files"

_HEAD = (
    "# asudfd keeps what must not be lost in these files. It does not start when one of them is gone: restore it from a\n"
    "# copy, or delete its line here to start without what it held.\n"
)

SIZE_MAX = 1 << 20
"""Bytes of the list, of which each file takes a hundred."""


class Manifest:
    """The manifest of one work directory; any thread may use it."""

    def __init__(self, directory: Path) -> None:
        """Read it. Raises StartError."""
        self.path = directory / NAME
        self._lock = Lock()
        try:
            text = read_own(self.path, SIZE_MAX).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            text = ""
        except OSError as error:
            raise StartError(f"cannot read {self.path}: {error.strerror}") from error
        self._names = {line for line in text.splitlines() if line and not line.startswith("#")}

    def __contains__(self, path: Path) -> bool:
        return self._name(path) in self._names

    def paths(self) -> list[Path]:
        """All of them."""
        return [self.path.parent / name for name in sorted(self._names)]

    def add(self, path: Path) -> None:
        """Remember that ``path`` is there. Raises OSError."""
        self._change(self._names | {self._name(path)})

    def forget(self, path: Path) -> None:
        """What was in ``path`` is given up. Raises OSError."""
        self._change(self._names - {self._name(path)})

    def _change(self, names: set[str]) -> None:
        with self._lock:
            if names == self._names:
                return
            content = _HEAD + "".join(f"{name}\n" for name in sorted(names))
            try:
                replace_file(self.path, content.encode("utf-8", "surrogateescape"), mode=0o600, follow=False)
            except FileError as error:
                raise OSError(error.errno, f"{self.path}: {error.reason}") from error
            self._names = names

    def _name(self, path: Path) -> str:
        """The line of ``path``: within the work directory, which may be moved, from there on."""
        directory = self.path.parent
        inside = path.is_relative_to(directory)
        return str(path.relative_to(directory) if inside else path.absolute()).replace("\n", "\\n")
