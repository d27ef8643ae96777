"""Frames between the node and a worker: size (4 bytes), kind (1 byte), body.

What the node sends, a worker may believe: bodies are tuples in the form of `marshal`. What a worker sends is checked here before it is
used: sizes, kinds, fields.
"""

from __future__ import annotations

import marshal
import struct
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from asinfo.errors import Error

if TYPE_CHECKING:
    from asudfd.lua.call import LuaCall

HEADER = struct.Struct("<IB")

SETTINGS, CHECK, SOURCE, NO_SOURCE, MAKE, CALL, OPEN, POUR, DROP = range(1, 10)
"""To a worker: what it works with, once and first; check a module; the source that it has asked for; there is none; make a context;
call a function in one; begin a stream in one; let a batch pass through it; drop contexts."""

COMPILED, FETCH, LINE, GOOD, BAD, REQUIRED, MADE, NOT_MADE, RESULT, POURED, READY, RAN, LATE = range(16, 29)
"""From a worker: the module is compiled and its body begins; a source is wanted; a line for the log; the module is good; it is
not; a name that it has required; the context is made; it is not; a call has ended; a batch has passed; after a context was
closed: the worker is ready again; which lines of modules have run; a call has taken so long that nobody waits for it any more."""

SHORT_MAX = 16384
"""Bytes of a frame from a worker: a line for the log has a text and a place, of 2,048 bytes each at most."""

RESULT_MAX = 64 << 20
"""Bytes of a frame with a result: no record is so large, and a stream ends its batch when it has some hundred KiB."""

PACKED_MAX = RESULT_MAX - 64
"""Bytes of a result in such a frame."""

RAN_MAX = 4 << 20
"""Bytes of a frame with the lines that have run: 64 modules of the largest size."""

_SIZES_MAX = {RESULT: RESULT_MAX, POURED: RESULT_MAX, RAN: RAN_MAX}

_LINE = struct.Struct("<BBH")
_BAD = struct.Struct("<IH")
_MADE = struct.Struct("<Q")
_STATE = struct.Struct("<dQB")
_RESULT = struct.Struct("<IBdQB")
"""The head of a frame RESULT with the state of the context."""

RESULT_AT = _RESULT.size
"""Where the packed result begins in a frame RESULT."""

_POURED = struct.Struct("<BIII")

_MARSHAL_PLAIN = 2
"""The form of `marshal` that looks for no value which comes twice: it takes two thirds of the time."""

_dumps = marshal.dumps
_new = tuple.__new__  # builds a named tuple without a call of Python code

LEVELS = 5
"""Of log lines: 0 critical to 4 detail."""


class BrokenWorkerError(Error):
    """A worker said what no worker may say."""


class WorkerSettings(NamedTuple):
    """What the contexts of a worker have, see `asudfd.config.schema.lua`; ``address_space`` is bytes that it may take beyond what it has.

    ``checks`` names a module whose `check_of` makes the check of texts in place of that of modules; it is imported in the worker.
    """

    user_path: bytes
    memory: int
    unsafe: bool
    address_space: int
    niceness: int
    """Steps of nice(2) by which it is less urgent than the node."""

    coverage: bool = False
    checks: str = ""


class ModuleCheck(NamedTuple):
    """A module to be checked: its name, its text, and how long its body may take."""

    name: bytes
    content: bytes
    body_max_ms: int


class ContextMake(NamedTuple):
    """A context to be made: its number, and the module, whose text is None where the worker has had it.

    ``body_seconds`` are those of the processor that the body may take; ``deadline`` is on the monotonic clock.
    """

    number: int
    name: bytes
    text: bytes | None
    body_seconds: float
    deadline: float


class ContextCall(NamedTuple):
    """A call in the context ``number``, or a stream; ``deadline`` is on the monotonic clock.

    When it takes longer than ``patience`` seconds, the worker says so (LATE).
    """

    number: int
    call: LuaCall
    deadline: float
    patience: float = inf


class ContextPour(NamedTuple):
    """A batch for the stream in the context ``number``."""

    number: int
    batch: bytes
    deadline: float


class WorkerLine(NamedTuple):
    """A line for the log: level, place in the module, text, and whether a stream has logged it."""

    level: int
    place: str
    text: str
    of_stream: bool = False


class WorkerVerdict(NamedTuple):
    """Why a module is bad, as `asudfd.lua.errors.ModuleError` has it."""

    file: bytes
    line: int
    message: bytes


class ContextState(NamedTuple):
    """How a context is after a call: the processor's seconds that the call took, bytes in use, and whether it can be used again.

    Of calls that were sent together, the last one tells what all have taken, and the others nothing.
    """

    seconds: float
    memory: int
    usable: bool


class PouredBatch(NamedTuple):
    """What a batch came to, as `asudfd.lua.call.StreamResult` has it."""

    messages: bytes
    more: bool
    failure: bytes
    detail: bytes


class LinesRan(NamedTuple):
    """Lines that have run, by the name of the chunk, and why some chunks have no marks."""

    lines: dict[str, list[int]]
    followed: dict[str, str]


def frame(kind: int, body: bytes = b"") -> bytes:
    """A whole frame."""
    return HEADER.pack(len(body), kind) + body


def told(kind: int, fields: tuple[Any, ...]) -> bytes:
    """A whole frame to a worker."""
    return frame(kind, marshal.dumps(tuple(map(_plain, fields))))


def _plain(field: Any) -> Any:
    """A named tuple, which `marshal` does not know, as a tuple."""
    return tuple(field) if isinstance(field, tuple) else field


def told_call(
    number: int, call: LuaCall, deadline: float, *, patience: float = inf, kind: int = CALL
) -> bytes:
    """A whole frame with a `ContextCall`: a microsecond counts here. The worker knows its module."""
    _, function, arguments, view, size = call
    body = _dumps((number, ("", function, arguments, tuple(view), size), deadline, patience), _MARSHAL_PLAIN)
    return HEADER.pack(len(body), kind) + body


def size_from_worker(size: int, kind: int) -> None:
    """Check the header of a frame from a worker. Raises BrokenWorkerError."""
    if not COMPILED <= kind <= LATE or size > _SIZES_MAX.get(kind, SHORT_MAX):
        raise BrokenWorkerError(f"a frame of kind {kind} and {size} bytes")


def pack_line(line: WorkerLine) -> bytes:
    """The body of a frame LINE."""
    encoded = line.place.encode()[:2048]
    return _LINE.pack(line.level, line.of_stream, len(encoded)) + encoded + line.text.encode()[:8192]


def unpack_line(body: bytes) -> WorkerLine:
    """The line in a frame LINE. Raises BrokenWorkerError."""
    level, of_stream, size = _head(_LINE, body)
    rest = body[_LINE.size :]
    if level >= LEVELS or size > len(rest):
        raise BrokenWorkerError("a line of an unknown level, or cut off")
    place, line = rest[:size].decode("utf-8", "replace"), rest[size:].decode("utf-8", "replace")
    return WorkerLine(level, place, line, bool(of_stream))


def pack_bad(file: bytes, line: int, message: bytes) -> bytes:
    """The body of a frame BAD."""
    return _BAD.pack(line, len(file)) + file + message


def unpack_bad(body: bytes) -> WorkerVerdict:
    """The verdict in a frame BAD. Raises BrokenWorkerError."""
    line, size = _head(_BAD, body)
    rest = body[_BAD.size :]
    if size > len(rest):
        raise BrokenWorkerError("a verdict that is cut off")
    return WorkerVerdict(rest[:size], line, rest[size:])


def pack_made(memory: int) -> bytes:
    """The body of a frame MADE: bytes that the context takes."""
    return _MADE.pack(memory)


def unpack_made(body: bytes) -> int:
    """The bytes in a frame MADE. Raises BrokenWorkerError."""
    (memory,) = _head(_MADE, body)
    return int(memory)


def result_frame(state: ContextState, packed: bytes) -> bytes:
    """A whole frame RESULT: ``packed`` is the result as the crossing packs it."""
    return _RESULT.pack(_STATE.size + len(packed), RESULT, *state) + packed


def whole_result(data: bytes) -> ContextState | None:
    """The state of the context, if ``data`` is one whole frame RESULT and nothing else; the packed result begins at RESULT_AT."""
    if len(data) < RESULT_AT:
        return None
    size, kind, seconds, memory, usable = _RESULT.unpack_from(data)
    if kind != RESULT or size != len(data) - HEADER.size:
        return None
    return _new(ContextState, (seconds, memory, usable != 0))


def unpack_result(body: bytes) -> tuple[ContextState, bytes]:
    """The state of the context, and the packed result, in the body of a frame RESULT. Raises BrokenWorkerError."""
    seconds, memory, usable = _head(_STATE, body)
    return _new(ContextState, (seconds, memory, usable != 0)), body[_STATE.size :]


def pack_poured(state: ContextState, batch: PouredBatch) -> bytes:
    """The body of a frame POURED."""
    messages, more, failure, detail = batch
    head = _POURED.pack(more, len(messages), len(failure), len(detail))
    return b"".join((_STATE.pack(*state), head, messages, failure, detail))


def unpack_poured(body: bytes) -> tuple[ContextState, PouredBatch]:
    """What is in a frame POURED. Raises BrokenWorkerError."""
    state, rest = unpack_result(body)
    more, messages, failure, detail = _head(_POURED, rest)
    if _POURED.size + messages + failure + detail != len(rest):
        raise BrokenWorkerError("a batch of another size")
    failure_at = _POURED.size + messages
    detail_at = failure_at + failure
    batch = PouredBatch(
        rest[_POURED.size : failure_at], bool(more), rest[failure_at:detail_at], rest[detail_at:]
    )
    return state, batch


def pack_ran(ran: LinesRan) -> bytes:
    """The body of a frame RAN."""
    import json  # here and below: for the coverage of tests alone

    return json.dumps(ran).encode()


def unpack_ran(body: bytes) -> LinesRan:
    """The lines in a frame RAN. Raises BrokenWorkerError."""
    import json

    try:
        match json.loads(body):
            case [dict(lines), dict(followed)] if all(map(_are_lines, lines.values())) and all(
                isinstance(why, str) for why in followed.values()
            ):
                return LinesRan(lines, followed)
    except (ValueError, RecursionError):
        pass
    raise BrokenWorkerError("lines that are none")


def _are_lines(lines: object) -> bool:
    return isinstance(lines, list) and all(type(line) is int for line in lines)


def _head(form: struct.Struct, body: bytes) -> tuple[Any, ...]:
    """The fields at the beginning of a body. Raises BrokenWorkerError."""
    if len(body) < form.size:
        raise BrokenWorkerError("a frame without a head")
    return form.unpack_from(body)
