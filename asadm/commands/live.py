"""What redraws in place on a terminal: one picture over the other, and the key that ends it."""

from __future__ import annotations

import sys
from contextlib import contextmanager

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterator

    from asadm.session import CommandSession

QUIT = b"q"

BELOW = b"\x1b[999;1H\n"
"""Goes below the picture, whatever came in the middle of it."""


def painted(shown: bytes) -> bytes:
    """``shown`` from the upper left corner on, over what was there; not more lines than the terminal has."""
    from shutil import get_terminal_size

    room = get_terminal_size().lines - 1
    lines = shown.rstrip(b"\n").split(b"\n")
    if len(lines) > room:
        hidden = len(lines) - room + 1
        lines = [*lines[: room - 1], b"... %d more lines: make the window higher, or use a pipe" % hidden]
    return b"\x1b[H" + b"".join(line + b"\x1b[K\n" for line in lines) + b"\x1b[J"


@contextmanager
def keyboard(session: CommandSession) -> Iterator[int | None]:
    """The descriptor of a keyboard whose keys come one by one; None where there is none."""
    if not (session.colour and sys.stdin is not None and sys.stdin.isatty()):
        yield None
        return
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield descriptor
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
