"""The Lua state of a node's keyspace: its commands, functions and scripts.

The engine knows no socket. It belongs to one thread, which calls `execute` for each command; the host's functions
that Lua calls back are attributes of `KeyspaceHost`.
"""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from asinfo.wire.key_slot import key_slot
from asudfd.lua.state import LUA51, lua_error
from asudfd.lua.valkey.keyspace_state import keyspace_state
from asudfd.valkey.calculations import calculations
from asudfd.valkey.glob import glob
from asudfd.valkey.key_specs import KeyPlace, rows_text
from asudfd.valkey.table import command_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from asudfd.valkey.table import CommandSpec

LUA_ERROR = lua_error(LUA51)
"""What a call of the state raises; it may be a MemoryError too."""

RESERVE = 1 << 20
"""Bytes that the state may always take beyond what it has: for what goes from Python to Lua and back outside of protected calls.

Where an allocation fails there, Lua ends the process, or leaves a callback without giving Python's lock back. Requests that have come in
one read (64 KiB, which makes at most 4,000 arguments of some 40 bytes more) and what the host's functions take have room in it."""

WORKING_SHARE = 4
"""Commands and functions may take a quarter of the limit of data beside them: for replies, and for what a function has at hand."""

_ARGUMENT_BYTES = 64
"""What an argument takes beside its bytes: the head of a string, and places in tables and on stacks."""

_LARGE = RESERVE // 16
"""Bytes from which on room is made for a value; smaller ones have room in the reserve."""

ARGUMENTS_MAX = 4000
"""Arguments that are given to Lua one by one: its C stack has room for 8,000 values."""


SLICE = 1000
"""Values that go between Python and Lua at once: no other thread runs meanwhile, which takes 0.1 ms or two for these."""


class KeyspaceHost(Protocol):
    """What the keyspace calls back, in the engine's thread."""

    def fault(self, text: bytes) -> None:
        """A command has failed for a fault of the server; the text goes to the log."""

    def block(self, client: int, timeout: float, keys: Any) -> None:
        """The command of ``client`` waits for one of its keys, up to ``timeout`` seconds (0: for ever)."""

    def ready_key(self, database: int, key: bytes) -> None:
        """A key that clients wait for has changed."""

    def expired(self, database: int, key: bytes) -> None:
        """A key's time was over; it has been removed."""

    def exhausted(self) -> None:
        """Much more memory is in use than may be: a call that goes on has to end."""

    def journal_waits(self) -> None:
        """There are changes that have to be written before any reply leaves."""

    def event(self, kind: bytes, name: bytes, key: bytes, database: float) -> None:
        """Something has happened to a key: ``kind`` is its letter in notify-keyspace-events."""

    def monitor(self, arguments: Any, database: float) -> None:
        """A script runs a command, and clients monitor."""

    def log_command(self, client: float, arguments: Any, seconds: float) -> None:
        """A script has run a command for ``client``, and commands of a short time are logged, too."""

    def followed(self, commands: bytes) -> None:
        """Clients follow: these commands make the changes again that have been made."""

    def moved(self, slot: int) -> bytes:
        """The error for a key of a slot that another node has."""

    def command(self, *arguments: bytes) -> bytes:
        """The reply, in RESP3, of a command that is implemented in Python and called by a script."""

    def tick(self, kind: bytes) -> tuple[float | None, bytes | None]:
        """A call has run for some time: the time that it sees from now on, and the error that ends it."""

    def script_ended(self) -> None:
        """A call has ended that `tick` was called for."""

    def log_line(self, level: int, text: bytes) -> None:
        """A script logs."""

    def count_error(self, text: bytes, times: int) -> None:
        """A command that a script has called has failed; -1 time takes that back."""

    def script_evicted(self) -> None:
        """A script that came by EVAL has made place for another."""

    def acl(self, arguments: Any) -> bytes | None:
        """Why the user of the running script may not run a command; None if it may."""

    def script_header(self, code: bytes) -> tuple[bytes | None, bytes]:
        """The error in the first line of a script, or None and its flags as fields, separated by spaces."""


class KeyspaceEngine:
    """A keyspace with all its commands. ``memory`` bytes are the most that its data take; what runs may take some more.

    Before something is given to the state, `memory_used` must not be above `high`: otherwise call `make_room` first.
    """

    def __init__(self, host: KeyspaceHost, memory: int) -> None:
        self.memory = memory
        self.memory_max = memory + memory // WORKING_SHARE
        """What all may take, but for the reserve. When more is in use, functions that may ignore the limit of data are refused, and one that
        runs has to end."""
        self._exhausted = host.exhausted
        self._unbounded = 0  # blocks within which memory is not bounded
        self._state, functions, self.lua = keyspace_state(memory)
        self._lua_state = self.lua[b"state"]
        self.memory_used: Callable[[], int] = self._state.get_memory_used
        self.high = 0
        """Bytes in use above which there may be too little room."""
        for name, function in self._for_lua(host).items():
            functions[name] = function
        self.execute: Callable[..., bytes] = self.lua[b"execute"]
        """``execute(now, database, resp, client, *arguments)``: the bytes of the reply; empty when the client has to wait.

        ``now`` is milliseconds since 1970; ``client`` 0 is one that cannot be made to wait. For up to ARGUMENTS_MAX arguments."""
        self.set_maxmemory(0)
        self.make_room()
        self.lua[b"define_all"](rows_text(command_rows().values()))

    def _for_lua(self, host: KeyspaceHost) -> dict[bytes, Callable[..., object]]:
        """What Lua calls back, by its names."""
        simple: dict[bytes, Callable[..., object]] = {
            b"fault": host.fault,
            b"ready": host.ready_key,
            b"expired": host.expired,
            b"tick": host.tick,
            b"script_ended": host.script_ended,
            b"log": host.log_line,
            b"count_error": host.count_error,
            b"script_evicted": host.script_evicted,
            b"journal_waits": host.journal_waits,
            b"event": host.event,
            b"key_slot": key_slot,
        }
        with_results: dict[bytes, Callable[..., object]] = {
            b"block": host.block,
            b"monitor": host.monitor,
            b"log_command": host.log_command,
            b"command": host.command,
            b"acl": host.acl,
            b"script_header": host.script_header,
            b"followed": host.followed,
            b"moved": host.moved,
            **calculations(self.make_room),
        }
        with_room = self.lua[b"with_room"]
        return simple | {name: with_room(self._roomy(call)) for name, call in with_results.items()}

    def _roomy(self, call: Callable[..., object]) -> Callable[..., object]:
        """The same function; there is room for its result in the state."""

        def called(*arguments: Any) -> object:
            result = call(*arguments)
            if isinstance(result, bytes) and len(result) > _LARGE:
                self.make_room(len(result))
            return result

        return called

    def set_maxmemory(self, limit: int) -> None:
        """Refuse commands that need memory above ``limit`` bytes, or above all memory of the state if that is 0 or more."""
        self._lua_state[b"maxmemory"] = min(limit or self.memory, self.memory)

    def make_room(self, size: int = 0) -> bool:
        """See that the state can take ``size`` bytes at once, and the reserve, whatever it has taken already.

        Says whether commands that need memory may take it.
        """
        used, is_over = self._allow(size), False
        if used > self.memory:
            is_over = bool(self.lua[b"is_over_memory"]())  # which looks for garbage
            used = self._allow(size)
        if used > self.memory_max:
            self._exhausted()
        return not is_over or self._unbounded > 0

    def _allow(self, size: int) -> int:
        """Let the state take so many bytes beyond what it has, or what it may have if that is more; how many it has."""
        used = self.memory_used()
        if self._unbounded:
            self._state.set_max_memory(0)
            self._lua_state[b"cap"] = None
            self.high = sys.maxsize
            return used
        most = max(self.memory_max, used + size) + 2 * RESERVE
        self._state.set_max_memory(most)
        is_full = used > self.memory_max
        self.high = 0 if is_full else most - size - RESERVE
        self._lua_state[b"cap"] = most / 1024
        self._lua_state[b"full"] = is_full
        return used

    @contextmanager
    def unbounded(self) -> Iterator[None]:
        """Memory is not bounded within: for work of the node's own that must not end halfway."""
        self._unbounded += 1
        self._allow(0)
        try:
            yield
        finally:
            self._unbounded -= 1
            self.make_room()

    def make_room_for(self, arguments: Sequence[bytes]) -> None:
        """See that the state can take these arguments."""
        size = _ARGUMENT_BYTES * len(arguments)
        for part in _slices(arguments):
            size += sum(map(len, part))
        if size > _LARGE or self.memory_used() > self.high:
            self.make_room(size)

    def execute_long(
        self, now: float, database: int, resp: int, client: int, arguments: Sequence[bytes]
    ) -> bytes:
        """The same for a command with any number of arguments, of any size."""
        argv = self.table_of(arguments)
        reply: bytes = self.lua[b"execute_list"](now, database, resp, client, argv, len(arguments))
        return reply

    def withdraw(self, row: CommandSpec) -> None:
        """The keyspace does not know this command any more."""
        self.lua[b"withdraw"](row.name.encode())

    def run(self, now: float, database: int, arguments: Sequence[bytes]) -> bytes:
        """The reply to a command of the keyspace that nobody waits for, with any number of arguments."""
        return self.execute_long(now, database, 2, 0, arguments)

    @contextmanager
    def without_limit(self) -> Iterator[None]:
        """Commands within regard no limit of memory: they bring back what was there."""
        limit, self._lua_state[b"maxmemory"] = self._lua_state[b"maxmemory"], math.inf
        try:
            with self.unbounded():
                yield
        finally:
            self._lua_state[b"maxmemory"] = limit

    def table_of(self, arguments: Sequence[bytes]) -> Any:
        """A Lua table of arguments, as many and as large as they are."""
        self.make_room_for(arguments)
        table, extend = self._state.table_from(()), self.lua[b"extend"]
        for number, part in enumerate(_slices(arguments)):
            extend(table, number * SLICE, *part)
        return table

    def values_of(self, table: Any) -> Iterator[Any]:
        """The values of a list of Lua, however long it is."""
        count, values = len(table), self.lua[b"slice"]
        for first in range(1, count + 1, SLICE):
            part = values(table, first, min(first + SLICE - 1, count))
            yield from part if isinstance(part, tuple) else (part,)

    def table(self, content: object) -> Any:
        """A Lua table."""
        return self._state.table_from(content)

    def list_libraries(self, pattern: bytes | None, resp: int, *, with_code: bool) -> bytes:
        """The bytes of the reply of FUNCTION LIST."""
        names = list(self.lua[b"library_names"]().values())
        if pattern is not None:
            matches = glob(pattern, ignore_case=True).fullmatch
            names = [name for name in names if matches(name)]
        chosen = self._state.table_from(names)
        encoded: bytes = self.lua[b"encode"](self.lua[b"list_libraries"](chosen, with_code), resp)
        return encoded

    def key_places(self, row: CommandSpec, arguments: Sequence[bytes]) -> list[KeyPlace] | None:
        """Where a command has its keys, and the specification of each; None if the arguments do not fit."""
        found = self.lua[b"places_of"](row.name.encode(), self.table_of(arguments), len(arguments))
        if found is None:
            return None
        numbers = [int(each) - 1 for each in self.values_of(found)]
        return [
            KeyPlace(position, row.specs[spec])
            for position, spec in zip(numbers[::2], numbers[1::2], strict=True)
        ]


def _slices(values: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The values in parts that are looked at, or given away, at once."""
    for first in range(0, len(values), SLICE):
        yield values[first : first + SLICE]
