"""The storage engines called in process, without sockets: CPU of a read and a write, memory, durable writes.

100,000 records of 100 bytes for the times, of 1 KB for the memory. Durable writes are those of `commit-to-device true`; the
flushes of the disk alone are measured beside them.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from typing import TYPE_CHECKING

from asudfd.config import schema
from asudfd.record.device import Device
from asudfd.record.memory import Memory
from asudfd.record.namespace import Namespace
from asudfd.record.record import Record
from tests.bench.figures import figure
from tests.bench.processes import directory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECORDS = 100_000
SMALL, LARGE = 100, 1024
"""Bytes of data of a record: for times, and for the memory that it takes."""

WRITERS = 64
SECONDS = 3.0


def run() -> None:
    """Record microseconds of CPU, bytes and rates."""
    _memory_of_a_record()
    _times("memory", _namespace(None))
    with directory() as home:
        asyncio.run(_device(home))


def _namespace(path: Path | None, *, commit: bool = False) -> Namespace:
    engine = schema.StorageEngine(kind="device", filesize=8 << 30, commit_to_device=commit)
    config = schema.NamespaceConfig("test", nsup_period=120, storage_engine=engine)
    return Namespace(config, Device(path, b"test", engine, print) if path else Memory())


def _record(size: int) -> Record:
    return Record(1, 0, 1, b"demo", b"", os.urandom(size))


def _memory_of_a_record() -> None:
    namespace = _namespace(None)
    before = _resident()
    for _ in range(RECORDS):
        namespace.put(os.urandom(20), _record(LARGE))
    gc.collect()
    figure(f"memory of a record with {LARGE} bytes", (_resident() - before) / RECORDS, "bytes")


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - one line of a system file
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _times(name: str, namespace: Namespace, records: int = RECORDS) -> None:
    digests = [os.urandom(20) for _ in range(records)]
    record = _record(SMALL)
    put = _cpu(digests, lambda digest: namespace.put(digest, record))
    again = _cpu(digests, lambda digest: namespace.put(digest, record))
    get = _cpu(digests, namespace.get)
    figure(f"{name}, put of a new record: CPU", put, "us")
    figure(f"{name}, overwrite: CPU", again, "us")
    figure(f"{name}, get: CPU", get, "us")


def _cpu(digests: list[bytes], act: Callable[[bytes], object]) -> float:
    began = time.thread_time()
    for digest in digests:
        act(digest)
    return (time.thread_time() - began) / len(digests) * 1e6


async def _device(home: Path) -> None:
    namespace = _namespace(home / "a")
    await namespace.start()
    # as many as a journal has room for: there is no turn of the loop in between, in which a commit could begin
    _times("device, before the commit", namespace, RECORDS // 5)
    await namespace.stop()
    namespace = _namespace(home / "a")
    digests = [digest for number in range(4096) for digest in namespace.storage.digests(number)]
    figure("device, get from the file: CPU", _cpu(digests, namespace.get), "us")
    await namespace.start()
    await namespace.stop()
    for writers in (1, WRITERS):
        rate = await _durable(home / f"b{writers}", writers)
        figure(f"durable writes, {writers} at a time", rate, "/s")
    figure("flushes of the disk alone", _flushes(home / "raw"), "/s")


async def _durable(path: Path, writers: int) -> float:
    namespace = _namespace(path, commit=True)
    await namespace.start()
    record, written, end = _record(SMALL), 0, time.perf_counter() + SECONDS

    async def write() -> None:
        nonlocal written
        while time.perf_counter() < end:
            namespace.put(os.urandom(20), record)
            durable = namespace.durable()
            assert durable is not None
            assert await durable == 0
            written += 1

    await asyncio.gather(*(write() for _ in range(writers)))
    await namespace.stop()
    return written / SECONDS


def _flushes(path: Path) -> float:
    """`fdatasync` of a few bytes a second, in a preallocated file."""
    number = os.open(path, os.O_RDWR | os.O_CREAT)
    os.pwrite(number, bytes(8 << 20), 0)
    os.fsync(number)
    count, end = 0, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        os.pwrite(number, b"x" * 160, count * 160 % (8 << 20))
        os.fdatasync(number)
        count += 1
    os.close(number)
    return count / SECONDS
