"""``show config``: the parameters of every node side by side, by context, and where nodes differ."""

from __future__ import annotations

from asadm.commands.modifiers import FLIP_OPTIONS
from asadm.commands.value_tables import REPEAT, ValueRequest, remember
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.views import configuration
from asadm.target.aerospike.views.asking import answers
from asadm.target.aerospike.views.contexts import ask_all

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OPTIONS = (*FLIP_OPTIONS, REPEAT)

NOTES = """\
Contexts: security, service, network, namespace, sets, xdr, logging, mod-lua; without one security, service, network and namespaces. Any
may be cut, and a name may follow: show config namespace test, show config network heartbeat, show config sets test users.
'diff' shows only what is not the same on all nodes; a parameter that a node does not have differs. A value that is not the commonest
stands out. Where the terminal has no room for all nodes, those that say the same share a line.
Security and xdr are of the Enterprise Edition. mod-lua is told by asudfd; a real server keeps it to itself.

Exit codes: 0 all nodes were read (also where nothing differs), 1 a node was not, or nothing matches, 2 usage.

Examples:
  asadm show config diff
  asadm show config namespace test like stop-writes
  asadm show config mod-lua"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a context that is none, and for a pattern that is none."""
    arguments.prepared = ValueRequest(configuration.KIND, configuration.CONTEXTS, arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes for all contexts in one conversation each."""
    request: ValueRequest = arguments.prepared
    cluster = info_cluster(session.cluster(arguments))
    found = ask_all(cluster, request.requests)
    tables = request.tables(found)
    remember(cluster, configuration.KIND, found, tables)
    for table in tables:
        table.marked = True
    return request.outcome(answers(found), tables)
