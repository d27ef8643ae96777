"""A compressed archive in memory: files by name, under one directory, with limits."""

from __future__ import annotations

import io
import re
import tarfile

NAME_SIZE_MAX = 120
"""Characters of the name of a file: some file systems take 255 bytes, and a name here may have several bytes a character."""

_ODD = re.compile(r"[^A-Za-z0-9._=@+-]+")


def file_name(text: str) -> str:
    """``text`` as the name of a file that needs no care in any shell or file system."""
    plain = _ODD.sub("_", text).strip("_.")[:NAME_SIZE_MAX]
    return plain or "_"


class Archive:
    """A ``tar.gz`` that is being made; every file is readable for its owner only."""

    def __init__(self, directory: str, time: float) -> None:
        self._directory = directory
        self._time = int(time)
        self._content = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._content, mode="w:gz", compresslevel=6)  # noqa: SIM115 - closed by `finish`
        self._names: set[str] = set()

    @property
    def files(self) -> int:
        """How many there are."""
        return len(self._names)

    def add(self, path: str, content: bytes) -> str:
        """Put ``content`` there; a path that is taken gets a number. Gives the path."""
        stem, dot, ending = path.rpartition(".")
        number, chosen = 1, path
        while chosen in self._names:
            number += 1
            chosen = f"{stem or ending}-{number}{dot}{ending if stem else ''}"
        self._names.add(chosen)
        member = tarfile.TarInfo(f"{self._directory}/{chosen}")
        member.size = len(content)
        member.mtime = self._time
        member.mode = 0o600
        self._tar.addfile(member, io.BytesIO(content))
        return chosen

    def finish(self) -> bytes:
        """The archive."""
        self._tar.close()
        return self._content.getvalue()
