"""Pictures that are drawn over each other on a terminal, until a key ends it; one below the other elsewhere."""

from __future__ import annotations

import sys

from asinfo.terminal import interrupt

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Any, Self

    from asadm.session import CommandSession

QUIT = b"q"
"""The key that ends it."""


class Redrawing:
    """While it lasts, keys come one by one and are not echoed.

    ``active``  whether pictures are drawn over each other: on a terminal that shows colours, for a person
    ``keys``    False where what is drawn may ask a question of its own
    """

    __slots__ = ("_before", "_drawn", "_keyboard", "_session", "_wants_keys", "active")

    def __init__(self, session: CommandSession, *, keys: bool = True) -> None:
        self._session = session
        self.active = session.colour and not session.json
        self._wants_keys = keys
        self._keyboard: int | None = None
        self._before: list[Any] = []
        self._drawn = False

    @property
    def keys(self) -> bool:
        """Whether keys can be pressed."""
        return self._keyboard is not None

    def __enter__(self) -> Self:
        if self.active and self._wants_keys and sys.stdin is not None and sys.stdin.isatty():
            import termios
            import tty

            self._keyboard = sys.stdin.fileno()
            self._before = termios.tcgetattr(self._keyboard)
            tty.setcbreak(self._keyboard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keyboard is not None:
            import termios

            termios.tcsetattr(self._keyboard, termios.TCSADRAIN, self._before)
        if self._drawn:  # Ctrl-C may have come in the middle of a picture: go below it
            self._session.write(b"\x1b[999;1H\n")

    def show(self, picture: bytes, messages: Sequence[str] = ()) -> None:
        """Draw it over the one before, with ``messages`` in it; or write it below, and them where messages belong."""
        session = self._session
        self._drawn = self.active
        if self.active:
            told = b"".join(session.safe(line.encode()) + b"\n" for line in messages)
            session.write(painted(picture + told))
            return
        session.write(picture)
        for message in messages:
            session.warn(message)

    def rest(self, seconds: float) -> bytes:
        """Wait so long; a key that is pressed ends it, and is returned. Raises KeyboardInterrupt."""
        return interrupt.key(self._keyboard, seconds)


def painted(shown: bytes) -> bytes:
    """``shown`` from the upper left corner on, over what was there; not more lines than the terminal has."""
    from shutil import get_terminal_size

    columns, lines = get_terminal_size()
    room = lines - 1
    every = shown.rstrip(b"\n").split(b"\n")
    fitting = _fitting(every, columns, room)
    if fitting < len(every):
        fitting = _fitting(every, columns, room - 1)
        hidden = len(every) - fitting
        more = f"... {hidden} more line{'' if hidden == 1 else 's'}: make the window higher, or use a pipe"
        every = [*every[:fitting], more[:columns].encode()]
    return b"\x1b[H" + b"".join(line + b"\x1b[K\n" for line in every) + b"\x1b[J"


def _fitting(lines: list[bytes], columns: int, room: int) -> int:
    """How many of ``lines`` fit into so many lines of the terminal; one that is too wide takes several."""
    import re

    used = 0
    for number, line in enumerate(lines):
        seen = re.sub(rb"\x1b\[[0-9;]*m", b"", line).decode("utf-8", "replace")
        used += max(1, -(-len(seen) // columns))
        if used > room:
            return number
    return len(lines)
