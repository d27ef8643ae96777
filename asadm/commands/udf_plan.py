"""``udf plan``: what has to change so that every node has the modules of a directory. Changes nothing."""

from __future__ import annotations

from asadm import display
from asadm.fleet.change.options import NO_LINT, PRUNE
from asadm.fleet.desired import directory as directories
from asadm.fleet.observed.fetch import ModuleFetcher
from asadm.fleet.observed.grouping import count, gather
from asadm.fleet.plan import show
from asadm.fleet.plan.plan import CHANGES, examine
from asadm.fleet.plan.plan_lint import PlanLint
from asadm.fleet.plan.preflight import preflight
from asadm.outcome import INTERRUPTED, PENDING, CommandOutcome
from asadm.save_file import STANDARD_OUTPUT, possible
from asinfo.errors import UsageError
from asinfo.terminal.options import Option
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterator

    from asadm.fleet.plan.plan import FleetPlan, PlanStep
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint

DIFF = Option(
    "diff",
    kind="flag",
    help="Read the modules that would change from the nodes, and show which lines change.",
)
OUT = Option(
    "out", metavar="FILE", help="Save the plan in FILE; 'udf apply FILE' then makes just these changes."
)
ALL = Option("all", kind="flag", help="Also show modules that need no change.")
OPTIONS = (DIFF, OUT, PRUNE, ALL, NO_LINT)

NOTES = """\
Modules are compared by the hash that udf-list shows. Their content is read from the nodes only with --diff.
Every *.lua file in DIR is a module. A module is registered after those that it requires. Its name may have letters,
digits and . _ $ - and at most 127 bytes; it has no dot at its start and no two dots together. A file with another name
is an error. The file udf.yaml in DIR can set more:
  modules: {counter.lua: v2/counter.lua}   a name, and the file it comes from
  exclude: ["test_*.lua"]                  neither registered nor removed
  keep: ["legacy_*.lua"]                   never removed by --prune
  clusters: [production]                   refuse any other cluster
What would be sent is checked first, see 'udf lint': an error stops the run, warnings are counted.

Exit codes: 0 nothing to change, 3 changes are pending, 1 a node could not be read, 2 the command line, the directory
or udf.yaml is wrong and nothing was sent, 130 stopped by Ctrl-C.

Examples:
  asadm udf plan udf                         what 'udf apply udf' would do
  asadm udf plan udf --diff                  with the lines that change
  asadm udf plan udf --prune --out plan.json review it, then: asadm udf apply plan.json
  asadm --json udf plan udf | jq '.nodes[] | {node, modules}'"""


class PlanSettings:
    """What is compared with the nodes, and what is shown and written."""

    __slots__ = ("diff", "directory", "everything", "lint", "out", "prune")

    def __init__(self, arguments: CommandArguments) -> None:
        """Read the directory. Raises UsageError and ConfigError for one that cannot be."""
        options = arguments.options
        self.out = options.text("out")
        if self.out == STANDARD_OUTPUT:
            raise UsageError("--out: standard output shows the plan already: name a file for it")
        if self.out is not None:
            possible(self.out)
        self.directory = directories.read(arguments.names[0], arguments.rules)
        self.prune = options.flag("prune")
        self.diff = options.flag("diff")
        self.everything = options.flag("all")
        self.lint = None if "no-lint" in options.given else PlanLint()


def check(arguments: CommandArguments) -> None:
    """Read the directory. Raises UsageError and ConfigError for one that cannot be."""
    arguments.prepared = PlanSettings(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask every node once, and show what differs."""
    settings: PlanSettings = arguments.prepared
    cluster = session.cluster(arguments)
    plan = examine(cluster, settings.directory, prune=settings.prune)
    preflight(cluster, plan, settings.lint)
    answers = plan.survey.answers
    messages = show.remarks(plan, cluster.leftovers, cluster.rules.SETTINGS_FILE)
    out = settings.out
    interrupted = code(plan) == INTERRUPTED
    if out is not None and not interrupted:
        messages += _written(plan, out, cluster)
    diffs = list(_diffs(cluster, plan)) if settings.diff and not interrupted else []
    extra: dict[str, object] = {}
    output = b""
    if session.json:
        extra = show.document(plan)
        if settings.diff:
            extra["diffs"] = [diff.document() for diff in diffs]
    else:
        output = display.rendered(session, show.sheets(plan, everything=settings.everything))
        output += show.summary(plan).encode("utf-8", "replace") + b"\n"
        output += b"".join(diff.shown(session) for diff in diffs)
    ended = 1 if any(diff.reason for diff in diffs) else code(plan)
    return CommandOutcome(answers, output, messages=messages, code=ended, extra=extra, told=True)


def _written(plan: FleetPlan, path: str, cluster: Target) -> list[str]:
    """Write the plan file; what is to be said about it."""
    from asadm.fleet.plan import plan_file

    plan_file.write(plan, path, cluster=cluster.name)
    if plan.complete:
        return []
    unread = count(sum(not listing.read for listing in plan.survey.listings), "node")
    refused = f"'{cluster.rules.FAMILY} apply' refuses it when they answer and are not as planned"
    return [f"{path} does not cover {unread} that could not be read: {refused}"]


def code(plan: FleetPlan) -> int:
    """The exit code of a plan that was only made."""
    if any(answer.status == "interrupted" for answer in plan.survey.answers):
        return INTERRUPTED
    if not plan.complete:
        return 1
    return PENDING if plan.pending else 0


class _Diff:
    """How the module of ``step`` changes on the ``nodes`` that have the version ``seen``; ``reason`` when unknown."""

    __slots__ = ("lines", "nodes", "reason", "seen", "step")

    def __init__(self, step: PlanStep, seen: str | None, nodes: list[Endpoint]) -> None:
        self.step = step
        self.seen = seen
        self.nodes = nodes
        self.lines = b""
        self.reason = ""

    @property
    def where(self) -> str:
        first = self.nodes[0].name
        return first if len(self.nodes) == 1 else f"{first} and {len(self.nodes) - 1} more"

    def compare(self, old: bytes | None) -> None:
        """``old`` is what the nodes have."""
        from asadm.fleet.plan.unified_diff import unified

        source = self.step.source
        label = f"{text(self.step.name)} ({self.where})"
        self.lines = unified(old, source.content if source else None, label, source.path if source else "")

    def shown(self, session: CommandSession) -> bytes:
        from asadm.fleet.plan.unified_diff import shown

        if self.reason:
            return session.safe(f"{text(self.step.name)} ({self.where}): {self.reason}\n".encode())
        return shown(session, self.lines)

    def document(self) -> dict[str, object]:
        return {
            "module": text(self.step.name),
            "hash": self.seen,
            "wanted": self.step.wanted,
            "nodes": [node.name for node in self.nodes],
            "diff": None if self.reason else text(self.lines),
            "error": self.reason or None,
        }


def _diffs(cluster: Target, plan: FleetPlan) -> Iterator[_Diff]:
    """One for each version of a module that is to change; only the contents of one module are in memory at a time."""
    nodes = plan.survey.nodes()
    fetcher = ModuleFetcher(cluster)
    for step in plan.steps:
        changing = [position for position, action in enumerate(step.actions) if action in CHANGES]
        versions = gather(step.seen[position] for position in changing)
        diffs = [
            _Diff(step, seen, [nodes[changing[number]] for number in found])
            for seen, found in versions.items()
        ]
        fetched = fetcher.fetch(
            {(step.name, diff.seen): diff.nodes for diff in diffs if diff.seen is not None}
        )
        for diff in diffs:
            version = None if diff.seen is None else fetched[step.name, diff.seen]
            if version is not None and version.content is None:
                diff.reason = version.reason
            else:
                diff.compare(version.content if version else None)
            yield diff
