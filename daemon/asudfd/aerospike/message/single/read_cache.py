"""A cache of plain reads by their bytes without the digest: a repeated read is answered without being parsed again.

A client that reads one record after the other sends the same bytes again and again, but for the digest. Only reads of all
bins are kept that say nothing but namespace, set and digest. This is for speed alone, as is the cache of calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire.digest import partition as partition_of
from asinfo.wire.message import (
    DIGEST_SIZE,
    FIELD_NAMESPACE,
    FIELD_SET,
    INFO1_GET_ALL,
    INFO1_READ,
    SET_NAME_SIZE_MAX,
    count_ops,
    reply_frame,
)
from asinfo.wire.result import Result
from asudfd.aerospike.message.counts import READS
from asudfd.aerospike.message.outcome import OK
from asudfd.aerospike.message.single.call_cache import DIGEST_HEAD, KNOWN_MAX, digest_place
from asudfd.aerospike.message.single.read import PLAIN_FIELDS
from asudfd.record.record import STORED_HEADER_SIZE, unpack_header
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asinfo.wire.message import Message
    from asudfd.aerospike.message.context import RecordContext
    from asudfd.network.session import ClientSession
    from asudfd.record.namespace import Namespace

_PLAIN = INFO1_READ | INFO1_GET_ALL
_FOUND, _NOT_FOUND = READS.names["client"][OK], READS.names["client"][Result.NOT_FOUND]
_NOT_FOUND_REPLY = reply_frame(Result.NOT_FOUND)


class KnownRead(NamedTuple):
    """The namespace and the set of a read that is kept."""

    namespace: Namespace
    set_name: bytes


class ReadCache(dict[bytes, KnownRead]):
    """Parsed plain reads, by their bytes before the digest, which is their end; replies to reads of records of the node of ``context``."""

    __slots__ = ("_namespaces", "_owners")

    def __init__(self, context: RecordContext) -> None:
        super().__init__()
        self._namespaces = context.namespaces
        self._owners = context.owners

    def respond(self, body: bytes, _session: ClientSession | None) -> bytes | None:
        """The reply to a read whose bytes are known but for the digest; None if it has to take the usual way."""
        known = self.get(body[:-DIGEST_SIZE])
        if known is None:
            return None
        namespace, set_name = known
        digest, owners = body[-DIGEST_SIZE:], self._owners
        if digest in namespace.locks or not (owners.alone or owners.owns(partition_of(digest))):
            return None
        try:
            value = namespace.storage.get(digest)
        except RequestRefused:  # a damaged record: the usual way tells of it
            return None
        if value is None:
            namespace.counters[_NOT_FOUND] += 1
            return _NOT_FOUND_REPLY
        # as `record.unpack` and `Namespace.get` do it, but for what the reply does not show: half the time
        generation, void_time, _, set_size, key_size = unpack_header(value)
        key = STORED_HEADER_SIZE + set_size
        if value[STORED_HEADER_SIZE:key] != set_name:
            return None
        if (void_time or namespace.truncation.pending) and _may_change(namespace, value, void_time):
            return None
        namespace.counters[_FOUND] += 1
        bins = value[key + key_size :]
        return reply_frame(OK, generation, void_time, bins, count_ops(bins))

    def learn(self, body: bytes, message: Message, session: ClientSession | None) -> bytes | None:
        """Keep what the message ``body`` says, if it is a plain read; then as `respond`."""
        fields = message.fields
        if message.info1 != _PLAIN or message.info2 or message.ttl or message.op_count:
            return None
        set_name = fields.get(FIELD_SET)
        namespace = self._namespaces.get(fields.get(FIELD_NAMESPACE, b""))
        if namespace is None or set_name is None or len(set_name) > SET_NAME_SIZE_MAX:
            return None
        if len(fields) != PLAIN_FIELDS or int.from_bytes(body[18:20], "big") != PLAIN_FIELDS:
            return None
        place = digest_place(body)
        if body[place - 5 :] != DIGEST_HEAD + (message.digest or b""):
            return None
        if len(self) >= KNOWN_MAX:
            self.clear()
        self[body[:place]] = KnownRead(namespace, set_name)
        return self.respond(body, session)


def _may_change(namespace: Namespace, value: bytes, void_time: int) -> bool:
    """Whether to read a record may remove it, since it has expired or was truncated, or renew its time to live."""
    config = namespace.config
    return namespace.gone(value) or bool(void_time and (config.sets or config.default_read_touch_ttl_pct))
