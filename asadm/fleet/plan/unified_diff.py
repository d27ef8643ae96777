"""Two versions of a module line by line, as ``diff -u`` shows them: bytes, whatever they are."""

from __future__ import annotations

from asadm.fleet.plan.myers import CONTEXT, LineMatcher
from asinfo.text import visible

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asadm.session import CommandSession

NOWHERE = "/dev/null"
"""What a version is called that is not there."""

COLOURS = {b"+": b"\x1b[32m", b"-": b"\x1b[31m", b"@": b"\x1b[36m"}


def unified(old: bytes | None, new: bytes | None, old_label: str, new_label: str) -> bytes:
    """The unified diff of two contents; None is a version that is not there. Empty when they are the same."""
    if old == new:
        return b""
    # A newline in a name would forge a line of the diff.
    labels = NOWHERE if old is None else visible(old_label), NOWHERE if new is None else visible(new_label)
    before, after = old or b"", new or b""
    heading = f"--- {labels[0]}\n+++ {labels[1]}\n".encode("utf-8", "replace")
    if b"\0" in before or b"\0" in after:
        sizes = f"{len(before)} and {len(after)} bytes"
        return heading + f"Binary content: {sizes} that differ\n".encode()
    return heading + b"".join(map(_ended, _hunks(_lines(before), _lines(after))))


def _hunks(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[bytes]:
    """The lines of the diff, each change with the lines around it."""
    for group in LineMatcher(old, new).get_grouped_opcodes(CONTEXT):
        (_, first_old, _, first_new, _), (_, _, last_old, _, last_new) = group[0], group[-1]
        yield f"@@ -{_range(first_old, last_old)} +{_range(first_new, last_new)} @@\n".encode()
        for kind, begin, end, begin_new, end_new in group:
            if kind == "equal":
                yield from (b" " + line for line in old[begin:end])
            else:
                yield from (b"-" + line for line in old[begin:end])
                yield from (b"+" + line for line in new[begin_new:end_new])


def _range(begin: int, end: int) -> str:
    """Lines from 1 as diff writes them: ``first,count``, the count only when it is not 1, 0 lines after line ``begin``."""
    count = end - begin
    if count == 1:
        return str(begin + 1)
    return f"{begin + 1 if count else begin},{count}"


def _lines(content: bytes) -> list[bytes]:
    r"""Lines with the ``\n`` that ends them; other line ends are bytes like any."""
    lines = content.split(b"\n")
    return [*(line + b"\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n"


def shown(session: CommandSession, diff: bytes) -> bytes:
    """``diff`` for standard output: a terminal gets colours, and no control character of a module."""
    safe = session.safe(diff)
    return b"".join(_coloured(safe)) if session.colour else safe


def _coloured(diff: bytes) -> Iterator[bytes]:
    for line in diff.splitlines(keepends=True):
        colour = COLOURS.get(line[:1])
        yield colour + line.rstrip(b"\n") + b"\x1b[0m\n" if colour else line
