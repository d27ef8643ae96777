"""``show latencies``: how long requests took, and how many there were a second, by namespace and kind."""

from __future__ import annotations

from asadm.commands.modifiers import selection
from asadm.commands.table_outcome import tables_or_nothing
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import latencies
from asadm.target.aerospike.views.asking import NAMESPACES, answers, ask
from asinfo.errors import UsageError
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.commands.modifiers import FigureSelection
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.aerospike.views.asking import NodeInfo


OPTIONS = (
    Option(
        "increment", "e", "integer", default=3, aliases=("exponent-increment",), metavar="K",
        help="Show every K-th of the thresholds 1, 2, 4, ... 65536.",
    ),
    Option("buckets", "b", "integer", default=3, metavar="N", help="Show so many thresholds."),
    Option("verbose", "v", "flag", help="Ask for the histograms that parameters switch on, too: benchmarks and proxies."),
)  # fmt: skip

NOTES = """\
A node tells of the last ten seconds (or ticker-interval). What had no requests since the node began has no row. Sums: requests are added,
and each node counts by its requests in the percentages.

Exit codes: 0 all nodes answered, 1 a node did not or nothing matches, 2 a mistake in the command.

Examples:
  asadm show latencies
  asadm show latencies -e 1 -b 8 like read for test"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError."""
    for name in ("increment", "buckets"):
        if not arguments.options.integer(name):
            raise UsageError(f"--{name} is at least 1")
    arguments.prepared = selection(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes at once; their namespaces first where benchmarks are wanted."""
    wanted: FigureSelection = arguments.prepared
    options = arguments.options
    cluster = info_cluster(session.cluster(arguments))
    if options.flag("verbose"):
        found = ask(
            cluster, [latencies.COMMAND, latencies.FABRIC, NAMESPACES], lambda info: _benchmarks(info, wanted)
        )
    else:
        found = ask(cluster, [latencies.COMMAND])
    tables = latencies.tables(
        found,
        lambda namespace, kind: _in_namespace(namespace, wanted) and wanted.like(kind),
        every=options.integer("increment") or 1,
        count=options.integer("buckets") or 1,
    )
    return tables_or_nothing(answers(found), tables, wanted)


def _in_namespace(namespace: str | None, wanted: FigureSelection) -> bool:
    """Histograms of the whole node are of no namespace that is named."""
    return wanted.namespace(namespace) if namespace is not None else not wanted.namespace


def _benchmarks(info: NodeInfo, wanted: FigureSelection) -> list[str]:
    return [
        command
        for name in info.namespaces
        if wanted.namespace(name)
        for command in latencies.benchmarks(name)
    ]
