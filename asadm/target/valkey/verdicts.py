"""Verdicts about libraries: from the sandbox, or from the cache of those that could be loaded before.

To start the sandbox takes longer than most runs; what a text does when it is loaded is the same each time. So good verdicts are kept by
the hash of the text, for one release of this tool. The cache is a convenience: where it cannot be read or written, libraries run again.
"""

# ruff: noqa: PTH103, PTH118, PTH120 - pathlib would double the start-up time

from __future__ import annotations

import os

from asadm.target.valkey.verdict import Verdict
from asinfo import __version__
from asinfo.terminal import interrupt

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from typing import Any, Self

    from asadm.target.valkey.sandbox import Sandbox

CACHE_VERSION = 1
"""Grows when the form of the cache, or what the sandbox finds, changes within a release."""

ENTRIES_MAX = 4096
"""Verdicts that are kept, the latest: some 200 bytes each."""

CACHE_SIZE_MAX = 16 << 20
"""Bytes of a cache that is read."""


class Verdicts:
    """The verdicts of one run; what is new in them is kept at its end."""

    def __init__(self) -> None:
        self._sandbox: Sandbox | None = None
        self._path = _path()
        self._kept = _read(self._path)
        self._new: dict[str, list[Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._new:
            entries = list((self._kept | self._new).items())
            _write(self._path, dict(entries[-ENTRIES_MAX:]))

    def of(self, name: bytes, text: bytes) -> Verdict:
        """The verdict about one library, whose first line is right."""
        from hashlib import sha256

        key = sha256(text, usedforsecurity=False).hexdigest()
        entry = self._kept.get(key) or self._new.get(key)
        if entry is not None:
            return _unpacked(entry)
        if self._sandbox is None:
            from asadm.target.valkey.sandbox import Sandbox

            self._sandbox = Sandbox()
        interrupt.check()  # a text may run for half a second, and a directory have many of them
        verdict = self._sandbox.verdict(name, text)
        if not verdict.failure:
            self._new[key] = _packed(verdict)
        return verdict


def _packed(verdict: Verdict) -> list[Any]:
    """A good verdict for JSON; names of functions are ASCII."""
    names = [name.decode() for name in verdict.functions]
    return [names, {name.decode(): line for name, line in verdict.globals.items()}, verdict.logged]


def _unpacked(entry: list[Any]) -> Verdict:
    names, lines, logged = entry
    known = {name.encode(): int(line) for name, line in lines.items()}
    return Verdict([name.encode() for name in names], known, logged=None if logged is None else int(logged))


def _path() -> str:
    """The file of the cache; it holds names of functions, and is for its user alone."""
    directory = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", ""), ".cache")
    return os.path.join(directory, "asudf", "functions.json")


def _read(path: str) -> dict[str, list[Any]]:
    from asinfo.decode import decode_json
    from asinfo.files import FileError, read_file

    try:
        document = decode_json(read_file(path, CACHE_SIZE_MAX), size_max=CACHE_SIZE_MAX)
        if document["of"] != [CACHE_VERSION, __version__]:
            return {}
        verdicts: dict[str, list[Any]] = document["verdicts"]
        for entry in verdicts.values():
            _unpacked(entry)
    except (FileError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    return verdicts


def _write(path: str, verdicts: dict[str, list[Any]]) -> None:
    import json

    from asinfo.files import FileError, replace_file

    content = json.dumps({"of": [CACHE_VERSION, __version__], "verdicts": verdicts}).encode()
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        replace_file(path, content, mode=0o600, sync=False)
    except (FileError, OSError, ValueError):
        return
