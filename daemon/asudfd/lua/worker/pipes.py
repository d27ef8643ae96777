"""The worker's end of its pipes."""

from __future__ import annotations

import os

from asudfd.lua.worker.frames import HEADER, frame

READ_SIZE = 65536

HELD_MAX = 16384
"""Bytes of log lines that wait for the next frame, or for a millisecond to pass."""


class EndError(Exception):
    """The node has closed the pipe."""


class Pipes:
    """Frames in from one descriptor and out to another."""

    __slots__ = ("_at", "_buffer", "_held", "_reading", "_writing")

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing
        self._buffer = b""
        self._at = 0  # where in the buffer the next frame begins
        self._held = b""

    def receive(self) -> tuple[int, bytes]:
        """Kind and body of the next frame. Raises EndError."""
        if len(self._buffer) - self._at < HEADER.size:
            self._fill(HEADER.size)
        size, kind = HEADER.unpack_from(self._buffer, self._at)
        end = self._at + HEADER.size + size
        if len(self._buffer) < end:
            self._fill(HEADER.size + size)
            end = HEADER.size + size
        body = self._buffer[self._at + HEADER.size : end]
        if end == len(self._buffer):
            self._buffer, self._at = b"", 0
        else:
            self._at = end
        return kind, body

    def has_more(self) -> bool:
        """Whether the next frame is here already, or a part of it."""
        return self._buffer != b""

    def _fill(self, size: int) -> None:
        """Have at least so many bytes in the buffer, of which the next frame is the first."""
        self.flush()  # whoever is to send the rest may wait for it
        parts = [self._buffer[self._at :]]
        have = len(parts[0])
        while have < size:
            part = os.read(self._reading, READ_SIZE)
            if not part:
                raise EndError
            parts.append(part)
            have += len(part)
        self._buffer, self._at = b"".join(parts), 0

    def send(self, kind: int, body: bytes = b"") -> None:
        """Write a frame, behind what is held; the node reads all the time."""
        self._write(self._held + frame(kind, body))

    def answer(self, data: bytes) -> None:
        """Write a whole frame, or hold it back while the next task is here already: many answers are one write."""
        if self._buffer:
            self._hold(data)
        else:
            self._write(self._held + data)

    def hold(self, kind: int, body: bytes) -> None:
        """Write a frame with the next one, or by `flush`."""
        self._hold(frame(kind, body))

    def _hold(self, data: bytes) -> None:
        self._held += data
        if len(self._held) > HELD_MAX:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self._held:
            self._write(self._held)

    def _write(self, data: bytes) -> None:
        self._held = b""
        while data:
            data = data[os.write(self._writing, data) :]
