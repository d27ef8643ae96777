"""``udf check``: report differing, missing and damaged modules to a person, a cron job or a monitoring system."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asadm.cron.metrics import check_target, write_text
from asadm.display import node, rendered
from asadm.fleet.check import formats, prometheus
from asadm.fleet.check.findings import UNKNOWN, CheckResult
from asadm.fleet.desired import directory
from asadm.outcome import FAILED, GOOD, INTERRUPTED, PENDING, CommandOutcome
from asinfo.errors import Error
from asinfo.terminal.options import Option

if TYPE_CHECKING:
    from typing import Self

    from asadm.fleet.desired.directory import ModuleDirectory
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

FORMAT = Option(
    "format",
    kind="choice",
    choices=("text", "nagios", "prometheus", "json"),
    default="text",
    metavar="FORMAT",
    help="Output format: text for people, nagios for a monitoring plugin, prometheus for the textfile collector, json for programs.  [text]",
)
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
QUIET = Option("quiet", "q", "flag", help="Print nothing when no problem is found.")
METRICS = Option(
    "metrics-file",
    metavar="FILE",
    help="Also write the result in the format of Prometheus to FILE, for the textfile collector of node_exporter.",
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
    """What is checked, and the output format; ``path`` is that of the directory, if one was given."""

    form: str
    path: str | None
    verify: bool
    prune: bool
    quiet: bool
    metrics_file: str | None
    family: str
    directory: ModuleDirectory | None = None

    @classmethod
    def of(cls, arguments: CommandArguments) -> Self:
        """What a command line says."""
        options = arguments.options
        return cls(
            form=options.text("format") or "text",
            path=arguments.names[0] if arguments.names else None,
            verify=options.flag("verify"),
            prune=options.flag("prune"),
            quiet=options.flag("quiet"),
            metrics_file=options.text("metrics-file"),
            family=arguments.family,
        )

    def complete(self, arguments: CommandArguments) -> Self:
        """With the directory that is read now. Raises UsageError and ConfigError for what cannot be."""
        if self.metrics_file is not None:
            check_target(self.metrics_file)
        if self.path is None:
            return self
        return self._replace(directory=directory.read(self.path, arguments.rules))


def check(arguments: CommandArguments) -> None:
    """Raises UsageError when the metrics file cannot be written there; for Nagios the run itself says what is wrong."""
    settings = CheckSettings.of(arguments)
    arguments.prepared = settings if settings.form == "nagios" else settings.complete(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Look, and tell in the form that was asked for."""
    settings: CheckSettings = arguments.prepared
    if settings.form != "nagios":
        return _shown(session, settings, _look(session, arguments, settings))
    try:
        settings = settings.complete(arguments)
        checked = _look(session, arguments, settings)
        _write(settings, checked)
    except Error as error:
        return _unknown(str(error), settings.family)
    except KeyboardInterrupt:
        return _unknown("stopped", settings.family)
    if checked.interrupted:
        return _unknown("stopped", settings.family)
    return CommandOutcome(
        checked.survey.answers,
        formats.nagios(checked, settings.family),
        code=checked.level,
        extra=formats.document(checked),
        silent=True,
    )


def _unknown(reason: str, family: str) -> CommandOutcome:
    extra: dict[str, object] = {"status": "unknown", "summary": reason}
    return CommandOutcome(show=formats.nagios_unknown(reason, family), code=UNKNOWN, extra=extra)


def _look(session: CommandSession, arguments: CommandArguments, settings: CheckSettings) -> CheckResult:
    return CheckResult(
        session.cluster(arguments), settings.directory, verify=settings.verify, prune=settings.prune
    )


def _write(settings: CheckSettings, checked: CheckResult) -> None:
    if settings.metrics_file is not None and not checked.interrupted:
        write_text(settings.metrics_file, prometheus.text_of(checked, settings.family))


def _shown(session: CommandSession, settings: CheckSettings, checked: CheckResult) -> CommandOutcome:
    outcome = CommandOutcome(
        checked.survey.answers,
        _text(session, settings, checked),
        code=_code(checked),
        extra=formats.document(checked),
        silent=settings.form != "prometheus",
    )
    try:
        _write(settings, checked)
    except Error as error:
        outcome.messages.append(str(error))
        outcome.code = outcome.code or FAILED
    return outcome


def _code(checked: CheckResult) -> int:
    if checked.interrupted:
        return INTERRUPTED
    if not checked.complete:
        return FAILED
    return GOOD if formats.good(checked) else PENDING


def _text(session: CommandSession, settings: CheckSettings, checked: CheckResult) -> bytes:
    """What standard output gets."""
    form = settings.form
    if form == "prometheus":
        return session.safe(prometheus.text_of(checked, settings.family).encode("utf-8", "backslashreplace"))
    if form == "json":
        from asinfo.document import written

        nodes = list(map(node, checked.survey.answers))
        whole = {"code": _code(checked), "nodes": nodes, **formats.document(checked)}
        return written(whole).encode() + b"\n"
    if settings.quiet and formats.good(checked):
        return b""
    sheets = [] if formats.good(checked) else [formats.sheet(checked)]
    return rendered(session, sheets) + formats.headline(checked).encode("utf-8", "replace") + b"\n"
