"""A change of modules from the first look to the report; what ``apply``, ``remove`` and ``rollback`` have in common.

    lock file -> survey -> plan -> show -> confirm -> lock of the cluster -> second survey, nothing changed since? ->
    what is to be overwritten goes into the history -> rollout -> read back -> history -> report

With ``--yes`` nobody thinks between the two surveys, and the second one is left out. From the confirmation on there
is one deadline for everything. Errors before the rollout are raised: nothing was sent then.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from asadm import display
from asadm.fleet import confirm, notes, report, show
from asadm.fleet.backup import Backup
from asadm.fleet.history import History, path_of
from asadm.fleet.lock import ClusterLock, file_lock
from asadm.fleet.options import WAIT_SECONDS
from asadm.fleet.place import Item
from asadm.fleet.rollout import Rollout
from asadm.fleet.shield import Shield
from asadm.fleet.survey import survey
from asadm.outcome import FAILED, GOOD, INTERRUPTED, Outcome
from asinfo.errors import ConfigError, Error, UsageError
from asinfo.render import plain
from asinfo.wire.info import text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.cluster import Cluster
    from asadm.fleet.plan import Plan
    from asadm.fleet.survey import Survey
    from asadm.session import Session
    from asadm.statement import Arguments

PENDING = 3
"""Exit code of a dry run that would change something."""

REASONS_MAX = 20


class Aim:
    """What a command wants.

    ``action``    for the history: ``apply``, ``remove`` or ``rollback``
    ``plan``      the plan for what the nodes list
    ``stale``     why the nodes are not what the user was shown elsewhere; no reason mostly
    ``undoes``    the run that this one takes back
    ``verify``    whether the bytes are read back
    ``question``  for the terminal
    ``nothing``   what to say where there is nothing to do
    """

    def __init__(
        self,
        action: str,
        plan: Callable[[Survey], Plan],
        *,
        question: str,
        nothing: str = "",
        stale: Callable[[Survey], Sequence[str]] | None = None,
        undoes: str | None = None,
        verify: bool = False,
        note: str = "",
    ) -> None:
        self.action = action
        self.plan = plan
        self.question = question
        self.nothing = nothing
        self.stale = stale
        self.undoes = undoes
        self.verify = verify
        self.note = note


def carry_out(session: Session, arguments: Arguments, cluster: Cluster, aim: Aim) -> Outcome:
    """Do it. Ctrl-C, SIGTERM and SIGHUP end it with a true report; raises Error where nothing was sent."""
    with Shield() as shield, ExitStack() as stack:
        change = Change(session, arguments, cluster, aim, stack=stack, shield=shield)
        outcome = change.outcome()
        if outcome.code == INTERRUPTED:
            outcome.code = shield.code or INTERRUPTED
        return outcome


class Change:
    """One run."""

    def __init__(
        self,
        session: Session,
        arguments: Arguments,
        cluster: Cluster,
        aim: Aim,
        *,
        stack: ExitStack,
        shield: Shield,
    ) -> None:
        self.session = session
        self.options = arguments.options
        self.cluster = cluster
        self.aim = aim
        self.stack = stack
        self.shield = shield
        self.history: History | None = None
        self.dry = self.options.flag("dry-run")
        self.yes = self.options.flag("yes")

    def outcome(self) -> Outcome:
        """All of it."""
        if not self.dry:
            if not self.options.flag("no-history"):
                self.history = self.stack.enter_context(History(path_of(self.options), write=True))
            if self.yes:
                self.lock_file()
        plan = self.look()
        if self.dry:
            return self.only_shown(plan, PENDING if plan.pending else GOOD)
        if not plan.pending:
            return self.nothing_to_do(plan)
        self.show(plan)
        if not confirm.confirmed(self.options, self.aim.question):
            return Outcome(messages=["not confirmed: nothing was sent"], code=FAILED)
        started = time.monotonic()
        if not self.yes:
            self.lock_file()
            plan = self.look_again(plan)
        return self.go(plan, started + (self.options.number("wait") or WAIT_SECONDS))

    def lock_file(self) -> None:
        """Take the lock file. Where there is no place for one, and for a history neither, the cluster's lock has to do."""
        try:
            self.stack.enter_context(file_lock(self.cluster, self.options))
        except UsageError as error:
            if self.history is not None or self.options.text("lock"):
                raise
            self.session.warn(
                f"{error}: no lock file keeps another run on this machine from changing the same nodes"
            )

    def look(self) -> Plan:
        """Survey the nodes and make the plan. Raises Error when they are not what the user saw elsewhere."""
        seen = survey(self.cluster)
        if any(listing.answer.status == "interrupted" for listing in seen.listings):
            raise KeyboardInterrupt
        reasons = self.aim.stale(seen) if self.aim.stale else ()
        if reasons:
            raise Error(_listed("the plan is not for what the nodes have now; nothing was sent", reasons))
        return self.aim.plan(seen)

    def look_again(self, before: Plan) -> Plan:
        """The same, now that nobody else may change anything. Raises Error when something has changed since."""
        plan = self.look()
        reasons = _differences(before.survey, plan.survey)
        if reasons:
            raise Error(_listed("the nodes changed since the plan was shown; nothing was sent", reasons))
        return plan

    # ---- without a change

    def only_shown(self, plan: Plan, code: int) -> Outcome:
        """The plan, as the outcome."""
        shown = display.rendered(self.session, show.sheets(plan)) + _line(show.summary(plan))
        return Outcome(
            plan.survey.answers,
            shown,
            messages=show.remarks(plan),
            code=code if plan.complete else FAILED,
            extra=show.document(plan) if self.session.json else None,
            told=True,
        )

    def nothing_to_do(self, plan: Plan) -> Outcome:
        """All nodes that were read are as they should be; their bytes too, if that is asked."""
        outcome = self.only_shown(plan, GOOD)
        if self.aim.nothing and not self.session.json:
            outcome.show = display.rendered(self.session, show.failures(plan.survey)) + _line(
                self.aim.nothing
            )
        if self.aim.verify:
            rollout = self.rollout(plan, time.monotonic() + (self.options.number("wait") or WAIT_SECONDS))
            self.read_back(rollout)
            rollout.finish()
            return self.reported(plan, rollout, [])
        if self.history is not None and self.aim.undoes and plan.complete:
            Backup(self.history, self.cluster, self.aim).end(plan, None)
        return outcome

    # ---- with one

    def show(self, plan: Plan) -> None:
        """The plan, before it is carried out: on standard output; on standard error where that is for JSON."""
        if not self.session.json:
            shown = display.rendered(self.session, show.sheets(plan)) + _line(show.summary(plan))
            self.session.write(shown + b"\n")
        elif not self.yes:
            for line in "".join(map(plain, show.sheets(plan))).splitlines():
                self.session.warn(line)
            self.session.warn(show.summary(plan))
        for message in show.remarks(plan):
            self.session.warn(message)

    def go(self, plan: Plan, deadline: float) -> Outcome:
        """Change the nodes."""
        rollout = self.rollout(plan, deadline)
        lock = ClusterLock(
            self.cluster,
            rollout.group(),
            seconds=rollout.left,
            wait=self.options.number("lock-wait") or 0.0,
        )
        self.stack.enter_context(lock)
        if lock.held:  # until then somebody on another machine may have been at it
            plan = self.look_again(plan)
            rollout = self.rollout(plan, deadline)
            rollout.group()
        backup = Backup(self.history, self.cluster, self.aim) if self.history is not None else None
        messages = backup.begin(plan) if backup else []
        self.roll_out(rollout)
        notes.followed(rollout)
        if backup:
            try:
                backup.end(plan, rollout)
            except ConfigError as error:
                messages.append(f"{error}: what was done is not in the history")
        return self.reported(plan, rollout, messages)

    def roll_out(self, rollout: Rollout) -> None:
        """Do it and read it back; behind it no signal is heard any more, for what was done has to be told."""
        try:
            rollout.run()
            if self.aim.verify and not rollout.interrupted:
                self.read_back(rollout)
            self.shield.up()
        except KeyboardInterrupt:
            rollout.interrupted = True
            rollout.finish()

    def rollout(self, plan: Plan, deadline: float) -> Rollout:
        """What is to be done, not begun yet."""
        return Rollout(
            self.cluster, items(plan), plan.survey, wait=deadline - time.monotonic(), mend=self.session.warn
        )

    def read_back(self, rollout: Rollout) -> None:
        """Compare the bytes on all nodes."""
        from asadm.fleet.verify import verify

        try:
            verify(self.cluster, rollout.items, rollout.places, rollout.deadline)
        except KeyboardInterrupt:
            rollout.interrupted = True

    def reported(self, plan: Plan, rollout: Rollout, messages: Sequence[str]) -> Outcome:
        """What became of it."""
        changing = {step.name for step in plan.steps if step.pending}
        shown = report.sheets(rollout, [item for item in rollout.items if item.name in changing])
        summary = _summary(rollout, verified=self.aim.verify)
        extra = {"steps": show.document(plan)["steps"], "modules": report.document(rollout)}
        return Outcome(
            report.answers(rollout),
            b"" if self.session.json else display.rendered(self.session, shown) + _line(summary),
            messages=[*messages, *_compile_error(rollout), *report.remarks(rollout)],
            code=INTERRUPTED if rollout.interrupted else None,
            extra=extra if self.session.json else None,
            told=True,
        )


def items(plan: Plan) -> list[Item]:
    """The modules of a plan with their levels: what requires nothing has 0, removals come last."""
    levels: dict[bytes, int] = {}
    made = []
    for step in plan.steps:
        if step.source is None:
            continue
        level = max((levels.get(name, -1) for name in step.source.requires), default=-1) + 1
        levels[step.name] = level
        made.append(Item(step.name, step.source.content, path=step.source.path, level=level))
    last = max(levels.values(), default=-1) + 1
    return made + [Item(step.name, None, level=last) for step in plan.steps if step.source is None]


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


def _listed(headline: str, reasons: Sequence[str]) -> str:
    more = len(reasons) - REASONS_MAX
    rest = [f"and {more} more"] if more > 0 else []
    return "\n".join([f"{headline}:", *(f"  {reason}" for reason in [*reasons[:REASONS_MAX], *rest])])


def _line(line: str) -> bytes:
    return line.encode("utf-8", "replace") + b"\n"


def _summary(rollout: Rollout, *, verified: bool) -> str:
    """One line: how many nodes are as they should be."""
    good = sum(answer.good for answer in report.answers(rollout))
    count = len(rollout.places)
    how = ", bytes compared" if verified else ""
    seconds = rollout.milliseconds / 1000
    stopped = "stopped: " if rollout.interrupted else ""
    return f"{stopped}{good} of {count} node{'' if count == 1 else 's'} as they should be{how}, after {seconds:.2f} s"


def _compile_error(rollout: Rollout) -> list[str]:
    """``path:line: message`` and the line of the source; empty when all modules compile."""
    if rollout.broken is None:
        return []
    from asadm.modules import describe
    from asinfo.wire.failure import compile_error

    item, answer = rollout.broken
    error = compile_error(answer)
    return describe(error, item.name, item.path, item.content or b"") if error else []
