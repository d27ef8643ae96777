"""The commit of the work tree that a command runs in: the note of a change for which nobody gave one.

Read from the files of git themselves, as its format says (gitrepository-layout): the program may not be there, and takes longer.
"""

from __future__ import annotations

from pathlib import Path

from asinfo.files import FileError, read_file

HEAD_SIZE_MAX = 4096
PACKED_SIZE_MAX = 16 << 20
"""Bytes of the file of all packed references; a repository of 100,000 has 8 MB."""

SHOWN = 12
"""Digits of the commit: those that git itself shows of a large repository."""


def note(directory: str) -> str:
    """``commit 0123456789ab``; empty outside of a work tree, and where the files cannot be read."""
    try:
        found = _git_directory(Path(directory).absolute())
        commit = _commit(found) if found is not None else ""
    except (FileError, OSError, ValueError):
        return ""
    return f"commit {commit[:SHOWN]}" if len(commit) >= 40 and commit.isalnum() else ""


def _git_directory(directory: Path) -> Path | None:
    """The directory of git's files for the work tree around ``directory``. Raises FileError and ValueError."""
    for each in (directory, *directory.parents):
        path = each / ".git"
        if path.is_dir():
            return path
        if path.is_file():  # of another work tree, or of a submodule
            return each / _text(path, HEAD_SIZE_MAX).removeprefix("gitdir: ")
    return None


def _commit(git: Path) -> str:
    """The commit that is checked out. Raises FileError and ValueError."""
    head = _text(git / "HEAD", HEAD_SIZE_MAX)
    if not head.startswith("ref: "):
        return head
    reference = head.removeprefix("ref: ")
    common = git / "commondir"
    home = git / _text(common, HEAD_SIZE_MAX) if common.is_file() else git
    if (home / reference).is_file():
        return _text(home / reference, HEAD_SIZE_MAX)
    for line in _text(home / "packed-refs", PACKED_SIZE_MAX).splitlines():
        commit, _, name = line.partition(" ")
        if name == reference:
            return commit
    return ""


def _text(path: Path, size: int) -> str:
    return read_file(str(path), size).decode().strip()
