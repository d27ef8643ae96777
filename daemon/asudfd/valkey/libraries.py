"""The libraries of functions of a node: what FUNCTION LOAD, DELETE, FLUSH and RESTORE change.

A change is checked here, made durable by the store, and comes back from it to be accepted, on this node as on all others
(change metadata, then accept). All of it happens in the thread of the Valkey face. Whoever asks for a change is told of its end;
until then no other change of this node begins.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from asudfd.valkey.engine import LUA_ERROR
from asudfd.valkey.lua_text import CheckWantedError
from asudfd.valkey.reply import CommandFailed
from asudfd.valkey.shebang import library_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from asudfd.valkey.engine import KeyspaceEngine
    from asudfd.valkey.running import Running


FAN_OUT_SECONDS = 10.0
"""How long a change that another node has made counts as the one that a client makes here.

Clients of clusters send FUNCTION LOAD and DELETE to every primary, since Valkey's nodes share nothing: what the first of ours
has done, the others have by then. They ask one after the other; a fan-out over a slow network takes a second."""

TRIAL_LOOKS = 3
"""At which look at the clock a body is cut short, to be checked first. There is one behind each 10,000 instructions, and a function that is
registered takes a hundred."""


Texts: TypeAlias = "Mapping[bytes, bytes | None]"
"""Texts of libraries by their names; None for one that is or was removed."""

Ended: TypeAlias = "Callable[[CommandFailed | None], None]"
"""Called when a change has been accepted, or with the reason why it failed."""


class LibraryStore(Protocol):
    """Keeps the texts of libraries, and shares them with other nodes."""

    def change(self, texts: Texts, ended: Ended) -> None:
        """Store these libraries as one change; ``ended`` is called after `LibrarySet.accept` has had them on this node."""

    def wait(self, done: Callable[[], bool]) -> None:
        """Return when ``done``, which an `ended` brings about."""


class MemoryStore:
    """A store that keeps nothing: for a keyspace without a node."""

    def __init__(self, accept: Callable[[Texts], None]) -> None:
        self._accept = accept

    def change(self, texts: Texts, ended: Ended) -> None:
        """Accept the change at once."""
        self._accept(texts)
        ended(None)

    def wait(self, done: Callable[[], bool]) -> None:
        """Nothing is ever waited for."""
        assert done()


class LibrarySet:
    """The libraries that are loaded.

    ``now`` is the time in ms, ``running`` watches over the function that runs, ``warn`` is told of libraries that cannot be loaded, and
    of changes that have to wait; any thread may call it.

    Each of `load`, `delete`, `flush` and `restore` raises CommandFailed if its change cannot be made. With ``ended`` it only begins the
    change. Without, it returns when the change has been accepted, and raises CommandFailed if it failed; nobody is served meanwhile.
    ``freed`` is called when a change has ended and the next may begin.
    """

    store: LibraryStore
    freed: Callable[[], None]

    def __init__(
        self,
        engine: KeyspaceEngine,
        now: Callable[[], float],
        running: Running,
        warn: Callable[[str], None],
    ) -> None:
        self.texts: dict[bytes, bytes] = {}
        self.is_old = False
        """Whether first lines are read as up to Valkey 8.1."""
        self.tries = False
        """Whether `load` gives up a body that does not end soon, and raises CheckWantedError."""
        self.refused: dict[bytes, bytes] = {}
        """Why the bodies of some texts are not to be run."""
        self.warn = warn
        self.freed = lambda: None
        self._lua = engine.lua
        self._table = engine.table
        self._make_room = engine.make_room
        self._now = now
        self._running = running
        self._late: list[Callable[[], None]] = []
        self._checked: dict[bytes | None, Any] = {}  # libraries that have just been checked, by their text
        self._changing: Texts | None = None  # what this node is about to change
        self._elsewhere: dict[bytes, tuple[bytes | None, float]] = {}  # what others have changed, and when
        self.store = MemoryStore(self.accept)

    @property
    def is_changing(self) -> bool:
        """Whether a change of this node is under way."""
        return self._changing is not None

    @property
    def waiting(self) -> int:
        """How many changes wait for the end of the function that runs."""
        return len(self._late)

    def load(self, code: bytes, *, replace: bool, ended: Ended | None = None) -> bytes:
        """Load a library; returns its name."""
        name = self._name_of(code)
        if name in self.texts and not replace:
            if self._came_from_elsewhere(name, code):
                self._is_so(ended)
                return name
            raise CommandFailed(b"ERR Library '%s' already exists" % name)
        library = self._compile(name, code, TRIAL_LOOKS if self.tries else None)
        if clash := self._lua[b"library_clash"](library, self._table({})):
            raise CommandFailed(b"ERR Function %s already exists" % clash)
        self._change({name: code}, {code: library}, ended)
        return name

    def delete(self, name: bytes, ended: Ended | None = None) -> None:
        """Remove a library."""
        if name not in self.texts:
            if self._came_from_elsewhere(name, None):
                self._is_so(ended)
                return
            raise CommandFailed("ERR Library not found")
        self._change({name: None}, {}, ended)

    def flush(self, ended: Ended | None = None) -> None:
        """Remove all libraries, and what they have set in the environment of functions."""
        self._change(dict.fromkeys(self.texts), {}, ended, self._lua[b"flush_libraries"])

    def restore(self, codes: Iterable[bytes], policy: str, ended: Ended | None = None) -> None:
        """Load libraries as ``policy`` says: "flush" all others first, "append" new ones, or "replace" those of that name.

        All or nothing.
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
        self._change(texts, libraries, ended)

    def accept(self, texts: Texts) -> None:
        """Take libraries that the store has: new texts, and None for those that are gone; all in one step, `in_turn`."""
        self.in_turn(partial(self._accept, texts))

    def in_turn(self, call: Callable[[], None]) -> None:
        """Make the call, or put it off to the end of the function that runs (`accept_late`)."""
        if self._running.call is None:
            call()
            return
        if not self._late:
            self.warn("a change of libraries waits for the end of the function or script that runs")
        self._late.append(call)

    def _accept(self, texts: Texts) -> None:
        for name, code in texts.items():
            if code not in self._checked and name not in (self._changing or ()):
                self._elsewhere[name] = code, time.monotonic()
            if code is None:
                self.texts.pop(name, None)
                self._lua[b"remove_library"](name)
                continue
            library = self._checked.pop(code, None)
            if library is None:
                try:
                    library = self._compile(name, code)
                except (CommandFailed, LUA_ERROR, MemoryError) as failed:
                    self.warn(f"library {name.decode()!r} is not served: {failed.args[0]!r}")
                    continue
            self.texts[name] = code
            self._lua[b"install_library"](library)

    def accept_late(self) -> None:
        """A function has ended: take what came meanwhile."""
        while self._late and self._running.call is None:
            self._late.pop(0)()

    def _change(
        self,
        texts: Texts,
        checked: dict[bytes | None, Any],
        ended: Ended | None,
        accepted: Callable[[], object] = lambda: None,
    ) -> None:
        """Make a change; ``accepted`` is called when it has been accepted."""
        if ended is None:
            self._make(texts, checked, accepted)
            return

        def end(failure: CommandFailed | None) -> None:
            if failure is None:
                self._accept_rest(texts)
                accepted()
            self._checked, self._changing = {}, None
            ended(failure)
            self.freed()

        if self.is_changing:  # whoever asks has waited for that (`RespConversation`)
            raise CommandFailed("ERR another change of libraries is under way")
        self._checked, self._changing = checked, texts
        for name in texts:
            self._elsewhere.pop(name, None)
        if texts:
            self.store.change(texts, lambda failure: self.in_turn(partial(end, failure)))
        else:
            end(None)

    def _make(self, texts: Texts, checked: dict[bytes | None, Any], accepted: Callable[[], object]) -> None:
        """Make a change and wait for its end. Raises CommandFailed."""
        failures: list[CommandFailed | None] = []
        self._change(texts, checked, failures.append, accepted)
        self.store.wait(lambda: bool(failures))
        if failures[0] is not None:
            raise failures[0]

    def _accept_rest(self, texts: Texts) -> None:
        """Take those of a change that the store had already: their text runs anew, and its variables begin again."""
        rest = {name: code for name, code in texts.items() if code in self._checked}
        if rest:
            self._accept(rest)

    @staticmethod
    def _is_so(ended: Ended | None) -> None:
        """There is nothing to change."""
        if ended is not None:
            ended(None)

    def _came_from_elsewhere(self, name: bytes, code: bytes | None) -> bool:
        """Whether another node has just made this change, which then counts as the one that is asked for here, once."""
        change = self._elsewhere.pop(name, None)
        return change is not None and change[0] == code and time.monotonic() - change[1] < FAN_OUT_SECONDS

    def forget_elsewhere(self) -> None:
        """What has been accepted so far is no other node's change: the libraries of the start."""
        self._elsewhere.clear()

    def _name_of(self, code: bytes) -> bytes:
        return library_header(code, words_end_at_quotes=self.is_old).name

    def _compile(self, name: bytes, code: bytes, looks: int | None = None) -> Any:
        """The library that a text makes; with ``looks``, CheckWantedError is raised where the clock is looked at so often."""
        if refusal := self.refused.get(code):
            raise CommandFailed(refusal)
        self._make_room(len(code))
        made = self._lua[b"load_library"](self._now(), name, code, looks)
        if made is False:
            raise CheckWantedError
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
