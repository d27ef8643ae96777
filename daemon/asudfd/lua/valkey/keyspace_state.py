"""The Lua state of a keyspace with all its chunks loaded; the first of a process is made in a thread beside its start."""

from __future__ import annotations

import secrets
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from asudfd.lua.state import LUA51, new_state
from asudfd.lua.valkey.chunks import KEYSPACE, load_sandbox


class KeyspaceState(NamedTuple):
    """A state, the table `host` of functions that it calls back, which has none at first, and what its chunks provide."""

    state: Any
    host: Any
    provided: Any


_beside: list[Future[KeyspaceState]] = []

_MEMORY = 64 << 20
"""Bytes that a state may take until it is known what it may: the chunks take 2.5 MiB."""


def make_beside() -> None:
    """Make the state that the first keyspace needs while the process does what else a start needs: Lua runs without Python's lock.

    To call it again before a keyspace has it does nothing.
    """
    if _beside:
        return
    executor = ThreadPoolExecutor(1, thread_name_prefix="keyspace")
    _beside.append(executor.submit(_made, _MEMORY))
    executor.shutdown(wait=False)


def keyspace_state(memory: int) -> KeyspaceState:
    """A new state that may take ``memory`` bytes; each is given out once."""
    if not _beside:
        return _made(memory)
    made = _beside.pop().result()
    made.state.set_max_memory(memory)
    return made


def _made(memory: int) -> KeyspaceState:
    state = new_state(memory, LUA51)
    host = state.table_from({b"seed": secrets.randbits(31)})
    return KeyspaceState(state, host, load_sandbox(state, {b"host": host}, KEYSPACE))
