"""The one way in which modules on nodes are changed, whatever the command.

    history opened -> lock files -> survey, decision -> shown -> confirmed -> the clusters' locks -> second survey, nothing
    changed since? -> what is there and what is to be goes into the history -> done and verified -> how it went, too

With ``--yes`` nobody thinks between the two surveys, and the second one is left out where no other machine may have
changed anything in between either. The time of ``--wait`` begins with the first survey; what a person thinks, and what
another run holds us up, is not counted. Errors before anything is sent are raised. What a command does between the locks
is its `Change`.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from asadm.display import rendered
from asadm.fleet.change import confirm
from asadm.fleet.change.backup import Backup
from asadm.fleet.change.lock import ClusterLock, FileLocks
from asadm.fleet.change.options import WAIT_SECONDS, limited
from asadm.fleet.history.history import History, clean, path_of
from asadm.fleet.observed.survey import Survey
from asadm.outcome import FAILED, INTERRUPTED, CommandOutcome
from asadm.signals import SignalShield
from asinfo.errors import ConfigError, Error, UsageError
from asinfo.terminal.render import plain
from asinfo.text import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from asadm.fleet.change.backup import ChangeResult, IntendedChange
    from asadm.session import CommandSession
    from asadm.target.interface import Target
    from asinfo.exchange import Node
    from asinfo.terminal.options import Values
    from asinfo.terminal.render import Sheet

REASONS_MAX = 20

READING = 0.5
"""Of the time that is left, what reading the old contents may take at most: nodes that hang then leave time to send."""


class Change:
    """What one command does; the steps are called in this order, `look` perhaps twice.

    ``survey``   what the nodes listed at the latest look
    ``pending``  whether there is anything to change on them
    ``undoes``   the run that this one takes back
    ``note``     words for the history, beside those of ``--note``
    ``budget`` what the nodes have of the time of ``--wait``
    """

    undoes: str | None = None
    note = ""

    def __init__(self, session: CommandSession, options: Values, cluster: Target) -> None:
        self.session = session
        self.options = options
        self.cluster = cluster
        self.budget = limited(cluster, options)
        self.survey = Survey([])
        self.pending = False
        self.done: Callable[[], None] = lambda: None
        """To be called when all is done and only the report is left: from there on no signal is heard."""

    def look(self) -> None:
        """Survey the nodes and decide. Raises KeyboardInterrupt, and Error when nothing can be done."""
        raise NotImplementedError

    def only_shown(self) -> CommandOutcome:
        """A dry run."""
        raise NotImplementedError

    def idle(self, deadline: float) -> CommandOutcome:
        """Nothing has to change."""
        raise NotImplementedError

    def show(self) -> None:
        """Show what is about to be done; a question may follow."""
        raise NotImplementedError

    def question(self) -> str:
        """For the terminal."""
        raise NotImplementedError

    def groups(self) -> Sequence[Sequence[Node]]:
        """The nodes that are to be changed, by cluster. Raises KeyboardInterrupt."""
        raise NotImplementedError

    def intents(self) -> Sequence[IntendedChange]:
        """The changes."""
        raise NotImplementedError

    def carry_out(self, groups: Sequence[Sequence[Node]], deadline: float) -> CommandOutcome:
        """Change the nodes; a KeyboardInterrupt ends that with a true report."""
        raise NotImplementedError

    def results(self) -> Sequence[ChangeResult]:
        """How it went with each change."""
        raise NotImplementedError


def carry_out(job: Change) -> CommandOutcome:
    """Do it. Ctrl-C, SIGTERM and SIGHUP end it with a true report; raises Error where nothing was sent."""
    with SignalShield() as shield, ExitStack() as stack:
        try:
            outcome = _GuardedRun(job, stack, shield).outcome()
        except KeyboardInterrupt:  # nothing was sent
            outcome = CommandOutcome(
                job.survey.answers, messages=["stopped: nothing was sent"], code=INTERRUPTED
            )
        if outcome.code == INTERRUPTED:
            outcome.code = shield.code or INTERRUPTED
        return outcome


class _GuardedRun:
    """One run; locks and history are held until ``stack`` ends."""

    def __init__(self, job: Change, stack: ExitStack, shield: SignalShield) -> None:
        self.job = job
        job.done = shield.up
        self.options = job.options
        self.stack = stack
        self.shield = shield
        self.history: History | None = None
        self.backup: Backup | None = None
        self.messages: list[str] = []

    def outcome(self) -> CommandOutcome:
        """All of it."""
        job, yes = self.job, self.options.flag("yes")
        if self.options.flag("dry-run"):
            job.look()
            return job.only_shown()
        self.open()
        if yes:
            self.lock_files()
        job.look()
        if not job.pending:
            return self.nothing_to_do()
        job.show()
        with self.stopped_clock():
            if not confirm.confirmed(self.options, job.question()):
                return CommandOutcome(messages=["not confirmed: nothing was sent"], code=FAILED)
        if not yes:
            self.lock_files()
        return self.change(look_again=not yes)

    def open(self) -> None:
        """Open the history. Raises ConfigError where it cannot be written."""
        if self.options.flag("no-history"):
            return
        job = self.job
        shared = bool(self.options.text("history"))
        history = History(path_of(self.options), write=True, shared=shared)
        self.history = self.stack.enter_context(history)
        notes = [clean(each) for each in (self.options.text("note"), job.note) if each]
        self.backup = Backup(self.history, job.cluster, note="; ".join(notes), undoes=job.undoes)

    def lock_files(self) -> None:
        """Take the lock files. Where there is no place for them, and for a history neither, the cluster's have to do."""
        try:
            with self.stopped_clock():
                self.stack.enter_context(FileLocks(self.job.cluster, self.options))
        except UsageError as error:
            if self.history is not None or self.options.text("lock"):
                raise
            self.job.session.warn(
                f"{error}: no lock file keeps another run on this machine from changing the same nodes"
            )

    @contextmanager
    def stopped_clock(self) -> Iterator[None]:
        """Inside, somebody else is waited for: that is not taken from the time of ``--wait``."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.job.budget.extend(time.monotonic() - started)

    @property
    def deadline(self) -> float:
        """The end of the time of ``--wait``, of `time.monotonic`."""
        return self.job.budget.deadline or 0.0

    def look_again(self) -> None:
        """See that the nodes are what the decision was made for. Raises Error when something has changed since."""
        before = self.job.survey
        self.job.look()
        reasons = _differences(before, self.job.survey)
        if reasons:
            raise Error(listed("the nodes changed since the plan was shown; nothing was sent", reasons))

    def nothing_to_do(self) -> CommandOutcome:
        """A rollback that has nothing to do is recorded, so that the next goes further back."""
        outcome = self.job.idle(self.deadline)
        if self.backup is not None and self.job.undoes:
            self.end(outcome)
        outcome.messages[:0] = self.messages
        return outcome

    @property
    def wait(self) -> float:
        """Seconds for the whole change."""
        return self.options.number("wait") or WAIT_SECONDS

    def change(self, *, look_again: bool) -> CommandOutcome:
        """Change the nodes."""
        job = self.job
        groups = job.groups()
        wait = self.options.number("lock-wait") or 0.0
        lock = ClusterLock(job.cluster, groups, seconds=self.wait, wait=wait)
        self.stack.enter_context(lock)
        job.budget.extend(lock.waited)
        if look_again or lock.held:  # until then somebody else may have been at it
            self.look_again()
        if self.backup is not None:
            now = time.monotonic()
            reading = now + READING * (self.deadline - now)
            self.messages += self.backup.begin(job.survey, job.intents(), reading)
        outcome = job.carry_out(groups, self.deadline)
        self.shield.up()
        self.end(outcome)
        outcome.messages[:0] = self.messages
        return outcome

    def end(self, outcome: CommandOutcome) -> None:
        """Write down how it went; where that cannot be, the run has failed, for nobody could tell by the history."""
        if self.backup is None:
            return
        try:
            self.backup.end(self.job.results())
        except ConfigError as error:
            self.messages.append(f"{error}: how it went is not in the history")
            outcome.code = outcome.code or FAILED


def announce(session: CommandSession, sheet: Sheet) -> None:
    """Show what is about to be done, before the question; on standard error where standard output is for JSON."""
    if session.json:
        for line in plain(sheet).splitlines():
            session.warn(line)
    else:
        session.write(rendered(session, [sheet]) + b"\n")


def listed(headline: str, reasons: Sequence[str]) -> str:
    """The reasons below a line, not too many."""
    more = len(reasons) - REASONS_MAX
    rest = [f"and {more} more"] if more > 0 else []
    return "\n".join([f"{headline}:", *(f"  {reason}" for reason in [*reasons[:REASONS_MAX], *rest])])


def _differences(before: Survey, now: Survey) -> list[str]:
    """What the nodes that were read both times list otherwise."""
    found = []
    for old, new in zip(before.listings, now.listings, strict=True):
        if old.modules is None or new.modules is None or old.modules == new.modules:
            continue
        names = [
            text(name)
            for name in dict.fromkeys([*old.modules, *new.modules])
            if old.modules.get(name) != new.modules.get(name)
        ]
        found.append(f"{new.node.name}: {', '.join(names)}")
    return found
