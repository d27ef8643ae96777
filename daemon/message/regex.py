"""Regular expressions of filters: POSIX's, by the system's own library, as on the real server.

Python's `re` has another grammar, and takes exponential time for some patterns. The library's matcher takes time and
memory that grow with the square of the text for some (`(a|b)*a(a|b){50}`: 15 s for 4 KiB), so that here patterns are
short, repeat little, and look at short texts; only those that are texts with `.*` between them may look at long ones.
That bounds one look to some 20 ms, in the event loop.
"""

from __future__ import annotations

import ctypes
import re

from asinfo.errors import WireError
from asinfo.wire.expression import Unsupported

SIZE_MAX = 128
"""Longest pattern, in bytes."""

STEPS_MAX = 128
"""Most places that a pattern has when its counted repetitions are written out."""

TEXT_SIZE_MAX = 256
"""Longest text that is looked through, in bytes."""

PLAIN_TEXT_SIZE_MAX = 64 << 10
"""The same for a plain pattern."""

PLAIN_STEPS = 0.3
JUMP_STEPS = 0.06
"""Steps for a byte of a text that is looked through once, and for each `.*` in the pattern besides."""

SQUARE_STEPS = 1 / 1000
"""Steps for a place of the pattern and two bytes of the text, where time grows with the square of that."""

EXTENDED, ICASE, NOSUB, NEWLINE = 1, 2, 4, 8
"""The library's flags, which are those of clients."""

_OBJECT_SIZE = 256
"""Room for a `regex_t`: it has 64 bytes in glibc, 32 in macOS."""

_COUNTS = re.compile(rb"\\?\{(\d*)(?:,(\d*))?\\?\}")
_PLAIN = re.compile(rb"\^?(?:[^][\\^$.*+?{}()|]|\.\*){0,32}\$?")
_BACK_REFERENCE = re.compile(rb"(?:^|[^\\])(?:\\\\)*\\[1-9]")


class Regex:
    """A compiled pattern."""

    __slots__ = ("_byte_steps", "_compiled", "_free", "_match", "_steps", "_text_size_max")

    def __init__(self, pattern: bytes, flags: int) -> None:
        """Raises WireError for a pattern that is none, Unsupported for one that could take too long."""
        pattern = pattern.removesuffix(b"\0")
        if b"\0" in pattern:
            raise WireError("a pattern with a zero byte in it")
        steps = _check(pattern)
        plain = _PLAIN.fullmatch(pattern)
        self._steps = 0 if plain else steps
        self._byte_steps = PLAIN_STEPS + JUMP_STEPS * pattern.count(b".*")
        self._text_size_max = PLAIN_TEXT_SIZE_MAX if plain else TEXT_SIZE_MAX
        if plain and not pattern.startswith(b"^"):
            pattern = b"^.*" + pattern  # means the same, and is not tried anew at every place of the text
        library = ctypes.CDLL(None)
        self._compiled = ctypes.create_string_buffer(_OBJECT_SIZE)
        self._match, self._free = library.regexec, library.regfree
        if library.regcomp(self._compiled, pattern, flags & 15 | NOSUB):
            del self._compiled
            raise WireError("not a regular expression")

    def steps(self, text: bytes) -> float:
        """What to charge for a look at ``text``: see `daemon.message.work`."""
        size = len(text)
        return size * self._byte_steps + size * size * self._steps * SQUARE_STEPS + 1

    def __call__(self, text: bytes) -> bool:
        """Whether it is found in ``text``, up to the first zero byte. Raises Unsupported for a text too long."""
        if len(text) > self._text_size_max:
            raise Unsupported("a text is too long for a regular expression")
        return not self._match(self._compiled, ctypes.c_char_p(text), 0, None, 0)

    def __del__(self) -> None:
        if hasattr(self, "_compiled"):
            self._free(self._compiled)


def _check(pattern: bytes) -> int:
    """How many places a pattern has when it is written out. Raises Unsupported when it could take too long."""
    if len(pattern) > SIZE_MAX or _BACK_REFERENCE.search(pattern):
        raise Unsupported("a regular expression that is too long, or refers back")
    steps = len(pattern)
    for low, high in _COUNTS.findall(pattern):
        steps *= max(int(low or 0), int(high or 0), 1)
        if steps > STEPS_MAX:
            raise Unsupported("a regular expression that repeats too much")
    return steps
