"""What this process takes of its machine, from /proc; zeros where there is no /proc."""

import os
import time
from pathlib import Path

_PAGE_KILOBYTES = os.sysconf("SC_PAGE_SIZE") // 1024
_PROC = Path("/proc")


class Metrics:
    """Figures of the process and of the system.

    Memory in KiB. CPU in percent of one core, on average since the last ``tick``.
    """

    __slots__ = ("_cpu", "_wall", "cpu_percent")

    def __init__(self) -> None:
        self._cpu = time.process_time()
        self._wall = time.monotonic()
        self.cpu_percent = 0

    def tick(self) -> None:
        """Begin a new span of CPU accounting."""
        cpu, wall = time.process_time(), time.monotonic()
        self.cpu_percent = round(100 * (cpu - self._cpu) / max(wall - self._wall, 1e-3))
        self._cpu, self._wall = cpu, wall

    @staticmethod
    def resident() -> int:
        """Memory of this process that is in RAM."""
        return _number(_PROC / "self/statm", 1) * _PAGE_KILOBYTES

    @staticmethod
    def mapped() -> int:
        """All memory that this process has mapped."""
        return _number(_PROC / "self/statm", 0) * _PAGE_KILOBYTES

    @staticmethod
    def free() -> tuple[int, int]:
        """Memory of the system that a program could have now, and its percentage of all."""
        sizes = {line.split(":")[0]: line.split()[1] for line in _lines(_PROC / "meminfo")}
        available, total = int(sizes.get("MemAvailable", 0)), int(sizes.get("MemTotal", 0))
        return available, 100 * available // total if total else 0


def _number(path: Path, column: int) -> int:
    lines = _lines(path)
    return int(lines[0].split()[column]) if lines else 0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
