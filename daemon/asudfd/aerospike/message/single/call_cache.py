"""A cache of UDF calls by their bytes without the digest: a repeated call is answered without being parsed again.

A client that calls a function with the same arguments on one record after the other sends the same bytes again and
again, but for the digest. What such a message says is kept by those bytes. This is for speed alone: a call takes its
usual way (`asudfd.aerospike.message.single.executor`) whenever there is anything special about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire.message import (
    DIGEST_SIZE,
    FIELD_DIGEST,
    FIELD_FILTER,
    FIELD_KEY,
    FIELD_MRT_ID,
    FIELD_NAMESPACE,
    FIELD_SET,
    FIELD_UDF_MODULE,
    INFO2_WRITE,
    SET_NAME_SIZE_MAX,
    field,
)
from asudfd.aerospike.message.single.commit import POLICIES3
from asudfd.aerospike.message.single.udf import call_of
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asinfo.wire.message import Message
    from asudfd.record.namespace import Namespace


KNOWN_MAX = 1024
"""Messages that are kept; when there are more, all are read anew."""

KNOWN_SIZE_MAX = 512
"""Bytes of a message that is kept; a longer one is not worth the hashing."""

DIGEST_HEAD = field(FIELD_DIGEST, bytes(DIGEST_SIZE))[:5]
"""Size and identifier of the field before its digest."""

_SPECIAL = (FIELD_KEY, FIELD_FILTER, FIELD_MRT_ID)


class KnownCall(NamedTuple):
    """What a call says; ``fields`` are all that came with it."""

    namespace: Namespace
    module: str
    function: bytes
    arguments: bytes
    fields: dict[int, bytes]
    set_name: bytes
    ttl: int


class CallCache(dict[bytes, KnownCall]):
    """What calls say, by their bytes without the digest."""

    __slots__ = ()

    def learn(self, body: bytes, message: Message, namespaces: Mapping[bytes, Namespace]) -> None:
        """Keep what the message ``body`` says, if it is a plain call."""
        fields = message.fields
        if (
            message.info2 != INFO2_WRITE
            or message.info3 & POLICIES3
            or message.op_count
            or FIELD_UDF_MODULE not in fields
        ):
            return
        place = digest_place(body)
        set_name = fields.get(FIELD_SET, b"")
        namespace = namespaces.get(fields.get(FIELD_NAMESPACE, b""))
        if (
            namespace is None
            or body[place - 5 : place + DIGEST_SIZE] != DIGEST_HEAD + (message.digest or b"")
            or int.from_bytes(body[18:20], "big") != len(fields)  # one that comes twice
            or len(body) == place + DIGEST_SIZE  # one that is cut off in its digest would look the same
            or len(set_name) > SET_NAME_SIZE_MAX
            or any(kind in fields for kind in _SPECIAL)
        ):
            return
        try:
            module, function, arguments = call_of(fields)
        except RequestRefused:
            return
        if len(self) >= KNOWN_MAX:
            self.clear()
        known = body[:place] + body[place + DIGEST_SIZE :]
        self[known] = KnownCall(namespace, module, function, arguments, fields, set_name, message.ttl)


def digest_place(body: bytes) -> int:
    """Where the digest begins in a message whose first fields are short ones: namespace, set and digest."""
    set_field = body[25] + 26
    return set_field + body[set_field + 3] + 9
