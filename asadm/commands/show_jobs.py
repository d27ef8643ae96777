"""``show jobs``: the queries that run or have run on every node."""

from __future__ import annotations

from asadm.commands.modifiers import FLIP, FLIP_OPTIONS, NamePattern, flipped, one_of, selection
from asadm.commands.table_outcome import tables_or_nothing
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import jobs
from asadm.target.aerospike.views.asking import answers, ask
from asinfo.errors import UsageError
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asadm.commands.modifiers import FigureSelection
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

KINDS = ("queries", "scans", "sindex-builder")
GONE = {
    "scans": "scans are queries since release 6.0: show jobs queries",
    "sindex-builder": "nodes since release 5.7 list no jobs that build indexes: show sindex has the state of each",
}

OPTIONS = (
    Option(
        "where",
        kind="list",
        metavar="FIELD=PATTERN",
        help="Only jobs whose field matches; may be given several times, and all must.",
    ),
    FLIP.explained("Show every field of each job."),
    *FLIP_OPTIONS[1:],
)

NOTES = """\
Active jobs come first, then the newest; the parts of a job on several nodes stand together. A node keeps the last 100 jobs that are done
(query-max-done). `like` shows more columns, `trid` just these jobs, `for` a namespace and perhaps a set. Fields are named as nodes name
them: status, job-type, recs-failed, udf-filename, ...

Exit codes: 0 all nodes answered, 1 a node did not or nothing matches, 2 a mistake in the command.

Examples:
  asadm show jobs
  asadm show jobs --where status=active --where job-type=background
  asadm show jobs trid 12344938642282475805 --flip"""


class JobSelection:
    """Which jobs are wanted: what ``for`` says, patterns by field, and transaction ids (all where there are none)."""

    __slots__ = ("ids", "selected", "where")

    def __init__(
        self, selected: FigureSelection, where: Mapping[str, NamePattern], ids: Sequence[str]
    ) -> None:
        self.selected = selected
        self.where = where
        self.ids = ids

    def __call__(self, job: Mapping[str, str]) -> bool:
        """Whether ``job`` is wanted."""
        return (
            self.selected.namespace(job.get("ns", ""))
            and self.selected.set(job.get("set", ""))
            and (not self.ids or job.get(jobs.ID) in self.ids)
            and all(pattern(job.get(field, "")) for field, pattern in self.where.items())
        )


def check(arguments: CommandArguments) -> None:
    """Raises UsageError."""
    for word in arguments.names:
        kind = one_of(word, KINDS, "kind of job")
        if kind in GONE:
            raise UsageError(GONE[kind])
    where = {}
    for each in arguments.options.texts("where"):
        field, equals, pattern = each.partition("=")
        if not equals or not field:
            raise UsageError(f"--where: {each!r} is no FIELD=PATTERN")
        where[field] = NamePattern([pattern])
    ids = arguments.clauses.get("trid", [])
    for identity in ids:
        if not (identity.isascii() and identity.isdigit()):
            raise UsageError(f"trid: {identity!r} is no transaction id")
    selected = selection(arguments)
    selected.words = [*arguments.clauses.get("for", []), *ids, *arguments.options.texts("where")]
    arguments.prepared = JobSelection(selected, where, ids)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes at once."""
    wanted: JobSelection = arguments.prepared
    found = ask(info_cluster(session.cluster(arguments)), [jobs.COMMAND])
    table = jobs.table(found, wanted, wanted.selected.like or None, everything=flipped(arguments))
    return tables_or_nothing(answers(found), [table], wanted.selected)
