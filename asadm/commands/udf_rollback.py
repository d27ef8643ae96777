"""``udf rollback``: undo a change with the contents of the history; the rollback is recorded as a change too."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from asadm.fleet.change import confirm, undo
from asadm.fleet.change.lock import scope
from asadm.fleet.change.options import CHANGE, NOTE, VERIFY
from asadm.fleet.change.settings import ChangeSettings
from asadm.fleet.desired.directory import ModuleSource
from asadm.fleet.history.history import BESIDE_MODULES, FOUND, History, path_of
from asadm.fleet.observed.survey import survey
from asadm.fleet.plan.of_modules import wish
from asadm.outcome import CommandOutcome
from asadm.target.types import UDF
from asinfo.errors import Error, UsageError
from asinfo.terminal.options import Option
from asinfo.text import text

if TYPE_CHECKING:
    from collections.abc import Callable

    from asadm.fleet.change.undo import ModuleUndo, RunUndo
    from asadm.fleet.history.history import HistoryEntry
    from asadm.fleet.observed.survey import Survey
    from asadm.fleet.plan.plan import FleetPlan
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.interface import Rules, Target

TO = Option(
    "to",
    kind="integer",
    metavar="ID",
    help="Bring back the content that entry ID of 'udf history' recorded, instead of undoing the latest change.",
)
OF_CHANGE = Option(
    "change",
    kind="integer",
    metavar="N",
    help="Undo the change N of 'udf history', instead of the latest change; the ID of any of its entries means it, too.",
)
OPTIONS = (TO, OF_CHANGE, *CHANGE, VERIFY, NOTE)

NOTES = """\
Without MODULE the latest change of this cluster is undone as a whole: its modules get their content from before it, and
those that it created are removed. With MODULE only that module. Only nodes that the change was about are changed, and of
these only those in the with clause; all of them get what most of them had before.
If a node could not be reached, run the command again: it completes the same rollback. After a complete one, the next run
undoes the change before that. A repair that gave all nodes the version of the majority is skipped.
With --change an earlier change is undone as a whole; what was changed later in its modules goes, too, and is told before.
With --to the module gets the content that the entry recorded. For an entry that removed the module, that is the content
that was removed.

Examples:
  asadm udf rollback                         undo the latest change: show it, ask, do it
  asadm udf rollback counter.lua --yes
  asadm udf rollback --change 9              undo the change 9 of the history
  asadm udf rollback --to 12 --dry-run       what it would be to go back to the entry 12
  asadm udf history                          what there is to go back to"""


class RollbackSettings(NamedTuple):
    """What is rolled back, and how: the module ``name`` or all of them, to the history's ``entry`` or the state before.

    ``undone``  the number, or any entry, of the change that is undone; None: the latest one
    """

    change: ChangeSettings
    name: bytes | None
    entry: int | None
    undone: int | None
    verify: bool


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a name that cannot be sent, and where nobody could confirm."""
    names = [arguments.rules.sendable(os.fsencode(name)) for name in arguments.names]
    options = arguments.options
    settings = ChangeSettings.of(options)
    if not settings.recorded:
        raise UsageError(f"{arguments.family} rollback: it needs the history: --no-history makes no sense")
    confirm.require(settings)
    name = names[0] if names else None
    entry, undone = options.integer("to"), options.integer("change")
    if entry is not None and undone is not None:
        raise UsageError("--change: undoes a change, and --to goes to an entry: give one of them")
    arguments.prepared = RollbackSettings(settings, name, entry, undone, verify=options.flag("verify"))


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Look up, survey, show, confirm, apply."""
    settings: RollbackSettings = arguments.prepared
    cluster = session.cluster(arguments)
    settings.change.limit(cluster)
    if settings.entry is None:
        return _undo(session, settings, cluster)
    with History(path_of(settings.change.history)) as history:
        target = _FormerState.entry(history, settings.entry, settings.name, cluster.rules)
    return _roll(session, settings, cluster, target, lambda: None)


def _undo(session: CommandSession, settings: RollbackSettings, cluster: Target) -> CommandOutcome:
    """Take the latest change back on the nodes that it was about, as far as they still have it."""
    path, name = path_of(settings.change.history), settings.name
    with History(path):
        pass  # one that cannot be read is told before any node is asked
    seen = survey(cluster)
    if any(answer.status == "interrupted" for answer in seen.answers):
        return CommandOutcome(seen.answers)
    every = [node.address for node in cluster.nodes]
    answering = [listing.node.address for listing in seen.listings if listing.read]

    def latest() -> tuple[RunUndo, RunUndo, _FormerState]:
        with History(path) as history:
            run = None if settings.undone is None else _of_modules(history, settings.undone).run
            last = undo.latest(history, every, every, name, run)
            found = undo.latest(history, every, answering, name, run)
            if found is None or last is None:
                raise Error(_none(path, cluster, name, waiting=last is not None))
            state = _FormerState.undo(history, found, cluster.rules)
            if run is not None:
                state.told += [_lost(row) for row in undo.later(history, found)]
            return found, last, state

    found, last, target = latest()
    if last.begun.run != found.begun.run:
        silent = [node.name for node in cluster.nodes if node.address in last.nodes]
        target.told.append(
            f"{', '.join(silent)}: no answer; what was changed later, at {last.begun.at}, stays to be undone there: "
            f"when it is back, run it again{_repair(cluster)}"
        )
    members = [member for member in cluster.members if member.node.address in found.nodes]
    if len(members) < len(cluster.members):
        target.told.append(
            f"only {', '.join(member.node.name for member in members)}: the other nodes do not have that change, "
            "or it is undone there"
        )
    part = cluster.part(members)

    def same() -> None:
        newest, _, _ = latest()
        if newest.key != found.key:
            raise Error(f"{path}: the history has grown meanwhile; nothing was sent: look again")

    return _roll(session, settings, part, target, same)


def _of_modules(history: History, number: int) -> HistoryEntry:
    """An entry. Raises UsageError for one that is about no module."""
    entry = history.entry(number)
    if entry.action in BESIDE_MODULES:
        raise UsageError(
            f"entry {number} of the history is about no module: 'manage config rollback' undoes changes of configuration"
        )
    return entry


def _lost(row: HistoryEntry) -> str:
    """That a later change of a module is undone with an earlier one."""
    return f"{text(row.module)} was changed again at {row.at} by {row.user} (entry {row.id}): that is undone, too"


def _roll(
    session: CommandSession,
    settings: RollbackSettings,
    cluster: Target,
    target: _FormerState,
    check: Callable[[], None],
) -> CommandOutcome:
    from asadm.fleet.change.planned import ChangeSpec, carry_out

    def plan(seen: Survey) -> FleetPlan:
        check()
        return wish(target.title, target.sources, target.removed, seen)

    spec = ChangeSpec(
        "rollback",
        plan,
        question=f"Roll {cluster.name or 'these nodes'} back to {target.title}?",
        nothing=target.nothing,
        undoes=target.run,
        only=target.only,
        verify=settings.verify,
        note=target.note,
    )
    outcome = carry_out(session, settings.change, cluster, spec)
    outcome.messages[:0] = target.told
    return outcome


def _repair(cluster: Target) -> str:
    """The other way, where there is one."""
    return ", or let 'udf repair' give it what the others have" if cluster.rules.FAMILY == UDF else ""


def _none(path: str, cluster: Target, name: bytes | None, *, waiting: bool) -> str:
    """Why there is nothing to undo."""
    what = f" of {text(name)}" if name else ""
    if waiting:
        return f"{path}: no node that has a change{what} to undo answers; nothing was sent"
    return (
        f"{path}: there is no change{what} on {scope(cluster)} to undo; '{cluster.rules.FAMILY} history' shows what there is, "
        "and --to ID goes to any of it"
    )


class _FormerState:
    """The state to restore: modules to put (``sources``) and to remove; ``run`` is the run that is undone, ``note`` is for the history."""

    def __init__(self, title: str, note: str, run: str | None = None) -> None:
        self.title = title
        self.note = note
        self.run = run
        self.sources: list[ModuleSource] = []
        self.removed: list[bytes] = []
        self.only: dict[bytes, frozenset[str]] = {}
        self.told: list[str] = []
        self.nothing = ""

    @classmethod
    def entry(cls, history: History, number: int, name: bytes | None, rules: Rules) -> _FormerState:
        """One row; of a removal what was there before it. Raises UsageError for one of another module, or without content."""
        entry = _of_modules(history, number)
        if name is not None and entry.module != name:
            raise UsageError(f"entry {number} of the history is about {text(entry.module)}, not {text(name)}")
        title = f"entry {number}: {text(entry.module)} of {entry.at}"
        target = cls(title, title)
        if entry.state == FOUND and entry.hash is None:
            target.removed.append(entry.module)
        else:
            target.sources.append(_source(history, entry, rules))
        return target

    @classmethod
    def undo(cls, history: History, found: RunUndo, rules: Rules) -> _FormerState:
        """What was there before a change. Raises Error when its content is not known."""
        begun = found.begun
        target = cls(
            f"the state before change {begun.change} of {begun.at} by {begun.user}",
            f"undoes change {begun.change}",
            begun.run,
        )
        for back in found.back:
            target.take(history, back, rules)
        target.nothing = "this is what most nodes had before that change; run it again to go back further"
        return target

    def take(self, history: History, back: ModuleUndo, rules: Rules) -> None:
        """What most nodes had of a module."""
        usual = back.usual
        self.only[back.module] = back.nodes
        if len(back.found) > 1:
            self.told.append(
                f"{text(back.module)}: the nodes had {len(back.found)} versions of it before that change; "
                f"all get what {usual.ok} had"
            )
        if usual.hash is None:
            self.removed.append(back.module)
        else:
            self.sources.append(_source(history, usual, rules))


def _source(history: History, entry: HistoryEntry, rules: Rules) -> ModuleSource:
    content = history.content(entry)
    if content is None:
        raise Error(f"{history.path}: the content of entry {entry.id}, {text(entry.module)}, is not known")
    return ModuleSource(entry.module, f"entry {entry.id} of the history", content, rules)
