"""The history of changes: who brought what to which cluster when, with the content, so that there is a way back.

One SQLite file, append-only: triggers refuse to alter or delete a row. Content is stored once, under its SHA-256.
Before a run changes anything, it writes down what it found on the nodes (action ``found``), a row for each module and
each content of it, and a row without a hash where a node had none; so even a run that is killed can be undone. How
the run went is one more row for each module.

The journal is SQLite's default: the write-ahead log does not work on network file systems, where teams share files.
"""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from asinfo.errors import ConfigError, Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from asinfo.options import Values

FOUND = "found"
"""Action of the rows that say what was there before a run."""

MENDING = ("repair", "rewarm")
"""Actions that bring nodes back to what the others have."""

VERSION = 1
APPLICATION = 0x61737564  # "asud"
BUSY_SECONDS = 15.0
"""How long to wait for another writer."""

_SCHEMA = """
CREATE TABLE contents (sha256 TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
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
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    note TEXT NOT NULL
);
CREATE INDEX changes_module ON changes (cluster, module);
CREATE INDEX changes_run ON changes (run);
CREATE INDEX changes_undoes ON changes (undoes);
CREATE TRIGGER contents_stay BEFORE DELETE ON contents BEGIN SELECT RAISE(ABORT, 'the history only grows'); END;
CREATE TRIGGER contents_keep BEFORE UPDATE ON contents BEGIN SELECT RAISE(ABORT, 'the history only grows'); END;
CREATE TRIGGER changes_stay BEFORE DELETE ON changes BEGIN SELECT RAISE(ABORT, 'the history only grows'); END;
CREATE TRIGGER changes_keep BEFORE UPDATE ON changes BEGIN SELECT RAISE(ABORT, 'the history only grows'); END;
"""

_COLUMNS = "id, run, undoes, at, user, host, cluster, action, module, hash, sha256, ok, failed, note"


class Entry:
    """One row of the history.

    ``run``     the same in all rows of one run of a command
    ``undoes``  the run that this one takes back, for a rollback
    ``action``  ``found``, or what the run did: ``apply``, ``remove``, ``rollback``, ``repair``, ``rewarm``, ``clear``
    ``hash``    as ``udf-list`` gives it; None where the module was, or now is, not there
    ``sha256``  of the content; for a removal that of the content that was removed; None when it is not known
    ``ok``, ``failed``   numbers of nodes
    """

    __slots__ = (
        "action", "at", "cluster", "failed", "hash", "host", "id", "module", "note", "ok", "run", "sha256", "undoes",
        "user",
    )  # fmt: skip

    def __init__(self, row: tuple[object, ...]) -> None:
        for name, value in zip(_COLUMNS.split(", "), row, strict=True):
            setattr(self, name, value)
        self.module = _name(row[8])

    id: int
    run: str
    undoes: str | None
    at: str
    user: str
    host: str
    cluster: str
    action: str
    module: bytes
    hash: str | None
    sha256: str | None
    ok: int
    failed: int
    note: str


class Record:
    """What is to be written of one module; ``hash`` and ``content`` are None where there is none."""

    __slots__ = ("action", "content", "failed", "hash", "module", "note", "ok")

    def __init__(
        self,
        action: str,
        module: bytes,
        digest: str | None,
        content: bytes | None,
        *,
        ok: int = 0,
        failed: int = 0,
        note: str = "",
    ) -> None:
        self.action = action
        self.module = module
        self.hash = digest
        self.content = content
        self.ok = ok
        self.failed = failed
        self.note = note


def default_path() -> str:
    """``$XDG_STATE_HOME/asudf/history.sqlite``."""
    return str(state_directory() / "history.sqlite")


def state_directory() -> Path:
    """``asudf`` in the XDG state directory. Raises UsageError where there is no home."""
    named = os.environ.get("XDG_STATE_HOME", "")
    try:
        base = Path(named) if named.startswith("/") else Path.home() / ".local" / "state"
    except RuntimeError:
        raise UsageError(
            "there is no home directory: set XDG_STATE_HOME, or give --history and --lock"
        ) from None
    return base / "asudf"


def path_of(options: Values) -> str:
    """The history file that a command's flags mean."""
    return options.text("history") or default_path()


def new_run() -> str:
    """A name for a run that no other has."""
    return os.urandom(8).hex()


def who() -> tuple[str, str]:
    """User and host, for the record; with sudo also who is behind it."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = str(os.getuid())
    behind = os.environ.get("SUDO_USER")
    return (f"{user} (sudo by {behind})" if behind and behind != user else user), socket.gethostname()


class History:
    """An open history file; a context manager.

    With ``write`` the file is made when absent, and it is made sure that it can be written. Raises ConfigError for a
    file that cannot be used, here and in every method.
    """

    def __init__(self, path: str, *, write: bool = False) -> None:
        self.path = path
        with _Named(path):
            self._database = self._open(write=write)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def _open(self, *, write: bool) -> sqlite3.Connection:
        path = Path(self.path).absolute()
        if write:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not path.is_file():
            raise ConfigError([Problem(self.path, 0, "there is no history yet")])
        # Also for reading "rw", which is reading only where the system allows no more: what a writer that was killed
        # in the middle left behind has to be put back.
        mode = "rwc" if write else "rw"
        database = sqlite3.connect(
            f"{path.as_uri()}?mode={mode}", uri=True, timeout=BUSY_SECONDS, isolation_level=None
        )
        try:
            database.execute("PRAGMA foreign_keys = ON")
            if write:
                _prepare(database, self.path)
            _check(database, self.path)
        except BaseException:
            database.close()
            raise
        return database

    def record(self, run: str, cluster: str, records: Iterable[Record], *, undoes: str | None = None) -> None:
        """Add ``records`` in one transaction, all of this moment and of this user."""
        user, host = who()
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with _Named(self.path), _Transaction(self._database):
            for each in records:
                sha256 = self._keep(each.content)
                self._database.execute(
                    f"INSERT INTO changes ({_COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
                    (run, undoes, now, user, host, cluster, each.action, _stored(each.module), each.hash, sha256,
                     each.ok, each.failed, each.note),
                )  # fmt: skip

    def _keep(self, content: bytes | None) -> str | None:
        """The SHA-256 under which ``content`` is stored from now on."""
        if content is None:
            return None
        from hashlib import sha256

        digest = sha256(content).hexdigest()
        self._database.execute("INSERT OR IGNORE INTO contents VALUES (?, ?)", (digest, content))
        return digest

    def entries(
        self, cluster: str | None = None, module: bytes | None = None, limit: int | None = None
    ) -> list[Entry]:
        """The latest ``limit`` rows worth a person's look, the newest first.

        What a run found is left out where an earlier row has the same content, or where there was none.
        """
        shown = (
            "(action != 'found' OR (hash IS NOT NULL AND NOT EXISTS (SELECT 1 FROM changes AS earlier "
            "WHERE earlier.cluster = changes.cluster AND earlier.module = changes.module "
            "AND earlier.hash = changes.hash AND earlier.id < changes.id)))"
        )
        where, values = _where(cluster, module)
        return list(
            self._select(
                f"{shown} AND {where} ORDER BY id DESC LIMIT ?", [*values, -1 if limit is None else limit]
            )
        )

    def entry(self, number: int) -> Entry:
        """The row with that id. Raises UsageError when there is none."""
        for entry in self._select("id = ?", [number]):
            return entry
        raise UsageError(f"{self.path}: there is no entry {number}")

    def content(self, entry: Entry) -> bytes | None:
        """The content that ``entry`` is about; None when it has none."""
        with _Named(self.path):
            row = self._database.execute(
                "SELECT content FROM contents WHERE sha256 = ?", (entry.sha256,)
            ).fetchone()
        return None if row is None else bytes(row[0])

    def known(self, module: bytes, digest: str) -> bytes | None:
        """Content recorded for a module under the hash of ``udf-list``; None when there is none."""
        for entry in self._select(
            "module = ? AND hash = ? AND sha256 IS NOT NULL LIMIT 1", [_stored(module), digest]
        ):
            return self.content(entry)
        return None

    def last_good(self, cluster: str, module: bytes, before: int | None = None) -> Entry | None:
        """The latest content of a module that was on nodes of ``cluster``, of the rows older than row ``before``."""
        where = "cluster = ? AND module = ? AND hash IS NOT NULL AND ok > 0 AND sha256 IS NOT NULL AND id < ?"
        values = [cluster, _stored(module), 2**62 if before is None else before]
        return next(self._select(f"{where} ORDER BY id DESC LIMIT 1", values), None)

    def undoable(self, cluster: str, module: bytes | None = None) -> list[Entry]:
        """What the latest run that is not undone yet found: the rows to go back to, of all modules it changed or of one.

        A rollback that reached every node takes its run out; one that failed somewhere leaves it, to be tried again. A
        repair that gave all nodes what most of them had is passed over: to undo it would change nothing.
        """
        where, values = _where(cluster, module)
        undone = (
            "NOT EXISTS (SELECT 1 FROM changes AS later WHERE later.undoes = changes.run AND later.action != 'found' "
            "AND later.module = changes.module AND later.failed = 0)"
        )
        candidate = f"action = 'found' AND undoes IS NULL AND {undone} AND {where}"
        latest = f"{candidate} GROUP BY run HAVING id = max(id)"  # one row of each run
        for last in self._select(f"{latest} ORDER BY id DESC", values):
            found = list(self._select(f"{candidate} AND run = ? ORDER BY id", [*values, last.run]))
            if not self._mended(last.run, found):
                return found
        return []

    def _mended(self, run: str, found: Sequence[Entry]) -> bool:
        """Whether ``run`` was a repair of nodes that did not have what most had."""
        repaired = [entry for entry in self.of_run(run) if entry.action in MENDING]
        usual: dict[bytes, Entry] = {}
        for entry in found:
            usual[entry.module] = max(usual.get(entry.module, entry), entry, key=lambda each: each.ok)
        return bool(repaired) and all(
            each.module not in usual or usual[each.module].hash == each.hash for each in repaired
        )

    def of_run(self, run: str) -> list[Entry]:
        """All rows of a run."""
        return list(self._select("run = ? ORDER BY id", [run]))

    def _select(self, where: str, values: Sequence[object]) -> Iterator[Entry]:
        with _Named(self.path):
            rows = self._database.execute(f"SELECT {_COLUMNS} FROM changes WHERE {where}", values).fetchall()  # noqa: S608 - values are bound
        return map(Entry, rows)


class _Named:
    """Gives errors of the file the form that all errors of files have."""

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


class _Transaction:
    """Everything or nothing; other writers wait."""

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
    with _Transaction(database):
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
            [Problem(path, 0, f"is a history of version {version}; this program knows {VERSION}")]
        )


def _number(database: sqlite3.Connection, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])


def _where(cluster: str | None, module: bytes | None) -> tuple[str, list[object]]:
    parts: list[str] = []
    values: list[object] = []
    if cluster is not None:
        parts.append("cluster = ?")
        values.append(cluster)
    if module is not None:
        parts.append("module = ?")
        values.append(_stored(module))
    return " AND ".join(parts) or "1", values


def _stored(module: bytes) -> str | bytes:
    """A name as text, for people who look into the file; one that is not UTF-8 as it is."""
    try:
        return module.decode()
    except UnicodeDecodeError:
        return module


def _name(stored: object) -> bytes:
    return stored if isinstance(stored, bytes) else str(stored).encode()
