"""A change of nodes that is none of modules: what every one of them goes through, and the table that tells of it.

    each node is read -> told what it is to have -> read again, until it has it or the time is over -> a row for each

The guard (`asadm.fleet.change.guard`) asks, locks and writes the history around that. What is read and sent is the business of
a `ManagedChange`: a parameter, an index, a truncation, queries that are stopped.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from asadm.fleet.change.guard import Change, ChangeOutcome, Proposal, announce, carry_out
from asadm.fleet.change.managed_record import ManagedIntent, ManagedRecord, ManagedResult
from asadm.outcome import FAILED, INTERRUPTED, PENDING, CommandOutcome, NodeAnswer, exit_code
from asadm.tables.table import Column, Table, TableRow
from asadm.target.managed_change import ItemState, ManagedChange, NodeStates, shown
from asinfo.terminal import interrupt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asadm.fleet.change.guard import ExecutionParameters, Seen
    from asadm.fleet.change.settings import ChangeSettings
    from asadm.session import CommandSession
    from asadm.target.interface import Target
    from asadm.target.managed_change import Told

    After = Mapping[tuple[str, str], "ItemState"]
    """A later look, by `ItemState.key`."""

FOLLOW_SECONDS = 10.0
"""How long nodes are looked at until they have a change that one of them took; a real cluster of three needs some 20 ms."""
PAUSES = (0.02, 0.05, 0.1, 0.25, 0.5)
"""Seconds between two looks; the last one over and over."""


def manage(
    session: CommandSession, settings: ChangeSettings, cluster: Target, change: ManagedChange
) -> CommandOutcome:
    """Carry ``change`` out on ``cluster``. Raises Error where nothing was sent."""
    if not change.asks:
        settings = settings._replace(yes=True)
    run = _ManagedRun(session, settings, cluster, change)
    return carry_out(
        Change(
            session,
            settings,
            cluster,
            run.look,
            undoes=change.undoes,
            note=change.history_note,
            recorder=ManagedRecord,
        )
    )


class _ManagedRun:
    """One run: ``seen`` is the latest look before the change."""

    def __init__(
        self, session: CommandSession, settings: ChangeSettings, cluster: Target, change: ManagedChange
    ) -> None:
        self.session = session
        self.settings = settings
        self.cluster = cluster
        self.change = change
        self.seen = NodeStates((), ())
        self.pending: list[ItemState] = []

    def look(self, seen: Seen) -> Proposal:
        """For the guard."""
        self.seen = found = self._read()
        seen(found)
        self.change.check(found)
        self.pending = [state for state in found.states if self.change.wanted(state) is not None]
        asked = self.change.asks and not self.settings.yes
        return Proposal(
            survey=found,
            pending=bool(self.pending),
            question=self.change.question(self.pending, found) if asked else "",
            intents=[self._intent({})],
            only_shown=lambda: self._shown_only("would change"),
            idle=lambda _deadline: ChangeOutcome(self._shown_only(""), self._results({}, {})),
            show=self._show if asked else lambda: None,
            groups=lambda: self.cluster.groups([answer.node for answer in found.answers if answer.good]),
            carry_out=self._carry_out,
            word=self.change.word,
        )

    def _read(self) -> NodeStates:
        """A look at all nodes; a later one is at those that answered the first, so that one that hangs costs one time limit."""
        if not self.seen.answers:
            return self.change.read()
        self._leave_silent()
        now = self.change.read()
        later = {answer.node: answer for answer in now.answers}
        silent = [state for state in self.seen.states if not state.answer.good]
        answers = [later.get(answer.node, answer) for answer in self.seen.answers]
        return NodeStates([*now.states, *silent], answers)

    def _leave_silent(self) -> None:
        """From here on only the nodes that were read are asked."""
        read = {answer.node for answer in self.seen.answers if answer.good}
        cluster = self.change.cluster
        self.change.cluster = cluster.part([member for member in cluster.members if member.node in read])

    # ---- showing

    def _shown_only(self, result: str) -> CommandOutcome:
        """What each node has, and what it would get."""
        rows, failed = [], not self.pending and not any(answer.good for answer in self.seen.answers)
        for state in self.seen.states:
            if not state.answer.good:
                continue
            after = self.change.wanted(state)
            text, good = (result, True) if after is not None else self.change.kept(state)
            failed = failed or not good
            rows.append(self._row(state, state.value if after is None else after, text, _mark(text, good)))
        code = max(exit_code(self.seen.answers), FAILED if failed else 0)
        if code == 0 and self.pending and result:
            code = PENDING
        return self._outcome(self.seen.answers, rows, code, "")

    def _show(self) -> None:
        """The same, before the question."""
        [sheet] = self._shown_only("is to change").show
        if not isinstance(sheet, int):  # sheets, never bytes: nothing was rendered yet
            announce(self.session, sheet)

    def _outcome(
        self, answers: Sequence[NodeAnswer], rows: Sequence[TableRow], code: int, note: str
    ) -> CommandOutcome:
        columns = [*self.change.columns, BEFORE, AFTER, RESULT]
        change = self.change
        table = Table("change", change.title, columns, self.seen.answers, rows, keys=change.keys, note=note)
        nothing = "" if rows or table.failed else change.nothing
        return CommandOutcome(
            answers,
            [] if nothing else [table.sheet()],
            messages=[nothing] if nothing else [],
            code=code,
            extra={"tables": [table.document()]},
            told=True,
            read=sum(answer.good for answer in self.seen.answers),
        )

    def _row(self, state: ItemState, after: str | None, result: str, mark: str) -> TableRow:
        values = {**state.facts, "before": state.value, "after": after, "result": result}
        return TableRow(state.answer, values, {"result": mark})

    # ---- changing

    def _carry_out(self, parameters: ExecutionParameters) -> ChangeOutcome:
        self._leave_silent()
        told: dict[int, NodeAnswer] = {}
        stopped = False
        try:
            told.update(self.change.tell(self.pending, parameters.groups))
        except KeyboardInterrupt:
            stopped = True
        stopped = stopped or any(answer.status == "interrupted" for answer in told.values())
        parameters.done()
        after = self._followed(told, 0.0 if stopped or self.change.at_once else parameters.deadline)
        rows, answers = [], {id(answer): answer for answer in self.seen.answers}
        for state in self.seen.states:
            if not state.answer.good:
                continue
            text, status = self._result(state, told, after)
            found = _found(state, after)
            rows.append(self._row(state, _value(found), text, _mark(text, status == "ok")))
            if status != "ok" and answers[id(state.answer)].good:
                answers[id(state.answer)] = NodeAnswer(
                    state.node, status, (), text, state.answer.milliseconds
                )
        final = list(answers.values())
        changed = any(self._follows(state, after) for state in self.pending)
        note = self.change.afterwards(list(after.values())) if changed else ""
        code = INTERRUPTED if stopped else exit_code(final)
        outcome = self._outcome(final, rows, code, note)
        return ChangeOutcome(outcome, self._results(told, after))

    def _followed(self, told: Told, deadline: float) -> dict[tuple[str, str], ItemState]:
        """What the nodes have now: looked at until all have what they were told, or will not."""
        end = min(deadline, time.monotonic() + FOLLOW_SECONDS)
        for look in range(10_000):
            after = {state.key: state for state in self.change.read().states}
            waiting = [
                state
                for state in self.pending
                if not self._follows(state, after)
                and _taken(told.get(id(state)))
                and ((found := _found(state, after)) is None or found.answer.good)
            ]
            pause = PAUSES[min(look, len(PAUSES) - 1)]
            if not waiting or time.monotonic() + pause >= end:
                break
            interrupt.sleep(pause)
        return after

    def _follows(self, state: ItemState, after: After) -> bool:
        found = _found(state, after)
        return found is not None and found.answer.good and self.change.followed(state, found)

    def _result(self, state: ItemState, told: Told, after: After) -> tuple[str, str]:
        """What became of ``state``, in words, and its status."""
        if self.change.wanted(state) is None:
            text, good = self.change.kept(state)
            return text, "ok" if good else "error"
        if self._follows(state, after):
            return "changed", "ok"
        answer = told.get(id(state))
        if answer is not None and not answer.good:
            whose = "" if answer.node == state.node else f" by {answer.node.name}"
            said = f"refused{whose}: {answer.error}" if answer.status == "error" else answer.error
            return said, answer.status
        if answer is None:
            return "not sent: stopped before", "interrupted"
        found = _found(state, after)
        if found is not None and not found.answer.good:
            return f"told, but not seen since: {found.answer.error}", found.answer.status
        value = found.value if found is not None else None
        if value not in {None, state.value}:
            return f"took {shown(value)} instead", "error"
        return f"did not follow: it has {shown(value)}", "late"

    # ---- for the history

    def _intent(self, after: After) -> ManagedIntent:
        nodes: dict[str, dict[str, Any]] = {}
        for state in self.pending:
            entry: dict[str, Any] = {}
            found = _found(state, after)
            if not self.change.secret:
                entry["before"] = state.value
                if found is not None and found.answer.good:
                    entry["after"] = found.value
            if state.item:
                nodes.setdefault(state.node.address, {})[state.item] = entry
            else:
                nodes[state.node.address] = entry
        change = self.change
        note = "" if change.secret else change.summary(self.pending)
        return ManagedIntent(change.action, change.name, change.what(), nodes, note)

    def _results(self, told: Told, after: After) -> list[ManagedResult]:
        """The nodes that have it, and others; of one with several items all have to be right."""
        read = [state for state in self.seen.states if state.answer.good]
        wrong = {state.node.address for state in read if self._result(state, told, after)[1] != "ok"}
        right = {state.node.address for state in read} - wrong
        return [ManagedResult(self._intent(after), right, wrong)]


BEFORE, AFTER = Column("before", "Before", detail=1), Column("after", "After")
RESULT = Column("result", "Result")


def _found(state: ItemState, after: After) -> ItemState | None:
    """The same a look later: of a node that was not read then, that it was not."""
    return after.get(state.key) or after.get((state.node.address, ""))


def _taken(answer: NodeAnswer | None) -> bool:
    return answer is not None and answer.good


def _value(after: ItemState | None) -> str | None:
    """What the node has after it, as far as that was seen."""
    return after.value if after is not None and after.answer.good else None


def _mark(result: str, good: bool) -> str:
    if not good:
        return "bad"
    return {"has it already": "quiet", "changed": "good"}.get(result, "")
