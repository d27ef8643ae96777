"""``udf history``: show the recorded changes, or the source that an entry has. Asks no node."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from asadm.fleet.change.options import HISTORY
from asadm.fleet.history.history import History, path_of
from asadm.fleet.observed.grouping import short
from asadm.outcome import CommandOutcome
from asinfo.errors import UsageError
from asinfo.terminal.options import Option
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import number, text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.history.history import HistoryEntry
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

MODULE = Option("module", "m", metavar="MODULE", help="Show only changes of MODULE.")
LIMIT = Option(
    "limit",
    "n",
    "integer",
    default=20,
    metavar="COUNT",
    help="Show the latest COUNT changes; 0: all of them.  [20]",
)
OF = Option(
    "of",
    metavar="CLUSTER",
    help="Show only changes of the cluster whose name in the history is CLUSTER. No inventory is needed for it; --cluster does the same for a cluster of the inventory.",
)
OPTIONS = (MODULE, LIMIT, OF, HISTORY)

NOTES = """\
One row for each module of each change, the newest first; on a terminal each cluster has a table of its own. The number of
the change is that of its first entry. A cluster that has no name in the inventory is called by the addresses of its nodes. The
change "found" records what a node had before, where the history did not have it yet. A change that was killed is "unfinished";
'udf rollback' can undo it too. What 'manage config', 'manage sindex', 'manage truncate' and 'manage jobs' did is listed, too;
'manage config rollback' undoes a change of configuration. Entries are never deleted. Several users and runs may share the file.

Examples:
  asadm udf history --module counter.lua
  asadm --cluster production udf history -n 50
  asadm udf history show 12                  the source of the entry 12, byte for byte
  asadm udf rollback counter.lua --to 12     bring it back
  asadm udf rollback --change 9              undo all of the change 9"""

UNFINISHED = "unfinished: killed, or under way"

COLUMNS = ("ID", "Change", "Time", "User", "Cluster", "Action", "Module", "Hash", "Nodes", "Note")


class HistorySettings:
    """Which history (empty for that of the user), and which of its entries: one, or the latest of a kind."""

    __slots__ = ("cluster", "entry", "file", "limit", "module")

    def __init__(self, arguments: CommandArguments) -> None:
        """Raises UsageError for an id that is no number."""
        options = arguments.options
        module = options.text("module")
        self.file = options.text("history") or ""
        self.module = os.fsencode(module) if module else None
        self.limit = options.integer("limit") or None
        self.cluster = options.text("of")
        self.entry: int | None = None
        for word in arguments.clauses.get("show", ()):
            self.entry = number(word)
            if self.entry is None:
                raise UsageError(f"{arguments.family} history: {word!r} is not the id of an entry")


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for an id that is no number."""
    arguments.prepared = HistorySettings(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """The table, or the source of an entry."""
    settings: HistorySettings = arguments.prepared
    path = path_of(settings.file)
    if not settings.file and not os.path.lexists(path):
        return CommandOutcome(
            messages=[f"{path}: nothing was changed from here yet"], extra={"history": path, "entries": []}
        )
    with History(path) as history:
        if settings.entry is not None:
            return _source(session, history, history.entry(settings.entry))
        entries = history.entries(_cluster(session, settings), settings.module, settings.limit)
    messages = [] if entries else [f"{history.path}: no such change"]
    return CommandOutcome(
        show=_sheets(entries, terminal=session.terminal) if entries else b"",
        messages=messages,
        extra={"history": history.path, "entries": [_document(entry) for entry in entries]},
    )


def _cluster(session: CommandSession, settings: HistorySettings) -> str | None:
    """The cluster that was asked for, if one was; that the inventory has a default one does not count."""
    named = settings.cluster
    if named is None and session.flags is not None and "cluster" in session.flags.given:
        named = session.flags.text("cluster")
    return named


def _sheets(entries: Sequence[HistoryEntry], *, terminal: bool) -> list[Sheet]:
    """One table of all ``entries``; for a terminal, which has no room for the cluster in each row, one for each cluster."""
    if not terminal:
        return [Sheet("", COLUMNS, [list(_cells(entry, _minute(entry.at)).values()) for entry in entries])]
    of: dict[str, list[HistoryEntry]] = {}
    for entry in entries:
        of.setdefault(entry.cluster, []).append(entry)
    this_year = datetime.now(UTC).year
    return [_of_cluster(cluster, those, this_year) for cluster, those in of.items()]


def _of_cluster(cluster: str, entries: Sequence[HistoryEntry], this_year: int) -> Sheet:
    """The table of one cluster. Where all went well a narrow terminal does without the nodes."""
    shown = [name for name in COLUMNS if name != "Cluster"]
    rows = [_cells(entry, _short_time(entry.at, this_year)) for entry in entries]
    well = not any(entry.failed for entry in entries)
    details = ["ID", "Nodes", "Hash"] if well else ["ID", "Hash"]
    return Sheet(_cut(cluster), shown, [[row[name] for name in shown] for row in rows], details=details)


def _cells(entry: HistoryEntry, time: str) -> dict[str, Cell | str | float | None]:
    """A row, by the names of its columns."""
    unknown = entry.unfinished
    nodes = f"{'?' if unknown else entry.ok} of {entry.ok + entry.failed}"
    values = (
        entry.id,
        entry.change,
        time,
        f"{entry.user}@{entry.host}",
        _cut(entry.cluster),
        entry.action,
        text(entry.module),
        short(entry.hash),
        Cell(nodes, "bad" if entry.failed else ""),
        "; ".join(each for each in (entry.note, UNFINISHED if unknown else "") if each),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _minute(at: str) -> str:
    """The minute of a change, in UTC: JSON has the second."""
    return at[:16].replace("T", " ")


def _short_time(at: str, this_year: int) -> str:
    """``11-30 09:15`` of this year, and the day of another one."""
    return _minute(at)[5:] if at.startswith(f"{this_year}-") else at[:10]


def _cut(cluster: str) -> str:
    """A cluster that has no name but its addresses, short enough for a table."""
    first, *others = cluster.split(",")
    return f"{first} and {len(others)} more" if others else first


def _document(entry: HistoryEntry) -> dict[str, object]:
    names = (
        "id",
        "state",
        "change",
        "run",
        "undoes",
        "at",
        "user",
        "host",
        "cluster",
        "action",
        "hash",
        "sha256",
        "ok",
        "failed",
        "note",
    )
    return {
        **{name: getattr(entry, name) for name in names},
        "module": text(entry.module),
        "ok_nodes": sorted(entry.nodes),
        "failed_nodes": sorted(entry.others),
    }


def _source(session: CommandSession, history: History, entry: HistoryEntry) -> CommandOutcome:
    content = history.content(entry)
    if content is None:
        raise UsageError(f"{history.path}: entry {entry.id} has no content")
    from asinfo.decode import encode_base64

    extra = {**_document(entry), "source": text(content), "source_base64": encode_base64(content)}
    return CommandOutcome(show=session.safe(content), extra=extra)
