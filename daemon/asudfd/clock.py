"""The time as Aerospike counts it."""

from time import time_ns

from asinfo.wire.message import EPOCH

_EPOCH = EPOCH * 1000


def now_milliseconds() -> int:
    """Milliseconds since 2010-01-01 UTC."""
    return time_ns() // 1_000_000 - _EPOCH
