"""Namespaces in files, and records to put there: small journals, quick commits."""

import asyncio
import struct
from pathlib import Path
from typing import Any

from asudfd.config import schema
from asudfd.record.device import Device
from asudfd.record.namespace import Namespace
from asudfd.record.record import Record
from asudfd.record.sets import Sets

PAGE, LEAF = 4096, 2
"""Of LMDB: the size of a page, and the flag of one with keys and values."""


def make(path: Path, *, name: str = "test", said: list[str] | None = None, **values: Any) -> Namespace:
    engine = schema.StorageEngine(
        **{"kind": "device", "file": (str(path),), "filesize": 64 << 20, "flush_max_ms": 1, **values}
    )
    warn = said.append if said is not None else unexpected
    return Namespace(
        schema.NamespaceConfig(name, nsup_period=120, storage_engine=engine),
        Device(path, name.encode(), engine, warn),
    )


def unexpected(text: str) -> None:
    raise AssertionError(text)


def digest(number: int) -> bytes:
    return number.to_bytes(20, "little")


def new(number: int, size: int = 20) -> Record:
    return Record(1, 0, number + 1, b"set%d" % (number % 3), b"", b"%d." % number * size)


def device(namespace: Namespace) -> Device:
    assert isinstance(namespace.storage, Device)
    return namespace.storage


def fill(path: Path, count: int, size: int = 20) -> None:
    """Make the file of a namespace with so many records, as a node that was stopped leaves it."""

    async def run() -> None:
        namespace = make(path)
        await namespace.start()
        for number in range(count):
            namespace.put(digest(number), new(number, size))
        await namespace.stop()

    asyncio.run(run())


def make_and_close(path: Path) -> Sets:
    namespace = make(path)
    device(namespace).close()
    return namespace.sets


def without_last_keys(content: bytes) -> bytes:
    """The file of a namespace, in which every page of records has lost its last key: a word in its head is wrong."""
    damaged = bytearray(content)
    for place in range(0, len(content), PAGE):
        _, flags, lower, upper = struct.unpack_from("<HHHH", content, place + 8)
        if flags == LEAF and 16 + 2 * 10 < lower <= upper <= PAGE:  # other tables have fewer keys
            struct.pack_into("<H", damaged, place + 12, lower - 2)
    return bytes(damaged)
