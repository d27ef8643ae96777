"""The module store of a node: modules in memory, and copies as files under `user-path` for people and editors.

System metadata is the truth. Modules are served from memory; the files are written from the metadata, at start and
with every change, so nothing is lost when one cannot be written, and a file that somebody drops there is not served.

A directory of ours has the file `.asudfd` in it. Start-up deletes strays, hence it refuses a directory with files
and without that mark: it may be somebody's sources. Directories of ours within it are left alone, because nodes of
one process have theirs side by side.

Metadata that has nothing at all, beside copies of modules, was lost: then the copies may be the last there are. None is
deleted, and `lost` says so.
"""

import fcntl
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from asinfo.files import FileError, exposed, open_file, replace_file
from asinfo.wire.udf import is_filename
from asudfd.errors import StartError
from asudfd.process.work_directory import open_own
from asudfd.smd.interface import SmdItem
from asudfd.udf.module import UdfModule, from_value

MARK = ".asudfd"
_MARK_TEXT = b"asudfd keeps its Lua modules here; at start it deletes every other file in this directory.\n"

NAMED_MAX = 5
"""Modules that a message names; it is read in one line of a log."""

ANSWERS_SIZE_MAX = 16 << 20
"""Bytes of answers of `udf-get` that are kept: a dozen of the largest modules, thousands of usual ones."""


class ChangeListener(Protocol):
    """The Lua host, as far as it has to be told of changed modules."""

    def forget(self, module: str, former: bytes | None) -> None:
        """``module`` (a file name without `.lua`), which had the text ``former``, has changed or is gone."""


class ModuleStore:
    """The modules of a node, in the order of their first registration.

    ``warn`` is told, in a sentence, of files that cannot be written and of items that are no modules.
    """

    __slots__ = (
        "_answers",
        "_answers_size",
        "_host",
        "_listed",
        "_lost",
        "_mark",
        "_modules",
        "_rows",
        "_swept",
        "_user_path",
        "_warn",
    )

    def __init__(
        self, user_path: Path, host: ChangeListener, warn: Callable[[str], None] = lambda _: None
    ) -> None:
        self._user_path = Path(user_path)
        self._host = host
        self._warn = warn
        self._modules: dict[str, UdfModule | None] = {}  # None keeps the slot of a removed module
        self._rows: dict[str, bytes] = {}  # of `udf-list`, in the same order; empty for a removed module
        self._listed: bytes | None = None
        self._lost: list[str] = []
        self._answers: dict[str, bytes] = {}  # the one that was asked for last is the last
        self._answers_size = 0
        self._swept = False
        self._mark = -1

    def open(self) -> None:
        """Make the directory ours, before system metadata starts.

        Raises StartError when it cannot be made or written, holds files that are not ours, or belongs to a node
        that runs.
        """
        try:
            self._user_path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_ours(self._user_path) and not all(map(_is_ours, self._user_path.iterdir())):
                raise StartError(
                    f"user-path {self._user_path} has files in it and was not made by asudfd, which deletes what "
                    f"is in its user-path; name an empty directory, or move the files away and register them"
                )
            if reason := exposed(self._user_path):
                raise StartError(f"user-path cannot be used: {reason}")
            self._mark = open_file(self._user_path / MARK, os.O_RDWR | os.O_CREAT)
            fcntl.flock(self._mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.pwrite(self._mark, _MARK_TEXT, 0)
        except FileError as error:
            raise StartError(f"cannot use user-path {error}") from error
        except OSError as error:
            self.close()
            if isinstance(error, BlockingIOError):
                raise StartError(f"user-path {self._user_path} is used by another running node") from error
            raise StartError(f"cannot use user-path {self._user_path}: {error.strerror}") from error

    def close(self) -> None:
        """Let another node have the directory."""
        if self._mark >= 0:
            os.close(self._mark)
            self._mark = -1

    def accept(self, items: Sequence[SmdItem]) -> None:
        """Take changed items of system metadata; the first call has all of them and sweeps the directory."""
        for item in items:
            self._accept_one(item)
        self._listed = None
        if not self._swept:
            self._swept = True
            self._lost = [] if items else copies(self._user_path)
            if not self._lost:
                self._sweep()

    @property
    def lost(self) -> str:
        """What is said if there are copies of modules and the metadata that has started has nothing at all; else nothing."""
        if not self._lost:
            return ""
        names = ", ".join(self._lost[:NAMED_MAX]) + (", ..." if len(self._lost) > NAMED_MAX else "")
        return (
            f"user-path {self._user_path} has copies of modules ({len(self._lost)}: {names}), and the system metadata has "
            "nothing, not even that they were removed: it is lost, or another one"
        )

    def names(self) -> list[str]:
        """File names of all registered modules, in order."""
        return [module.filename for module in self._modules.values() if module]

    def get(self, filename: str) -> UdfModule | None:
        """The module registered as ``filename``, if any."""
        return self._modules.get(filename)

    def source(self, module: str) -> bytes | None:
        """Lua text of ``module``, a name without `.lua`, for `require` and for calls."""
        found = self._modules.get(f"{module}.lua")
        return found.source if found else None

    def list_answer(self) -> bytes:
        """The answer of `udf-list`."""
        if self._listed is None:
            self._listed = b"".join(self._rows.values())
        return self._listed

    def get_answer(self, filename: str) -> bytes | None:
        """The answer of `udf-get`, if there is such a module. It is kept for who asks next, until the module changes."""
        answer = self._answers.pop(filename, None)
        if answer is None:
            module = self._modules.get(filename)
            if module is None:
                return None
            answer = module.answer
            self._answers_size += len(answer)
        self._answers[filename] = answer
        while self._answers_size > ANSWERS_SIZE_MAX:
            self._answers_size -= len(self._answers.pop(next(iter(self._answers))))
        return answer

    def _accept_one(self, item: SmdItem) -> None:
        module = None
        if item.value is not None:
            try:
                module = from_value(item.key, item.value)
            except ValueError as error:
                self._warn(f"{item.key!r} in system metadata is not served: {error}")
        self._answers_size -= len(self._answers.pop(item.key, b""))
        known = self._modules.get(item.key)
        if item.generation:
            self._modules[item.key] = module
            self._rows[item.key] = _row(module) if module else b""
        else:
            self._modules.pop(item.key, None)
            self._rows.pop(item.key, None)
        if module:
            self._write(module)
        elif known:
            self._unlink(known.filename)
        if module or known:
            self._host.forget(item.key.removesuffix(".lua"), known.source if known else None)

    def _write(self, module: UdfModule) -> None:
        """Replace the file whole; nobody reads half a module. No fsync: start-up writes it again.

        To look takes a tenth of the time that writing takes, and most files are right when a node starts.
        """
        path = self._user_path / module.filename
        source = module.source
        if _holds(path, source):
            return
        try:
            replace_file(path, source, mode=0o600, sync=False, follow=False)
        except FileError as error:
            self._warn(f"cannot write {error}; the module is served from memory")

    def _unlink(self, filename: str) -> None:
        path = self._user_path / filename
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._warn(f"cannot delete {path}: {error.strerror}")

    def _sweep(self) -> None:
        """Delete everything in the directory that is neither a module nor the mark.

        A directory of ours within it belongs to another node of this machine, or did.
        """
        keep = {MARK, *self.names()}
        try:
            strays = [
                entry for entry in self._user_path.iterdir() if entry.name not in keep and not _is_ours(entry)
            ]
        except OSError as error:
            self._warn(f"cannot read {self._user_path}: {error.strerror}")
            return
        for stray in strays:
            try:
                if stray.is_dir() and not stray.is_symlink():
                    stray.rmdir()
                else:
                    stray.unlink()
            except OSError as error:
                self._warn(f"cannot delete {stray}: {error.strerror}")


def copies(directory: Path) -> list[str]:
    """The file names of the modules that lie in ``directory``; none if it cannot be read."""
    try:
        with os.scandir(directory) as entries:
            return sorted(
                entry.name
                for entry in entries
                if is_filename(os.fsencode(entry.name)) and entry.is_file(follow_symlinks=False)
            )
    except OSError:
        return []


def _holds(path: Path, content: bytes) -> bool:
    """Whether a regular file of ours, and no link to one elsewhere, has just this content."""
    try:
        descriptor = open_own(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        about = os.fstat(descriptor)
        private = about.st_mode & 0o777 == 0o600 and about.st_nlink == 1
        return private and about.st_size == len(content) and os.read(descriptor, len(content) + 1) == content
    finally:
        os.close(descriptor)


def _row(module: UdfModule) -> bytes:
    return f"filename={module.filename},hash={module.hash},type=LUA;".encode()


def _is_ours(directory: Path) -> bool:
    return (directory / MARK).exists()
