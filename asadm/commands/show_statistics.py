"""``show statistics``: what every node counts, side by side, by context; or the changes a second."""

from __future__ import annotations

import time

from asadm.commands import REPEAT_SECONDS
from asadm.commands.modifiers import FLIP_OPTIONS
from asadm.commands.value_tables import REPEAT, ValueRequest, remember
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import statistics
from asadm.target.aerospike.views.asking import answers
from asadm.target.aerospike.views.contexts import ask_all
from asinfo.errors import UsageError
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.tables.values import ValueTable
    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.aerospike.views.asking import NodeInfo

TOTAL = Option("total", "t", kind="flag", help="Add a column of sums, where a sum over nodes means anything.")
RATE = Option(
    "rate",
    kind="pause",
    metavar="[SECONDS]",
    help="Look twice, SECONDS apart [2], and show the changes a second of what changed.",
)
OPTIONS = (TOTAL, RATE, *FLIP_OPTIONS, REPEAT)

NOTES = """\
Contexts: service, namespace, sets, sindex, bins, xdr; without one service, namespaces and sets. Any may be cut, and names may follow:
show statistics namespace test, show statistics sets test users, show statistics sindex test idx_age.
A namespace has its configuration among its statistics, as the server has. 'diff' shows only what is not the same on all nodes.
Sums leave out shares, averages, ages, parameters, and what every node says of the whole cluster; over how many nodes they are stands above.
A node that counts less than before has begun anew, and has no rates. Where the terminal has no room for all nodes, those that say the
same share a line.
Xdr is of the Enterprise Edition; servers from 7.0 on do not count bins.

Exit codes: 0 all nodes were read (also where nothing differs or changes), 1 a node was not, or nothing matches, 2 usage.

Examples:
  asadm show statistics like client_ -t
  asadm show statistics namespace test --rate 5
  asadm watch show statistics service like connections --rate"""


class StatisticsRequest(ValueRequest):
    """``total``: with sums; ``pause``: seconds between two looks, of which the changes are shown; None for one look."""

    __slots__ = ("pause", "total")

    def __init__(self, arguments: CommandArguments) -> None:
        """Raises UsageError."""
        super().__init__(statistics.KIND, statistics.CONTEXTS, arguments)
        self.total = arguments.options.flag(TOTAL.name)
        rate = arguments.options.number(RATE.name)
        self.pause = None if rate is None else rate or REPEAT_SECONDS
        if rate is not None and self.diff:
            raise UsageError("--rate: leave diff out: changes differ from node to node")


class Look:
    """What nodes said, and when: by a clock of this machine, in seconds."""

    __slots__ = ("found", "times")

    def __init__(self, cluster: AerospikeCluster, request: StatisticsRequest) -> None:
        began = time.monotonic()
        self.found: list[NodeInfo] = ask_all(cluster, request.requests)
        self.times = [began + info.answer.milliseconds / 1000 for info in self.found]


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a context that is none, and for a pattern that is none."""
    arguments.prepared = StatisticsRequest(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for all contexts in one conversation each; twice for changes."""
    request: StatisticsRequest = arguments.prepared
    cluster = info_cluster(session.cluster(arguments))
    look = Look(cluster, request)
    tables = request.tables(look.found)
    remember(cluster, statistics.KIND, look.found, tables)
    if request.pause is not None:
        return _rates(cluster, request, look, tables)
    for table in tables:
        table.total = request.total
    return request.outcome(answers(look.found), tables)


def _rates(
    cluster: AerospikeCluster, request: StatisticsRequest, before: Look, earlier: Sequence[ValueTable]
) -> CommandOutcome:
    from asadm.commands.table_outcome import tables_outcome
    from asadm.outcome import INTERRUPTED, exit_code
    from asadm.tables.rates import rates
    from asinfo.terminal import interrupt

    assert request.pause is not None
    if exit_code(answers(before.found)) == INTERRUPTED:
        return request.outcome(answers(before.found), [])
    interrupt.sleep(request.pause)
    now = Look(cluster, request)  # the account of a silent node goes on: it costs one deadline
    later = request.tables(now.found)
    if not earlier or not later:
        return request.outcome(answers(now.found), [])
    seconds = [after - first for first, after in zip(before.times, now.times, strict=True)]
    tables = rates(earlier, later, seconds)
    for table in tables:
        table.flipped, table.total = request.flip, request.total
    shown = [table for table in tables if table.names or not table.whole]
    nothing = f"nothing changed in {request.pause:g} s"
    outcome = tables_outcome(tables[0].answers, shown, nothing=nothing)
    outcome.code = exit_code(tables[0].answers)
    return outcome
