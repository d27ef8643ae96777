"""Finds out what blocks the event loop, from the stack of its thread: so serving a request pays nothing for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from asinfo.text import text
from asudfd.lua.context_maker import run_body
from asudfd.lua.host import LuaHost
from asudfd.network.connection import Connection
from asudfd.network.session import ClientSession
from asudfd.service import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import FrameType

    from asudfd.service import NodeService

STACK_SIZE_MAX = 8
"""Innermost frames that are told."""


class HeldCall(NamedTuple):
    """The call of a Lua function that runs on the event loop."""

    host: LuaHost[Any]
    module: str
    function: bytes


class LoopHolder(NamedTuple):
    """The code that blocks the event loop: the call of Lua, if it is one; a description; the client; and the innermost frames."""

    call: HeldCall | None
    what: str
    client: str
    stack: str

    def __str__(self) -> str:
        return f"{self.what}{' for client ' if self.client else ''}{self.client}"


def holder(stack: FrameType, loop: asyncio.AbstractEventLoop, services: Sequence[NodeService]) -> LoopHolder:
    """What blocks ``loop``, which serves ``services`` and whose thread has the ``stack``."""
    frames = list(_frames(stack))
    call, what = None, "something that is no request"
    for frame in frames:  # the innermost first: it says most
        known = _known(frame, services)
        if known is not None:
            call, what = known
            break
    return LoopHolder(call, what, _client(frames, loop, services), " < ".join(_places(frames)))


def _frames(stack: FrameType | None) -> Iterator[FrameType]:
    while stack is not None:
        yield stack
        stack = stack.f_back


def _known(frame: FrameType, services: Iterable[NodeService]) -> tuple[HeldCall | None, str] | None:
    if frame.f_code is LuaHost._try.__code__:  # noqa: SLF001 - the frame of a call on the event loop, which its host makes
        host, pool, function = (frame.f_locals[name] for name in ("self", "pool", "function"))
        call = HeldCall(host, pool.module, function)
        return call, f"the function {quoted(call.function)} of the module {call.module!r}"
    if frame.f_code is run_body.__code__:
        return None, f"the body of the module {text(frame.f_locals['name'])!r}"
    what = next(filter(None, (service.blocks(frame) for service in services)), None)
    return None if what is None else (None, what)


def _client(
    frames: Iterable[FrameType], loop: asyncio.AbstractEventLoop, services: Iterable[NodeService]
) -> str:
    """Address of whose request it is: its connection or session is on the stack, or waits for the task that runs."""
    for frame in frames:
        for found in _values(frame, "session", "self"):
            if isinstance(found, ClientSession) and found.address:
                return found.address
            if isinstance(found, Connection):
                return found.address
    task = asyncio.current_task(loop)
    if task is None:
        return ""
    return next(filter(None, (service.client_of(task) for service in services)), "")


def _values(frame: FrameType, *names: str) -> Iterator[Any]:
    known = frame.f_locals
    return (known[name] for name in names if name in known)


def _places(frames: list[FrameType]) -> Iterator[str]:
    for frame in frames[:STACK_SIZE_MAX]:
        name = frame.f_code.co_filename.rpartition("/")[2]
        yield f"{name}:{frame.f_lineno} {frame.f_code.co_name}"
