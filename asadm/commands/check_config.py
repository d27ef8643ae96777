"""``check config``: report parameters that differ between nodes, or from a file, to a person, a cron job or a monitoring system."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from asadm.commands.check_outcome import FORMAT, METRICS, QUIET, CheckOutput, check_outcome
from asadm.configuration.parameters import BY_DESIGN, UNTOLD
from asadm.fleet.check import config_metrics
from asadm.fleet.check.parameter_check import ParameterCheck
from asadm.target.aerospike.cluster import info_cluster
from asinfo.errors import UsageError
from asinfo.terminal.options import Option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from asadm.configuration.parameters import Settings
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.interface import Target

BASELINE = Option(
    "baseline",
    metavar="FILE",
    help="Compare with FILE: an aerospike.conf, or YAML if its name ends in .yaml or .yml. What it does not name is compared between the nodes.",
)
IGNORE = Option(
    "ignore",
    kind="list",
    metavar="PARAMETER",
    help="Do not compare PARAMETER; 'CONTEXT PARAMETER' is that of one context, and * stands for any text. Repeatable.",
)
WRITE = Option(
    "write-baseline",
    metavar="FILE",
    help="Write the configuration of the nodes to FILE as YAML, for git, in place of a check; - is standard output.",
)
OPTIONS = (BASELINE, IGNORE, WRITE, FORMAT, QUIET, METRICS)

NOTES = """\
What is checked, and how severe a finding is:
  critical  unreachable   a node did not tell its configuration
  warning   config-drift  nodes have different values of a parameter, or only some have it, or a whole namespace
  warning   baseline      with --baseline: a node has another value than the file says
  warning   not-told      with --baseline: the file names a parameter that no node has: a slip, or of another version

Contexts: service, network, security, xdr, each namespace, each set that nodes have, each sink of the log; of asudfd mod-lua, smd and
resp too. 4G in a file is 4294967296 on a node, and yes is true. A path below the work-directory of its node is compared from there on.

Not compared, for it differs between the nodes of a cluster by design:
{BY_DESIGN}
Nor are passwords, certificates (tls) and destinations (dc); and of a file not {UNTOLD}, which servers do not tell.

Exit codes: 0 all is well, 1 a node could not be read, 3 all were read and something was found, 2 the command line or a
file is wrong, 130 stopped by Ctrl-C. With --format nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (a file is wrong, or
the check was stopped); a flag that is not understood exits with 2 there too.

Examples:
  asadm check config                                      do all nodes have the same configuration?
  asadm check config --write-baseline cluster.yaml        for git; with values that most nodes have
  asadm check config --baseline cluster.yaml --quiet      from cron: silent unless a node is not as in the file
  asadm check config --baseline /etc/aerospike/aerospike.conf --ignore 'namespace test *'
  asadm check config --format nagios                      a plugin for Nagios, Icinga, Sensu""".replace(
    "{BY_DESIGN}", "\n".join(map(str, BY_DESIGN))
).replace(
    "{UNTOLD}", " and ".join(f"{context} {name}" for context, names in UNTOLD.items() for name in names)
)

LABEL = "config"


class ConfigCheckSettings(NamedTuple):
    """What is checked, and how it is told; ``wanted`` is what the file at ``path`` has."""

    output: CheckOutput
    path: str | None
    ignore: Sequence[str]
    write: str | None
    wanted: Settings | None = None

    @classmethod
    def of(cls, arguments: CommandArguments) -> Self:
        """What a command line says. Raises UsageError for a baseline that is to be read and written."""
        options = arguments.options
        made = cls(
            output=CheckOutput.of(options, LABEL, config_metrics.text_of),
            path=options.text("baseline"),
            ignore=options.texts("ignore"),
            write=options.text("write-baseline"),
        )
        if made.write is not None and made.path is not None:
            raise UsageError("--write-baseline: writes a file in place of a check: leave --baseline out")
        return made

    def complete(self) -> Self:
        """With the file that is read now. Raises UsageError and ConfigError."""
        self.output.check()
        if self.write is not None:
            from asadm.save_file import file_or_output

            file_or_output(self.write)
        if self.path is None:
            return self
        from asadm.configuration import baseline

        return self._replace(wanted=baseline.read(self.path))


def check(arguments: CommandArguments) -> None:
    """Raises UsageError and ConfigError for a wrong file; for Nagios the run itself says what is wrong."""
    settings = ConfigCheckSettings.of(arguments)
    late = settings.output.nagios and settings.write is None
    arguments.prepared = settings if late else settings.complete()


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Look, and tell in the form that was asked for; or write down how it is."""
    settings: ConfigCheckSettings = arguments.prepared
    if settings.write is not None:
        from asadm.commands.config_baseline import write

        return write(info_cluster(session.cluster(arguments)), settings.write, settings.ignore)

    def look() -> ParameterCheck:
        wanted = settings.complete() if settings.output.nagios else settings
        return checked(session.cluster(arguments), wanted.wanted, wanted.ignore)

    return check_outcome(session, settings.output, look)


def checked(target: Target, wanted: Settings | None = None, ignore: Sequence[str] = ()) -> ParameterCheck:
    """Ask the nodes of ``target`` for their configuration, and compare it. Raises UsageError where they are no Aerospike servers."""
    from asadm.target.aerospike.views import node_settings

    started = time.monotonic()
    answers, settings = node_settings.read(info_cluster(target))
    result = ParameterCheck(target.name, answers, settings, wanted, ignore)
    result.seconds = time.monotonic() - started
    return result
