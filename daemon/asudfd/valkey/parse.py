"""Requests of RESP: a stand-in until the codec is there."""

from __future__ import annotations


def parse(data: bytes) -> tuple[list[tuple[list[bytes], int]], int, int, bytes]:
    """The whole requests in ``data`` with their ends, where the rest starts, bytes wanted, and a protocol error."""
    found: list[tuple[list[bytes], int]] = []
    at = 0
    while at < len(data):
        line_end = data.find(b"\r\n", at)
        if line_end < 0:
            return found, at, len(data) - at + 1, b""
        if data[at] != 42:
            words = data[at:line_end].split()
            at = line_end + 2
            if words:
                found.append((words, at))
            continue
        count, here, arguments = int(data[at + 1 : line_end]), line_end + 2, []
        for _ in range(count):
            line_end = data.find(b"\r\n", here)
            if line_end < 0:
                return found, at, len(data) - at + 1, b""
            size = int(data[here + 1 : line_end])
            here = line_end + 2 + size + 2
            if here > len(data):
                return found, at, here - at, b""
            arguments.append(data[line_end + 2 : here - 2])
        at = here
        if arguments:
            found.append((arguments, at))
    return found, at, 1, b""
