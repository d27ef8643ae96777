"""Functions that once held the event loop: they run in workers only, from then on and after a restart.

A function is known by its module's name, the SHA-256 of the module's text, and its own name. A changed put of the
module makes another of it, and `udf-clear-cache:` forgets all. One file for all nodes of a process:

    asudfd demoted functions 1 SHA-256 of the rest
    [["module", "SHA-256 of its text", "function"], ...]

Names are bytes, written as Latin-1. A damaged file is told, kept aside, and does without: it only saves a restart.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from asudfd.process.work_directory import open_own, read_own

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

COUNT_MAX = 1000
"""Functions that are remembered; the oldest go. Each one has cost a restart."""

SIZE_MAX = 4 << 20
"""Bytes of the file that are read: COUNT_MAX names of the greatest length, all of them escaped, take 2.6 MB."""

_HEAD = b"asudfd demoted functions 1 "


class Demotion(NamedTuple):
    """A function of one version of a module."""

    module: str
    content: str
    function: str


class Demotions:
    """The functions that are demoted. Any thread may call every method."""

    __slots__ = ("_demotions", "_lock", "_path", "_warn")

    def __init__(self, path: Path | None = None, warn: Callable[[str], None] = lambda _: None) -> None:
        """Read ``path``, if there is such a file; without a path they last as long as the process."""
        self._path = path
        self._warn = warn
        self._lock = Lock()
        self._demotions: dict[Demotion, None] = {}  # the oldest first
        if path is not None:
            self._read(path)

    def modules(self) -> set[str]:
        """Names of modules with such functions."""
        return {demotion.module for demotion in tuple(self._demotions)}

    def of(self, module: str, text: bytes | None) -> list[bytes]:
        """The demoted functions of the version of ``module`` that has the ``text``."""
        found = [demotion for demotion in tuple(self._demotions) if demotion.module == module]
        content = _content(text) if found else ""
        return [demotion.function.encode("latin-1") for demotion in found if demotion.content == content]

    def add(self, module: str, text: bytes | None, function: bytes) -> Demotion:
        """Demote ``function`` for good; on the disk before this returns, if the disk takes it."""
        demotion = Demotion(module, _content(text), function.decode("latin-1"))
        with self._lock:
            self._keep([*self._demotions, demotion][-COUNT_MAX:], durably=True)
        return demotion

    def prune(self, module: str, text: bytes | None) -> None:
        """``module`` may have changed: forget the functions of other versions."""
        if module not in self.modules():
            return
        content = _content(text)
        with self._lock:
            self._keep(
                demotion
                for demotion in tuple(self._demotions)
                if demotion.module != module or demotion.content == content
            )

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._keep(())

    def _keep(self, demotions: Iterable[Demotion], *, durably: bool = False) -> None:
        before, self._demotions = self._demotions, dict.fromkeys(demotions)
        if self._path is not None and (durably or len(before) != len(self._demotions)):
            try:
                _write(self._path, self._demotions, durably=durably)
            except OSError as error:
                self._warn(
                    f"cannot write {self._path}: {error.strerror}; demoted functions last until the next start"
                )

    def _read(self, path: Path) -> None:
        try:
            data = _content_of(path)
            self._demotions = dict.fromkeys(_parse(data)[-COUNT_MAX:]) if data else {}
        except OSError as error:
            self._warn(f"cannot read {path}: {error.strerror}; no function is demoted")
        except ValueError as error:
            aside = path.with_name(f"{path.name}.damaged")
            self._warn(f"{path} is damaged ({error}): no function is demoted; it is kept as {aside.name}")
            path.replace(aside)


def _content(text: bytes | None) -> str:
    return sha256(text or b"").hexdigest()


def _content_of(path: Path) -> bytes:
    """The bytes of a regular file; nothing if it does not exist. Raises OSError."""
    try:
        return read_own(path, SIZE_MAX + 1)
    except FileNotFoundError:
        return b""


def _parse(data: bytes) -> list[Demotion]:
    """What a file says. Raises ValueError."""
    head, _, rest = data.partition(b"\n")
    if len(data) > SIZE_MAX:
        raise ValueError(f"it is larger than {SIZE_MAX} bytes")
    if head != _head(rest):
        raise ValueError("its checksum is wrong")
    try:
        return [_demotion(row) for row in json.loads(rest)]
    except (TypeError, RecursionError) as error:
        raise ValueError("it is not a list of functions") from error


def _demotion(row: object) -> Demotion:
    match row:
        case [str(module), str(content), str(function)] if all(
            ord(character) < 256 for character in function
        ):
            return Demotion(module, content, function)
    raise ValueError("a function in it has not three names")


def _head(rest: bytes) -> bytes:
    return _HEAD + sha256(rest).hexdigest().encode()


def _write(path: Path, demotions: Iterable[Demotion], *, durably: bool) -> None:
    """Replace the file whole. The event loop does not wait for the disk: what it forgets may come back, no more."""
    rest = json.dumps(list(demotions)).encode()
    new = path.with_name(f"{path.name}.new")
    number = open_own(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with os.fdopen(number, "wb") as file:
        file.write(_head(rest) + b"\n" + rest)
        file.flush()
        if durably:
            os.fsync(number)
    new.replace(path)
