"""The Lua state of a node's keyspace: its commands, functions and scripts.

The engine knows no socket. It belongs to one thread, which calls `execute` for each command; the host's functions
that Lua calls back are attributes of `KeyspaceHost`.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Protocol

from asudfd.lua.state import LUA51, new_state
from asudfd.valkey.table import command_rows

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNKS = (
    *("reply", "number", "encode", "keyspace", "watch", "dispatch"),
    *("commands/basic", "commands/string"),
)
"""The Lua files in the order in which they are loaded, after `load`."""

_LOADER = b"""
return function(text, ...)
    local chunk, message = loadstring(text, "=load.lua")
    if not chunk then error(message, 0) end
    return chunk(...)
end
"""


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

    def command(self, *arguments: bytes) -> bytes:
        """The reply, in RESP3, of a command that is implemented in Python and called by a script."""


class KeyspaceEngine:
    """A keyspace with all its commands. ``memory`` bytes are the most that the state may take."""

    def __init__(self, host: KeyspaceHost, memory: int) -> None:
        self._state: Any = new_state(memory, LUA51)
        first, *others = _texts()
        pairs = [part for name, text in zip(CHUNKS, others, strict=True) for part in (name.encode(), text)]
        functions = self._state.table_from(
            {
                b"fault": host.fault,
                b"block": host.block,
                b"ready": host.ready_key,
                b"expired": host.expired,
                b"command": host.command,
                b"sha1hex": _sha1hex,
            }
        )
        self.lua: Any = self._state.execute(_LOADER)(first, functions, *pairs)
        self.execute: Callable[..., bytes] = self.lua[b"execute"]
        """``execute(now, database, resp, client, *arguments)``: the bytes of the reply; empty when the client has to wait.

        ``now`` is milliseconds since 1970; ``client`` 0 is one that cannot be made to wait."""
        self._define()

    def _define(self) -> None:
        define, table = self.lua[b"define"], self._state.table_from
        for row in command_rows().values():
            first, last, step = row.keys
            flags = {flag.encode(): True for flag in row.flags}
            define(
                table(
                    {
                        b"name": row.name.encode(),
                        b"arity": row.arity,
                        b"first": first,
                        b"last": last,
                        b"step": step,
                        **flags,
                    }
                )
            )


@cache
def _texts() -> tuple[bytes, ...]:
    directory = files("asudfd.lua.valkey")
    return tuple((directory / f"{name}.lua").read_bytes() for name in ("load", *CHUNKS))


def _sha1hex(text: bytes) -> bytes:
    return hashlib.sha1(text, usedforsecurity=False).hexdigest().encode()
