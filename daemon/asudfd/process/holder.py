"""Finds out what blocks the event loop, from the stack of its thread: so serving a request pays nothing for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from asudfd.aerospike.info.dispatch import InfoService
from asudfd.aerospike.message.dispatch import RecordService
from asudfd.lua.host import LuaHost
from asudfd.network.connection import Connection
from asudfd.network.session import ClientSession

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

    from asudfd.network.connections import ConnectionSet

NAME_SIZE_MAX = 128
"""Characters of a command that are told."""

STACK_SIZE_MAX = 8
"""Innermost frames that are told."""


class HeldCall(NamedTuple):
    """The call of a Lua function that runs on the event loop."""

    host: LuaHost[Any]
    module: str
    function: bytes


class LoopHolder(NamedTuple):
    """What blocks the event loop: the call of Lua, if it is one; a description; the client; and the innermost frames."""

    call: HeldCall | None
    what: str
    client: str
    stack: str

    def __str__(self) -> str:
        return f"{self.what}{' for client ' if self.client else ''}{self.client}"


def holder(
    stack: FrameType, loop: asyncio.AbstractEventLoop, listened: Iterable[ConnectionSet]
) -> LoopHolder:
    """What blocks ``loop``, whose thread has the ``stack``."""
    frames = list(_frames(stack))
    call, what = None, "something that is no request"
    for frame in frames:  # the innermost first: it says most
        known = _known(frame)
        if known is not None:
            call, what = known
            break
    return LoopHolder(call, what, _client(frames, loop, listened), " < ".join(_places(frames)))


def _frames(stack: FrameType | None) -> Iterator[FrameType]:
    while stack is not None:
        yield stack
        stack = stack.f_back


def _known(frame: FrameType) -> tuple[HeldCall | None, str] | None:
    code = frame.f_code
    if code is LuaHost.run_inline.__code__:
        call = HeldCall(*(frame.f_locals[name] for name in ("self", "module", "function")))
        return call, f"the function {_text(call.function)} of the module {call.module!r}"
    if code is InfoService.answer.__code__:
        return None, f"the info command {_text(frame.f_locals['line'])}"
    if code is RecordService.respond.__code__:
        return None, "a record message"
    return None


def _client(
    frames: Iterable[FrameType], loop: asyncio.AbstractEventLoop, listened: Iterable[ConnectionSet]
) -> str:
    """Address of whose request it is: its connection or session is on the stack, or waits for the task that runs."""
    for frame in frames:
        for found in _values(frame, "session", "self"):
            if isinstance(found, ClientSession) and found.address:
                return found.address
            if isinstance(found, Connection):
                return found.address
    task = asyncio.current_task(loop)
    for connection in (each for connections in listened for each in tuple(connections.connections)):
        if task is not None and connection.is_working(task):
            return connection.address
    return ""


def _values(frame: FrameType, *names: str) -> Iterator[Any]:
    known = frame.f_locals
    return (known[name] for name in names if name in known)


def _places(frames: list[FrameType]) -> Iterator[str]:
    for frame in frames[:STACK_SIZE_MAX]:
        name = frame.f_code.co_filename.rpartition("/")[2]
        yield f"{name}:{frame.f_lineno} {frame.f_code.co_name}"


def _text(name: bytes) -> str:
    return repr(name[:NAME_SIZE_MAX].decode("utf-8", "backslashreplace"))
