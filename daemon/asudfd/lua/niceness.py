"""How urgent a process or thread is beside the node, in steps of nice(2).

The node may have been started less urgent than others, as with nice(1). Then so are its processes, by as many steps more:
only root may make any of them more urgent again.
"""

from __future__ import annotations

import os
from contextlib import suppress

_MOST = 19
"""What nice(2) allows."""


def make_nicer(process: int, steps: int) -> None:
    """Make a process or thread, 0 for the calling one, less urgent than the calling thread is; it never becomes more urgent."""
    with suppress(OSError):  # it has ended
        wanted = min(_MOST, os.getpriority(os.PRIO_PROCESS, 0) + steps)
        if wanted > os.getpriority(os.PRIO_PROCESS, process):
            os.setpriority(os.PRIO_PROCESS, process, wanted)
