"""``udf check``: report differing, missing and damaged modules to a person, a cron job or a monitoring system."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asadm.commands.check_outcome import FORMAT, METRICS, QUIET, CheckOutput, check_outcome
from asadm.fleet.check import prometheus
from asadm.fleet.check.findings import CheckResult
from asadm.fleet.desired import directory
from asinfo.terminal.options import Option

if TYPE_CHECKING:
    from typing import Self

    from asadm.fleet.desired.directory import ModuleDirectory
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

VERIFY = Option(
    "verify",
    kind="flag",
    help="Also read every module from every node and compare its bytes with the hash that the node lists. This finds damaged files.",
)
PRUNE = Option(
    "prune",
    kind="flag",
    help="With DIR: also report modules that nodes list and the directory does not have.",
)
OPTIONS = (FORMAT, VERIFY, PRUNE, QUIET, METRICS)

NOTES = """\
What is checked, and how severe a finding is:
  critical  unreachable  a node did not list its modules, or with --verify a module could not be read from it
  critical  drift        nodes have different versions of a module, or some lack it
  critical  damaged      with --verify: a node serves other bytes than it lists
  warning   directory    with DIR: a node differs from the directory ('udf plan DIR' shows how)
  warning   cache-off    a real server whose cache was left off by 'cache clear' of this user on this machine
  warning   marker       an interrupted repair left a version of a module with a comment line added

Exit codes: 0 all is well, 1 a node could not be read, 3 all were read and something was found, 2 the command line or a
file is wrong, 130 stopped by Ctrl-C. With --format nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (a file is wrong, or
the check was stopped); a flag that is not understood exits with 2 there too.

Examples:
  asadm udf check                                       do all nodes have the same modules?
  asadm udf check udf --quiet                           from cron: silent unless a node is not as in the directory
  asadm udf check udf --format nagios                   a plugin for Nagios, Icinga, Sensu
  asadm udf check udf --quiet --metrics-file /var/lib/prometheus/node-exporter/udf.prom
  asadm udf check --format json | jq '.findings[]'"""


class CheckSettings(NamedTuple):
    """What is checked, and how it is told; ``path`` is that of the directory, if one was given."""

    output: CheckOutput
    path: str | None
    verify: bool
    prune: bool
    directory: ModuleDirectory | None = None

    @classmethod
    def of(cls, arguments: CommandArguments) -> Self:
        """What a command line says."""
        options = arguments.options
        return cls(
            output=CheckOutput.of(options, arguments.family, prometheus.text_of),
            path=arguments.names[0] if arguments.names else None,
            verify=options.flag("verify"),
            prune=options.flag("prune"),
        )

    def complete(self, arguments: CommandArguments) -> Self:
        """With the directory that is read now. Raises UsageError and ConfigError for what cannot be."""
        self.output.check()
        if self.path is None:
            return self
        return self._replace(directory=directory.read(self.path, arguments.rules))


def check(arguments: CommandArguments) -> None:
    """Raises UsageError when the metrics file cannot be written there; for Nagios the run itself says what is wrong."""
    settings = CheckSettings.of(arguments)
    arguments.prepared = settings if settings.output.nagios else settings.complete(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Look, and tell in the form that was asked for."""
    settings: CheckSettings = arguments.prepared

    def look() -> CheckResult:
        wanted = settings.complete(arguments) if settings.output.nagios else settings
        cluster = session.cluster(arguments)
        return CheckResult(cluster, wanted.directory, verify=wanted.verify, prune=wanted.prune)

    return check_outcome(session, settings.output, look)
