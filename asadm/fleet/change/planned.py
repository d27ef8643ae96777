"""Changes by a plan: ``udf apply``, ``udf remove`` and ``udf rollback``.

The steps that every change has are in `asadm.fleet.change.guard`. From the locks on there is one deadline.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from asadm import display
from asadm.fleet.change import guard, report
from asadm.fleet.change.backup import ChangeResult, IntendedChange
from asadm.fleet.change.guard import Change, ChangeOutcome, Proposal
from asadm.fleet.change.restore_rollout import RestoreRollout
from asadm.fleet.change.rollout import Rollout, followed
from asadm.fleet.change.stuck import forcing
from asadm.fleet.observed.node_progress import ModuleChange
from asadm.fleet.observed.survey import coverage, survey, unknown
from asadm.fleet.observed.unread import failures
from asadm.fleet.plan import show
from asadm.fleet.plan.plan import SAME, UNREAD
from asadm.fleet.plan.preflight import preflight
from asadm.outcome import FAILED, GOOD, INTERRUPTED, PENDING, CommandOutcome
from asinfo.errors import Error
from asinfo.terminal.render import plain

if TYPE_CHECKING:
    from asadm.fleet.change.guard import ExecutionParameters, Seen
    from asadm.fleet.change.settings import ChangeSettings
    from asadm.fleet.observed.survey import Survey
    from asadm.fleet.plan.plan import FleetPlan, PlanStep
    from asadm.fleet.plan.plan_lint import PlanLint
    from asadm.session import CommandSession
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint


class ChangeSpec(NamedTuple):
    """The plan of a command, and how it is to be carried out.

    ``action``    for the history: ``apply``, ``remove`` or ``rollback``
    ``plan``      the plan for what the nodes list
    ``question``  for the terminal
    ``nothing``   what to say where there is nothing to do
    ``stale``     why the nodes are not what the user was shown elsewhere; no reason mostly. ``stale_title`` goes before the reasons
    ``undoes``    the run that this one takes back
    ``only``      addresses of the nodes that a module is to be changed on; all nodes where it is not in there
    ``lint``      checks what is to be sent; None where it is sent as it is
    ``verify``    whether the bytes are read back
    ``note``      for the history, beside that of the user
    """

    action: str
    plan: Callable[[Survey], FleetPlan]
    question: str
    nothing: str = ""
    stale: Callable[[Survey], Sequence[str]] | None = None
    stale_title: str = "the plan is not for what the nodes have now"
    undoes: str | None = None
    only: Mapping[bytes, frozenset[str]] = MappingProxyType({})
    verify: bool = False
    note: str = ""
    lint: PlanLint | None = None


def carry_out(
    session: CommandSession, settings: ChangeSettings, cluster: Target, spec: ChangeSpec
) -> CommandOutcome:
    """Do it. Ctrl-C, SIGTERM and SIGHUP end it with a true report; raises Error where nothing was sent."""

    def look(seen: Seen) -> Proposal:
        found = survey(cluster)
        seen(found)
        return PlanRun(session, settings, cluster, spec, found).proposal()

    return guard.carry_out(Change(session, settings, cluster, look, undoes=spec.undoes, note=spec.note))


class PlanRun:
    """A plan for what the nodes list in ``survey``, and how it is carried out."""

    def __init__(
        self,
        session: CommandSession,
        settings: ChangeSettings,
        cluster: Target,
        spec: ChangeSpec,
        survey: Survey,
    ) -> None:
        """Make the plan. Raises Error when the nodes are not what the user saw elsewhere."""
        self.session = session
        self.settings = settings
        self.cluster = cluster
        self.spec = spec
        self.survey = survey
        reasons = spec.stale(survey) if spec.stale else ()
        if reasons:
            raise Error(guard.listed(f"{spec.stale_title}; nothing was sent", reasons))
        self.plan = spec.plan(survey)
        if spec.action == "apply":
            preflight(cluster, self.plan, spec.lint)
        for step in self.plan.steps:
            self._confine(step)
        self.rollout: Rollout | None = None

    def proposal(self) -> Proposal:
        """The plan, and what can be done with it."""
        return Proposal(
            survey=self.survey,
            pending=self.plan.pending,
            question=self.spec.question,
            intents=[self._intent(step) for step in self.plan.steps if step.pending],
            only_shown=self._only_shown,
            idle=self._idle,
            show=self._show,
            groups=self._groups,
            carry_out=self._carry_out,
        )

    def _concerned(self, name: bytes) -> frozenset[str]:
        """Addresses of the nodes that a module is to be changed on."""
        every = frozenset(node.address for node in self.survey.nodes())
        return every & self.spec.only.get(name, every)

    def _confine(self, step: PlanStep) -> None:
        concerned = self._concerned(step.name)
        step.actions = [
            action if node.address in concerned or action == UNREAD else SAME
            for node, action in zip(self.survey.nodes(), step.actions, strict=True)
        ]

    # ---- without a change

    def _only_shown(self) -> CommandOutcome:
        """The plan, as the outcome."""
        return self._shown(PENDING if self.plan.pending else GOOD)

    def _shown(self, code: int) -> CommandOutcome:
        plan = self.plan
        shown = display.rendered(self.session, show.sheets(plan)) + _line(show.summary(plan))
        return CommandOutcome(
            plan.survey.answers,
            shown,
            messages=show.remarks(plan, self.cluster.leftovers, self.cluster.rules.SETTINGS_FILE),
            code=code if plan.complete else FAILED,
            extra={"changed": False, **show.document(plan)} if self.session.json else None,
            told=True,
        )

    def _idle(self, deadline: float) -> ChangeOutcome:
        """All nodes that were read are as they should be; their bytes too, if that is asked."""
        return ChangeOutcome(self._idle_outcome(deadline), self._results())

    def _idle_outcome(self, deadline: float) -> CommandOutcome:
        nothing = _line(self._nothing()) if self.spec.nothing and not self.session.json else b""
        if not self.spec.verify:
            outcome = self._shown(GOOD)
            if nothing:
                outcome.show = display.rendered(self.session, failures(self.survey)) + nothing
            return outcome
        self.rollout = rollout = self._rollout(deadline)
        rollout.finish()
        outcome = self._reported(rollout)
        if nothing:
            assert isinstance(outcome.show, bytes)  # a report for people is rendered already
            outcome.show += nothing
        return outcome

    def _nothing(self) -> str:
        """That there is nothing to do, and of how many nodes that is known."""
        read, asked = self.survey.read, len(self.survey.listings)
        if not read:
            return unknown(asked)
        return self.spec.nothing if read == asked else f"{self.spec.nothing} (on {coverage(read, asked)})"

    # ---- with one

    def _show(self) -> None:
        """The plan, before it is carried out: on standard output; on standard error where that is for JSON."""
        plan = self.plan
        if not self.session.json:
            shown = display.rendered(self.session, show.sheets(plan)) + _line(show.summary(plan))
            self.session.write(shown + b"\n")
        elif not self.settings.yes:
            for line in "".join(map(plain, show.sheets(plan))).splitlines():
                self.session.warn(line)
            self.session.warn(show.summary(plan))
        for message in show.remarks(plan, self.cluster.leftovers, self.cluster.rules.SETTINGS_FILE):
            self.session.warn(message)

    def _groups(self) -> Sequence[Sequence[Endpoint]]:
        """The nodes that were read, by cluster."""
        return self.cluster.groups([each.node for each in self.survey.listings if each.read])

    def _intent(self, step: PlanStep) -> IntendedChange:
        action = "remove" if step.source is None and self.spec.action == "apply" else self.spec.action
        content = step.source.content if step.source else None
        return IntendedChange(action, step.name, step.wanted, content, self._concerned(step.name))

    def _carry_out(self, parameters: ExecutionParameters) -> ChangeOutcome:
        """Do it and read it back; behind it no signal is heard any more, for what was done has to be told."""
        self.rollout = rollout = self._rollout(parameters.deadline)
        rollout.grouped(parameters.groups)
        try:
            rollout.run()
            parameters.done()
        except KeyboardInterrupt:
            rollout.interrupted = True
            rollout.finish()
        followed(rollout)
        return ChangeOutcome(self._reported(rollout), self._results())

    def _results(self) -> list[ChangeResult]:
        """By module; a rollback tells also of those that had nothing to go back to."""
        steps = [step for step in self.plan.steps if step.pending or self.spec.undoes]
        return [self._result(step) for step in steps]

    def _result(self, step: PlanStep) -> ChangeResult:
        concerned = self._concerned(step.name)
        if self.rollout is None:
            good = {listing.node.address for listing in self.survey.listings if listing.read}
        else:
            good = {
                state.node.address
                for state in self.rollout.states
                if step.name not in state.cells or state.cells[step.name].good
            }
        bad = concerned - good
        idle = "" if self.plan.pending else "there was nothing to do"
        return ChangeResult(self._intent(step), concerned & good, bad, idle or self._why(step, bad))

    def _why(self, step: PlanStep, bad: frozenset[str]) -> str:
        """Why not all nodes have it."""
        rollout = self.rollout
        if rollout is not None and rollout.broken is not None and rollout.broken.change.name == step.name:
            return "does not compile"
        return "stopped by a signal" if rollout is not None and rollout.interrupted and bad else ""

    def _rollout(self, deadline: float) -> Rollout:
        """What is to be done, not begun yet."""
        kind = Rollout if self.cluster.restorer is None else RestoreRollout
        rollout = kind(
            self.cluster,
            items(self.plan),
            self.survey,
            wait=deadline - time.monotonic(),
            stuck=forcing(self.session.warn),
            verify=self.spec.verify,
        )
        for name, concerned in self.spec.only.items():
            for state in rollout.states:
                if state.node.address not in concerned:
                    state.cells.pop(name, None)
        return rollout

    def _reported(self, rollout: Rollout) -> CommandOutcome:
        """What became of it."""
        changing = {step.name for step in self.plan.steps if step.pending}
        shown = report.sheets(rollout, [item for item in rollout.items if item.name in changing])
        summary = _summary(rollout, verified=self.spec.verify)
        extra = {
            "changed": any(state.sent for state in rollout.states),
            "steps": show.document(self.plan)["steps"],
            "modules": report.document(rollout),
        }
        return CommandOutcome(
            report.answers(rollout),
            b"" if self.session.json else display.rendered(self.session, shown) + _line(summary),
            messages=[*report.compile_error(rollout), *report.remarks(rollout)],
            code=INTERRUPTED if rollout.interrupted else None,
            extra=extra if self.session.json else None,
            told=True,
            read=sum(state.fresh for state in rollout.states),
        )


def items(plan: FleetPlan) -> list[ModuleChange]:
    """The modules of a plan with their levels: what requires nothing has 0, removals come last."""
    levels: dict[bytes, int] = {}
    made = []
    for step in plan.steps:
        if step.source is None:
            continue
        level = max((levels.get(name, -1) for name in step.source.requires), default=-1) + 1
        levels[step.name] = level
        made.append(
            ModuleChange(step.name, step.source.content, step.wanted, path=step.source.path, level=level)
        )
    last = max(levels.values(), default=-1) + 1
    return made + [
        ModuleChange(step.name, None, None, level=last) for step in plan.steps if step.source is None
    ]


def _line(line: str) -> bytes:
    return line.encode("utf-8", "replace") + b"\n"


def _summary(rollout: Rollout, *, verified: bool) -> str:
    """One line: how many nodes are as they should be."""
    good = sum(answer.good for answer in report.answers(rollout))
    count = len(rollout.states)
    late = sum(state.unverified for state in rollout.states)
    silent = sum(not state.fresh for state in rollout.states)
    how = ", bytes compared" if verified and any(state.proven for state in rollout.states) else ""
    how += f", {late} not verified: the time was up" if late else ""
    how += f", {silent} not read" if silent else ""
    seconds = rollout.milliseconds / 1000
    stopped = "stopped: " if rollout.interrupted else ""
    return f"{stopped}{good} of {count} node{'' if count == 1 else 's'} as they should be{how}, after {seconds:.2f} s"
