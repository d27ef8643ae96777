"""The history of changes: user, time, cluster, module and content, so that a change can be rolled back.

One file, append-only (`asadm.fleet.history.database`). Content is stored once, under its SHA-256.
Before a run changes anything, it writes down what it found on the nodes (a ``found`` row for each module and each
content of it, and one without a hash where a node had none) and what it is about to do (a ``begun`` row for each
module); so even a run that is killed is seen and can be undone. How the run went is one more row for each module.

Each row knows its nodes, by their addresses: a node is the same in whatever words a command line names it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from asadm import state
from asadm.fleet.history.author import author
from asadm.fleet.history.database import SqliteErrors, Transaction, open_database
from asinfo.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType
    from typing import Self


FOUND = "found"
"""Action, and state, of the rows that say what was there before a run."""

BEGUN = "begun"
INTENDED = "intended"
"""As `BEGUN`, of what is no module: configuration, indexes, truncations. Rollbacks of modules, also those of older versions, pass it over."""

DONE = "done"

BESIDE_MODULES = frozenset({"config", "jobs", "sindex", "truncate"})
"""Actions whose rows are about no module."""

_COLUMNS = "id, state, run, undoes, at, user, host, cluster, action, module, hash, sha256, ok, failed, note"
_READ = _COLUMNS.replace("ok, failed", "(SELECT addresses FROM nodes WHERE nodes.id = ok), "
                         "(SELECT addresses FROM nodes WHERE nodes.id = failed)")  # fmt: skip
_READ += ", (SELECT min(first.id) FROM changes AS first WHERE first.run = changes.run)"


class HistoryEntry:
    """One row of the history.

    ``state``   ``found``: what was there before a run; ``begun`` or ``intended``: what it is about to do; ``done``: what it did
    ``run``     the same in all rows of one run of a command
    ``undoes``  the run that this one takes back, for a rollback
    ``action``  ``found``, or what the run does: ``apply``, ``remove``, ``rollback``, ``repair``, ``rewarm``, ``config``, ``truncate`` and so on
    ``hash``    as ``udf-list`` gives it; None where the module was, or now is, not there
    ``sha256``  of the content; for a removal that of the content that was removed; None when it is not known
    ``nodes``   addresses of the nodes that have it so
    ``others``  addresses of the nodes that were to have it so, and have not; or not yet, in a row that is ``begun``
    ``change``  the number of its run, by which people name it: the ``id`` of the first row of the run
    """

    __slots__ = (
        "action", "at", "change", "cluster", "hash", "host", "id", "module", "nodes", "note", "others", "run", "sha256",
        "state", "undoes", "user",
    )  # fmt: skip

    def __init__(self, row: tuple[object, ...]) -> None:
        *most, module, hash_, sha256, nodes, others, note, change = row
        for name, value in zip(_COLUMNS.split(", "), most, strict=False):
            setattr(self, name, value)
        self.module = _name(module)
        self.hash = None if hash_ is None else str(hash_)
        self.sha256 = None if sha256 is None else str(sha256)
        self.nodes = frozenset(str(nodes).split())
        self.others = frozenset(str(others).split())
        self.note = str(note)
        self.change = int(str(change))

    id: int
    state: str
    run: str
    undoes: str | None
    at: str
    user: str
    host: str
    cluster: str
    action: str

    @property
    def unfinished(self) -> bool:
        """Whether it says what a run was about to do, and not how that went."""
        return self.state in {BEGUN, INTENDED}

    @property
    def ok(self) -> int:
        """Number of nodes that have it so."""
        return len(self.nodes)

    @property
    def failed(self) -> int:
        """Number of nodes that have not."""
        return len(self.others)


class HistoryRecord:
    """The record of one module in the history; ``hash`` and ``content`` are None where there is none.

    Of content that the history has already, ``sha256`` is enough.
    """

    __slots__ = ("action", "content", "hash", "module", "nodes", "note", "others", "sha256", "state")

    def __init__(
        self,
        action: str,
        module: bytes,
        digest: str | None,
        content: bytes | None,
        *,
        sha256: str | None = None,
        state: str = DONE,
        nodes: Iterable[str] = (),
        others: Iterable[str] = (),
        note: str = "",
    ) -> None:
        self.action = action
        self.state = FOUND if action == FOUND else state
        self.module = module
        self.hash = digest
        self.content = content
        self.sha256 = sha256
        self.nodes = frozenset(nodes)
        self.others = frozenset(others)
        self.note = note


def default_path() -> str:
    """``$XDG_STATE_HOME/asudf/history.sqlite``. Raises UsageError where there is no home directory."""
    return state.required("history.sqlite")


def path_of(file: str) -> str:
    """The history in ``file``, or that of the user where none is named. Raises UsageError where there is no home."""
    return file or default_path()


def new_run() -> str:
    """A name for a run that no other has."""
    return os.urandom(8).hex()


class History:
    """An open history file; a context manager.

    With ``write`` the file is made when absent, and it is made sure that it can be written; it is made for others too,
    as the umask says, when it is ``shared``, and else for the user alone. Raises ConfigError for a file that cannot be
    used, here and in every method.
    """

    def __init__(self, path: str, *, write: bool = False, shared: bool = False) -> None:
        self.path = path
        self.shared = shared
        with SqliteErrors(path):
            self._database = open_database(path, write=write, shared=shared)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def record(
        self, run: str, cluster: str, records: Iterable[HistoryRecord], *, undoes: str | None = None
    ) -> None:
        """Add ``records`` in one transaction, all of this moment and of this user."""
        user, host = author()
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with SqliteErrors(self.path), Transaction(self._database):
            for each in records:
                sha256 = each.sha256 or self._keep(each.content)
                nodes, others = self._addresses(each.nodes), self._addresses(each.others)
                self._database.execute(
                    f"INSERT INTO changes ({_COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
                    (each.state, run, undoes, now, clean(user), clean(host), clean(cluster), each.action,
                     _stored(each.module), each.hash, sha256, nodes, others, clean(each.note)),
                )  # fmt: skip

    def _addresses(self, addresses: Iterable[str]) -> int:
        """The row of a set of nodes, of which there are few."""
        stored = clean(" ".join(sorted(addresses)))
        self._database.execute("INSERT OR IGNORE INTO nodes VALUES (NULL, ?)", (stored,))
        row = self._database.execute("SELECT id FROM nodes WHERE addresses = ?", (stored,)).fetchone()
        return int(row[0])

    def keep(self, contents: Sequence[bytes]) -> list[str]:
        """Store contents for rows that are to come; their SHA-256."""
        with SqliteErrors(self.path), Transaction(self._database):
            return [self._keep(content) or "" for content in contents]

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
    ) -> list[HistoryEntry]:
        """The latest ``limit`` rows worth a person's look, the newest first.

        What a run found is left out where an earlier row has the same content, or where there was none; what it has
        begun, where a later row says how it went.
        """
        shown = (
            "(state = 'done' OR (state IN ('begun', 'intended') AND NOT EXISTS (SELECT 1 FROM changes AS later WHERE "
            "later.run = changes.run AND later.module = changes.module AND later.state = 'done')) "
            "OR (state = 'found' AND hash IS NOT NULL AND NOT EXISTS (SELECT 1 FROM changes AS earlier "
            "WHERE earlier.module = changes.module AND earlier.hash = changes.hash AND earlier.id < changes.id)))"
        )
        where, values = _where(cluster, module)
        return list(
            self.select(
                f"{shown} AND {where} ORDER BY id DESC LIMIT ?", [*values, -1 if limit is None else limit]
            )
        )

    def entry(self, number: int) -> HistoryEntry:
        """The row with that id. Raises UsageError when there is none."""
        for entry in self.select("id = ?", [number]):
            return entry
        raise UsageError(f"{self.path}: there is no entry {number}")

    def content(self, entry: HistoryEntry) -> bytes | None:
        """The content that ``entry`` is about; None when it has none."""
        with SqliteErrors(self.path):
            row = self._database.execute(
                "SELECT content FROM contents WHERE sha256 = ?", (entry.sha256,)
            ).fetchone()
        return None if row is None else bytes(row[0])

    def known(self, module: bytes, digest: str) -> str | None:
        """SHA-256 of the content recorded for a module under the hash of ``udf-list``; None when there is none."""
        where = "module = ? AND hash = ? AND sha256 IS NOT NULL LIMIT 1"
        return next((entry.sha256 for entry in self.select(where, [_stored(module), digest])), None)

    def begun(self, module: bytes | None = None) -> Iterator[HistoryEntry]:
        """What runs that are no rollbacks were about to do, the newest first."""
        where, values = _where(None, module)
        return self.select(f"state = 'begun' AND undoes IS NULL AND {where} ORDER BY id DESC", values)

    def intended(self) -> Iterator[HistoryEntry]:
        """What runs that are no rollbacks were about to change beside modules, the newest first."""
        return self.select("state = 'intended' AND undoes IS NULL ORDER BY id DESC", [])

    def of_run(self, run: str) -> list[HistoryEntry]:
        """All rows of a run."""
        return list(self.select("run = ? ORDER BY id", [run]))

    def undoing(self, run: str) -> list[HistoryEntry]:
        """How the rollbacks of a run went."""
        return list(self.select("undoes = ? AND state = 'done'", [run]))

    def repairs(self, module: bytes, after: int) -> list[HistoryEntry]:
        """How the repairs of a module went that are later than a row."""
        return list(
            self.select(
                "module = ? AND id > ? AND action = 'repair' AND state = 'done'", [_stored(module), after]
            )
        )

    def select(self, where: str, values: Sequence[object]) -> Iterator[HistoryEntry]:
        """Rows, one after the other."""
        with SqliteErrors(self.path):
            rows = self._database.execute(f"SELECT {_READ} FROM changes WHERE {where}", values)  # noqa: S608 - values are bound
            while found := rows.fetchmany(256):
                yield from map(HistoryEntry, found)


def clean(words: str) -> str:
    r"""``words`` as UTF-8 can have them; other bytes of a command line as ``\xNN``."""
    return words.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


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
