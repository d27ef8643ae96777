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


_beside: list[tuple[int, Future[KeyspaceState]]] = []


def make_beside(memory: int) -> None:
    """Make the state that the first keyspace needs while the process imports what else it needs: Lua runs without Python's lock."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="keyspace")
    _beside.append((memory, executor.submit(_made, memory)))
    executor.shutdown(wait=False)


def keyspace_state(memory: int) -> KeyspaceState:
    """A new state that may take ``memory`` bytes; each is given out once."""
    if _beside:
        made_for, future = _beside.pop()
        state = future.result()
        if made_for == memory:
            return state
    return _made(memory)


def _made(memory: int) -> KeyspaceState:
    state = new_state(memory, LUA51)
    host = state.table_from({b"seed": secrets.randbits(31)})
    return KeyspaceState(state, host, load_sandbox(state, {b"host": host}, KEYSPACE))
