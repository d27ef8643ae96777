"""Files with libraries in them: payloads of FUNCTION DUMP, and RDB files."""

from __future__ import annotations

from asadm.target.valkey.function_library import library_name
from asinfo.errors import ConfigError, Problem, UsageError, WireError
from asinfo.files import PIPE_SECONDS, FileError, read_file
from asinfo.wire.functions import dump, libraries, rdb_file, restored
from asinfo.wire.functions import portable as made_portable

__all__ = ["portable", "rdb_file", "read"]

FILE_SIZE_MAX = 256 << 20
"""Bytes of a file; an RDB file may have much else in it."""

RDB_MAGIC = (b"REDIS0", b"VALKEY")


def read(path: str) -> list[tuple[bytes, bytes]]:
    """Name and text of each library in the file. Raises UsageError for one that cannot be read, ConfigError for a wrong one."""
    return _named(path, _content(path))


def portable(path: str) -> tuple[int, bytes]:
    """How many libraries the file has, and the payload of version 10 with them. Raises as `read` does."""
    data = _content(path)
    found = _named(path, data)
    if data.startswith(RDB_MAGIC):
        return len(found), dump(text for _, text in found)
    return len(found), made_portable(data)


def _content(path: str) -> bytes:
    try:
        return read_file(path, FILE_SIZE_MAX, pipe_seconds=PIPE_SECONDS)
    except FileError as error:
        raise UsageError(str(error)) from None


def _named(path: str, data: bytes) -> list[tuple[bytes, bytes]]:
    """Name and text of each library in ``data``, which the file ``path`` has. Raises ConfigError."""
    try:
        texts = libraries(data) if data.startswith(RDB_MAGIC) else list(restored(data))
        found = [(library_name(text), text) for text in texts]
    except WireError as error:
        raise ConfigError(
            [Problem(path, 0, f"is no payload of FUNCTION DUMP and no RDB file: {error}")]
        ) from None
    if not found:
        raise ConfigError([Problem(path, 0, "has no library in it")])
    return found
