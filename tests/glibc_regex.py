"""What the system's C library says of regular expressions, in a process of its own: some patterns take it for ever.

Run as a program it reads lines of JSON, [pattern, flags, texts], and answers each with null for a pattern that it refuses,
else a list of booleans. Patterns and texts are Latin-1.
"""

from __future__ import annotations

import ctypes
import json
import locale
import os
import resource
import subprocess
import sys

CPU_SECONDS = 60

ROOM = 256
"""For a `regex_t`, which has 64 bytes."""

NEWLINE_OF_CLIENTS, NEWLINE_OF_THE_LIBRARY = 8, 4


class Library:
    """Asks such a process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, pattern: bytes, flags: int, texts: list[bytes]) -> list[bool] | None:
        assert self._process.stdin
        assert self._process.stdout
        line = json.dumps([pattern.decode("latin-1"), flags, [text.decode("latin-1") for text in texts]])
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        found: list[bool] | None = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        with self._process:
            self._process.kill()


def search(library: ctypes.CDLL, pattern: bytes, flags: int, texts: list[bytes]) -> list[bool] | None:
    compiled = ctypes.create_string_buffer(ROOM)
    of_library = flags & 3 | (NEWLINE_OF_THE_LIBRARY if flags & NEWLINE_OF_CLIENTS else 0)
    if library.regcomp(compiled, pattern, of_library):
        return None
    found = [library.regexec(compiled, text, 0, None, 0) == 0 for text in texts]
    library.regfree(compiled)
    return found


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    locale.setlocale(locale.LC_ALL, "C")
    library = ctypes.CDLL(None)
    for line in sys.stdin:
        pattern, flags, texts = json.loads(line)
        found = search(library, pattern.encode("latin-1"), flags, [text.encode("latin-1") for text in texts])
        os.write(1, json.dumps(found).encode() + b"\n")


if __name__ == "__main__":
    main()
