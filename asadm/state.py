"""The state directory of asadm: small files about nodes that one run leaves for the next.

Nothing but `required` makes a command fail: a file that cannot be read counts as absent, and the functions that write
return whether they could.
"""

from __future__ import annotations

import os

from asinfo.directories import state_directory
from asinfo.errors import UsageError
from asinfo.files import FileError, open_file, read_file, replace_file

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable

SIZE_MAX = 4 * 1024 * 1024
"""Bytes of a file of ours that are read: a module and more; an end for a wrong file."""


def required(name: str) -> str:
    """The path of ``name`` in the state directory. Raises UsageError where there is no home directory."""
    found = state_directory()
    if not found:
        raise UsageError("there is no home directory: set XDG_STATE_HOME, or give --history and --lock")
    return f"{found}/{name}"


def directory(kind: str) -> str:
    """The directory for files of one kind; empty where there is no home directory."""
    found = state_directory()
    return f"{found}/{kind}" if found else ""


def names(kind: str) -> list[str]:
    """The names of the files of one kind."""
    try:
        return sorted(name for name in os.listdir(directory(kind) or "\0") if not name.startswith("."))  # noqa: PTH208 - pathlib is not on this path
    except (OSError, ValueError):
        return []


def read(kind: str, name: str) -> bytes | None:
    """What a file holds; None when there is none that can be read."""
    try:
        return read_file(_path(kind, name), SIZE_MAX)
    except (FileError, ValueError):
        return None


def write(kind: str, name: str, content: bytes) -> bool:
    """Put ``content`` there in one step; whether that could be done."""
    try:
        path = _path(kind, name)
        os.makedirs(directory(kind), mode=0o700, exist_ok=True)  # noqa: PTH103 - pathlib is not on this path
        replace_file(path, content, mode=0o600, sync=False, follow=False)
    except (FileError, OSError, ValueError):
        return False
    return True


def append(kind: str, name: str, line: bytes) -> bool:
    """Add a line to a file that is there already; whether that could be done. Several runs may do so at once."""
    try:
        descriptor = open_file(_path(kind, name), os.O_WRONLY | os.O_APPEND)
    except (FileError, ValueError):
        return False
    try:
        return os.write(descriptor, line + b"\n") > 0
    except OSError:
        return False
    finally:
        os.close(descriptor)


def written_at(kind: str, name: str) -> int:
    """When a file was last written, in nanoseconds; 0 for one that cannot be seen."""
    try:
        return os.stat(_path(kind, name)).st_mtime_ns  # noqa: PTH116 - pathlib is not on this path
    except (OSError, ValueError):
        return 0


def remove(kind: str, found: Iterable[str]) -> None:
    """Forget these files."""
    for name in found:
        _unlinked(kind, name)


def _unlinked(kind: str, name: str) -> bool:
    """Whether a file was there and is no more."""
    try:
        os.unlink(_path(kind, name))  # noqa: PTH108 - pathlib is not on this path
    except (OSError, ValueError):
        return False
    return True


def quoted(text: str) -> str:
    """``text`` as the name of a file; different texts have different names."""
    return "".join(
        chr(byte) if (chr(byte).isalnum() and byte < 128) or byte in b"._-" else f"%{byte:02X}"
        for byte in text.encode("utf-8", "surrogateescape")
    )


def _path(kind: str, name: str) -> str:
    """Raises ValueError where there is no state directory, and for what is no name of a file in it."""
    if "/" in name:
        raise ValueError("no name of a file")
    found = directory(kind)
    if not found:
        raise ValueError("no home directory")
    return f"{found}/{name}"
