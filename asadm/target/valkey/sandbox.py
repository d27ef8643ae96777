"""Runs libraries in the Lua of asudfd's Valkey face, in this process: the one module of asadm that imports the daemon.

It is imported only where a library has to run; that takes some 100 ms once.
"""

from __future__ import annotations

from asadm.target.valkey.verdict import WATCHED, Verdict
from asinfo.text import text as shown
from asudfd.valkey.library_check import LibraryCheck, LoadFailed

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
