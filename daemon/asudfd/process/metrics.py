"""CPU time and memory of this process and of the system, from /proc; zeros where there is no /proc."""

import os
import time
from pathlib import Path
from typing import NamedTuple

_PAGE_KILOBYTES = os.sysconf("SC_PAGE_SIZE") // 1024
_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


class SystemTimes(NamedTuple):
    """Seconds of all processors in user code and in the kernel."""

    user: float
    kernel: float


class Metrics:
    """CPU time and memory of the process and of the system.

    Memory in KiB. CPU in percent of one core, on average over the span before the last ``tick``: of this process, and
    of the whole system in user code and in the kernel.
    """

    __slots__ = ("_cpu", "_system", "_wall", "cpu_percent", "system_cpu")

    def __init__(self) -> None:
        self._cpu = time.process_time()
        self._wall = time.monotonic()
        self._system = _system_seconds()
        self.cpu_percent = 0
        self.system_cpu = (0, 0)

    def tick(self) -> None:
        """Begin a new span of CPU accounting."""
        cpu, wall, system = time.process_time(), time.monotonic(), _system_seconds()
        hundredth = max(wall - self._wall, 1e-3) / 100
        self.cpu_percent = round((cpu - self._cpu) / hundredth)
        self.system_cpu = (
            round((system.user - self._system.user) / hundredth),
            round((system.kernel - self._system.kernel) / hundredth),
        )
        self._cpu, self._wall, self._system = cpu, wall, system

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
        sizes = _memory()
        available, total = sizes.get("MemAvailable", 0), sizes.get("MemTotal", 0)
        return available, 100 * available // total if total else 0

    @staticmethod
    def huge_pages() -> int:
        """Memory of the system in transparent huge pages."""
        return _memory().get("AnonHugePages", 0)


def _memory() -> dict[str, int]:
    return {line.split(":")[0]: int(line.split()[1]) for line in _lines(_PROC / "meminfo")}


def _system_seconds() -> SystemTimes:
    """Seconds that all cores together have spent in user code and in the kernel. See proc(5), /proc/stat."""
    lines = _lines(_PROC / "stat")
    if not lines:
        return SystemTimes(0.0, 0.0)
    user, nice, system, _idle, _wait, irq, softirq = (int(word) / _TICKS for word in lines[0].split()[1:8])
    return SystemTimes(user + nice, system + irq + softirq)


def _number(path: Path, column: int) -> int:
    lines = _lines(path)
    return int(lines[0].split()[column]) if lines else 0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
