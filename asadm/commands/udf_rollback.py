"""``udf rollback``: bring back what the history has, on all nodes; itself a change that is recorded."""

from __future__ import annotations

import os

from asadm.fleet import confirm
from asadm.fleet.directory import Source
from asadm.fleet.history import History, path_of
from asadm.fleet.lock import scope
from asadm.fleet.options import CHANGE, NOTE, VERIFY
from asadm.fleet.recorded import wish
from asadm.modules import sendable
from asinfo.errors import Error, UsageError
from asinfo.options import Option
from asinfo.wire.info import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.fleet.history import Entry
    from asadm.fleet.plan import Plan
    from asadm.fleet.survey import Survey
    from asadm.outcome import Outcome
    from asadm.session import Session
    from asadm.statement import Arguments

TO = Option("to", kind="integer", metavar="ID", help="The content of that entry of 'udf history'.")
OPTIONS = (TO, *CHANGE, VERIFY, NOTE)

NOTES = """\
Without MODULE the latest change of this cluster is undone as a whole: its modules become what they were before it, and
those that it created are removed. With MODULE just that one. What most nodes had is what all get. A rollback that did
not reach every node is tried again by running it again; after one that did, the next goes back one change further.
A repair that gave all nodes what most of them had is passed over.
With --to the module becomes what that entry of the history says.

Examples:
  asadm udf rollback                         undo the latest change: show it, ask, do it
  asadm udf rollback counter.lua --yes
  asadm udf rollback --to 12 --dry-run       what it would be to go back to the entry 12
  asadm udf history                          what there is to go back to"""


def check(arguments: Arguments) -> None:
    """Raises UsageError for a name that cannot be sent, and where nobody could confirm."""
    for name in arguments.names:
        sendable(os.fsencode(name))
    if arguments.options.flag("no-history"):
        raise UsageError("udf rollback: it needs the history: --no-history makes no sense")
    confirm.require(arguments.options)


def run(session: Session, arguments: Arguments) -> Outcome:
    """Look up, survey, show, confirm, apply."""
    from asadm.fleet.change import Aim, carry_out

    cluster = session.cluster(arguments)
    name = os.fsencode(arguments.names[0]) if arguments.names else None
    number = arguments.options.integer("to")
    with History(path_of(arguments.options)) as history:
        target = (
            _Target.entry(history, number, name)
            if number is not None
            else _Target.undo(history, scope(cluster), name)
        )

    def plan(seen: Survey) -> Plan:
        return wish(target.title, target.sources, target.removed, seen)

    notes = [each for each in (arguments.options.text("note"), target.title) if each]
    aim = Aim(
        "rollback",
        plan,
        question=f"Roll {cluster.name or 'these nodes'} back to {target.title}?",
        nothing=target.nothing,
        undoes=target.run,
        verify=arguments.options.flag("verify"),
        note="; ".join(notes),
    )
    outcome = carry_out(session, arguments, cluster, aim)
    outcome.messages[:0] = target.told
    return outcome


class _Target:
    """What to go back to: ``sources``, and the modules that were not there; ``run`` is the one that is undone."""

    def __init__(self, title: str, run: str | None = None) -> None:
        self.title = title
        self.run = run
        self.sources: list[Source] = []
        self.removed: list[bytes] = []
        self.told: list[str] = []
        self.nothing = ""

    @classmethod
    def entry(cls, history: History, number: int, name: bytes | None) -> _Target:
        """One row. Raises UsageError for one of another module, or without content."""
        entry = history.entry(number)
        if name is not None and entry.module != name:
            raise UsageError(f"entry {number} of the history is about {text(entry.module)}, not {text(name)}")
        target = cls(f"entry {number}: {text(entry.module)} of {entry.at}")
        if entry.hash is None:
            target.removed.append(entry.module)
        else:
            target.sources.append(_source(history, entry))
        return target

    @classmethod
    def undo(cls, history: History, cluster: str, name: bytes | None) -> _Target:
        """What the latest change found. Raises Error when there is none, or its content is not known."""
        found = history.undoable(cluster, name)
        if not found:
            what = f" of {text(name)}" if name else ""
            raise Error(
                f"{history.path}: there is no change{what} on {cluster} to undo; 'udf history' shows what there is, "
                "and --to ID goes to any of it"
            )
        first = found[0]
        target = cls(f"the state before the change of {first.at} by {first.user}", first.run)
        by_module: dict[bytes, list[Entry]] = {}
        for entry in found:
            by_module.setdefault(entry.module, []).append(entry)
        for module, entries in by_module.items():
            target.take(history, module, entries)
        target.nothing = "this is what most nodes had before that change; run it again to go back further"
        return target

    def take(self, history: History, module: bytes, entries: list[Entry]) -> None:
        """What most nodes had of ``module``."""
        usual = max(entries, key=lambda entry: entry.ok)
        if len(entries) > 1:
            self.told.append(
                f"{text(module)}: the nodes had {len(entries)} versions of it before that change; "
                f"all get what {usual.ok} had"
            )
        if usual.hash is None:
            self.removed.append(module)
        else:
            self.sources.append(_source(history, usual))


def _source(history: History, entry: Entry) -> Source:
    content = history.content(entry)
    if content is None:
        raise Error(f"{history.path}: the content of entry {entry.id}, {text(entry.module)}, is not known")
    return Source(entry.module, f"entry {entry.id} of the history", content)
