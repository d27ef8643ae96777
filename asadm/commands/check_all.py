"""``check all``: every cluster of the inventory, whatever its type, in one table with one exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asadm.commands import check_config
from asadm.commands.check_outcome import QUIET, check_code
from asadm.display import node
from asadm.fleet.check import formats
from asadm.fleet.check.findings import CheckResult
from asadm.fleet.check.report import LEVELS, UNKNOWN
from asadm.outcome import FAILED, GOOD, INTERRUPTED, CommandOutcome, worst
from asadm.settings import TargetSettings
from asadm.target.types import TYPES, UDF
from asadm.targets import TargetResolver
from asinfo.errors import Error
from asinfo.terminal.options import Option, Values
from asinfo.terminal.render import Cell, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.check.report import CheckReport
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.targets import NamedTarget

CONFIG = Option(
    "config",
    kind="flag",
    help="Also compare the configuration of the nodes of each Aerospike cluster, as 'check config' does.",
)
OPTIONS = (QUIET, CONFIG)

NOTES = """\
Each cluster is checked as by 'udf check' or 'function check' without a directory: do all nodes answer, and do they agree? With
--config an Aerospike cluster is checked as by 'check config' too. The clusters are read one after the other, the nodes of each all at once.

Exit codes: 0 all is well, 1 a node or a whole cluster could not be read, 3 all were read and something was found, 2 the inventory is
wrong, 130 stopped by Ctrl-C.

Examples:
  asadm check all
  asadm --inventory /etc/asudf/asadm.yaml check all --quiet     from cron
  asadm --json check all | jq '.clusters[] | {cluster, findings}'"""


STOPPED = "not checked: stopped by a signal"
"""The reason of each cluster behind the one that was being read then."""


class ClusterCheck(NamedTuple):
    """The checks of one cluster; none where they could not begin, for ``reason``, or did not."""

    target: NamedTarget
    reports: Sequence[CheckReport]
    reason: str = ""

    @property
    def code(self) -> int:
        """The exit code that it would have alone."""
        if not self.reports:
            return INTERRUPTED if self.reason == STOPPED else FAILED
        return worst(map(check_code, self.reports))

    @property
    def level(self) -> str:
        """How bad it is."""
        return LEVELS[max((report.level for report in self.reports), default=UNKNOWN)]


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Check one cluster after the other, and show them together."""
    resolver = TargetResolver(TargetSettings(session.flags or Values(OPTIONS)))
    found: list[ClusterCheck] = []
    for target in resolver.every():
        stopped = bool(found) and found[-1].code == INTERRUPTED
        found.append(
            ClusterCheck(target, (), STOPPED)
            if stopped
            else _check(target, config=arguments.options.flag("config"))
        )
    code = worst(each.code for each in found)
    extra: dict[str, object] = {"clusters": [_entry(each) for each in found]}
    if code == GOOD and arguments.options.flag("quiet"):
        return CommandOutcome(code=GOOD, extra=extra)
    return CommandOutcome(show=_sheets(found), code=code, extra=extra)


def _check(target: NamedTarget, *, config: bool) -> ClusterCheck:
    try:
        cluster = target.make()
        reports: list[CheckReport] = [CheckResult(cluster, None, verify=False, prune=False)]
        if config and TYPES[target.type].family == UDF:
            reports.append(check_config.checked(cluster))
        return ClusterCheck(target, reports)
    except Error as error:
        return ClusterCheck(target, (), str(error))


def _entry(check: ClusterCheck) -> dict[str, object]:
    said: dict[str, object] = {"cluster": check.target.name, "type": check.target.type, "code": check.code}
    if not check.reports:
        return {**said, "error": check.reason}
    modules = check.reports[0]
    said |= {"nodes": list(map(node, modules.answers)), **formats.document(modules)}
    if len(check.reports) > 1:
        said["config"] = formats.document(check.reports[1])
    return said


def _sheets(found: Sequence[ClusterCheck]) -> list[Sheet]:
    clusters = [
        [
            Cell(each.target.name),
            Cell(each.target.type),
            Cell(each.level, "good" if each.code == GOOD else "bad"),
            Cell("; ".join(map(formats.headline, each.reports)) or each.reason),
        ]
        for each in found
    ]
    rows = [
        [Cell(each.target.name), *formats.row(finding)]
        for each in found
        for report in each.reports
        for finding in report.findings
    ]
    sheets = [Sheet("", ["Cluster", "Type", "Level", "State"], clusters)]
    if rows:
        sheets.append(Sheet("", ["Cluster", "Level", "What", "About", "Nodes", "Detail"], rows))
    return sheets
