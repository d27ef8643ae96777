"""The file of one SMD module, `UDF.smd`: a JSON array, indented by three, all ASCII.

    [
       [ cluster key, tid ],
       { "key": ..., "value": text or null, "generation": ..., "timestamp": ... },
       ...
    ]

Written to `UDF.smd.save`, fsynced and renamed, so that at any instant either the old file is there or the new one.
Source of the format: the info protocol specification, section 4.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from daemon.smd.interface import Item

INDENT = " " * 3
BUFFER_SIZE = 1 << 20
"""Bytes gathered for one write: a thousand small modules are a handful of calls."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file says."""

    cluster_key: int
    tid: int
    items: Sequence[Item]


def parse(data: bytes) -> Content:
    """What ``data`` says. Raises ValueError, naming the place, when it is not such a file."""
    try:
        array = json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    match array:
        case [[int(cluster_key), int(tid)], *entries]:
            items = [_item(number, entry) for number, entry in enumerate(entries, 1)]
        case _:
            raise ValueError("it does not begin with [cluster key, tid]")
    if len({item.key for item in items}) != len(items):
        raise ValueError("a key stands in it twice")
    return Content(cluster_key, tid, items)


def _item(number: int, entry: object) -> Item:
    match entry:
        case {
            "key": str(key),
            "value": str() | None as value,
            "generation": int(generation),
            "timestamp": int(timestamp),
        } if generation > 0:
            return Item(key, value, generation, timestamp)
    raise ValueError(f"entry {number} is not an object of key, value, generation and timestamp")


def head(cluster_key: int, tid: int) -> bytes:
    """The text of the first element."""
    return _indented([cluster_key, tid])


def entry(item: Item) -> bytes:
    """The text of one item; callers keep it, because encoding costs more than writing."""
    return _indented(
        {"key": item.key, "value": item.value, "generation": item.generation, "timestamp": item.timestamp}
    )


def _indented(value: object) -> bytes:
    return (INDENT + json.dumps(value, indent=INDENT).replace("\n", "\n" + INDENT)).encode()


def write(path: Path, elements: Iterable[bytes]) -> None:
    """Replace ``path`` by an array of ``elements``, durably; on OSError the old file stays as it was."""
    new = path.with_name(path.name + ".save")
    try:
        # os.open, not open(): the mode is 0600 from the first instant.
        number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(number, "wb", BUFFER_SIZE) as file:
            # Piece by piece: joining 100 MB first would hold up the event loop, as writing does not.
            separator = b"[\n"
            for element in elements:
                file.writelines((separator, element))
                separator = b",\n"
            file.write(b"\n]\n")
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in directory ``path`` durable."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
