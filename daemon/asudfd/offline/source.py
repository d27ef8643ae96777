"""Where the text of a module comes from, and the texts of those that it requires: files of a directory, or given texts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asinfo.errors import Error
from asinfo.file_stamp import FileStamp
from asinfo.files import read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

SIZE_MAX = 1 << 20
"""Bytes of a module: a node takes no larger one."""

TEXT_NAME = "module"
"""The name of a module that is given as a text."""


class OfflineSource:
    """The module ``name`` and those that it requires, by their names without `.lua`.

    ``directory`` is where their files are; with None there are only ``texts``.
    """

    def __init__(self, name: str, directory: str | None, texts: Mapping[str, bytes]) -> None:
        self.name = name
        self.directory = directory
        self._texts = texts
        self._read: dict[str, bytes | None] = {}
        self._stamps: dict[str, FileStamp] = {}

    @property
    def user_path(self) -> bytes:
        """What stands before the names of files in Lua's messages."""
        return os.fsencode(self.directory or ".")

    def path(self, name: str) -> str:
        """The file of a module as a person finds it."""
        return os.path.normpath(os.path.join(self.directory or "", f"{name}.lua"))  # noqa: PTH118 - as it was given: pathlib is most of a start

    def text(self, name: str) -> bytes | None:
        """The text of a module as it is now; None where there is none. Raises FileError."""
        if "." in name or "/" in name:  # as on a node: they would mean directories
            return None
        found = self._texts.get(name)
        if found is None and self.directory is not None:
            path = self.path(name)
            self._stamps[path] = _stamp(path)
            found = read_file(path, SIZE_MAX) if os.path.exists(path) else None  # noqa: PTH110 - as above
        self._read[name] = found
        return found

    def known(self, name: str) -> bytes | None:
        """The text of a module as it was last read."""
        return self._read.get(name)

    def has_changed(self) -> bool:
        """Whether a file is not what it was when it was read."""
        return any(_stamp(path) != stamp for path, stamp in self._stamps.items())


def _stamp(path: str) -> FileStamp:
    try:
        return FileStamp.of(os.stat(path))  # noqa: PTH116 - a part of every call
    except OSError:
        return FileStamp()


def source_of(
    given: str | bytes | os.PathLike[str], modules: Mapping[str, str | bytes] | None = None
) -> OfflineSource:
    """The source that ``given`` is: a path, or a text. A str is a path where it ends in `.lua` and is one line.

    ``modules`` are the texts of others, by their names. Raises Error where there is no such file.
    """
    texts = {name: _as_bytes(text) for name, text in (modules or {}).items()}
    if isinstance(given, bytes) or (isinstance(given, str) and not _is_path(given)):
        return OfflineSource(TEXT_NAME, None, {**texts, TEXT_NAME: _as_bytes(given)})
    path = os.fspath(given)
    directory, file = os.path.split(path)
    name, extension = os.path.splitext(file)  # noqa: PTH122 - as above
    if extension != ".lua" or "." in name:
        raise Error(f"{path}: the name of a module is NAME.lua, with one dot")
    return OfflineSource(name, directory or ".", texts)


def _is_path(text: str) -> bool:
    return text.endswith(".lua") and "\n" not in text


def _as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
