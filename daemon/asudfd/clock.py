"""The time as Aerospike counts it."""

from time import time_ns

from asinfo.wire.message import EPOCH


def now_milliseconds() -> int:
    """Milliseconds since 2010-01-01 UTC."""
    return time_ns() // 1_000_000 - EPOCH * 1000
