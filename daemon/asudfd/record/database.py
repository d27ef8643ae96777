"""The file of a namespace: an LMDB environment with three tables.

    about       `format`, `namespace`, `identity` (u32), `epoch` (u64): the journals up to it are in this file;
                `journals`: what to expect of them (see `asudfd.record.journals`); `carried` in a file that was made
                in the first format
    records     partition (u16) and digest: a record with its checksum (see `asudfd.record.stored`)
    sets        `=` and the name of a set: u64 records, u64 bytes

Partition first, so that a scan reads what lies together. A change of the records and the figures of their sets and
the epoch are one transaction, synced: the file is whole after any crash, of the process or of the machine.

What the medium does to it later is another matter. A file that is too short, or lacks one of its tables, is refused at
the start, and so is one whose tree of records is damaged, unless it is large (see `asudfd.record.tree`): that is told
when LMDB sees it, and may also end the process. A record whose checksum is wrong is never handed out.
"""

from __future__ import annotations

import errno
import secrets
import struct
from typing import TYPE_CHECKING

import lmdb

from asinfo.wire.digest import PARTITIONS, partition
from asudfd.errors import RECOVER, StartError
from asudfd.record import legacy
from asudfd.record.check import TABLES, broken_tree, has_tables, passes
from asudfd.record.disk import FULL, reason
from asudfd.record.journals import ExpectedJournals, JournalState, state_of
from asudfd.record.stored import SET_COUNTS, DamagedError, seal, unseal
from asudfd.record.tree import CHECKED_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from asudfd.record.sets import Sets

FORMAT = b"asudf records 2"

Layer = dict[int, dict[bytes, bytes]]
"""Changes by partition and digest; an empty value is a removal."""

GROWTH = 64 << 20
"""By how much the map grows beyond its size when one transaction needs more; what was acknowledged must get in."""

_PREFIX = [number.to_bytes(2, "big") for number in range(PARTITIONS)]


class DatabaseError(Exception):
    """The file could not be written, and nothing of it was changed; or read. ``full``: there is no room for more."""

    def __init__(self, text: str, code: int = errno.ENOSPC) -> None:
        super().__init__(text)
        self.full = code in FULL


class NoRoomError(DatabaseError):
    """A transaction needs more room than the map of LMDB has: the map has to grow."""


class Database:
    """The open file. All but ``commit`` belongs to the event loop; ``commit`` to one worker thread at a time.

    ``pages_bytes`` is what the records take in the state that is seen: whole pages, and the tree above them.
    ``is_open`` is false after a failed ``reopen``; nothing but that may be called then.
    """

    __slots__ = (
        "_about",
        "_environment",
        "_first_format",
        "_path",
        "_records",
        "_sets",
        "_size",
        "_snapshot",
        "_stored",
        "is_open",
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
        self.is_open = False
        try:
            self._open()
            self._identify(namespace)
        except lmdb.Error as error:
            self.close()
            why = reason(error, path)
            if getattr(error, "code", -1) > 0:  # the system's, not LMDB's
                raise StartError(f"cannot use {path}: {why.text}") from error
            raise StartError(
                f"{path} cannot be used for the namespace {namespace.decode()}: {why.text}. "
                f"Restore it from a copy; or {RECOVER}"
            ) from error
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        self._environment = lmdb.open(
            str(self._path), self._size, subdir=False, max_dbs=len(TABLES), mode=0o600, readahead=False
        )
        try:
            self._whole()
            self._about, self._records, self._sets = self._tables()
            self._snapshot = self._environment.begin()
        except BaseException:
            self._environment.close()
            raise
        self.is_open = True
        about = (self._snapshot.get(key, db=self._about) for key in (b"format", b"carried"))
        self._first_format = legacy.FORMAT in about
        self._measure()

    def _tables(self) -> list[lmdb._Database]:
        """The tables. They are made together in a new file and never later: one that is gone is damage."""
        if not self._environment.stat()["entries"]:
            with self._environment.begin(write=True) as transaction:
                return [self._environment.open_db(name, transaction) for name in TABLES]
        with self._environment.begin() as transaction:
            if not has_tables(transaction):
                raise lmdb.CorruptedError("its tables are not those that it was made with")
            if wrong := broken_tree(self._path, transaction):
                raise lmdb.CorruptedError(wrong)
        return [self._environment.open_db(name, create=False) for name in TABLES]

    def _whole(self) -> None:
        """Check that the file is as long as it says: what LMDB would meet behind its end kills the process.

        It may be a little shorter and yet whole, when the last pages are unused; only then all of it is read, by
        another process, which may die of it.
        """
        information, psize = self._environment.info(), self._environment.stat()["psize"]
        wanted, there = (information["last_pgno"] + 1) * psize, self._path.stat().st_size
        if there < wanted and not passes(self._path):
            raise lmdb.CorruptedError(f"a part of it is missing: it has {there} bytes of {wanted}")

    def _identify(self, namespace: bytes) -> None:
        about = {bytes(key): bytes(value) for key, value in self._snapshot.cursor(self._about)}
        if not about and not self._snapshot.stat(self._records)["entries"]:
            with self._environment.begin(write=True) as transaction:
                for key, value in (
                    (b"format", FORMAT),
                    (b"namespace", namespace),
                    (b"identity", secrets.token_bytes(4)),
                    (b"epoch", bytes(8)),
                    (b"journals", ExpectedJournals.NEW.encode()),
                ):
                    transaction.put(key, value, db=self._about)
            self.refresh()
        elif about.get(b"format") not in {FORMAT, legacy.FORMAT}:
            raise StartError(f"{self._path} was made by another program, or by a later version of this one")
        elif about.get(b"namespace") != namespace:
            owner = about.get(b"namespace", b"?").decode(errors="backslashreplace")
            raise StartError(f"{self._path} belongs to the namespace {owner}, not to {namespace.decode()}")

    @property
    def state(self) -> JournalState:
        """What the file says about itself and its journals. Raises StartError."""
        state = state_of({bytes(key): bytes(value) for key, value in self._snapshot.cursor(self._about)})
        if state is None:
            raise StartError(
                f"{self._path} is damaged: what it says about itself is none of its words. {RECOVER}"
            )
        return state

    def restore(self, sets: Sets) -> None:
        """Give ``sets`` the figures that are stored. Raises StartError when they do not fit the records."""
        try:
            for key, value in self._snapshot.cursor(self._sets):
                objects, size = self._stored[key[1:]] = SET_COUNTS.unpack(value)
                sets.restore(key[1:], objects, size)
        except (lmdb.Error, struct.error) as error:
            raise StartError(
                f"{self._path} is damaged: the figures of its sets: {error}. {RECOVER}"
            ) from error
        if sets.objects != self._snapshot.stat(self._records)["entries"]:
            raise StartError(
                f"{self._path} is damaged: it does not have the records that it should have. {RECOVER}"
            )

    def damaged(self, limit: int = CHECKED_MAX) -> list[bytes]:
        """Digests under which there is not what was written, if the file has so many bytes at most. Raises StartError.

        Either the record is damaged or its key is: then nobody would find the record, nor miss it.
        """
        if (self._environment.info()["last_pgno"] + 1) * self._environment.stat()["psize"] > limit:
            return []
        try:
            entries = ((key[2:], key, stored) for key, stored in self._snapshot.cursor(self._records))
            return [digest for digest, key, stored in entries if not self._is_whole(digest, key, stored)]
        except lmdb.Error as error:
            raise StartError(
                f"{self._path} is damaged: {reason(error, self._path).text}. {RECOVER}"
            ) from error

    def _is_whole(self, digest: bytes, key: bytes, stored: bytes) -> bool:
        try:
            unseal(digest, stored, first_format=self._first_format)
        except DamagedError:
            return False
        return key == _PREFIX[partition(digest)] + digest

    def get(self, number: int, digest: bytes) -> bytes | None:
        """The value of ``digest``, which is in the partition ``number``. Raises DatabaseError when it is damaged."""
        try:
            stored = self._snapshot.get(_PREFIX[number] + digest, db=self._records)
            return None if stored is None else unseal(digest, stored, first_format=self._first_format)
        except (lmdb.Error, DamagedError) as error:
            raise DatabaseError(
                f"the record {digest.hex()} in it cannot be read: {error}", errno.EIO
            ) from error

    def digests(self, number: int) -> Iterator[bytes]:
        """The digests of the partition ``number``, ascending. Raises DatabaseError."""
        prefix = _PREFIX[number]
        try:
            cursor = self._snapshot.cursor(self._records)
            if cursor.set_range(prefix):
                for key in cursor.iternext(keys=True, values=False):
                    if key[:2] != prefix:
                        break
                    yield key[2:]
        except lmdb.Error as error:
            raise DatabaseError(f"the partition {number} in it cannot be read: {error}", errno.EIO) from error

    def commit(
        self,
        layer: Layer,
        figures: Mapping[bytes, tuple[int, int]],
        epoch: int,
        expected: ExpectedJournals | None = None,
    ) -> None:
        """Make ``layer`` and the ``figures`` of the sets a part of the file, up to ``epoch``; blocks.

        ``expected`` is what to expect of the journals from then on, if that changes.
        Raises DatabaseError, and nothing is changed.
        """
        about = {b"epoch": epoch.to_bytes(8, "big")}
        if expected is not None:
            about[b"journals"] = expected.encode()
        self._transact(layer, figures, about)

    def upgrade(self) -> None:
        """Give a file of the first format the present one; blocks. Its journals must be in it. Raises DatabaseError."""
        about = {b"format": FORMAT, b"carried": legacy.FORMAT, b"journals": ExpectedJournals.NEW.encode()}
        self._transact({}, {}, about)
        self._first_format = True
        self.refresh()

    def expect(self, expected: ExpectedJournals) -> None:
        """Say what there is to expect of the journals; blocks. Raises DatabaseError."""
        if self.state.expected is not expected:
            self._transact({}, {}, {b"journals": expected.encode()})
            self.refresh()

    def _transact(
        self, layer: Layer, figures: Mapping[bytes, tuple[int, int]], about: Mapping[bytes, bytes]
    ) -> None:
        try:
            self._write(layer, figures, about)
        except lmdb.MapFullError as error:
            raise NoRoomError(str(error)) from error
        except lmdb.Error as error:
            why = reason(error, self._path)
            text = why.text if getattr(error, "code", -1) > 0 else f"it is damaged: {why.text}. {RECOVER}"
            raise DatabaseError(text, errno.ENOSPC if why.full else errno.EIO) from error

    def _write(
        self, layer: Layer, figures: Mapping[bytes, tuple[int, int]], about: Mapping[bytes, bytes]
    ) -> None:
        with self._environment.begin(write=True) as transaction:
            for number in sorted(layer):
                prefix, values = _PREFIX[number], layer[number]
                for digest in sorted(values):
                    if value := values[digest]:
                        transaction.put(prefix + digest, seal(digest, value), db=self._records)
                    else:
                        transaction.delete(prefix + digest, db=self._records)
            for name, counts in figures.items():
                if self._stored.get(name) != counts:
                    transaction.put(b"=" + name, SET_COUNTS.pack(*counts), db=self._sets)
            for key, word in about.items():
                transaction.put(key, word, db=self._about)
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
        except (lmdb.Error, OSError) as error:
            why = reason(error, self._path)
            raise DatabaseError(why.text, errno.ENOSPC if why.full else errno.EIO) from error

    def close(self) -> None:
        """Release the file, unless it is closed."""
        if self.is_open:
            self.is_open = False
            self._snapshot.abort()
            self._environment.close()


def insert(layer: Layer, digest: bytes, value: bytes) -> int:
    """Add a change to ``layer``; by how many bytes its values grow."""
    values = layer.setdefault(partition(digest), {})
    grown = len(value) - len(values.get(digest, b""))
    values[digest] = value
    return grown


def merged(runs: Iterable[Mapping[bytes, bytes]]) -> Layer:
    """The changes of several epochs together, the last of them last."""
    layer: Layer = {}
    for values in runs:
        for digest, value in values.items():
            insert(layer, digest, value)
    return layer
