"""``function restore``: bring the libraries of a payload to every primary, as a plan that is shown, confirmed and recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asadm.commands.function_words import of_functions
from asadm.fleet.change import confirm
from asadm.fleet.change.options import CHANGE, NOTE, VERIFY
from asadm.fleet.change.settings import ChangeSettings
from asadm.fleet.desired.directory import ModuleSource
from asadm.fleet.plan.of_modules import wish
from asadm.target.valkey.payload_file import read
from asinfo.errors import UsageError
from asinfo.text import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.observed.survey import Survey
    from asadm.fleet.plan.plan import FleetPlan
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

APPEND, REPLACE, FLUSH = "append", "replace", "flush"
POLICIES = (APPEND, REPLACE, FLUSH)

OPTIONS = of_functions((*CHANGE, VERIFY, NOTE))

NOTES = """\
FILE is a payload of FUNCTION DUMP of any version ('function dump' writes one), or an RDB file with functions in it. POLICY is
that of FUNCTION RESTORE: append (as without one) refuses libraries that a node has already, replace replaces them, flush
also removes all others. The change is the same as that of 'function apply': a plan, one command a primary, the history.

Exit codes: 0 every node is as it should be, 1 a node is not, 2 the command line or FILE is wrong and nothing was sent,
3 with --dry-run: changes are pending, 130 stopped by Ctrl-C.

Examples:
  asadm function restore libraries.dump replace --dry-run
  asadm fn restore libraries.dump replace --yes
  asadm fn rollback                          take it back"""


class RestoreSettings(NamedTuple):
    """What is restored, and how."""

    change: ChangeSettings
    sources: Sequence[ModuleSource]
    policy: str
    verify: bool


def check(arguments: CommandArguments) -> None:
    """Read the file. Raises UsageError and ConfigError."""
    path, *given = arguments.names
    policy = given[0].lower() if given else APPEND
    if policy not in POLICIES:
        raise UsageError(f"function restore: the policy is one of {', '.join(POLICIES)}, not {policy!r}")
    change = ChangeSettings.of(arguments.options)
    confirm.require(change)
    sources = [ModuleSource(name, path, content, arguments.rules) for name, content in read(path)]
    arguments.prepared = RestoreSettings(change, sources, policy, arguments.options.flag("verify"))


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Plan, show, confirm, restore."""
    from asadm.fleet.change.planned import ChangeSpec, carry_out

    settings: RestoreSettings = arguments.prepared
    cluster = session.cluster(arguments)
    names = {source.name for source in settings.sources}

    def plan(seen: Survey) -> FleetPlan:
        removed = [name for name in seen.names() if name not in names] if settings.policy == FLUSH else []
        return wish(arguments.names[0], settings.sources, removed, seen)

    def stale(seen: Survey) -> Sequence[str]:
        if settings.policy != APPEND:
            return ()
        return [
            f"{text(name)} is on a node already: restore with replace"
            for name in seen.names()
            if name in names
        ]

    spec = ChangeSpec(
        "apply",
        plan,
        stale=stale,
        stale_title=f"{arguments.names[0]} cannot be appended to what the nodes have",
        question=f"Restore {arguments.names[0]} ({settings.policy}) to {cluster.name or 'these nodes'}?",
        verify=settings.verify,
        note=f"restore {settings.policy}",
    )
    return carry_out(session, settings.change, cluster, spec)
