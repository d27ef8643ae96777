"""Read all of a namespace's file: `python -m daemon.record.check FILE` ends with 0 when everything in it is there.

A process of its own, because what is missing of a file that is mapped into memory kills whoever reads it.
"""

import sys

import lmdb

from daemon.record import legacy
from daemon.record.stored import DamagedError, unseal


def main(path: str) -> int:
    """The exit status for the file ``path``."""
    with (
        lmdb.open(path, subdir=False, max_dbs=3, readonly=True, lock=False) as environment,
        environment.begin() as transaction,
    ):
        about, _ = (
            dict(transaction.cursor(environment.open_db(name, transaction, create=False)))
            for name in (b"about", b"sets")
        )
        first_format = legacy.FORMAT in {about.get(b"format"), about.get(b"carried")}
        records = environment.open_db(b"records", transaction, create=False)
        try:
            for key, stored in transaction.cursor(records):
                unseal(key[2:], stored, first_format=first_format)
        except DamagedError:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
