"""The file of a namespace: an LMDB environment with three tables.

    about       `format`, `namespace`, `identity` (u32), `epoch` (u64): the journals up to it are in this file
    records     partition (u16) and digest: a record in its stored form
    sets        `=` and the name of a set: u64 records, u64 bytes

Partition first, so that a scan reads what lies together. A change of the records and the figures of their sets and
the epoch are one transaction, synced: the file is whole after any crash, of the process or of the machine.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
from struct import Struct
from typing import TYPE_CHECKING

import lmdb

from daemon.errors import StartError
from daemon.record.record import PARTITIONS, partition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from daemon.record.sets import Sets

FORMAT = b"asudf records 1"

Layer = dict[int, dict[bytes, bytes]]
"""Changes by partition and digest; an empty value is a removal."""

GROWTH = 64 << 20
"""By how much the map grows beyond its size when one transaction needs more; what was acknowledged must get in."""

_COUNT = Struct("!QQ")
_PREFIX = [number.to_bytes(2, "big") for number in range(PARTITIONS)]
_TABLES = (b"about", b"records", b"sets")


class DatabaseError(Exception):
    """The file could not be written; nothing of it was changed."""


class NoRoomError(DatabaseError):
    """A transaction was larger than the room in the map: let it grow."""


class Database:
    """The open file. All but ``commit`` belongs to the event loop; ``commit`` to one worker thread at a time.

    ``pages_bytes`` is what the records take in the state that is seen: whole pages, and the tree above them.
    """

    __slots__ = (
        "_about",
        "_environment",
        "_path",
        "_records",
        "_sets",
        "_size",
        "_snapshot",
        "_stored",
        "pages_bytes",
    )

    def __init__(self, path: Path, size: int, namespace: bytes) -> None:
        """Open ``path``, a file for ``size`` bytes, or make it.

        Raises StartError when it is damaged, foreign, or of another namespace, and leaves it alone then.
        """
        self._path = path
        self._size = size
        self._stored: dict[bytes, tuple[int, int]] = {}
        self.pages_bytes = 0
        try:
            self._open()
            self._identify(namespace)
        except lmdb.Error as error:
            raise StartError(
                f"{path} cannot be used for the namespace {namespace.decode()}: {error}. "
                "Restore it from a copy, or move it and its journals away to start empty"
            ) from error

    def _open(self) -> None:
        self._environment = lmdb.open(
            str(self._path), self._size, subdir=False, max_dbs=len(_TABLES), mode=0o600, readahead=False
        )
        self._whole()
        tables = [self._environment.open_db(name) for name in _TABLES]
        self._about, self._records, self._sets = tables
        self._snapshot = self._environment.begin()
        self._measure()

    def _whole(self) -> None:
        """Check that the file is as long as it says: what LMDB would meet behind its end kills the process.

        It may be a little shorter and yet whole, when the last pages are unused; only then all of it is read, by
        another process, which may die of it.
        """
        information, psize = self._environment.info(), self._environment.stat()["psize"]
        if self._path.stat().st_size < (information["last_pgno"] + 1) * psize:
            check = [sys.executable, "-m", "daemon.record.check", str(self._path)]
            if subprocess.run(check, check=False, capture_output=True).returncode:
                self._environment.close()
                raise lmdb.CorruptedError("a part of it is missing")

    def _identify(self, namespace: bytes) -> None:
        about = {bytes(key): bytes(value) for key, value in self._snapshot.cursor(self._about)}
        if not about and not self._snapshot.stat(self._records)["entries"]:
            with self._environment.begin(write=True) as transaction:
                for key, value in (
                    (b"format", FORMAT),
                    (b"namespace", namespace),
                    (b"identity", secrets.token_bytes(4)),
                    (b"epoch", bytes(8)),
                ):
                    transaction.put(key, value, db=self._about)
            self.refresh()
        elif about.get(b"format") != FORMAT:
            self.close()
            raise lmdb.InvalidError("it was made by another program")
        elif about.get(b"namespace") != namespace:
            self.close()
            raise lmdb.InvalidError(f"it belongs to the namespace {about[b'namespace'].decode()}")

    @property
    def identity(self) -> int:
        """A random number that this file has had since it was made."""
        return int.from_bytes(self._snapshot.get(b"identity", db=self._about) or b"", "big")

    @property
    def epoch(self) -> int:
        """The last epoch whose journal is in this file."""
        return int.from_bytes(self._snapshot.get(b"epoch", db=self._about) or b"", "big")

    def restore(self, sets: Sets) -> None:
        """Give ``sets`` the figures that are stored. Raises StartError when they do not fit the records."""
        for key, value in self._snapshot.cursor(self._sets):
            objects, size = self._stored[key[1:]] = _COUNT.unpack(value)
            sets.restore(key[1:], objects, size)
        if sets.objects != self._snapshot.stat(self._records)["entries"]:
            raise StartError(f"{self._path} is damaged: it does not have the records that it should have")

    def get(self, number: int, digest: bytes) -> bytes | None:
        """The value of ``digest``, which is in the partition ``number``."""
        value: bytes | None = self._snapshot.get(_PREFIX[number] + digest, db=self._records)
        return value

    def digests(self, number: int) -> Iterator[bytes]:
        """The digests of the partition ``number``, ascending."""
        prefix = _PREFIX[number]
        cursor = self._snapshot.cursor(self._records)
        if cursor.set_range(prefix):
            for key in cursor.iternext(keys=True, values=False):
                if key[:2] != prefix:
                    break
                yield key[2:]

    def commit(self, layer: Layer, figures: Mapping[bytes, tuple[int, int]], epoch: int) -> None:
        """Make ``layer`` and the ``figures`` of the sets a part of the file, up to ``epoch``; blocks.

        Raises DatabaseError, and nothing is changed.
        """
        try:
            self._write(layer, figures, epoch)
        except lmdb.MapFullError as error:
            raise NoRoomError(str(error)) from error
        except lmdb.Error as error:
            raise DatabaseError(str(error)) from error

    def _write(self, layer: Layer, figures: Mapping[bytes, tuple[int, int]], epoch: int) -> None:
        with self._environment.begin(write=True) as transaction:
            for number in sorted(layer):
                prefix, values = _PREFIX[number], layer[number]
                for digest in sorted(values):
                    if value := values[digest]:
                        transaction.put(prefix + digest, value, db=self._records)
                    else:
                        transaction.delete(prefix + digest, db=self._records)
            for name, counts in figures.items():
                if self._stored.get(name) != counts:
                    transaction.put(b"=" + name, _COUNT.pack(*counts), db=self._sets)
            transaction.put(b"epoch", epoch.to_bytes(8, "big"), db=self._about)
        self._stored.update(figures)

    def _measure(self) -> None:
        """Measure what is seen, not what a commit is about to make of it: the figures belong to one state."""
        stat = self._snapshot.stat(self._records)
        self.pages_bytes = stat["psize"] * (
            stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]
        )

    def refresh(self) -> None:
        """See what was committed. Holding on to an old state for long would keep its pages from being used again."""
        self._snapshot.abort()
        self._snapshot = self._environment.begin()
        self._measure()

    def grow(self) -> None:
        """Make room for a transaction that did not fit."""
        self._snapshot.abort()
        self._environment.set_mapsize(self._environment.info()["map_size"] + GROWTH)
        self._snapshot = self._environment.begin()

    def reopen(self) -> None:
        """Begin anew after an error of the disk, which LMDB does not forget. Raises DatabaseError."""
        self.close()
        try:
            self._open()
        except lmdb.Error as error:
            raise DatabaseError(str(error)) from error

    def close(self) -> None:
        """Release the file."""
        self._snapshot.abort()
        self._environment.close()


def insert(layer: Layer, digest: bytes, value: bytes) -> int:
    """Add a change to ``layer``; by how many bytes its values grow."""
    values = layer.setdefault(partition(digest), {})
    grown = len(value) - len(values.get(digest, b""))
    values[digest] = value
    return grown
