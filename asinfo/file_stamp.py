"""By which a file is known to be the same without being read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    import os


class FileStamp(NamedTuple):
    """What changes when a file is written, or another takes its place; zeros for a file that is not there."""

    modified: int = 0
    size: int = 0
    inode: int = 0

    @classmethod
    def of(cls, about: os.stat_result) -> Self:
        """That of a file, of which the system tells ``about``."""
        return cls(about.st_mtime_ns, about.st_size, about.st_ino)
