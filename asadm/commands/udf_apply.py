"""``udf apply``: bring every node to the modules of a directory or of a plan file, and verify it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asadm.fleet.change import confirm
from asadm.fleet.change.options import CHANGE, NO_LINT, NOTE, PRUNE, VERIFY
from asadm.fleet.change.settings import ChangeSettings
from asadm.fleet.desired import directory as directories
from asadm.fleet.plan import plan_file
from asadm.fleet.plan.plan import make, permit
from asadm.fleet.plan.plan_lint import PlanLint
from asinfo.errors import UsageError
from asinfo.terminal.options import Option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.desired.directory import ModuleDirectory
    from asadm.fleet.observed.survey import Survey
    from asadm.fleet.plan.plan import FleetPlan
    from asadm.fleet.plan.plan_file import SavedPlan
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

WATCH = Option(
    "watch",
    kind="flag",
    help="Go on until Ctrl-C: apply the directory again whenever a file in it is saved, and remove a module whose file is removed. For a development cluster; needs --yes.",
)
OPTIONS = (*CHANGE, PRUNE, VERIFY, NO_LINT, NOTE, WATCH)

NOTES = """\
Each module is sent to one node of each cluster, which passes it on to the others; required modules go first. Then all
nodes are asked until they list the new hashes. A node that does not list one in time is sent the module itself. A node
that fails is reported with its reason, and does not delay the others. Run the command again to complete a change that
failed on some nodes. What is to be sent is checked before anything is, see 'udf lint'; a module that a node refuses all
the same stops the run, because later modules may require it.
A real server ignores a put of what its cluster already has. Where a node has lost such a module, it is put with a
comment line added and then without it. This may be interrupted at any moment.

A plan file ('udf plan --out FILE') is applied only while the nodes are as they were when it was made. The old content of
each module is recorded in the history, so that 'udf rollback' can bring it back.

Exit codes: 0 every node is as it should be, 1 a node is not, 2 the command line or a file is wrong and nothing was
sent, 3 with --dry-run: changes are pending, 130 stopped by Ctrl-C.

Examples:
  asadm udf apply udf                        show the plan, ask, apply
  asadm udf apply udf --dry-run              only show the plan
  asadm udf apply udf --yes --verify         for a CI job: do not ask, read every module back
  asadm udf apply plan.json --yes            just what was reviewed
  asadm udf apply udf --yes --watch          again at each save, until Ctrl-C
  asadm udf apply udf --prune --wait 120     remove modules that udf does not have; two minutes for all of it"""


class ApplySettings(NamedTuple):
    """What is applied, and how; ``lint`` checks it before; ``saved`` is the plan file, where that was given in place of a directory."""

    change: ChangeSettings
    directory: ModuleDirectory
    prune: bool
    verify: bool
    lint: PlanLint | None
    saved: SavedPlan | None = None


def check(arguments: CommandArguments) -> None:
    """Read the directory or the plan file. Raises UsageError and ConfigError."""
    path, options = arguments.names[0], arguments.options
    settings = ChangeSettings.of(options)
    confirm.require(settings)
    verify = options.flag("verify")
    if options.flag(WATCH.name):
        _permit_watch(path, settings)
    lint = None if "no-lint" in options.given else PlanLint()
    if not plan_file.is_plan(path):
        directory = directories.read(path, arguments.rules)
        arguments.prepared = ApplySettings(
            settings, directory, prune=options.flag("prune"), verify=verify, lint=lint
        )
    elif "prune" in options.given:
        raise UsageError(
            f"{path} is a plan and says itself what is removed: --prune goes with '{arguments.family} plan'"
        )
    else:
        saved = plan_file.read(path, arguments.rules)
        arguments.prepared = ApplySettings(
            settings, saved.directory, prune=saved.prune, verify=verify, lint=lint, saved=saved
        )


def _permit_watch(path: str, settings: ChangeSettings) -> None:
    """Raise UsageError where there is nothing to follow, or somebody would have to answer each time."""
    if settings.dry_run or not settings.yes:
        raise UsageError(
            "udf apply: --watch applies every change without asking: give --yes, without --dry-run"
        )
    if plan_file.is_plan(path):
        raise UsageError(f"udf apply: --watch needs a directory, and {path} is a plan")


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Plan, show, confirm, apply; with --watch again and again."""
    if not arguments.options.flag(WATCH.name):
        return apply(session, arguments)
    from asadm.commands.udf_apply_watch import follow

    return follow(session, arguments, check, apply)


def apply(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Plan, show, confirm, apply, once."""
    from asadm.fleet.change.planned import ChangeSpec, carry_out

    settings: ApplySettings = arguments.prepared
    saved = settings.saved

    def plan(seen: Survey) -> FleetPlan:
        return make(settings.directory, seen, prune=settings.prune)

    def stale(seen: Survey) -> Sequence[str]:
        return plan_file.stale(saved, seen) if saved else ()

    cluster = session.cluster(arguments)
    settings.change.limit(cluster)
    permit(cluster, settings.directory)
    spec = ChangeSpec(
        "apply",
        plan,
        stale=stale,
        question=f"Apply {arguments.names[0]} to {cluster.name or 'these nodes'}?",
        verify=settings.verify,
        lint=settings.lint,
    )
    return carry_out(session, settings.change, cluster, spec)
