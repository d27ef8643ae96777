"""Namespaces in files, and records to put there: small journals, quick commits."""

from pathlib import Path
from typing import Any

from daemon.config import schema
from daemon.record.device import Device
from daemon.record.namespace import Namespace
from daemon.record.record import Record
from daemon.record.sets import Sets


def make(path: Path, *, name: str = "test", said: list[str] | None = None, **values: Any) -> Namespace:
    engine = schema.StorageEngine(
        **{"kind": "device", "file": (str(path),), "filesize": 64 << 20, "flush_max_ms": 1, **values}
    )
    warn = said.append if said is not None else unexpected
    return Namespace(
        schema.Namespace(name, nsup_period=120, storage_engine=engine),
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


def make_and_close(path: Path) -> Sets:
    namespace = make(path)
    device(namespace).close()
    return namespace.sets
