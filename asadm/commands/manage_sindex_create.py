"""``manage sindex create``: a secondary index on every node of the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.commands.manage_options import PLAIN
from asadm.commands.modifiers import one_of
from asadm.fleet.change.managed import manage
from asadm.fleet.change.settings import ChangeSettings
from asadm.target.aerospike.changes.dynamic_parameter import sendable
from asadm.target.aerospike.changes.index_change import COLLECTIONS, TYPES, IndexCreation, IndexDefinition
from asadm.target.aerospike.cluster import info_cluster
from asinfo.errors import UsageError

if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OPTIONS = PLAIN

NOTES = """\
TYPE is numeric, string, blob or geo2dsphere. One node of the cluster is told, and all are looked at until they list the index.
It is being built then: 'show sindex' tells when it is ready. An index that is there already is no error; a name that
another index has is, and so is another name for an index that is there, which a server would rename.

Examples:
  asadm --enable manage sindex create numeric idx_age ns test set users bin age
  asadm --enable manage sindex create string idx_tags ns test set users bin tags in list"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a type that is none, and for words that cannot be sent."""
    kind, name = arguments.names
    clauses = arguments.clauses
    if "ctx" in clauses:
        raise UsageError(
            "manage sindex create: give the context as base64, with ctx_base64: clients print it so"
        )
    bins, expressions = clauses.get("bin", [""]), clauses.get("exp_base64", [""])
    if not bins[0] and not expressions[0]:
        raise UsageError("manage sindex create: 'bin BIN' is missing, or an expression with exp_base64")
    collection = clauses.get("in", [""])[0]
    index = IndexDefinition(
        namespace=clauses["ns"][0],
        name=name,
        set=clauses.get("set", [""])[0],
        bin=bins[0],
        type=one_of(kind.lower(), TYPES, "type of index"),
        collection=one_of(collection.lower(), COLLECTIONS, "kind of collection") if collection else "",
        path=clauses.get("ctx_base64", [""])[0],
        expression=expressions[0],
    )
    for word in index:
        sendable(word)
    arguments.prepared = ChangeSettings.of(arguments.options), index


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Read, tell, read until all have it."""
    settings, index = arguments.prepared
    cluster = info_cluster(session.cluster(arguments))
    settings.limit(cluster)
    return manage(session, settings, cluster, IndexCreation(cluster, index))
