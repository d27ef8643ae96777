"""A cache of plain puts by their bytes before the digest: a repeated put is answered without its fields being parsed again.

A client that writes one record after the other sends the same header, namespace and set again and again; the digest and
the bins are new each time, and are read each time. Only puts are kept that have no policy and say nothing but namespace,
set and digest. This is for speed alone, as are the caches of calls and of reads.
"""

from __future__ import annotations

from struct import error as StructError  # noqa: N812 - an exception reads like one
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire.digest import partition as partition_of
from asinfo.wire.message import (
    BIN_NAME_SIZE_MAX,
    DIGEST_SIZE,
    FIELD_NAMESPACE,
    FIELD_SET,
    INFO2_WRITE,
    OP_HEADER,
    OP_READ,
    OP_WRITE,
    SET_NAME_SIZE_MAX,
)
from asinfo.wire.particle import BLOB, FLOAT, INTEGER, STRING
from asudfd.aerospike.message.counts import WRITES
from asudfd.aerospike.message.outcome import OK, RecordOutcome, new_tuple
from asudfd.aerospike.message.single.bins import split
from asudfd.aerospike.message.single.call_cache import DIGEST_HEAD, KNOWN_MAX, digest_place
from asudfd.aerospike.message.single.commit import POLICIES3, reply_to_write, with_generation
from asudfd.aerospike.message.single.read import PLAIN_FIELDS
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from asinfo.wire.message import Message
    from asudfd.aerospike.message.context import RecordContext
    from asudfd.network.session import ClientSession
    from asudfd.record.namespace import Namespace
    from asudfd.record.record import Record

BINS_MAX = 16
"""Bins of a put that is kept; with more, the fields are a small part of what is read."""

_WRITTEN = WRITES.names["client"]
_NUMBERS, _TEXTS = frozenset((INTEGER, FLOAT)), frozenset((STRING, BLOB))
_READ = bytes((OP_READ,))
_unpack_op = OP_HEADER.unpack_from


class KnownPut(NamedTuple):
    """The namespace, set, time to live and number of bins of a put that is kept."""

    namespace: Namespace
    set_name: bytes
    ttl: int
    bin_count: int


class WriteCache(dict[bytes, KnownPut]):
    """Parsed plain puts, by their bytes before the digest; replies to puts to records of the node of ``context``."""

    __slots__ = ("_context", "_owners")

    def __init__(self, context: RecordContext) -> None:
        super().__init__()
        self._context = context
        self._owners = context.owners

    def respond(self, body: bytes, session: ClientSession | None) -> bytes | Awaitable[bytes] | None:
        """The reply to a put whose first bytes are known; None if it has to take the usual way."""
        try:
            place = digest_place(body)
            known = self[body[:place]]
            namespace = known.namespace
            bins = _plain_bins(body, place + DIGEST_SIZE, known.bin_count, namespace.record_size_max)
            digest, owners = body[place : place + DIGEST_SIZE], self._owners
            elsewhere = not owners.alone and not owners.owns(partition_of(digest))
            if bins is None or elsewhere or digest in namespace.locks:
                return None
            began = monotonic()
            record = namespace.get(digest)
        except (IndexError, KeyError, StructError, RequestRefused):
            return None  # a damaged record too: the usual way tells of it
        if record is not None and record.set_name != known.set_name:
            return None
        try:
            outcome = _put(known, digest, record, bins)
        except RequestRefused as error:
            outcome = with_generation(namespace, digest, self._context.refuse(error, session).code)
        except Exception as error:  # noqa: BLE001 - the edge, as in `RecordExecutor`
            outcome = self._context.fault(error)
        namespace.counters[_WRITTEN[outcome.code]] += 1
        return reply_to_write(namespace, "write", began, outcome)

    def learn(
        self, body: bytes, message: Message, session: ClientSession | None
    ) -> bytes | Awaitable[bytes] | None:
        """Keep what the message ``body`` says, if it is a plain put; then as `respond`."""
        fields, count = message.fields, message.op_count
        if message.info1 or message.info2 != INFO2_WRITE or message.info3 & POLICIES3 or count > BINS_MAX:
            return None
        set_name = fields.get(FIELD_SET)
        namespace = self._context.namespaces.get(fields.get(FIELD_NAMESPACE, b""))
        if namespace is None or set_name is None or len(set_name) > SET_NAME_SIZE_MAX:
            return None
        if len(fields) != PLAIN_FIELDS or int.from_bytes(body[18:20], "big") != PLAIN_FIELDS:
            return None
        place = digest_place(body)
        if body[:place] in self:  # its bins are not plain
            return None
        if body[place - 5 : message.ops_offset] != DIGEST_HEAD + (message.digest or b""):
            return None
        if len(self) >= KNOWN_MAX:
            self.clear()
        self[body[:place]] = KnownPut(namespace, set_name, message.ttl, count)
        return self.respond(body, session)


def _plain_bins(body: bytes, at: int, count: int, size_max: int) -> dict[bytes, bytes] | None:
    """The bins of ``count`` writes from ``at`` to the end, by name; None if any is not plain. Raises StructError.

    Plain are texts, blobs, and numbers of 8 bytes: they are stored as they came.
    """
    bins = {}
    for _ in range(count):
        size, code, kind, flags, name_size = _unpack_op(body, at)
        value, end = at + 8 + name_size, at + 4 + size
        fits = end - value == 8 if kind in _NUMBERS else kind in _TEXTS and 0 <= end - value <= size_max
        if not fits or code != OP_WRITE or flags or name_size > BIN_NAME_SIZE_MAX:
            return None
        bins[body[at + 8 : value]] = body[at : at + 4] + _READ + body[at + 5 : end]
        at = end
    return bins if at == len(body) else None


def _put(known: KnownPut, digest: bytes, record: Record | None, bins: dict[bytes, bytes]) -> RecordOutcome:
    """Write ``bins`` beside the others of ``record``. Raises RequestRefused."""
    namespace, set_name, ttl, _ = known
    key = b""
    blob = b"".join(bins.values())
    if record is not None:
        key = record.key
        if len(bins) > 1 or not _is_only_bin(record.bins, blob):
            blob = b"".join({**split(record.bins), **bins}.values())
    generation, void_time = namespace.write(digest, record, ttl, set_name, key, blob)
    return new_tuple(RecordOutcome, (OK, generation, void_time, b"", 0))


def _is_only_bin(before: bytes, blob: bytes) -> bool:
    """Whether the bin ``blob`` takes the place of all that a record had: most records with one number have no more."""
    return (
        len(before) == len(blob)
        and before[:4] == blob[:4]
        and before[7 : 8 + blob[7]] == blob[7 : 8 + blob[7]]
    )
