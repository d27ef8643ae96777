"""The processes of a node, as the system shows them: its zygote, and the workers that this has forked."""

import time
from pathlib import Path

from asudfd.lua.aerospike.host import CROSSING_MODULE
from asudfd.lua.worker.supply import shared_supply

BUSY_SECONDS = 0.05
"""Processor time after which a worker is in the midst of a call: a short one takes a hundredth."""


def children(pid: int) -> list[int]:
    """The processes that ``pid`` has forked, without those that have ended."""
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []
    return [child for child in map(int, words) if not gone(child)]


def gone(pid: int) -> bool:
    """Whether the process has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


def processor_seconds(pid: int) -> float:
    """Processor time that the process has taken; 0 when it has ended."""
    try:
        return time.clock_gettime(~pid << 3 | 2)  # see clock_getcpuclockid(3)
    except OSError:
        return 0.0


def private_bytes(pid: int) -> int:
    """Memory that the process has to itself, and does not share with the zygote; 0 when it has ended."""
    try:
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(row.split()[1]) << 10 for row in rows if row.startswith("Private_"))


def own_workers() -> list[int]:
    """The workers of all hosts of this process that share its supply."""
    zygote = shared_supply(CROSSING_MODULE)._zygote
    return children(zygote.pid) if zygote is not None else []


def busy(workers: list[int]) -> list[int]:
    """Those that are in the midst of a call that takes long."""
    return [pid for pid in workers if processor_seconds(pid) > BUSY_SECONDS]
