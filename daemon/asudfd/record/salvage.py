"""Reads what can be read of a damaged file of a namespace.

LMDB trusts its file: what is missing or wrong in it may end the process that reads it, or keep it busy for ever. So the
reading is done by a child process, which tells what it finds through a pipe, partition by partition. When it dies, the
next one goes on with the next partition. A file that is too short is read as a copy with zeros for what is missing,
which LMDB takes for damage and not for its end.
"""

from __future__ import annotations

import faulthandler
import os
import resource
import select
import shutil
import signal
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import lmdb

from asinfo.wire.digest import PARTITIONS
from asinfo.wire.message import DIGEST_SIZE
from asudfd.record import legacy
from asudfd.record.check import TABLES
from asudfd.record.record import unpack
from asudfd.record.stored import SET_COUNTS, DamagedError, unseal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SILENCE_SECONDS = 30.0
"""So long a child may say nothing, while it reads a partition, before it is taken for stuck."""

_MESSAGE = Struct(f"!BI{DIGEST_SIZE}sI")
_PREFIX_SIZE = 2


class SalvageMessage(IntEnum):
    """The kinds of message that the child process sends."""

    ABOUT = 1
    SET = 2
    PARTITION = 3
    RECORD = 4
    DAMAGED = 5
    BROKEN = 6
    END = 7


@dataclass(slots=True)
class DatabaseSalvage:
    """The result of reading a damaged file besides its records, with what could not be read.

    ``figures`` are the objects of each set, as the file says; ``damaged`` the digests of damaged records; ``broken``
    the places that could not be read at all, in words.
    """

    about: dict[bytes, bytes] = field(default_factory=dict)
    figures: dict[bytes, int] = field(default_factory=dict)
    damaged: list[bytes] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


class _ChildMessage(NamedTuple):
    kind: int
    partition: int
    key: bytes
    value: bytes


def salvage(path: Path, take: Callable[[bytes, bytes], None]) -> DatabaseSalvage:
    """Read ``path`` and give digest and value of every whole record to ``take``. Raises OSError."""
    there, wanted = path.stat().st_size, _wanted(path)
    if there >= wanted:
        return _read_all(path, take)
    copy = path.with_name(f"{path.name}.lengthened")
    try:
        shutil.copyfile(path, copy)
        os.truncate(copy, wanted)
        found = _read_all(copy, take)
    finally:
        copy.unlink(missing_ok=True)
    if found.broken:  # else what is missing were unused pages
        found.broken.insert(0, f"a part is missing: it has {there} bytes of {wanted}")
    return found


def _wanted(path: Path) -> int:
    """How long the file says that it is; 0 when it says nothing."""
    try:
        with lmdb.open(str(path), subdir=False, readonly=True, lock=False) as environment:
            last_page: int = environment.info()["last_pgno"]
            page_size: int = environment.stat()["psize"]
            return (last_page + 1) * page_size
    except lmdb.Error:
        return 0


def _read_all(path: Path, take: Callable[[bytes, bytes], None]) -> DatabaseSalvage:
    found = DatabaseSalvage()
    partition = 0
    while partition < PARTITIONS:
        reached, ended = partition, False
        for message in _tell(path, partition):
            reached = max(reached, message.partition)
            ended = ended or message.kind == SalvageMessage.END
            _note(message, found, take)
        if ended:
            break
        found.broken.append(f"partition {reached}: reading it ended the reader")
        partition = reached + 1
    return found


def _note(message: _ChildMessage, found: DatabaseSalvage, take: Callable[[bytes, bytes], None]) -> None:
    match message.kind:
        case SalvageMessage.RECORD:
            take(message.key, message.value)
        case SalvageMessage.DAMAGED:
            found.damaged.append(message.key)
        case SalvageMessage.BROKEN:
            found.broken.append(message.value.decode(errors="backslashreplace"))
        case SalvageMessage.ABOUT:
            key, _, value = message.value.partition(b"=")
            found.about[key] = value
        case SalvageMessage.SET:
            objects, _ = SET_COUNTS.unpack_from(message.value)
            found.figures[message.value[SET_COUNTS.size :]] = objects


def _tell(path: Path, first: int) -> Iterator[_ChildMessage]:
    """What a child says of the partitions from ``first`` on."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        os.close(read_end)
        _be_child(path, first, write_end)
    os.close(write_end)
    try:
        while (head := _take(read_end, _MESSAGE.size)) is not None:
            kind, partition, key, size = _MESSAGE.unpack(head)
            value = _take(read_end, size)
            if value is None:
                break
            yield _ChildMessage(kind, partition, key, value)
    finally:
        os.close(read_end)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _take(number: int, size: int) -> bytes | None:
    """The next ``size`` bytes of a pipe; None when it ends before, or is silent for too long."""
    parts, missing = [], size
    while missing:
        if not select.select([number], [], [], SILENCE_SECONDS)[0]:
            return None
        part = os.read(number, missing)
        if not part:
            return None
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _be_child(path: Path, first: int, number: int) -> NoReturn:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.disable()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # LMDB has last words; what is damaged is told in ours
    status = 1
    try:
        with os.fdopen(number, "wb", buffering=0) as pipe:  # what was told is not lost with the child
            _read(path, first, _MessageWriter(pipe.write))
            status = 0
    finally:
        os._exit(status)


class _MessageWriter(NamedTuple):
    """Sends messages to the parent process; a call sends one."""

    write: Callable[[bytes], object]

    def __call__(
        self, kind: int, partition: int, key: bytes = bytes(DIGEST_SIZE), value: bytes = b""
    ) -> None:
        self.write(_MESSAGE.pack(kind, partition, key, len(value)) + value)


def _read(path: Path, first: int, tell: _MessageWriter) -> None:
    """Tell of the file ``path``; what is not of a partition is told by the first child only."""
    try:
        environment = lmdb.open(str(path), subdir=False, max_dbs=3, readonly=True, lock=False)
        about, records, sets = (environment.open_db(name, create=False) for name in TABLES)
    except lmdb.Error as error:
        tell(SalvageMessage.BROKEN, 0, value=f"nothing can be read: {error}".encode())
        tell(SalvageMessage.END, PARTITIONS - 1)
        return
    words = _words(environment, about, tell)
    if not first:
        for key, value in words.items():
            tell(SalvageMessage.ABOUT, 0, value=key + b"=" + value)
        for key, value in _words(environment, sets, tell).items():
            if len(value) == SET_COUNTS.size:
                tell(SalvageMessage.SET, 0, value=value + key[1:])
    first_format = legacy.FORMAT in {words.get(b"format"), words.get(b"carried")}
    for partition in range(first, PARTITIONS):
        tell(SalvageMessage.PARTITION, partition)
        try:
            with environment.begin() as transaction:  # an error is the end of a transaction
                cursor = transaction.cursor(records)
                _read_partition(cursor, partition, tell, first_format=first_format)
        except (lmdb.Error, ValueError) as error:
            tell(SalvageMessage.BROKEN, partition, value=f"partition {partition}: {error}".encode())
    tell(SalvageMessage.END, PARTITIONS - 1)


def _words(environment: lmdb.Environment, table: lmdb._Database, tell: _MessageWriter) -> dict[bytes, bytes]:
    """What is in a small table."""
    try:
        with environment.begin() as transaction:
            return {bytes(key): bytes(value) for key, value in transaction.cursor(table)}
    except lmdb.Error as error:
        tell(SalvageMessage.BROKEN, 0, value=f"what it says about itself: {error}".encode())
        return {}


def _read_partition(cursor: lmdb.Cursor, partition: int, tell: _MessageWriter, *, first_format: bool) -> None:
    """Raises lmdb.Error, and ValueError for what cannot be."""
    prefix = last = partition.to_bytes(_PREFIX_SIZE, "big")
    if not cursor.set_range(prefix):
        return
    for key, stored in ((bytes(key), bytes(stored)) for key, stored in cursor):
        if key[:_PREFIX_SIZE] != prefix:
            return
        if key <= last or len(key) != _PREFIX_SIZE + DIGEST_SIZE:
            raise ValueError("its keys are not in their order")
        last, digest = key, key[_PREFIX_SIZE:]
        try:
            value = unseal(digest, stored, first_format=first_format)
            unpack(value)
        except (DamagedError, struct.error):
            tell(SalvageMessage.DAMAGED, partition, digest)
        else:
            tell(SalvageMessage.RECORD, partition, digest, value)
