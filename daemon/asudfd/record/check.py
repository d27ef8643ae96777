"""Read all of a namespace's file: `python -m asudfd.record.check FILE` ends with 0 when everything in it is there.

A process of its own, because what is missing of a file that is mapped into memory kills whoever reads it.
"""

import math
import struct
import sys
from pathlib import Path

import lmdb

from asudfd.record import legacy
from asudfd.record.journals import state_of
from asudfd.record.stored import SET_COUNTS, DamagedError, unseal
from asudfd.record.tree import CHECKED_MAX, broken

PAGES, PAGE = 200, 4096
"""What is written and taken back: more pages than a small file has free, and no burden for a large one."""

TABLES = (b"about", b"records", b"sets")
"""In the order in which a file names them."""


def passes(path: Path) -> bool:
    """Whether all of the file is there and can be written: another process tries, which may die of it."""
    import subprocess

    command = [sys.executable, "-P", "-m", "asudfd.record.check", str(path)]
    return not subprocess.run(command, check=False, capture_output=True).returncode


def main(path: str) -> int:
    """The exit status for the file ``path``."""
    with (
        lmdb.open(path, subdir=False, max_dbs=3, readonly=True, lock=False) as environment,
        environment.begin() as transaction,
    ):
        if not has_tables(transaction) or broken_tree(Path(path), transaction, math.inf):
            return 1
        about, figures = (
            {bytes(key): bytes(value) for key, value in transaction.cursor(table)}
            for table in (
                environment.open_db(name, transaction, create=False) for name in (b"about", b"sets")
            )
        )
        first_format = legacy.FORMAT in {about.get(b"format"), about.get(b"carried")}
        records = environment.open_db(b"records", transaction, create=False)
        count = 0
        try:
            for key, stored in transaction.cursor(records):
                unseal(key[2:], stored, first_format=first_format)
                count += 1
            wanted = sum(SET_COUNTS.unpack(value)[0] for value in figures.values())
        except (DamagedError, struct.error):
            return 1
        counted = transaction.stat(records)["entries"] == count == wanted
    return 0 if counted and state_of(about) is not None and _writable(path) else 1


def has_tables(transaction: lmdb.Transaction) -> bool:
    """Whether the file names its tables, and nothing else: a damaged name is not found, and would be made anew, empty."""
    return tuple(bytes(key) for key in transaction.cursor().iternext(values=False)) == TABLES


def broken_tree(path: Path, transaction: lmdb.Transaction, limit: float = CHECKED_MAX) -> str:
    """What is wrong with the tree of records; see `asudfd.record.tree`. Raises OSError."""
    cursor = transaction.cursor()
    cursor.set_key(b"records")
    return broken(path, transaction.stat()["psize"], bytes(cursor.value()), limit)


def _writable(path: str) -> bool:
    """Whether the pages that a write takes are there: those that were free. Nothing is written."""
    with lmdb.open(path, subdir=False, max_dbs=3, lock=False) as environment:
        transaction = environment.begin(write=True)
        try:
            for number in range(PAGES):
                transaction.put(b"%d" % number, bytes(PAGE))
        except lmdb.MapFullError:
            return True
        except lmdb.Error:
            return False
        finally:
            transaction.abort()
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
