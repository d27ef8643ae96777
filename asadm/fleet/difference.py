"""Two versions of a module line by line, as ``diff -u`` shows them: bytes, whatever they are."""

from __future__ import annotations

from difflib import diff_bytes, unified_diff

from asinfo.wire.info import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterator

    from asadm.session import Session

NOWHERE = "/dev/null"
"""What a version is called that is not there."""

LINES_MAX = 40_000
"""Two versions with more lines together are only said to differ: to compare them line by line takes minutes."""

COLOURS = {b"+": b"\x1b[32m", b"-": b"\x1b[31m", b"@": b"\x1b[36m"}


def unified(old: bytes | None, new: bytes | None, old_label: str, new_label: str) -> bytes:
    """The unified diff of two contents; None is a version that is not there. Empty when they are the same."""
    if old == new:
        return b""
    labels = NOWHERE if old is None else old_label, NOWHERE if new is None else new_label
    before, after = old or b"", new or b""
    why = _unreadable(before, after)
    if why:
        sizes = f"{len(before)} and {len(after)} bytes"
        return f"--- {labels[0]}\n+++ {labels[1]}\n{why}: {sizes} that differ\n".encode()
    names = [label.encode("utf-8", "replace") for label in labels]
    lines = diff_bytes(unified_diff, _lines(before), _lines(after), names[0], names[1])
    return b"".join(map(_ended, lines))


def _lines(content: bytes) -> list[bytes]:
    r"""Lines with the ``\n`` that ends them; other line ends are bytes like any."""
    lines = content.split(b"\n")
    return [*(line + b"\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n"


def _unreadable(before: bytes, after: bytes) -> str:
    """Why the lines of these contents are not for the eye; empty when they are."""
    if b"\0" in before or b"\0" in after:
        return "Binary content"
    if before.count(b"\n") + after.count(b"\n") > LINES_MAX:
        return f"More than {LINES_MAX} lines"
    return ""


def shown(session: Session, diff: bytes) -> bytes:
    """``diff`` for standard output: a terminal gets colours, and no control character of a module."""
    safe = session.safe(diff)
    return b"".join(_coloured(safe)) if session.colour else safe


def _coloured(diff: bytes) -> Iterator[bytes]:
    for line in diff.splitlines(keepends=True):
        colour = COLOURS.get(line[:1])
        yield colour + line.rstrip(b"\n") + b"\x1b[0m\n" if colour else line


def as_text(diff: bytes) -> str:
    """``diff`` for JSON."""
    return text(diff)
