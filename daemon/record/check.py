"""Read all of a namespace's file: `python -m daemon.record.check FILE` ends with 0 when everything in it is there.

A process of its own, because what is missing of a file that is mapped into memory kills whoever reads it.
"""

import struct
import sys

import lmdb

from daemon.record import legacy
from daemon.record.journals import state_of
from daemon.record.stored import DamagedError, unseal

PAGES, PAGE = 200, 4096
"""What is written and taken back: more pages than a small file has free, and no burden for a large one."""

_COUNT = struct.Struct("!QQ")


def main(path: str) -> int:
    """The exit status for the file ``path``."""
    with (
        lmdb.open(path, subdir=False, max_dbs=3, readonly=True, lock=False) as environment,
        environment.begin() as transaction,
    ):
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
            wanted = sum(_COUNT.unpack(value)[0] for value in figures.values())
        except (DamagedError, struct.error):
            return 1
    return 0 if state_of(about) is not None and count == wanted and _writable(path) else 1


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
