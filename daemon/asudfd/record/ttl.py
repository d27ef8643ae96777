"""Times to live: from what a request says to the moment at which the record is gone.

    0             the default of the set, or else of the namespace
    FFFFFFFF      never
    FFFFFFFE      as it is; a new record takes the default
    1 to 10 y     so many seconds from now

Source: the wire specification, section 3.6.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from asinfo.wire.message import EPOCH, TTL_DEFAULT, TTL_MAX, TTL_NEVER, TTL_UNCHANGED
from asinfo.wire.result import Result
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asudfd.config import schema

PERCENT_MAX = 100


def now_seconds() -> int:
    """Seconds since 2010-01-01 UTC."""
    return int(time.time()) - EPOCH


def void_time(config: schema.NamespaceConfig, ttl: int, old: int | None, set_name: bytes) -> int:
    """The void time that ``ttl`` gives to a record of ``set_name`` whose void time was ``old``, None for a new one.

    Raises RequestRefused as Namespace.void_time does.
    """
    if ttl == TTL_NEVER:
        return 0
    if ttl == TTL_UNCHANGED:
        if old is not None:
            return old
        ttl = TTL_DEFAULT
    if ttl == TTL_DEFAULT:
        ttl = default_ttl(config, set_name)
        return ttl and now_seconds() + ttl
    if ttl > TTL_MAX:
        raise RequestRefused(Result.PARAMETER, f"a time to live of {ttl} seconds is longer than ten years")
    if not config.nsup_period and not config.allow_ttl_without_nsup:
        raise RequestRefused(Result.FORBIDDEN, "nothing removes expired records: nsup-period is 0")
    return now_seconds() + ttl


def default_ttl(config: schema.NamespaceConfig, set_name: bytes) -> int:
    """The time to live of a record that names none, in seconds; 0 is for ever."""
    own = config.sets.get(set_name)
    if own is None or not own.default_ttl:
        return config.default_ttl
    return 0 if own.default_ttl == TTL_NEVER else own.default_ttl


def read_touch_percent(config: schema.NamespaceConfig, asked: int, set_name: bytes) -> int:
    """Of how little time left a read renews it, in percent; 0 for never.

    ``asked`` is the time to live of the read's message: 0 is the set's default, or else the namespace's.
    """
    if asked == TTL_DEFAULT:
        own = config.sets.get(set_name)
        asked = (own is not None and own.default_read_touch_ttl_pct) or config.default_read_touch_ttl_pct
    return asked if 0 < asked <= PERCENT_MAX else 0
