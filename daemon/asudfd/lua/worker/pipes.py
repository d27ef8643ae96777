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

    __slots__ = ("_buffer", "_held", "_reading", "_writing")

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing
        self._buffer = b""
        self._held = b""

    def receive(self) -> tuple[int, bytes]:
        """Kind and body of the next frame. Raises EndError."""
        size, kind = HEADER.unpack(self._take(HEADER.size))
        return kind, self._take(size)

    def _take(self, size: int) -> bytes:
        whole = self._buffer
        if len(whole) < size:
            whole = self._filled(size)
        self._buffer = whole[size:]
        return whole[:size]

    def _filled(self, size: int) -> bytes:
        self.flush()  # whoever is to send the rest may wait for it
        parts, have = [self._buffer], len(self._buffer)
        while have < size:
            part = os.read(self._reading, READ_SIZE)
            if not part:
                raise EndError
            parts.append(part)
            have += len(part)
        return b"".join(parts)

    def send(self, kind: int, body: bytes = b"") -> None:
        """Write a frame, behind what is held; the node reads all the time."""
        self._write(self._held + frame(kind, body) if self._held else frame(kind, body))

    def answer(self, kind: int, body: bytes) -> None:
        """Write a frame, or hold it back while the next task is here already: many answers are one write."""
        if self._buffer:
            self.hold(kind, body)
        else:
            self.send(kind, body)

    def hold(self, kind: int, body: bytes) -> None:
        """Write a frame with the next one, or by `flush`."""
        self._held += frame(kind, body)
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
