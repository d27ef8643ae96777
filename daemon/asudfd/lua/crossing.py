"""The crossing of a face: what the engine is given to run the functions of that face's modules.

A crossing has Lua files, which make what modules see, and Python, which decodes and checks what comes out. The engine
knows this interface only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from asinfo.errors import Error

if TYPE_CHECKING:
    from pathlib import Path

    from asudfd.lua.bytecode import LibraryNames

ResultT = TypeVar("ResultT")


class WrongResultError(Error):
    """A call handed back what no call may: its module has found a way into the sandbox."""


class CrossingFiles(NamedTuple):
    """The Lua files of a crossing: those in ``names`` of ``directory``, loaded in this order.

    ``last`` is loaded in the modules' own environment. ``shown`` are the files whose lines are part of messages, and
    the chunk names that the messages have. The files before the last provide `crossing`, a table of three functions:

        invoke(name, limit, trial, arguments, ...)   do a call; the last result is the state of the context
        open_stream(name, arguments, ...)            begin a stream
        pour(limit, batch)                           let a batch pass: messages, is there more, an error text or nil, where it
                                                     failed or nil, the state

    The states are those of `asudfd.lua.call`; the values of the call's view stand for the dots.
    """

    directory: Path
    names: tuple[str, ...]
    last: str
    shown: dict[str, bytes]


class Crossing(Protocol[ResultT]):
    """A face's part of a Lua host."""

    lua_version: str
    """See `asudfd.lua.state`."""

    no_tail_calls: LibraryNames
    """Names of library functions that its Lua files add."""

    timeout: bytes
    """Error text of a call that runs out of time."""

    no_module: bytes
    """Error text of a call whose module is unknown, or does not load."""

    log_context: str
    """Context of the log lines of calls."""

    stream_log_context: str
    """Context of the log lines of streams."""

    no_view: tuple[Any, ...]
    """What a call works on where there is nothing, for a first call that loads all that calls need."""

    def __hash__(self) -> int:
        """Its Lua files are compiled once."""
        ...

    def files(self) -> CrossingFiles:
        """The Lua files."""
        ...

    def result(self, raw: tuple[Any, ...], view: Any) -> ResultT:
        """The result of a call, decoded and checked; ``raw`` is what the Lua files answer. Raises WrongResultError."""
        ...

    def pack(self, raw: tuple[Any, ...]) -> bytes:
        """The result of a call as it crosses from a worker to the node. Raises WrongResultError for what cannot be one."""
        ...

    def unpack(self, data: bytes) -> tuple[Any, ...]:
        """A result that has crossed, for `result`. Raises WrongResultError."""
        ...

    def failed(self, text: bytes, *, late: bool = False, detail: bytes = b"") -> ResultT:
        """The result of a call that could not run, or did not end by itself; ``detail`` says why, for the log."""
        ...

    def lacks_memory(self, result: ResultT) -> bool:
        """Whether a call ended for want of memory."""
        ...

    def is_missing(self, result: ResultT) -> bool:
        """Whether the module has no such function."""
        ...

    def check_messages(self, messages: object, view: Any) -> None:
        """Check what a stream has written. Raises WrongResultError."""
        ...

    def stream_failed(self, text: bytes) -> bytes:
        """The error text of a stream that ends with ``text``."""
        ...
