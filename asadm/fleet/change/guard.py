"""Every change of nodes goes through here: history, locks, survey, confirmation, backup, the change, results.

What is changed are modules, or (`asadm.fleet.change.managed`) configuration, indexes and the like.

    history opened -> lock files -> survey, proposal -> shown -> confirmed -> the clusters' locks -> second survey, nothing
    changed since? -> what is there and what is to be goes into the history -> done and verified -> how it went, too

With ``--yes`` there is no question between the two surveys, and the second survey is left out where the clusters have
no lock of their own. The time of ``--wait`` begins with the first survey; the time in which a person
thinks, and in which another run holds a lock, is not counted. Errors before anything is sent are raised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from asadm.display import rendered
from asadm.fleet.change import confirm
from asadm.fleet.change.backup import Backup
from asadm.fleet.change.lock import ClusterLock, FileLocks
from asadm.fleet.history import git_commit
from asadm.fleet.history.history import History, clean, path_of
from asadm.outcome import FAILED, INTERRUPTED, CommandOutcome
from asadm.signals import DeferredSignals
from asinfo.errors import ConfigError, Error, UsageError
from asinfo.terminal.render import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asadm.fleet.change.settings import ChangeSettings
    from asadm.outcome import NodeAnswer
    from asadm.session import CommandSession
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint
    from asinfo.terminal.render import Sheet

REASONS_MAX = 20
"""Lines of reasons below an error: a screen of 24 lines takes them."""

READING = 0.5
"""Of the time that is left, what reading the old contents may take at most: nodes that hang then leave time to send."""


class Observed(Protocol):
    """What one look at the nodes found: `asadm.fleet.observed.survey.Survey` of modules, and others like it."""

    @property
    def answers(self) -> list[NodeAnswer]:
        """What the nodes said, for an outcome."""

    def changes(self, now: Any) -> list[str]:
        """What is otherwise in a later look ``now``, a line a node."""


class Recorder(Protocol):
    """Writes one run into the history: `asadm.fleet.change.backup.Backup` of modules, and others like it."""

    def begin(self, survey: Any, intents: Sequence[Any], deadline: float) -> list[str]:
        """Write down what is there and what is to be; what could not be read is told. Raises ConfigError and KeyboardInterrupt."""

    def end(self, results: Sequence[Any]) -> None:
        """Write down how it went. Raises ConfigError."""


class ChangeOutcome(NamedTuple):
    """A change that was carried out: the outcome of the command, and the results for the recorder."""

    outcome: CommandOutcome
    results: Sequence[Any]


class ExecutionParameters(NamedTuple):
    """The parameters of `Proposal.carry_out`.

    ``groups``    the nodes that are changed, by cluster
    ``deadline``  the end of the time of ``--wait``, of `time.monotonic`
    ``done``      to be called when only the report is left: from there on no signal is heard
    """

    groups: Sequence[Sequence[Endpoint]]
    deadline: float
    done: Callable[[], None]


class Proposal(NamedTuple):
    """The change that one survey calls for, and the functions that show it and carry it out.

    ``survey``      what the nodes listed
    ``pending``     whether there is anything to change on them
    ``question``    for the terminal
    ``intents``     the changes, for the recorder
    ``only_shown``  a dry run
    ``idle``        nothing has to change; it is given the end of the time of ``--wait``
    ``show``        show what is about to be done; a question may follow
    ``groups``      the nodes that are to be changed, by cluster; may raise KeyboardInterrupt
    ``carry_out``   change the nodes; a KeyboardInterrupt ends that with a true report
    ``word``        that has to be typed to confirm; empty: a yes is enough
    """

    survey: Observed
    pending: bool
    question: str
    intents: Sequence[Any]
    only_shown: Callable[[], CommandOutcome]
    idle: Callable[[float], ChangeOutcome]
    show: Callable[[], None]
    groups: Callable[[], Sequence[Sequence[Endpoint]]]
    carry_out: Callable[[ExecutionParameters], ChangeOutcome]
    word: str = ""


Seen = Callable[[Observed], None]
"""Takes each survey that is made; raises KeyboardInterrupt where a signal ended it."""


class Change(NamedTuple):
    """One change of nodes: what a command wants, for `carry_out`.

    ``look``      survey the nodes of ``cluster`` and decide; called once more after the locks were taken. May raise Error.
    ``undoes``    the run of the history that this one takes back
    ``note``      words for the history, beside those of the user
    ``recorder``  what writes the run into the history
    """

    session: CommandSession
    settings: ChangeSettings
    cluster: Target
    look: Callable[[Seen], Proposal]
    undoes: str | None = None
    note: str = ""
    recorder: Callable[..., Recorder] = Backup


def carry_out(change: Change) -> CommandOutcome:
    """Do it. Ctrl-C, SIGTERM and SIGHUP end it with a true report; raises Error where nothing was sent."""
    with DeferredSignals() as signals, ExitStack() as stack:
        run = _GuardedRun(change, stack, signals)
        try:
            outcome = run.outcome()
        except KeyboardInterrupt:
            answers = run.survey.answers if run.survey else ()
            outcome = CommandOutcome(answers, messages=["stopped: nothing was sent"], code=INTERRUPTED)
        if outcome.code == INTERRUPTED:
            outcome.code = signals.code or INTERRUPTED
        return outcome


class _GuardedRun:
    """One run; locks and history are held until ``stack`` ends."""

    def __init__(self, change: Change, stack: ExitStack, signals: DeferredSignals) -> None:
        self.change = change
        self.settings = change.settings
        self.budget = change.settings.limit(change.cluster)
        self.stack = stack
        self.signals = signals
        self.survey: Observed | None = None
        self.history: History | None = None
        self.backup: Recorder | None = None
        self.messages: list[str] = []

    def outcome(self) -> CommandOutcome:
        """All of it."""
        yes = self.settings.yes
        if self.settings.dry_run:
            return self.look().only_shown()
        self.open()
        if yes:
            self.lock_files()
        proposal = self.look()
        if not proposal.pending:
            return self.nothing_to_do(proposal)
        proposal.show()
        with self.stopped_clock():
            if not confirm.confirmed(proposal.question, yes=yes, word=proposal.word):
                return CommandOutcome(messages=["not confirmed: nothing was sent"], code=FAILED)
        if not yes:
            self.lock_files()
        return self.make(proposal, look_again=not yes)

    def look(self) -> Proposal:
        """Survey the nodes and decide. Raises KeyboardInterrupt, and Error when nothing can be done."""
        return self.change.look(self.saw)

    def saw(self, survey: Observed) -> None:
        """Keep the latest survey. Raises KeyboardInterrupt where a signal ended it."""
        self.survey = survey
        if any(answer.status == "interrupted" for answer in survey.answers):
            raise KeyboardInterrupt

    def open(self) -> None:
        """Open the history. Raises ConfigError where it cannot be written."""
        settings, change = self.settings, self.change
        if not settings.recorded:
            return
        history = History(path_of(settings.history), write=True, shared=bool(settings.history))
        self.history = self.stack.enter_context(history)
        notes = [clean(each) for each in (settings.note or git_commit.note("."), change.note) if each]
        self.backup = change.recorder(
            self.history, change.cluster, note="; ".join(notes), undoes=change.undoes
        )

    def lock_files(self) -> None:
        """Take the lock files. Where there is no place for them, and for a history neither, the cluster's have to do."""
        settings = self.settings
        try:
            with self.stopped_clock():
                locks = FileLocks(self.change.cluster, settings.lock, wait=settings.lock_wait)
                self.stack.enter_context(locks)
        except UsageError as error:
            if self.history is not None or settings.lock:
                raise
            self.change.session.warn(
                f"{error}: no lock file keeps another run on this machine from changing the same nodes"
            )

    @contextmanager
    def stopped_clock(self) -> Iterator[None]:
        """Inside the block a person or another run is waited for: that time does not count as ``--wait``."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.budget.extend(time.monotonic() - started)

    @property
    def deadline(self) -> float:
        """The end of the time of ``--wait``, of `time.monotonic`."""
        return self.budget.deadline or 0.0

    def look_again(self, before: Observed) -> Proposal:
        """See that the nodes are what the decision was made for. Raises Error when something has changed since."""
        proposal = self.look()
        reasons = before.changes(proposal.survey)
        if reasons:
            raise Error(listed("the nodes changed since the plan was shown; nothing was sent", reasons))
        return proposal

    def nothing_to_do(self, proposal: Proposal) -> CommandOutcome:
        """A rollback that has nothing to do is recorded, so that the next goes further back."""
        carried = proposal.idle(self.deadline)
        if self.change.undoes:
            self.end(carried)
        carried.outcome.messages[:0] = self.messages
        return carried.outcome

    def make(self, proposal: Proposal, *, look_again: bool) -> CommandOutcome:
        """Change the nodes."""
        groups = proposal.groups()
        settings = self.settings
        lock = ClusterLock(self.change.cluster, groups, seconds=settings.wait, wait=settings.lock_wait)
        self.stack.enter_context(lock)
        self.budget.extend(lock.waited)
        if look_again or lock.held:  # until then somebody else may have been at it
            proposal = self.look_again(proposal.survey)
        if self.backup is not None:
            now = time.monotonic()
            reading = now + READING * (self.deadline - now)
            self.messages += self.backup.begin(proposal.survey, proposal.intents, reading)
        carried = proposal.carry_out(ExecutionParameters(groups, self.deadline, self.signals.defer))
        self.signals.defer()
        self.end(carried)
        carried.outcome.messages[:0] = self.messages
        return carried.outcome

    def end(self, carried: ChangeOutcome) -> None:
        """Write the results into the history; the run has failed where that is not possible."""
        if self.backup is None:
            return
        try:
            self.backup.end(carried.results)
        except ConfigError as error:
            self.messages.append(f"{error}: how it went is not in the history")
            carried.outcome.code = carried.outcome.code or FAILED


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
