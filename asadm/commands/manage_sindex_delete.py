"""``manage sindex delete``: a secondary index goes from every node of the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.commands.manage_options import ASKING
from asadm.fleet.change import confirm
from asadm.fleet.change.managed import manage
from asadm.fleet.change.settings import ChangeSettings
from asadm.target.aerospike.changes.dynamic_parameter import sendable
from asadm.target.aerospike.changes.index_change import IndexDefinition, IndexDeletion
from asadm.target.aerospike.cluster import info_cluster

if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OPTIONS = ASKING

NOTES = """\
It asks first, and says how many keys the index has: type its name to go on. Scripts give --yes. One node of the cluster is told,
and all are looked at until they list it no more. An index that no node has is an error: a server would answer ok.

Example:
  asadm --enable manage sindex delete idx_age ns test set users --yes"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for words that cannot be sent, and where nobody could confirm."""
    index = IndexDefinition(
        arguments.clauses["ns"][0], arguments.names[0], arguments.clauses.get("set", [""])[0]
    )
    for word in index:
        sendable(word)
    settings = ChangeSettings.of(arguments.options)
    confirm.require(settings)
    arguments.prepared = settings, index


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Read, ask, tell, read until none has it."""
    settings, index = arguments.prepared
    cluster = info_cluster(session.cluster(arguments))
    settings.limit(cluster)
    return manage(session, settings, cluster, IndexDeletion(cluster, index))
