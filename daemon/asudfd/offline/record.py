"""Records for calls without a node: a dict of bins, and the bytes that cross into Lua."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from asinfo.errors import WireError
from asinfo.wire import particle
from asinfo.wire.digest import digest
from asinfo.wire.message import (
    BIN_NAME_SIZE_MAX,
    EPOCH,
    OP_READ,
    TTL_DEFAULT,
    TTL_NEVER,
    TTL_UNCHANGED,
    bins,
    op,
)
from asudfd.lua.aerospike.record_view import RecordView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asinfo.wire.particle import Value
    from asudfd.lua.aerospike.udf_result import UdfResult

GENERATION_MAX = 0xFFFF
"""After this generation comes 1, as on a node."""

NO_DIGEST = bytes(20)
"""The digest of a record whose key is not told."""


class UdfRecord(dict[str, Any]):
    """A record: its bins by their names, and what a record has besides.

    ``generation`` is how often it was written. ``ttl`` is the seconds it has left, None for ever. ``key`` is the user's key
    where it is stored with the record. ``last_update`` is in milliseconds since 2010-01-01 UTC, 0 for now.
    """

    __slots__ = ("generation", "key", "last_update", "set_name", "ttl")

    def __init__(
        self,
        bins: Mapping[str, Any],
        *,
        generation: int = 1,
        ttl: int | None = None,
        key: str | int | bytes | None = None,
        set_name: str = "",
        last_update: int = 0,
    ) -> None:
        super().__init__(bins)
        self.generation = generation
        self.ttl = ttl
        self.key = key
        self.set_name = set_name
        self.last_update = last_update


def view_of(record: Mapping[str, Any] | None, key: str | int | bytes | None, set_name: str) -> RecordView:
    """The record as it crosses into Lua. Raises WireError for what no bin or key can be."""
    own = record if isinstance(record, UdfRecord) else None
    set_name = (own and own.set_name) or set_name
    if key is None and own is not None:
        key = own.key
    name, sent, hashed = set_name.encode(), b"", NO_DIGEST
    if key is not None:
        kind, data = particle.pack(key)
        sent, hashed = bytes((kind,)) + data, digest(name, kind, data)
    if not record:
        return RecordView(False, 0, 0, 0, name, sent, hashed, b"", True)
    generation, ttl, updated = (own.generation, own.ttl, own.last_update) if own is not None else (1, None, 0)
    return RecordView(
        True,
        generation,
        ttl or 0,
        updated or now_milliseconds(),
        name,
        sent,
        hashed,
        packed_bins(record),
        True,
    )


def packed_bins(record: Mapping[str, Any]) -> bytes:
    """Bins as a node stores them. Raises WireError, which names the bin."""
    packed = []
    for name, value in record.items():
        raw = name.encode("utf-8", "surrogateescape")
        if len(raw) > BIN_NAME_SIZE_MAX:
            raise WireError(f"bin {name!r}: the name has more than {BIN_NAME_SIZE_MAX} bytes")
        try:
            kind, data = particle.pack(value)
            packed.append(op(OP_READ, kind, raw, particle.stored(kind, data)))
        except WireError as error:
            raise WireError(f"bin {name!r}: {error}") from None
    return b"".join(packed)


def unpacked_bins(stored: bytes) -> dict[str, Value]:
    """The bins of a record as it is stored."""
    return {
        name.decode("utf-8", "surrogateescape"): particle.unpack(kind, data)
        for kind, name, data in bins(stored)
    }


def written(view: RecordView, result: UdfResult, record: Mapping[str, Any] | None) -> UdfRecord:
    """The record after a call that has written it."""
    own = record if isinstance(record, UdfRecord) else None
    kind, key = view.key[:1], view.key[1:]
    stored: Any = particle.unpack(kind[0], key) if kind and not result.drop_key else None
    return UdfRecord(
        unpacked_bins(result.bins),
        generation=view.generation % GENERATION_MAX + 1,
        ttl=_ttl(result.ttl, own.ttl if own is not None else None),
        key=stored,
        set_name=view.set_name.decode(),
        last_update=now_milliseconds(),
    )


def _ttl(given: int | None, before: int | None) -> int | None:
    """Seconds that a written record has left; a namespace of which nothing is known keeps records for ever."""
    if given == TTL_UNCHANGED:
        return before
    return None if given in {None, TTL_DEFAULT, TTL_NEVER} else given


def now_milliseconds() -> int:
    """Milliseconds since 2010-01-01 UTC."""
    return time.time_ns() // 1_000_000 - EPOCH * 1000
