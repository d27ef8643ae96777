"""A cache of UDF calls by their bytes without the digest: a repeated call is answered without being parsed again.

A client that calls a function with the same arguments on one record after the other sends the same bytes again and
again, but for the digest. What such a message says is kept by those bytes, and a plain call is answered by what is kept,
the first time too. This is for speed alone: a call takes the way of all requests on one record
(`asudfd.aerospike.message.single.executor`) whenever there is anything special about it.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire.digest import partition as partition_of
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
    unpack,
)
from asudfd.aerospike.message.counts import UDFS
from asudfd.aerospike.message.single.commit import POLICIES3, reply_to_write
from asudfd.aerospike.message.single.udf import apply_inline
from asudfd.aerospike.message.single.udf_call import call_of
from asudfd.aerospike.message.single.udf_soon import SoonCall
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from asinfo.wire.message import Message
    from asudfd.aerospike.message.single.executor import RecordExecutor
    from asudfd.aerospike.message.single.udf_call import UdfCall
    from asudfd.network.session import ClientSession
    from asudfd.record.namespace import Namespace


KNOWN_MAX = 1024
"""Messages that are kept; when there are more, all are read anew."""

KNOWN_SIZE_MAX = 512
"""Bytes of a message that is kept; a longer one is not worth the hashing."""

DIGEST_HEAD = field(FIELD_DIGEST, bytes(DIGEST_SIZE))[:5]
"""Size and identifier of the field before its digest."""

_SPECIAL = {FIELD_KEY, FIELD_FILTER, FIELD_MRT_ID}
_CALLED = UDFS.names["client"]


class KnownCall(NamedTuple):
    """A call that is kept, and the namespace of its records."""

    namespace: Namespace
    call: UdfCall


class CallCache(dict[bytes, KnownCall]):
    """Parsed calls, by their bytes without the digest; replies to calls on records of the node of ``executor``."""

    __slots__ = ("_context", "_executor")

    def __init__(self, executor: RecordExecutor) -> None:
        super().__init__()
        self._executor = executor
        self._context = executor.context

    def respond(self, body: bytes, session: ClientSession | None) -> bytes | Awaitable[bytes] | None:
        """The reply to a call whose bytes are known but for the digest; None if it has to take the usual way."""
        try:
            place = digest_place(body)
            end = place + DIGEST_SIZE
            namespace, call = self[body[:place] + body[end:]]
        except (IndexError, KeyError):
            return None
        digest, context = body[place:end], self._context
        owners = context.owners
        elsewhere = not owners.alone and not owners.owns(partition_of(digest))
        if elsewhere or digest in namespace.locks or context.service.disable_udf_execution:
            return None
        began = monotonic()
        try:
            record = namespace.get(digest)
            if record is not None and record.set_name != call.set_name:
                return None
            outcome = apply_inline(context, namespace, digest, record, call, "client", session)
            if outcome is None:
                soon = SoonCall(
                    self._executor, namespace, body, digest, call=call, counts=UDFS, session=session
                ).begin()
                if soon is not None:
                    return soon
                later = self._executor.respond_later(namespace, unpack(body), [], "client", session)
                return namespace.latencies.timed("udf", began, later)
        except RequestRefused as error:
            outcome = context.refuse(error, session)
        except Exception as error:  # noqa: BLE001 - the edge, as in `RecordExecutor`
            outcome = context.fault(error)
        namespace.counters[_CALLED[outcome.code]] += 1
        return reply_to_write(namespace, "udf", began, outcome)

    def learn(
        self, body: bytes, message: Message, session: ClientSession | None
    ) -> bytes | Awaitable[bytes] | None:
        """Keep what the message ``body`` says, if it is a plain call; then as `respond`."""
        fields = message.fields
        if (
            message.info2 != INFO2_WRITE
            or message.info3 & POLICIES3
            or message.op_count
            or FIELD_UDF_MODULE not in fields
        ):
            return None
        place = digest_place(body)
        namespace = self._context.namespaces.get(fields.get(FIELD_NAMESPACE, b""))
        if (
            namespace is None
            or body[place - 5 : place + DIGEST_SIZE] != DIGEST_HEAD + (message.digest or b"")
            or int.from_bytes(body[18:20], "big") != len(fields)  # one that comes twice
            or len(body) == place + DIGEST_SIZE  # one that is cut off in its digest would look the same
            or len(fields.get(FIELD_SET, b"")) > SET_NAME_SIZE_MAX
            or not _SPECIAL.isdisjoint(fields)
        ):
            return None
        try:
            call = call_of(message)
        except RequestRefused:
            return None
        if len(self) >= KNOWN_MAX:
            self.clear()
        self[body[:place] + body[place + DIGEST_SIZE :]] = KnownCall(namespace, call)
        return self.respond(body, session)


def digest_place(body: bytes) -> int:
    """Where the digest begins in a message whose first fields are short ones: namespace, set and digest."""
    set_field = body[25] + 26
    return set_field + body[set_field + 3] + 9
