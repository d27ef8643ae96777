"""``check all``: every cluster of the inventory, whatever its type, in one table with one exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asadm.commands.check_outcome import QUIET, check_code
from asadm.display import node
from asadm.fleet.check import formats
from asadm.fleet.check.findings import CheckResult
from asadm.fleet.check.report import LEVELS
from asadm.outcome import FAILED, GOOD, INTERRUPTED, CommandOutcome, worst
from asadm.settings import TargetSettings
from asadm.targets import TargetResolver
from asinfo.errors import Error
from asinfo.terminal.options import Values
from asinfo.terminal.render import Cell, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.targets import NamedTarget

OPTIONS = (QUIET,)

NOTES = """\
Each cluster is checked as by 'udf check' or 'function check' without a directory: do all nodes answer, and do they agree? The
clusters are read one after the other, the nodes of each all at once.

Exit codes: 0 all is well, 1 a node or a whole cluster could not be read, 3 all were read and something was found, 2 the inventory is
wrong, 130 stopped by Ctrl-C.

Examples:
  asadm check all
  asadm --inventory /etc/asudf/asadm.yaml check all --quiet     from cron
  asadm --json check all | jq '.clusters[] | {cluster, findings}'"""


STOPPED = "not checked: stopped by a signal"
"""The reason of each cluster behind the one that was being read then."""


class ClusterCheck(NamedTuple):
    """The check of one cluster; ``checked`` is None where it could not begin, for ``reason``, or did not."""

    target: NamedTarget
    checked: CheckResult | None
    reason: str = ""

    @property
    def code(self) -> int:
        """The exit code that it would have alone."""
        if self.checked is None:
            return INTERRUPTED if self.reason == STOPPED else FAILED
        return check_code(self.checked)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Check one cluster after the other, and show them together."""
    resolver = TargetResolver(TargetSettings(session.flags or Values(OPTIONS)))
    found: list[ClusterCheck] = []
    for target in resolver.every():
        stopped = bool(found) and found[-1].code == INTERRUPTED
        found.append(ClusterCheck(target, None, STOPPED) if stopped else _check(target))
    code = worst(each.code for each in found)
    extra: dict[str, object] = {"clusters": [_entry(each) for each in found]}
    if code == GOOD and arguments.options.flag("quiet"):
        return CommandOutcome(code=GOOD, extra=extra)
    return CommandOutcome(show=_sheets(found), code=code, extra=extra)


def _check(target: NamedTarget) -> ClusterCheck:
    try:
        return ClusterCheck(target, CheckResult(target.make(), None, verify=False, prune=False))
    except Error as error:
        return ClusterCheck(target, None, str(error))


def _entry(check: ClusterCheck) -> dict[str, object]:
    said: dict[str, object] = {"cluster": check.target.name, "type": check.target.type, "code": check.code}
    if check.checked is None:
        return {**said, "error": check.reason}
    return {**said, "nodes": list(map(node, check.checked.survey.answers)), **formats.document(check.checked)}


def _sheets(found: Sequence[ClusterCheck]) -> list[Sheet]:
    clusters = [
        [
            Cell(each.target.name),
            Cell(each.target.type),
            Cell(_level(each), "good" if each.code == GOOD else "bad"),
            Cell(formats.headline(each.checked) if each.checked else each.reason),
        ]
        for each in found
    ]
    rows = [
        [
            Cell(each.target.name),
            Cell(LEVELS[finding.level], "bad" if finding.level > 1 else "changed"),
            Cell(finding.kind),
            Cell(finding.module.decode("utf-8", "backslashreplace") if finding.module else None),
            Cell(finding.where),
            Cell(finding.detail),
        ]
        for each in found
        if each.checked is not None
        for finding in each.checked.findings
    ]
    sheets = [Sheet("", ["Cluster", "Type", "Level", "State"], clusters)]
    if rows:
        sheets.append(Sheet("", ["Cluster", "Level", "What", "Module", "Nodes", "Detail"], rows))
    return sheets


def _level(check: ClusterCheck) -> str:
    return LEVELS[check.checked.level] if check.checked else "unknown"
