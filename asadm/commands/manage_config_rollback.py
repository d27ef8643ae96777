"""``manage config rollback``: each node gets back the value that it had before a `manage config`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asadm.commands.manage_options import ASKING
from asadm.fleet.change import confirm
from asadm.fleet.change.lock import scope
from asadm.fleet.change.managed import manage
from asadm.fleet.change.managed_record import recorded
from asadm.fleet.change.settings import ChangeSettings
from asadm.fleet.history.history import History, path_of
from asadm.target.aerospike.changes.config_change import ConfigRollback
from asadm.target.aerospike.changes.dynamic_parameter import DynamicParameter
from asadm.target.aerospike.cluster import info_cluster
from asinfo.errors import Error, UsageError
from asinfo.terminal.options import Option
from asinfo.text import number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from asadm.fleet.change.managed_record import RecordedChange
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.aerospike.cluster import AerospikeCluster

FORCE = Option(
    "force",
    kind="flag",
    help="Also set nodes whose value was changed again since. Without it they are told, and left.",
)
OPTIONS = (FORCE, *ASKING)

NOTES = """\
Without ID the latest 'manage config' that a node followed and that is not undone yet is taken back; with ID the one that the
entry ID of 'udf history' belongs to. Every node gets what it had itself. A node that could not be reached is left to be undone:
run it again. Values of parameters that may be secrets are not in the history, and cannot be brought back.

Examples:
  asadm --enable manage config rollback               the latest change: show it, ask, do it
  asadm --enable manage config rollback 12 --yes
  asadm udf history                                   what there is to go back to"""


class ConfigRollbackSettings(NamedTuple):
    """Which entry's change is undone (None: the latest), and how."""

    change: ChangeSettings
    entry: int | None
    force: bool


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for an id that is none, and where nobody could confirm."""
    settings = ChangeSettings.of(arguments.options)
    if not settings.recorded:
        raise UsageError("manage config rollback: it needs the history: --no-history makes no sense")
    entry = None
    for word in arguments.names:
        entry = number(word)
        if entry is None:
            raise UsageError(f"manage config rollback: {word!r} is not the id of an entry")
    confirm.require(settings)
    arguments.prepared = ConfigRollbackSettings(settings, entry, arguments.options.flag("force"))


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Look up, read, show, ask, set, read again."""
    settings: ConfigRollbackSettings = arguments.prepared
    cluster = info_cluster(session.cluster(arguments))
    settings.change.limit(cluster)
    with History(path_of(settings.change.history)) as history:
        found = _latest(history, cluster) if settings.entry is None else _of(history, settings.entry)
        undone = _undone(history, found.entry.run) if settings.entry is None else frozenset()
    had = {address: _had(found, each) for address, each in found.nodes.items() if address not in undone}
    change = ConfigRollback(
        cluster, DynamicParameter.of(found.what), had,
        change=found.entry.change, when=f", of {found.entry.at} by {found.entry.user}", force=settings.force,
    )  # fmt: skip
    change.undoes = found.entry.run
    return manage(session, settings.change, cluster, change)


def _had(found: RecordedChange, node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a node had and got. Of a change that was killed it may have the value, or not."""
    return {"after": found.what.get("value"), **node} if "before" in node else node


def _of(history: History, wanted: int) -> RecordedChange:
    """The change of an entry. Raises UsageError where it is none of configuration."""
    entry = history.entry(wanted)
    found = recorded(history, entry.run) if entry.action == "config" else None
    if found is None:
        raise UsageError(f"{history.path}: entry {wanted} is no change of configuration")
    return found


def _latest(history: History, cluster: AerospikeCluster) -> RecordedChange:
    """The latest change that one of the nodes still has; one that no node followed is passed over. Raises Error when there is none."""
    addresses = {node.address for node in cluster.nodes}
    for entry in history.intended():
        if entry.action != "config" or not entry.others & addresses:
            continue
        if (entry.others & addresses) - _undone(history, entry.run):
            found = recorded(history, entry.run)
            if found is not None and any(
                _followed(found.nodes[each]) for each in addresses & found.nodes.keys()
            ):
                return found
    raise Error(
        f"{history.path}: there is no change of configuration on {scope(cluster)} to undo; 'udf history' shows what there is"
    )


def _followed(node: Mapping[str, Any]) -> bool:
    """Whether its value is, or may be, another than before: of a secret, and of a change that was killed, nothing is known."""
    return "after" not in node or node.get("before") != node["after"]


def _undone(history: History, run: str) -> frozenset[str]:
    """The nodes on which a run was undone."""
    return frozenset(address for entry in history.undoing(run) for address in entry.nodes)
