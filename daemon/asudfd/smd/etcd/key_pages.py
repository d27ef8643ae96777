"""Reading many keys of etcd: all as of one revision, in pages of a bearable size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from asudfd.smd.etcd.wire import ReplyTooLarge

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from asudfd.smd.etcd.gateway import Gateway
    from asudfd.smd.etcd.wire import KeyRange

PAGE_KEYS = 16
"""Keys of the first page of a read; then as many as make up about PAGE_BYTES."""

PAGE_BYTES = 4 << 20
PAGE_KEYS_MAX = 2048
"""Bytes and keys of a page at most: what etcd sends and this process decodes in a small part of READ_SECONDS."""

READ_SECONDS = 10.0
"""How long a page may take."""


async def pages_of(gateway: Gateway, key: bytes, end: bytes) -> AsyncGenerator[KeyRange, None]:
    """The pages of all keys from ``key`` up to ``end``, as of one revision. Raises EtcdError."""
    revision, limit = 0, PAGE_KEYS
    while True:
        try:
            page = await gateway.range(key, end, revision=revision, limit=limit, seconds=READ_SECONDS)
        except ReplyTooLarge:
            if limit == 1:
                raise
            limit = max(1, limit // 4)
            continue
        revision = revision or page.revision
        yield replace(page, revision=revision)
        if not page.more or not page.keys:
            return
        key = page.keys[-1].key + b"\0"
        size = sum(len(entry.key) + len(entry.value) for entry in page.keys) // len(page.keys)
        limit = max(1, min(PAGE_KEYS_MAX, PAGE_BYTES // max(1, size)))
