"""What stands around a repair: one change at a time, and a record of it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from asadm.display import rendered
from asadm.fleet.fetch import fetch
from asadm.fleet.history import FOUND, History, Record, new_run, path_of
from asadm.fleet.lock import ClusterLock, file_lock, scope
from asinfo.errors import Error
from asinfo.render import plain
from asinfo.wire.info import text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    from asadm.cluster import Cluster
    from asadm.fleet.mending import Row
    from asadm.fleet.survey import Survey
    from asadm.session import Session
    from asinfo.exchange import Node
    from asinfo.options import Values
    from asinfo.render import Sheet


def announce(session: Session, sheet: Sheet) -> None:
    """Show what is about to be done, before the question; on standard error where standard output is for JSON."""
    if session.json:
        for line in plain(sheet).splitlines():
            session.warn(line)
    else:
        session.write(rendered(session, [sheet]))


class Guard:
    """Holds the locks and the history inside of its ``with`` block.

    Entering raises Error, before anything is sent, when another run holds a lock or the history cannot be written.
    """

    def __init__(
        self,
        cluster: Cluster,
        groups: Sequence[Sequence[Node]],
        options: Values,
        *,
        wait: float,
        warn: Callable[[str], None],
    ) -> None:
        self._cluster = cluster
        self._groups = groups
        self._options = options
        self._wait = wait
        self._warn = warn
        self._history: History | None = None
        self._run = new_run()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(file_lock(self._cluster, self._options))
            wait = self._options.number("lock-wait") or 0.0
            stack.enter_context(ClusterLock(self._cluster, self._groups, seconds=self._wait, wait=wait))
            if not self._options.flag("no-history"):
                self._history = stack.enter_context(History(path_of(self._options), write=True))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def keep(self, survey: Survey, names: Sequence[bytes]) -> None:
        """Note all versions of these modules that there are, with their contents: some are about to be replaced.

        Raises KeyboardInterrupt, and Error when the history cannot be written; nothing was sent then.
        """
        if self._history is None:
            return
        wanted: dict[tuple[bytes, str], list[Node]] = {}
        for name in names:
            for listing, hash_ in zip(survey.listings, survey.hashes(name), strict=True):
                if hash_ is not None:
                    wanted.setdefault((name, hash_), []).append(listing.node)
        records = []
        for (name, hash_), found in fetch(self._cluster, wanted).items():
            records.append(Record(FOUND, name, hash_, found.content, ok=len(wanted[name, hash_])))
            if found.content is None:
                self._warn(f"{text(name)}: the version {hash_[:10]} is not kept: {found.reason}")
        self._history.record(self._run, scope(self._cluster), records)

    def record(self, action: str, name: bytes, content: bytes, hash_: str, rows: Sequence[Row]) -> None:
        """Note what was done with one module. A history that fails now is told, and no reason to stop in the middle."""
        if self._history is None or not rows:
            return
        good = sum(row.good for row in rows)
        note = self._options.text("note") or ""
        record = Record(action, name, hash_, content, ok=good, failed=len(rows) - good, note=note)
        try:
            self._history.record(self._run, scope(self._cluster), [record])
        except Error as error:
            self._warn(f"not in the history: {error}")
