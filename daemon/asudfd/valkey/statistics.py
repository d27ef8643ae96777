"""What the Valkey face counts, for INFO."""

from __future__ import annotations

from collections import Counter, deque

SAMPLES = 16
"""Samples that the rate of commands is taken from: as many as the real server has."""


class ServerStatistics:
    """Counters since the start, or since CONFIG RESETSTAT."""

    def __init__(self) -> None:
        self.connections = 0
        self.commands = 0
        self.bytes_in = 0  # of connections that have ended, as the next
        self.bytes_out = 0
        self.rate = 0.0
        """Commands a second, lately."""
        self._samples: deque[tuple[float, int]] = deque(maxlen=SAMPLES)
        self.expired = 0
        self.errors: Counter[str] = Counter()
        """Error replies by their code."""
        self.calls: Counter[str] = Counter()
        """Commands that are handled in Python, by name; those of Lua are counted there."""
        self.rejected: Counter[str] = Counter()
        """Commands of which an error was found before they ran."""
        self.failed: Counter[str] = Counter()
        """Commands of Python that have failed."""
        self.evicted_clients = 0
        self.evicted_scripts = 0

    def sample(self, now: float) -> None:
        """Work out ``rate``; to be called regularly."""
        self._samples.append((now, self.commands))
        (first, before), (last, after) = self._samples[0], self._samples[-1]
        self.rate = (after - before) / (last - first) if last > first else 0.0

    def count_error(self, reply: bytes, times: int = 1) -> None:
        """Note an error reply."""
        code = reply[1:ERROR_CODE_MAX].split(maxsplit=1)[:1]
        name = code[0].decode("latin-1") if code else ""
        if name.replace("_", "").isalnum() and (name in self.errors or len(self.errors) < CODES_MAX):
            self.errors[name] += times

    @property
    def error_replies(self) -> int:
        """All error replies."""
        return self.errors.total()


CODES_MAX = 128
"""Different codes of errors that are counted: scripts make up codes, and must not fill the memory."""

ERROR_CODE_MAX = 40
"""Bytes at the begin of an error in which its code is looked for."""
