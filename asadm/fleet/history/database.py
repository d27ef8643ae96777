"""The file of the history: a SQLite database, append-only, with triggers that refuse to alter or delete a row.

The journal is SQLite's default: the write-ahead log does not work on network file systems, where teams share files.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from asinfo.errors import ConfigError, Problem
from asinfo.files import special

if TYPE_CHECKING:
    from types import TracebackType

VERSION = 2
APPLICATION = 0x61737564  # "asud"
BUSY_SECONDS = 15.0
"""How long to wait for another writer."""

_SCHEMA = """
CREATE TABLE contents (sha256 TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE nodes (id INTEGER PRIMARY KEY, addresses TEXT NOT NULL UNIQUE);
CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL,
    run TEXT NOT NULL,
    undoes TEXT,
    at TEXT NOT NULL,
    user TEXT NOT NULL,
    host TEXT NOT NULL,
    cluster TEXT NOT NULL,
    action TEXT NOT NULL,
    module NOT NULL,
    hash TEXT,
    sha256 TEXT REFERENCES contents,
    ok INTEGER NOT NULL REFERENCES nodes,
    failed INTEGER NOT NULL REFERENCES nodes,
    note TEXT NOT NULL
);
CREATE INDEX changes_module ON changes (module, hash);
CREATE INDEX changes_run ON changes (run);
CREATE INDEX changes_undoes ON changes (undoes);
CREATE TRIGGER contents_stay BEFORE DELETE ON contents BEGIN SELECT RAISE(ABORT, 'the history only grows'); END;
CREATE TRIGGER contents_keep BEFORE UPDATE ON contents BEGIN SELECT RAISE(ABORT, 'the history only grows'); END;
CREATE TRIGGER nodes_stay BEFORE DELETE ON nodes BEGIN SELECT RAISE(ABORT, 'the history only grows'); END;
CREATE TRIGGER nodes_keep BEFORE UPDATE ON nodes BEGIN SELECT RAISE(ABORT, 'the history only grows'); END;
CREATE TRIGGER changes_stay BEFORE DELETE ON changes BEGIN SELECT RAISE(ABORT, 'the history only grows'); END;
CREATE TRIGGER changes_keep BEFORE UPDATE ON changes BEGIN SELECT RAISE(ABORT, 'the history only grows'); END;
"""


def open_database(file: str, *, write: bool, shared: bool) -> sqlite3.Connection:
    """The database in ``file``, which is a history of this version. Raises ConfigError, and what `SqliteErrors` is for."""
    path = Path(file).absolute()
    if found := special(path):
        raise ConfigError([Problem(file, 0, f"is {found}, not a file")])
    if write:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():  # sqlite would let all read our own, and the group not write a shared one
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666 if shared else 0o600))
    elif not path.is_file():
        raise ConfigError([Problem(file, 0, "there is no history yet")])
    # Also for reading "rw", which is reading only where the system allows no more: what a writer that was killed
    # in the middle left behind has to be put back.
    mode = "rwc" if write else "rw"
    database = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )
    try:
        database.execute("PRAGMA foreign_keys = ON")
        if write:
            _prepare(database, file)
        _check(database, file)
    except BaseException:
        database.close()
        raise
    return database


class SqliteErrors:
    """Turns errors of SQLite and of the file into a ConfigError that names the file."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, (sqlite3.Error, OSError, ValueError)):
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigError([Problem(self._path, 0, f"the history cannot be used: {reason}")]) from None


class Transaction:
    """A SQLite transaction; other writers wait."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._database.in_transaction:  # a full disk ends it by itself
            self._database.execute("COMMIT" if kind is None else "ROLLBACK")


def _prepare(database: sqlite3.Connection, path: str) -> None:
    """Make the tables in an empty file; the transaction proves that the file can be written."""
    with Transaction(database):
        objects = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not objects:
            for statement in _SCHEMA.split(";\n"):
                if statement.strip():
                    database.execute(statement)
            database.execute(f"PRAGMA application_id = {APPLICATION}")
            database.execute(f"PRAGMA user_version = {VERSION}")
        else:  # writes a page, as a file that is opened for reading only allows the transaction alone
            _check(database, path)
            database.execute(f"PRAGMA user_version = {_number(database, 'user_version')}")


def _check(database: sqlite3.Connection, path: str) -> None:
    if _number(database, "application_id") != APPLICATION:
        raise ConfigError([Problem(path, 0, "is a database, but no history of modules")])
    version = _number(database, "user_version")
    if version != VERSION:
        raise ConfigError(
            [
                Problem(
                    path,
                    0,
                    f"is a history of version {version}; this program knows {VERSION}: name another file with --history",
                )
            ]
        )


def _number(database: sqlite3.Connection, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])
