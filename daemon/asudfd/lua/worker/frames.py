"""Frames between the node and a worker: size (4 bytes), kind (1 byte), body.

What the node sends, a worker may believe. What a worker sends is checked here before it is used: sizes, kinds, fields.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from asinfo.errors import Error

HEADER = struct.Struct("<IB")

CHECK, SOURCE, NO_SOURCE = 1, 2, 3
"""To a worker: check a module; the source that it has asked for; there is none."""

COMPILED, FETCH, LINE, GOOD, BAD, REQUIRED = 16, 17, 18, 19, 20, 21
"""From a worker: the module is compiled and its body begins; a source is wanted; a line for the log; the module is good;
it is not; a name that it has required."""

FROM_WORKER_MAX = 16384
"""Bytes of a frame from a worker: a line for the log has a text and a place, of 2,048 bytes each at most."""

_CHECK = struct.Struct("<QIBII")
_LINE = struct.Struct("<BH")
_BAD = struct.Struct("<IH")


class BrokenWorkerError(Error):
    """A worker said what no worker may say."""


class ModuleCheck(NamedTuple):
    """A module to be checked: its name, its text, and what the context of its body has (see `asudfd.config.schema.lua`)."""

    name: bytes
    content: bytes
    user_path: bytes
    memory: int
    body_max_ms: int
    unsafe: bool

    def pack(self) -> bytes:
        """The body of a frame CHECK."""
        head = _CHECK.pack(self.memory, self.body_max_ms, self.unsafe, len(self.name), len(self.user_path))
        return head + self.name + self.user_path + self.content

    @classmethod
    def unpack(cls, body: bytes) -> ModuleCheck:
        """The module in the body of a frame CHECK."""
        memory, body_max_ms, unsafe, name_size, path_size = _CHECK.unpack_from(body)
        path_at = _CHECK.size + name_size
        content_at = path_at + path_size
        name, path = body[_CHECK.size : path_at], body[path_at:content_at]
        return cls(name, body[content_at:], path, memory, body_max_ms, bool(unsafe))


class WorkerLine(NamedTuple):
    """A line for the log: level, place in the module, text."""

    level: int
    place: str
    text: str


class WorkerVerdict(NamedTuple):
    """Why a module is bad, as `asudfd.lua.errors.ModuleError` has it."""

    file: bytes
    line: int
    message: bytes


def frame(kind: int, body: bytes = b"") -> bytes:
    """A whole frame."""
    return HEADER.pack(len(body), kind) + body


def size_from_worker(header: bytes) -> tuple[int, int]:
    """Kind and size of a frame from a worker. Raises BrokenWorkerError."""
    size, kind = HEADER.unpack(header)
    if size > FROM_WORKER_MAX or not COMPILED <= kind <= REQUIRED:
        raise BrokenWorkerError(f"a frame of kind {kind} and {size} bytes")
    return kind, size


def pack_line(level: int, place: str, text: str) -> bytes:
    """The body of a frame LINE."""
    encoded = place.encode()[:2048]
    return _LINE.pack(level, len(encoded)) + encoded + text.encode()[:8192]


def unpack_line(body: bytes) -> WorkerLine:
    """The line in a frame LINE. Raises BrokenWorkerError."""
    if len(body) < _LINE.size:
        raise BrokenWorkerError("a line without a head")
    level, size = _LINE.unpack_from(body)
    rest = body[_LINE.size :]
    if level > 4 or size > len(rest):
        raise BrokenWorkerError("a line of an unknown level, or cut off")
    return WorkerLine(level, rest[:size].decode("utf-8", "replace"), rest[size:].decode("utf-8", "replace"))


def pack_bad(file: bytes, line: int, message: bytes) -> bytes:
    """The body of a frame BAD."""
    return _BAD.pack(line, len(file)) + file + message


def unpack_bad(body: bytes) -> WorkerVerdict:
    """The verdict in a frame BAD. Raises BrokenWorkerError."""
    if len(body) < _BAD.size:
        raise BrokenWorkerError("a verdict without a head")
    line, size = _BAD.unpack_from(body)
    rest = body[_BAD.size :]
    if size > len(rest):
        raise BrokenWorkerError("a verdict that is cut off")
    return WorkerVerdict(rest[:size], line, rest[size:])
