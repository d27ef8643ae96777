"""Rollout to nodes of which only primaries take changes, all modules of a change in one command.

Each primary gets one command with all that it or a replica of it lacks, together with the wish to wait a moment for its
replicas; all primaries at once. Then primaries and replicas are read until all have it. Where a primary says that it is one no
more, or does not answer, the topology is read again, once, and what is a primary then gets what it lacks. A replica is
never written to: one that does not follow is read until the deadline.
"""

from __future__ import annotations

import time

from asadm.fleet.change.rollout import POLL_SECONDS_MAX, Rollout
from asadm.fleet.observed.node_progress import ModuleChange
from asadm.target.results import DONE, REFUSED, Judgement
from asadm.target.timing import BYTES_PER_SECOND, POLL_SECONDS
from asinfo.errors import WireError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.observed.node_progress import NodeProgress
    from asadm.outcome import NodeAnswer
    from asadm.target.restorer import Restorer, RestoreResult

MOVED = ("readonly", "lagging", "loading")
"""Statuses of a node that was a primary and is none now, or has just been started again."""

BUSY = "busy"
"""The status of a node on which a function or script runs for too long: it takes the change when that has ended."""


class RestoreRollout(Rollout):
    """Brings all items to every primary at once; replicas follow by themselves."""

    _took: set[int]
    """The states, by `id`, of primaries that took a command."""

    def _levels(self) -> None:
        self._took = set()
        self._regroup()
        self._restore(self._pending())
        self._follow_roles()

    def _chase(self) -> None:
        """Read the nodes until they have it; a primary that was busy, or lost it again, gets it once more."""
        pause = POLL_SECONDS
        while True:
            waiting = self._waiting()
            self.look(waiting, self.items)
            self._prove()
            waiting = [state for state in waiting if state.lacking(self.items)]
            if not waiting or self._stopped:
                return
            time.sleep(min(pause, self._share))
            pause = min(pause * 1.5, POLL_SECONDS_MAX)
            self._restore([group for group in self._pending() if self._again(group[0])])

    def _waiting(self) -> list[NodeProgress]:
        """Nodes that may still get what they lack: not those whose primary has refused it."""
        refusing = {state.group for state in self.states if state.refused}
        return [
            state
            for state in self.states
            if state.lacking(self.items) and not (state.group in refusing or state.hangs)
        ]

    def _again(self, primary: NodeProgress) -> bool:
        """Whether it is to get what it lacks once more: it was busy, or could not be reached before."""
        return primary.fresh and id(primary) not in self._took

    # ---- groups

    def _regroup(self) -> None:
        self.grouped(self.cluster.groups([state.node for state in self.states]))

    def _pending(self) -> list[list[NodeProgress]]:
        """The groups in which a node lacks something and whose primary can take it, the primary first in each."""
        groups: dict[int, list[NodeProgress]] = {}
        for state in self.states:
            groups.setdefault(state.group, []).append(state)
        found = []
        for states in groups.values():
            states.sort(key=lambda state: not _takes_changes(state))
            if (
                _takes_changes(states[0])
                and states[0].fresh
                and not states[0].refused
                and any(state.lacking(self.items) for state in states)
            ):
                found.append(states)
        return found

    # ---- the command

    def _restore(self, groups: Sequence[Sequence[NodeProgress]], *, replacing: bool = False) -> None:
        """Send each primary all that its group lacks; one in which names clash gets placeholders for what it loses."""
        if not groups or self._stopped:
            return
        wanted = [self._lacking(states) for states in groups]
        copies = [sum(state.fresh for state in states[1:]) for states in groups]
        largest = max(sum(item.size for item in items) for items in wanted)
        made: dict[tuple[tuple[bytes, ...], int], tuple[bytes, ...]] = {}
        asks = []
        for states, items, count in zip(groups, wanted, copies, strict=True):
            key = tuple(item.name for item in items), count
            if key not in made:
                made[key] = (self._command(items, count, replacing=replacing),)
            asks.append((states[0], made[key]))
        answers = self._ask(asks, largest / BYTES_PER_SECOND)
        clashing = []
        for states, items, count, answer in zip(groups, wanted, copies, answers, strict=True):
            if not self._take(states[0], items, answer, count, replacing=replacing):
                clashing.append(states)
        if any(answer.status == "interrupted" for answer in answers):
            raise KeyboardInterrupt
        self._restore(clashing, replacing=True)

    def _lacking(self, states: Sequence[NodeProgress]) -> list[ModuleChange]:
        names = {item.name for state in states for item in state.lacking(self.items)}
        return [item for item in self.items if item.name in names]

    def _command(self, items: Sequence[ModuleChange], copies: int, *, replacing: bool) -> bytes:
        restorer = self._restorer
        contents = [item.content for item in items if item.content is not None]
        removed = [item.name for item in items if item.content is None]
        if replacing:
            contents += [restorer.placeholder(name) for name in removed]
        return restorer.command(contents, removed, copies)

    def _take(
        self,
        state: NodeProgress,
        items: Sequence[ModuleChange],
        answer: NodeAnswer,
        copies: int,
        *,
        replacing: bool,
    ) -> bool:
        """Take what a primary answered; False where the command is to be sent once more, with placeholders."""
        if not answer.answers:
            self._sent(state, items, answer, "sent")
            return True
        put = [item for item in items if item.content is not None]
        removed = [item for item in items if item.content is None]
        try:
            said = self._restorer.result(
                answer.answer, len(put) + (len(removed) if replacing else 0), len(removed), copies
            )
        except WireError as error:
            answer.answers, answer.status, answer.error = [], "protocol", str(error)
            self._sent(state, items, answer, "sent")
            return True
        if said.clashes and removed and not replacing:
            return False
        if answer.status in {*MOVED, BUSY} and said.put.kind == REFUSED:
            state.failed(answer)
            return True
        self._judge(state, [*put, *removed], answer, said)
        return True

    def _judge(
        self, state: NodeProgress, items: Sequence[ModuleChange], answer: NodeAnswer, said: RestoreResult
    ) -> None:
        """Give each item its judgement; a node that refused what it should get has lost nothing either."""
        if said.put.done:
            self._took.add(id(state))
        puts = len(items) - len(said.removed)
        removed = said.removed
        if said.put.kind == REFUSED:
            removed = [
                judgement if judgement.kind == DONE else Judgement(REFUSED, said.put.reason)
                for judgement in said.removed
            ]
        mine = [
            (item, judgement)
            for item, judgement in zip(items, [*[said.put] * puts, *removed], strict=True)
            if item.name in state.cells
        ]
        broken = state.answered(
            [item for item, _ in mine], answer, [each for _, each in mine], "sent", self.milliseconds
        )
        if len(items) == 1:  # of several, nothing tells which of them it is
            self.broken = self.broken or broken

    # ---- roles

    def _follow_roles(self) -> None:
        """Look at all that is not known; where a primary is one no more, or is gone, read the topology again, once."""
        self.look(self._waiting(), self.items)
        lost = [
            state
            for state in self.states
            if not state.fresh and (_takes_changes(state) or state.answer.status in MOVED)
        ]
        if not lost or self._stopped:
            return
        cluster = self.cluster.moved()
        known = {node.address: node for node in cluster.nodes}
        for state in self.states:
            found = known.get(state.node.address)
            if found is not None:
                state.node.role = found.role
        self._regroup()
        self.look(self._waiting(), self.items)
        self._restore([group for group in self._pending() if self._again(group[0])])

    @property
    def _restorer(self) -> Restorer:
        restorer = self.cluster.restorer
        assert restorer is not None  # who has none is not given to this class
        return restorer


def _takes_changes(state: NodeProgress) -> bool:
    role = state.node.role
    return role is not None and bool(role.takes_changes)
