"""A cache of plain reads by their bytes without the digest: a repeated read is answered without being parsed again.

A client that reads one record after the other sends the same bytes again and again, but for the digest. Only reads of all
bins are kept that say nothing but namespace, set and digest. This is for speed alone, as is the cache of calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire.message import (
    DIGEST_SIZE,
    FIELD_NAMESPACE,
    FIELD_SET,
    INFO1_GET_ALL,
    INFO1_READ,
    SET_NAME_SIZE_MAX,
)
from asudfd.aerospike.message.single.call_cache import DIGEST_HEAD, KNOWN_MAX, digest_place
from asudfd.aerospike.message.single.read import PLAIN_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asinfo.wire.message import Message
    from asudfd.record.namespace import Namespace

_PLAIN = INFO1_READ | INFO1_GET_ALL


class KnownRead(NamedTuple):
    """Where a read looks."""

    namespace: Namespace
    set_name: bytes


class ReadCache(dict[bytes, KnownRead]):
    """What plain reads say, by their bytes without the digest."""

    __slots__ = ()

    def learn(self, body: bytes, message: Message, namespaces: Mapping[bytes, Namespace]) -> None:
        """Keep what the message ``body`` says, if it is a plain read."""
        fields = message.fields
        if message.info1 != _PLAIN or message.info2 or message.ttl or message.op_count:
            return
        set_name, namespace = fields.get(FIELD_SET), namespaces.get(fields.get(FIELD_NAMESPACE, b""))
        if namespace is None or set_name is None or len(set_name) > SET_NAME_SIZE_MAX:
            return
        if len(fields) != PLAIN_FIELDS or int.from_bytes(body[18:20], "big") != PLAIN_FIELDS:
            return
        place = digest_place(body)
        if body[place - 5 :] != DIGEST_HEAD + (message.digest or b""):
            return
        if len(self) >= KNOWN_MAX:
            self.clear()
        self[body[:place] + body[place + DIGEST_SIZE :]] = KnownRead(namespace, set_name)
