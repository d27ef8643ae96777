"""The libraries of functions of a node: what FUNCTION LOAD, DELETE, FLUSH and RESTORE change.

A change is checked here, made durable by the store, and comes back from it to be accepted, on this node as on all others
(change metadata, then accept). All of it happens in the thread of the Valkey face; the store's `change` returns when the
change has been accepted.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from asudfd.valkey.reply import CommandFailed
from asudfd.valkey.shebang import library_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from asudfd.valkey.engine import KeyspaceEngine


FAN_OUT_SECONDS = 10.0
"""How long a change that another node has made counts as the one that a client makes here.

Clients of clusters send FUNCTION LOAD and DELETE to every primary, since Valkey's nodes share nothing: what the first of ours
has done, the others have by then. They ask one after the other; a fan-out over a slow network takes a second."""


class LibraryStore(Protocol):
    """Keeps the texts of libraries, and shares them with other nodes."""

    def change(self, texts: Mapping[bytes, bytes | None]) -> None:
        """Store these libraries, None removes one; returns after `LibrarySet.accept` has had them on this node.

        Raises CommandFailed.
        """


class MemoryStore:
    """A store that keeps nothing: for a keyspace without a node."""

    def __init__(self, accept: Callable[[Mapping[bytes, bytes | None]], None]) -> None:
        self._accept = accept

    def change(self, texts: Mapping[bytes, bytes | None]) -> None:
        """Accept the change at once."""
        self._accept(texts)


class LibrarySet:
    """The libraries that are loaded.

    ``now`` is the time in ms, ``is_running`` says whether a function runs, ``warn`` is told of libraries that cannot be loaded.
    """

    store: LibraryStore

    def __init__(
        self,
        engine: KeyspaceEngine,
        now: Callable[[], float],
        is_running: Callable[[], bool],
        warn: Callable[[str], None],
    ) -> None:
        self.texts: dict[bytes, bytes] = {}
        self.is_old = False
        """Whether first lines are read as up to Valkey 8.1."""
        self._lua = engine.lua
        self._table = engine.table
        self._now = now
        self._is_running = is_running
        self._late: list[Mapping[bytes, bytes | None]] = []
        self._warn = warn
        self._checked: dict[bytes | None, Any] = {}  # libraries that have just been checked, by their text
        self._changing: Mapping[bytes, bytes | None] = {}  # what this node is about to change
        self._elsewhere: dict[bytes, tuple[bytes | None, float]] = {}  # what others have changed, and when
        self.store = MemoryStore(self.accept)

    def load(self, code: bytes, *, replace: bool) -> bytes:
        """Load a library; returns its name. Raises CommandFailed, and then nothing has changed."""
        name = self._name_of(code)
        if name in self.texts and not replace:
            if self._came_from_elsewhere(name, code):
                return name
            raise CommandFailed(b"ERR Library '%s' already exists" % name)
        library = self._compile(name, code)
        if clash := self._lua[b"library_clash"](library, self._table({})):
            raise CommandFailed(b"ERR Function %s already exists" % clash)
        self._change({name: code}, {code: library})
        return name

    def delete(self, name: bytes) -> None:
        """Remove a library. Raises CommandFailed."""
        if name not in self.texts:
            if self._came_from_elsewhere(name, None):
                return
            raise CommandFailed("ERR Library not found")
        self._change({name: None}, {})

    def flush(self) -> None:
        """Remove all libraries. Raises CommandFailed."""
        if self.texts:
            self._change(dict.fromkeys(self.texts), {})
        self._lua[b"flush_libraries"]()

    def restore(self, codes: Iterable[bytes], policy: str) -> None:
        """Load libraries as ``policy`` says: "flush" all others first, "append" new ones, or "replace" those of that name.

        All or nothing. Raises CommandFailed.
        """
        texts: dict[bytes, bytes | None] = dict.fromkeys(self.texts) if policy == "flush" else {}
        libraries: dict[bytes | None, Any] = {}
        owners: dict[bytes, bytes] = {}
        for code in codes:
            name = self._name_of(code)
            known = policy == "append" and name in self.texts and not self._came_from_elsewhere(name, code)
            if texts.get(name) is not None:  # twice in the payload
                raise CommandFailed(b"ERR Library '%s' already exists" % name)
            if known:
                raise CommandFailed(b"ERR Library %s already exists" % name)
            texts[name] = code
            libraries[code] = self._compile(name, code)
        leaving = self._table(dict.fromkeys(texts, True))
        for library in libraries.values():
            if clash := self._lua[b"library_clash"](library, leaving) or _shared_name(library, owners):
                raise CommandFailed(b"ERR Function %s already exists" % clash)
        self._change(texts, libraries)

    def accept(self, texts: Mapping[bytes, bytes | None]) -> None:
        """Take libraries that the store has: new texts, and None for those that are gone.

        While a function runs it is put off until that has ended (`accept_late`).
        """
        if self._is_running():
            self._late.append(texts)
            return
        for name, code in texts.items():
            if code not in self._checked and name not in self._changing:
                self._elsewhere[name] = code, time.monotonic()
            if code is None:
                self.texts.pop(name, None)
                self._lua[b"remove_library"](name)
                continue
            library = self._checked.pop(code, None)
            if library is None:
                try:
                    library = self._compile(name, code)
                except CommandFailed as failed:
                    self._warn(f"library {name.decode()!r} is not served: {failed.args[0]!r}")
                    continue
            self.texts[name] = code
            self._lua[b"install_library"](library)

    def accept_rest(self, texts: Mapping[bytes, bytes | None]) -> None:
        """Take those of a change that the store had already: their text runs anew, and its variables begin again."""
        rest = {name: code for name, code in texts.items() if code in self._checked}
        if rest:
            self.accept(rest)

    def accept_late(self) -> None:
        """A function has ended: take what came meanwhile."""
        while self._late:
            self.accept(self._late.pop(0))

    def _change(self, texts: Mapping[bytes, bytes | None], checked: dict[bytes | None, Any]) -> None:
        self._checked, self._changing = checked, texts
        for name in texts:
            self._elsewhere.pop(name, None)
        try:
            self.store.change(texts)
        finally:
            self._checked, self._changing = {}, {}

    def _came_from_elsewhere(self, name: bytes, code: bytes | None) -> bool:
        """Whether another node has just made this change, which then counts as the one that is asked for here, once."""
        change = self._elsewhere.pop(name, None)
        return change is not None and change[0] == code and time.monotonic() - change[1] < FAN_OUT_SECONDS

    def forget_elsewhere(self) -> None:
        """What has been accepted so far is no other node's change: the libraries of the start."""
        self._elsewhere.clear()

    def _name_of(self, code: bytes) -> bytes:
        return library_header(code, words_end_at_quotes=self.is_old).name

    def _compile(self, name: bytes, code: bytes) -> Any:
        made = self._lua[b"load_library"](self._now(), name, code)
        if isinstance(made, tuple):
            raise CommandFailed(made[1])
        return made


def _shared_name(library: Any, owners: dict[bytes, bytes]) -> bytes | None:
    """The name of a function of the library that an earlier library of the same payload has; notes the others."""
    for function in library[b"functions"].values():
        name: bytes = function[b"name"]
        if name.lower() in owners:
            return name
        owners[name.lower()] = name
    return None
