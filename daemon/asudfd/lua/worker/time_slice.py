"""How long a process runs before another one has a turn. One with a short slice comes soon when it wakes, also beside many that never sleep.

Set by sched_setattr(2) on Linux 6.12 and later. Older kernels take no notice, and on other systems nothing is done.
"""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from struct import Struct

from asudfd.lua.worker.confinement import CallNumbers, system_call

SHORT, LONG = 0.0001, 0.02
"""Seconds: of the node and of calls that are quick, and of calls that last. Tuned with a client that calls every 4 ms beside 20 whose
functions hang, on two processors: 99 of 100 of its calls end within 6 to 11 ms, with the system's own slice for all of them within 8 to 19, with
the short one for all within 19 to 24."""

_SCHED_SETATTR = CallNumbers(x86_64=314, aarch64=274)
_KEEP_POLICY = 8
_ATTRIBUTES = Struct("=IIQiIQQQ")
"""Size, policy, flags, niceness, priority; runtime, deadline and period in nanoseconds. The first is the slice of an ordinary process."""


def set_time_slice(process: int, seconds: float) -> None:
    """Set that of a process of this user, 0 for the calling one: of its first thread, and of what that forks from now on."""
    number = getattr(_SCHED_SETATTR, platform.machine(), None)
    if number is None or not sys.platform.startswith("linux"):
        return
    with suppress(OSError, AttributeError):  # it has ended; the C library has no such function
        niceness = os.getpriority(os.PRIO_PROCESS, process)
        values = (_ATTRIBUTES.size, 0, _KEEP_POLICY, niceness, 0, int(seconds * 1e9), 0, 0)
        system_call(number, process, _ATTRIBUTES.pack(*values), 0)
