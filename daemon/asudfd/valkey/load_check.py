"""Loads libraries as a node would, in its Lua and its sandbox, without a node: for tools that check files before they are sent.

A check makes nothing callable and keeps nothing: each library finds the environment that the first one finds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from asudfd.lua.valkey.global_names import global_lines
from asudfd.valkey.engine import LUA_ERROR, KeyspaceEngine
from asudfd.valkey.lua_text import MEMORY
from asudfd.valkey.running import LOAD_MILLISECONDS, LOAD_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from asudfd.valkey.lua_text import LuaText

FLAGS = {
    b"no_writes": "no-writes",
    b"allow_oom": "allow-oom",
    b"allow_stale": "allow-stale",
    b"no_cluster": "no-cluster",
    b"allow_cross_slot": "allow-cross-slot-keys",
}
"""Flags of functions by the fields that Lua keeps them in, in the order of FUNCTION LIST."""


class RegisteredFunction(NamedTuple):
    """A function that a library registers."""

    name: bytes
    flags: tuple[str, ...]
    description: bytes | None


class CheckedLibrary(NamedTuple):
    """What a library does when it is loaded.

    ``logged`` is the line of the first server.log in it (0: of unknown place; None: there is none), ``global_lines`` the first line of
    each global that its text names, in functions that have not run, too.
    """

    functions: tuple[RegisteredFunction, ...]
    logged: int | None
    global_lines: Mapping[bytes, int]


class LoadFailed(Exception):  # noqa: N818 - named for what happened
    """A library cannot be loaded: the text that a node answers, and the line of the library that it is about (0: none).

    ``name`` is that of the function that cannot be registered, if it is for its name; ``earlier`` is the function of this library that
    has it, as that one is written.
    """

    def __init__(
        self, text: bytes, line: int = 0, name: bytes | None = None, earlier: bytes | None = None
    ) -> None:
        super().__init__(text)
        self.text = text
        self.line = line
        self.name = name
        self.earlier = earlier


class LibraryCheck:
    """A Lua state in which libraries are loaded one by one. ``clock`` tells seconds."""

    def __init__(self, memory: int = MEMORY, clock: Callable[[], float] = time.monotonic) -> None:
        self._host = _LoadHost(clock)
        self._engine = KeyspaceEngine(self._host, memory)
        self._host.place = self._engine.lua[b"place"]

    def load(self, name: bytes, text: bytes) -> CheckedLibrary:
        """Load a library of that name, whose first line has been read. Raises LoadFailed."""
        self._host.begin()
        try:
            functions = self._registered(name, text)
        except (LUA_ERROR, MemoryError):
            raise LoadFailed(b"ERR not enough memory") from None
        finally:
            self._flush()
        return CheckedLibrary(functions, self._host.logged, global_lines(_without_first_line(text)))

    def _flush(self) -> None:
        """Forget the library; its body may have left no memory, even for that."""
        with self._engine.unbounded():
            self._engine.lua[b"drop_prepared"]()
            self._engine.lua[b"flush_libraries"]()

    def ends(self, text: LuaText, bytecode: bytes) -> bool:
        """Whether the body of a library, which has been compiled, ends in time."""
        lua, began = self._engine.lua, self._host.clock()
        self._host.begin()
        try:
            self._engine.make_room(len(text.code) + len(bytecode))
            lua[b"prepare"](text.chunk, text.compiled, bytecode, None)
            self._registered(b"library", text.code)
        except (LoadFailed, LUA_ERROR, MemoryError):
            pass  # soon; in the keyspace, too
        finally:
            self._flush()
        # a single instruction can take longer, and then nothing has looked at the time
        return (self._host.clock() - began) * 1000 <= LOAD_MILLISECONDS

    def _registered(self, name: bytes, text: bytes) -> tuple[RegisteredFunction, ...]:
        self._engine.make_room(len(text))
        made = self._engine.lua[b"load_library"](time.time() * 1000, name, text)
        if isinstance(made, tuple):
            raise _failure(*made[1:])
        return tuple(map(_function, made[b"functions"].values()))


class _LoadHost:
    """What a text calls back while it is loaded: the time runs out, and it may log. It cannot run commands."""

    place: Callable[[], tuple[bytes, int] | None]

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._began: float | None = None
        self._is_exhausted = False
        self.logged: int | None = None

    def begin(self) -> None:
        """Another library is loaded from here on."""
        self._began, self._is_exhausted, self.logged = None, False, None

    def tick(self, _kind: bytes) -> tuple[float | None, bytes | None]:
        """The load ends when its time is over."""
        now = self.clock()
        if self._began is None:
            self._began = now
        if self._is_exhausted:
            return None, b"ERR not enough memory"
        is_over = (now - self._began) * 1000 > LOAD_MILLISECONDS
        return None, LOAD_TIMEOUT if is_over else None

    def exhausted(self) -> None:
        """The load ends for want of memory."""
        self._is_exhausted = True

    def log_line(self, _level: int, _text: bytes) -> None:
        """The text logs: note where it does so first."""
        if self.logged is None:
            found = self.place()
            self.logged = int(found[1]) if found else 0

    def _ignored(self, *_: object) -> None:
        """What a node would note."""

    fault = ready_key = expired = journal_waits = event = count_error = script_evicted = script_ended = (
        _ignored
    )

    def _impossible(self, *_: object) -> Any:
        """There are no commands, scripts, users and clusters."""
        raise AssertionError

    block = monitor = log_command = followed = moved = command = acl = script_header = _impossible


def _function(function: Any) -> RegisteredFunction:
    flags = tuple(flag for field, flag in FLAGS.items() if function[field])
    return RegisteredFunction(function[b"name"], flags, function[b"description"])


def _without_first_line(text: bytes) -> bytes:
    """The text as Lua gets it: from the end of its first line on, so that line numbers stay."""
    return text[text.index(b"\n") :]


def _failure(
    text: bytes, line: float | None = None, name: bytes | None = None, earlier: bytes | None = None
) -> LoadFailed:
    return LoadFailed(text, int(line or 0), name, earlier)
