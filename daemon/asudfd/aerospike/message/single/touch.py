"""Reads that renew the time to live of what they read.

A read names a percentage where a write has its time to live. A record of whose time less than that is left begins it
anew; its generation stays. The reply shows the record as it was before.
Source: the specification of collections, section 14.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.record.refused import RequestRefused
from asudfd.record.ttl import read_touch_percent

if TYPE_CHECKING:
    from asinfo.wire.message import Message
    from asudfd.record.namespace import Namespace


def touch(namespace: Namespace, message: Message) -> None:
    """Renew the time to live of the record that the read ``message`` has shown, if it is time for it.

    Whoever reads is not told of a failure: it is counted.
    """
    config, ttl = namespace.config, message.ttl
    if ttl == 0 and not config.sets and not config.default_read_touch_ttl_pct:
        return  # nothing asks for it: nearly all reads
    digest = message.digest
    assert digest is not None
    record = namespace.get(digest)
    if record is None or not record.void_time:
        return
    percent = read_touch_percent(config, ttl, record.set_name)
    now = namespace.now()
    seconds = record.void_time - record.last_update // 1000
    if (record.void_time * 1000 - now) * 100 >= percent * seconds * 1000:
        return
    try:
        namespace.put(digest, record._replace(void_time=now // 1000 + seconds, last_update=now))
    except RequestRefused:
        namespace.counters["read_touch_error"] += 1
        return
    namespace.durable()  # nobody waits for it
    namespace.counters["read_touch_success"] += 1
