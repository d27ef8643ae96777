"""Libraries that a node has from its start: an RDB file, or a directory of Lua files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from asinfo.errors import WireError
from asinfo.files import FileError, read_file
from asinfo.wire.functions import libraries
from asudfd.errors import StartError

SIZE_MAX = 128 << 20
"""Bytes of an RDB file, or of all Lua files: as many as FUNCTION RESTORE takes."""


class PreloadedLibrary(NamedTuple):
    """The text of a library, and the file that it is from."""

    file: str
    code: bytes


def read_libraries(path: str) -> list[PreloadedLibrary]:
    """The libraries in ``path``, a file in RDB form or a directory with `*.lua` files. Raises StartError."""
    try:
        if Path(path).is_dir():
            files = sorted(Path(path).glob("*.lua"))
            if not files:
                raise StartError(f"--functions: there is no *.lua file in {path}")
            return [PreloadedLibrary(str(file), read_file(file, SIZE_MAX)) for file in files]
        return [PreloadedLibrary(path, code) for code in libraries(read_file(path, SIZE_MAX))]
    except FileError as error:
        raise StartError(f"--functions: {error}") from error
    except WireError as error:
        hint = "; of files of Lua name the directory" if path.endswith(".lua") else ""
        raise StartError(f"--functions: {path}: {error}{hint}") from error
