"""``manage config CONTEXT``: a parameter gets a value on every node; what the commands of all contexts have in common.

The parameter is looked for on every node before anything is sent, and read again afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asadm.commands.manage_options import PLAIN
from asadm.fleet.change.managed import manage
from asadm.fleet.change.settings import ChangeSettings
from asadm.target.aerospike.changes.config_change import ConfigChange
from asadm.target.aerospike.changes.dynamic_parameter import DynamicParameter, sendable
from asadm.target.aerospike.cluster import info_cluster

if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

OPTIONS = PLAIN

NOTES = """\
Each node is read, told the value where it has another, and read again; the table has what it had and what it has. A node that
refuses, keeps its value or makes another one of it is told, and the exit code is 1. The former values go into the history:
'manage config rollback' brings them back. A restart forgets the change; a line below the table says what to write into the
configuration file. The name of a parameter is as 'show config' has it. A value that begins with a dash stands behind --.

Exit codes: 0 every node has the value; 1 a node has not, or none knows the parameter; 2 the command line is wrong and nothing
was sent; 3 a dry run with something to do; 130 stopped by Ctrl-C.

Examples:
  asadm --enable manage config service param migrate-threads to 3
  asadm --enable manage config service param migrate-threads to 3 --dry-run
  asadm --enable manage config namespace test param nsup-period to 60 with 10.0.0.1
  asadm --enable manage config namespace test set users param stop-writes-count to 6000
  asadm --enable manage config logging param udf to debug"""


class ConfigSettings(NamedTuple):
    """Which parameter gets which value, and how; ``new_set``: its set need not exist yet."""

    change: ChangeSettings
    parameter: DynamicParameter
    value: str
    new_set: bool = False


def prepare(
    arguments: CommandArguments,
    context: str,
    *,
    sub: str = "",
    namespace: str = "",
    set_: str = "",
    file: str = "",
) -> ConfigSettings:
    """What the words say. Raises UsageError for those that cannot be sent."""
    [name], [value] = arguments.clauses["param"], arguments.clauses["to"]
    sendable(value)
    parameter = DynamicParameter(context, name, sub=sub, namespace=namespace, set_=set_, file=file)
    return ConfigSettings(ChangeSettings.of(arguments.options), parameter, value)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Read, tell, read again."""
    settings: ConfigSettings = arguments.prepared
    cluster = info_cluster(session.cluster(arguments))
    settings.change.limit(cluster)
    change = ConfigChange(cluster, settings.parameter, settings.value, new_set=settings.new_set)
    return manage(session, settings.change, cluster, change)
