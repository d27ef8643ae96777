"""MONITOR: each command as a line, for those who watch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from asudfd.valkey.command_log import redacted

if TYPE_CHECKING:
    from asudfd.valkey.client import Client
    from asudfd.valkey.state import ServerState

_ESCAPES = {0x22: '\\"', 0x5C: "\\\\", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x07: "\\a", 0x08: "\\b"}
_ESCAPED = [_ESCAPES.get(byte, chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}") for byte in range(256)]


def quoted(text: bytes) -> str:
    """A text in quotes, with escapes for what is not printable."""
    return '"' + "".join([_ESCAPED[byte] for byte in text]) + '"'


def show_to_monitors(state: ServerState, client: Client, arguments: list[bytes]) -> None:
    """Send a command to the clients that monitor; those that hold a password are left out by their flags."""
    address = client.connection.address if client.connection else "lua"
    words = " ".join(quoted(each) for each in redacted(arguments))
    line = f"+{time.time():.6f} [{client.database} {address}] {words}\r\n".encode("latin-1")
    for monitor in tuple(state.monitors):
        if monitor is not client:
            monitor.push(line)
