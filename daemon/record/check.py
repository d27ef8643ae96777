"""Read all of a namespace's file: `python -m daemon.record.check FILE` ends with 0 when everything in it is there.

A process of its own, because what is missing of a file that is mapped into memory kills whoever reads it.
"""

import sys

import lmdb

from daemon.record.record import unpack


def main(path: str) -> int:
    """The exit status for the file ``path``."""
    with (
        lmdb.open(path, subdir=False, max_dbs=3, readonly=True, lock=False) as environment,
        environment.begin() as transaction,
    ):
        for name in (b"about", b"sets"):
            list(transaction.cursor(environment.open_db(name, transaction, create=False)))
        records = environment.open_db(b"records", transaction, create=False)
        for _, value in transaction.cursor(records):
            if not unpack(value).generation:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
