"""``manage jobs kill``: queries are stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.commands.manage_options import ASKING
from asadm.fleet.change import confirm
from asadm.fleet.change.managed import manage
from asadm.fleet.change.settings import ChangeSettings
from asadm.target.aerospike.changes.query_abort import QueryAbort
from asadm.target.aerospike.cluster import info_cluster
from asinfo.errors import UsageError

if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OPTIONS = ASKING

NOTES = """\
Queries by their ids, as 'show jobs' lists them, or all that run. It asks first; scripts give --yes. Each node is told of the
queries that run on it, and read again. An id that no node knows is an error; a query that has ended already is none.

Examples:
  asadm --enable manage jobs kill trids 12344938642282475805 --yes
  asadm --enable manage jobs kill all queries --yes"""

ID_MAX = (1 << 64) - 1


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for ids that are none, and where nobody could confirm."""
    ids, every = arguments.clauses.get("trids"), arguments.clauses.get("all")
    if (ids is None) == (every is None):
        raise UsageError("manage jobs kill: give 'trids ID...', or 'all queries'")
    if every is not None and every[0] != "queries":
        raise UsageError(
            f"manage jobs kill: all {every[0]!r}: servers of today know queries alone: manage jobs kill all queries"
        )
    for word in ids or ():
        if not (word.isascii() and word.isdigit() and len(word) <= 20 and int(word) <= ID_MAX):
            raise UsageError(f"manage jobs kill: {word!r} is no id of a query")
    settings = ChangeSettings.of(arguments.options)
    confirm.require(settings)
    arguments.prepared = settings, list(dict.fromkeys(ids)) if ids is not None else None


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Read, ask, tell, read again."""
    settings, ids = arguments.prepared
    cluster = info_cluster(session.cluster(arguments))
    settings.limit(cluster)
    return manage(session, settings, cluster, QueryAbort(cluster, ids))
