"""Runs libraries in the Lua of asudfd's Valkey face, in this process: the one module of asadm that imports the daemon.

It is imported only where a library has to run; that takes some 100 ms once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asadm.target.valkey.function_error import function_failed
from asadm.target.valkey.verdict import WATCHED, Verdict
from asinfo.errors import Error
from asinfo.terminal.interrupt import heard
from asinfo.text import text as shown
from asinfo.wire.resp_reply import ErrorReply
from asudfd.valkey.load_check import LibraryCheck, LoadFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PLACE = b"user_function:"
_PREFIXES = (b"ERR ", b"Error registering functions: ", b"Error compiling function: ")


class Sandbox:
    """A state in which libraries are loaded one by one, none of which knows of the others."""

    def __init__(self) -> None:
        self._check = LibraryCheck()

    def verdict(self, name: bytes, text: bytes) -> Verdict:
        """What becomes of a library when it is loaded; its first line is right."""
        try:
            checked = self._check.load(name, text)
        except LoadFailed as failed:
            line, reason = _placed(failed)
            return Verdict(failure=reason, line=line, name=failed.name, earlier=failed.earlier)
        functions = [function.name for function in checked.functions]
        lines = {name: line for name, line in checked.global_lines.items() if name in WATCHED}
        return Verdict(functions, lines, logged=checked.logged)


def _placed(failed: LoadFailed) -> tuple[int, str]:
    """Line and reason of a failure, without what servers put before them."""
    reason, line = failed.text, failed.line
    found = True
    while found:
        found = False
        for prefix in _PREFIXES:
            if reason.startswith(prefix):
                reason, found = reason.removeprefix(prefix), True
    if reason.startswith(_PLACE):
        number, colon, rest = reason.removeprefix(_PLACE).partition(b": ")
        if colon and number.isdigit():
            line, reason = int(number), rest
    return line, shown(reason)


class OfflineCall:
    """A keyspace in this process with one library. A call ends after ``seconds``; ``log`` gets the lines that functions log."""

    def __init__(self, library: bytes, seconds: float, log: Callable[[str], None]) -> None:
        """Raises Error where the library cannot be loaded."""
        from asudfd.valkey.offline_keyspace import (
            OfflineKeyspace,
        )  # the whole face: a check needs a part of it

        self._keyspace = OfflineKeyspace(
            seconds, lambda _level, line: log(shown(line)), lambda: bool(heard())
        )
        try:
            self._keyspace.load(library)
        except LoadFailed as failed:  # although it was loaded before: a busy machine, or Ctrl-C
            raise Error(f"the library cannot be loaded: {shown(failed.text)}") from None

    def command(self, words: Sequence[bytes]) -> Any:
        """The reply to any command."""
        return self._keyspace.run(words)

    def failure(self, words: Sequence[bytes]) -> str:
        """Why a command fails; empty where it does not."""
        reply = self.command(words)
        return shown(reply.text) if isinstance(reply, ErrorReply) else ""

    def call(self, function: bytes, keys: Sequence[bytes], arguments: Sequence[bytes]) -> Any:
        """What the function answers. Raises FunctionFailed."""
        reply = self._keyspace.run([b"FCALL", function, b"%d" % len(keys), *keys, *arguments])
        if isinstance(reply, ErrorReply):
            raise function_failed(reply.text)
        return reply
