"""Waiting for what nothing tells."""

import select
import time
from collections.abc import Callable

WAIT_SECONDS = 60.0
"""For what comes within moments on a quiet machine: a hang shows as a hang."""


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until ``condition`` is true."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        select.select([], [], [], 0.01)
