"""Reads the lines of the interactive shell with readline, or plainly; `asadm.toolkit_editor` does so with prompt_toolkit."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from asinfo.directories import state_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    Complete = Callable[[str, str], list[str]]
    """What may stand at the end of a line: of what is before the word, and the word that is being typed."""

    class LineEditor(Protocol):
        """Shows a prompt, and reads a line or some that belong together."""

        def read(self, prompt: Prompt) -> str:
            """What was typed. Raises KeyboardInterrupt for Ctrl-C and EOFError for the end of input."""

        def close(self) -> None:
            """Keep the history."""


HISTORY_LINES_MAX = 1000
"""Lines that the history of readline keeps from one session to the next."""

DELIMITERS = " \t\n;"


class Prompt:
    """A prompt: its text, the number of its colour, and whether it is coloured."""

    __slots__ = ("colour", "coloured", "text")

    def __init__(self, text: str, colour: str, *, coloured: bool) -> None:
        self.text = text
        self.colour = colour
        self.coloured = coloured


def history_file(name: str) -> Path:
    """A file in the state directory."""
    return Path(state_directory() or "/.local/state/asudf", name)


class PlainEditor:
    """Input that is no terminal, or output: the prompt goes to standard error, and nothing is kept."""

    def read(self, prompt: Prompt) -> str:
        """See LineEditor."""
        sys.stderr.write(prompt.text)
        sys.stderr.flush()
        return input()

    def close(self) -> None:
        """Nothing is kept."""


class ReadlineEditor:
    """Line editing with history and completion by readline; without it, where Python was built so."""

    def __init__(self, complete: Complete) -> None:
        self._history: Path | None = None
        with suppress(ImportError):
            self._prepare(complete)

    def read(self, prompt: Prompt) -> str:
        """See LineEditor. The colour stands between marks that tell readline not to count it."""
        text = prompt.text
        return input(f"\001\x1b[{prompt.colour}m\002{text}\001\x1b[0m\002" if prompt.coloured else text)

    def _prepare(self, complete: Complete) -> None:
        """Raises ImportError."""
        import readline

        self._history = history_file("asadm_history")
        with suppress(OSError):  # none yet, or not readable: start without
            readline.read_history_file(self._history)
        readline.set_history_length(HISTORY_LINES_MAX)
        readline.set_completer_delims(DELIMITERS)
        readline.parse_and_bind("tab: complete")
        found: list[str] = []

        def completer(word: str, number: int) -> str | None:
            if number == 0:
                found[:] = complete(readline.get_line_buffer()[: readline.get_begidx()], word)
            return found[number] if number < len(found) else None

        readline.set_completer(completer)

    def close(self) -> None:
        """Write the history; a home that cannot be written to is no reason to complain."""
        if self._history is None:
            return
        import readline

        with suppress(OSError):
            self._history.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            readline.write_history_file(self._history)
            self._history.chmod(0o600)
