"""Opens the files of a directory that may come from a stranger; symbolic links that lead out of it are refused.

A directory of modules mostly comes from a repository, and a job may plan what a stranger proposes. A link to a file
of the machine would hand out that file. So every path is walked here, one component at a time, and a link is followed
by this code and never by the kernel. What is exchanged meanwhile cannot lead outside: the kernel is asked for a single
name in an open directory, with O_NOFOLLOW.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque

from asinfo.files import kind

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from typing import Self

LINKS_MAX = 40
"""Most links on the way to one file; the kernel follows as many."""

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe must not hold us up
_INNER = _FLAGS | os.O_DIRECTORY


class LinkLeavesError(ValueError):
    """A symbolic link leads out of the directory; the text names the link and its target, and no content."""


class ConfinedDirectory:
    """The directory ``path``, open within a ``with`` block; entering raises OSError and ValueError.

    ``path`` itself is the caller's word and may be a link, or have one in it.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._top = -1

    def __enter__(self) -> Self:
        self._top = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._top)

    def names(self) -> list[str]:
        """What lies directly in it. Raises OSError."""
        return os.listdir(self._top)  # noqa: PTH208 - of the open directory

    def open(self, file: str) -> int:
        """A descriptor of ``file``, a path from here on; whatever it is, reading does not block.

        Raises OSError, and LinkLeavesError where a link on the way leads out.
        """
        with _PathWalk(self.path, self._top) as walk:
            return walk.to(file)

    def content(self, file: str, size: int) -> bytes:
        """At most ``size`` bytes of ``file``, and one more where it is larger. Raises OSError and ValueError."""
        descriptor = self.open(file)
        try:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise ValueError(f"is {kind(mode)}, not a file")
            with os.fdopen(descriptor, "rb", closefd=False) as stream:
                return stream.read(size + 1)
        finally:
            os.close(descriptor)


class _PathWalk:
    """Walks the path of one file, component by component.

    ``inner``  open directories from the top down to where the walk is, without the top itself
    ``names``  their names
    ``left``   the components still to go
    ``link``   the last link that was followed, and what it holds
    """

    def __init__(self, path: str, top: int) -> None:
        self.path = path
        self.top = top
        self.inner: list[int] = []
        self.names: list[str] = []
        self.left: deque[str] = deque()
        self.link = ("", "")
        self.links = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._back_to_the_top()

    def to(self, file: str) -> int:
        """A descriptor of ``file``."""
        self.left.extend(file.split("/"))
        while True:
            name = self.left.popleft()
            if name == "..":
                self._up()
            elif name not in {"", "."}:
                target = self._target(name)
                if target is None and not any(self.left):
                    return os.open(name, _FLAGS, dir_fd=self._here)
                if target is None:
                    self.inner.append(os.open(name, _INNER, dir_fd=self._here))
                    self.names.append(name)
                else:
                    self._follow(name, target)
            if not self.left:  # "." or ".." or a link to a directory: what it is, the reader tells
                return os.open(".", _FLAGS, dir_fd=self._here)

    @property
    def _here(self) -> int:
        return self.inner[-1] if self.inner else self.top

    def _target(self, name: str) -> str | None:
        """What the link ``name`` holds; None when it is no link."""
        try:
            return os.readlink(name, dir_fd=self._here)
        except OSError as error:
            if error.errno == errno.EINVAL:
                return None
            raise

    def _follow(self, name: str, target: str) -> None:
        self.links += 1
        if self.links > LINKS_MAX:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        self.link = ("/".join([self.path.rstrip("/"), *self.names, name]), target)
        self.left.extendleft(reversed(target.lstrip("/").split("/")))
        if target.startswith("/"):
            self._from_outside("")

    def _up(self) -> None:
        if not self.inner:
            self._from_outside(os.path.realpath(self.path) + "/..")
            return
        os.close(self.inner.pop())
        self.names.pop()

    def _from_outside(self, start: str) -> None:
        """Go on from the top if what is left, seen from the path ``start``, leads back into the directory."""
        top = os.path.realpath(self.path).rstrip("/") + "/"
        found = os.path.normpath(f"{start}/{'/'.join(self.left)}") + "/"
        if not found.startswith(top):
            link, target = self.link
            raise LinkLeavesError(f"{link} is a link to {target}, which is outside of {self.path}")
        self._back_to_the_top()
        self.left = deque(found[len(top) :].split("/")[:-1] or ["."])

    def _back_to_the_top(self) -> None:
        while self.inner:
            os.close(self.inner.pop())
        self.names.clear()
