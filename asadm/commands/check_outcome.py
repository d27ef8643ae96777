"""What every check has in common: its options of output, and its report in the form that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asadm.cron.metrics import check_target, write_text
from asadm.display import node, rendered
from asadm.fleet.check import formats
from asadm.fleet.check.report import UNKNOWN
from asadm.outcome import FAILED, GOOD, INTERRUPTED, PENDING, CommandOutcome
from asinfo.errors import Error
from asinfo.terminal.options import Option

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

    from asadm.fleet.check.report import CheckReport
    from asadm.session import CommandSession
    from asinfo.terminal.options import Values

    Look = Callable[[], Any]
    """Does the check, and gives its `CheckReport`. For Nagios it raises Error for what is wrong with files and the command line."""

NAGIOS = "nagios"

FORMAT = Option(
    "format",
    kind="choice",
    choices=("text", NAGIOS, "prometheus", "json"),
    default="text",
    metavar="FORMAT",
    help="Output format: text for people, nagios for a monitoring plugin, prometheus for the textfile collector, json for programs.  [text]",
)
QUIET = Option("quiet", "q", "flag", help="Print nothing when no problem is found.")
METRICS = Option(
    "metrics-file",
    metavar="FILE",
    help="Also write the result in the format of Prometheus to FILE, for the textfile collector of node_exporter.",
)


class CheckOutput(NamedTuple):
    """How a check is told; ``label`` is what Nagios and Prometheus call it: ``udf``, ``function``, ``config``."""

    form: str
    quiet: bool
    metrics_file: str | None
    label: str
    metrics: Callable[[Any, str], str]

    @classmethod
    def of(cls, options: Values, label: str, metrics: Callable[[Any, str], str]) -> Self:
        """What a command line says; ``metrics`` makes the text for Prometheus."""
        return cls(
            form=options.text("format") or "text",
            quiet=options.flag("quiet"),
            metrics_file=options.text("metrics-file"),
            label=label,
            metrics=metrics,
        )

    @property
    def nagios(self) -> bool:
        """Whether faults of the command line and of files are to be told as UNKNOWN, by the run itself."""
        return self.form == NAGIOS

    def check(self) -> None:
        """Raises UsageError when the metrics file cannot be written there."""
        if self.metrics_file is not None:
            check_target(self.metrics_file)

    def write(self, checked: CheckReport) -> None:
        """Write the metrics file. Raises Error."""
        if self.metrics_file is not None and not checked.interrupted:
            write_text(self.metrics_file, self.metrics(checked, self.label))


def check_outcome(session: CommandSession, output: CheckOutput, look: Look) -> CommandOutcome:
    """Look, and tell in the form that was asked for."""
    if not output.nagios:
        return _shown(session, output, look())
    try:
        checked = look()
        output.write(checked)
    except Error as error:
        return _unknown(str(error), output.label)
    except KeyboardInterrupt:
        return _unknown("stopped", output.label)
    if checked.interrupted:
        return _unknown("stopped", output.label)
    return CommandOutcome(
        checked.answers,
        formats.nagios(checked, output.label),
        code=checked.level,
        extra=formats.document(checked),
        silent=True,
    )


def _unknown(reason: str, label: str) -> CommandOutcome:
    extra: dict[str, object] = {"status": "unknown", "summary": reason}
    return CommandOutcome(show=formats.nagios_unknown(reason, label), code=UNKNOWN, extra=extra)


def _shown(session: CommandSession, output: CheckOutput, checked: CheckReport) -> CommandOutcome:
    outcome = CommandOutcome(
        checked.answers,
        check_text(session, output, checked),
        code=check_code(checked),
        extra=formats.document(checked),
        silent=output.form != "prometheus",
    )
    try:
        output.write(checked)
    except Error as error:
        outcome.messages.append(str(error))
        outcome.code = outcome.code or FAILED
    return outcome


def check_code(checked: CheckReport) -> int:
    """The exit code, but for Nagios."""
    if checked.interrupted:
        return INTERRUPTED
    if not checked.complete:
        return FAILED
    return GOOD if checked.good else PENDING


def check_text(session: CommandSession, output: CheckOutput, checked: CheckReport) -> bytes:
    """What standard output gets."""
    if output.form == "prometheus":
        return session.safe(output.metrics(checked, output.label).encode("utf-8", "backslashreplace"))
    if output.form == "json":
        from asinfo.document import written

        nodes = list(map(node, checked.answers))
        whole = {"code": check_code(checked), "nodes": nodes, **formats.document(checked)}
        return written(whole).encode() + b"\n"
    if output.quiet and checked.good:
        return b""
    sheets = [] if checked.good else [formats.sheet(checked)]
    return rendered(session, sheets) + formats.headline(checked).encode("utf-8", "replace") + b"\n"
