"""Rollout to nodes of which only primaries take changes, all modules of a change in one command.

Each primary gets one command with all that it or a replica of it lacks, together with the wish to wait a moment for its
replicas; all primaries at once. What it is to lose follows when it took that. Then primaries and replicas are read until all have it. Where a primary says that it is one no
more, or does not answer, the topology is read again, once, and what is a primary then gets what it lacks. A replica is
never written to: one that does not follow is read until the deadline.
"""

from __future__ import annotations

import time

from asadm.fleet.change.rollout import POLL_SECONDS_MAX, Rollout
from asadm.fleet.observed.node_progress import ModuleChange
from asadm.outcome import NodeAnswer
from asadm.target.results import REFUSED
from asadm.target.timing import BYTES_PER_SECOND, POLL_SECONDS

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.observed.node_progress import NodeProgress
    from asadm.target.restorer import Restorer, RestoreResult
    from asadm.target.results import Judgement, NodeRole

MOVED = ("readonly", "lagging", "loading")
"""Statuses of a node that was a primary and is none now, or has just been started again."""

BUSY = "busy"
"""The status of a node on which a function or script runs for too long: it takes the change when that has ended."""


class RestoreStep:
    """What one group gets: ``states`` with the primary first, the changes to ``put`` and those to be ``removed``.

    ``copies``     replicas that are to have it, too
    ``replacing``  what is removed is replaced by placeholders in the same command as the rest
    ``clashes``    the primary refused it because a part is in a library that is to be removed
    ``refused``    the primary did not take it
    """

    __slots__ = ("clashes", "copies", "items", "put", "refused", "removed", "replacing", "states")

    def __init__(
        self, states: Sequence[NodeProgress], items: Sequence[ModuleChange], *, replacing: bool
    ) -> None:
        self.states = states
        self.items = items
        self.put = [item for item in items if item.content is not None]
        self.removed = [item for item in items if item.content is None]
        self.copies = sum(state.fresh for state in states[1:])
        self.replacing = replacing
        self.clashes = False
        self.refused = False

    def command(self, restorer: Restorer, *, putting: bool) -> bytes:
        """What the primary is sent: all that is put, or all that is removed."""
        names = [item.name for item in self.removed]
        if not putting:
            return restorer.command((), names, self.copies)
        contents = [item.content for item in self.put if item.content is not None]
        return restorer.command(contents + self._placeholders(restorer), (), self.copies)

    def _placeholders(self, restorer: Restorer) -> list[bytes]:
        return [restorer.placeholder(item.name) for item in self.removed] if self.replacing else []

    def result(self, restorer: Restorer, answer: NodeAnswer, *, putting: bool) -> RestoreResult:
        """What the answers to `command` say."""
        puts, removals = (len(self.put), 0) if putting else (0, len(self.removed))
        return restorer.result(answer.answers, puts, removals, self.copies)


def _is_gone(state: NodeProgress) -> bool:
    """Whether a node that could not be read before the change cannot be now, for a reason that waiting seldom ends."""
    return state.listed is None and not state.fresh and state.answer.status not in {*MOVED, BUSY}


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
        """Nodes that may still get what they lack: not those whose primary has refused it, and not those that are gone."""
        refusing = {state.group for state in self.states if state.refused}
        return [
            state
            for state in self.states
            if state.lacking(self.items) and not (state.group in refusing or state.hangs or _is_gone(state))
        ]

    def _again(self, primary: NodeProgress) -> bool:
        """Whether it is to get what it lacks once more: it was busy, or could not be reached before."""
        return primary.fresh and id(primary) not in self._took

    def finish(self) -> None:
        """As for other rollouts; a node that got nothing because no primary of it took anything is told so."""
        for state in self.states:
            role: NodeRole | None = state.node.role
            if role is not None and role.primary and state.refusal is None:
                why = f"not sent: it is a replica, and its primary {role.primary} took nothing"
                state.refusal = NodeAnswer(state.node, "readonly", (), why)
        super().finish()

    # ---- groups

    def _regroup(self) -> None:
        self.grouped(self.cluster.groups([state.node for state in self.states]))

    def _pending(self) -> list[list[NodeProgress]]:
        """The groups in which a node lacks something and whose primary can take it, the primary first in each.

        While roles move a group may have two primaries for a while: each is one for itself, the replicas are with the first.
        """
        groups: dict[int, list[NodeProgress]] = {}
        for state in self.states:
            groups.setdefault(state.group, []).append(state)
        found = []
        for states in groups.values():
            primaries = [
                state for state in states if _takes_changes(state) and state.fresh and not state.refused
            ]
            others = [state for state in states if state not in primaries]
            for primary in primaries:
                found.append([primary, *others])
                others = []
        return [states for states in found if any(state.lacking(self.items) for state in states)]

    # ---- the command

    def _restore(self, groups: Sequence[Sequence[NodeProgress]], *, replacing: bool = False) -> None:
        """Send each primary all that its group is to get, and when it has that, what it is to lose.

        Not in one write: a primary that refuses to restore, for lack of memory, would delete all the same. One in which names clash
        gets placeholders for what it loses together with the rest.
        """
        steps = [RestoreStep(states, self._lacking(states), replacing=replacing) for states in groups]
        clashing = self._put([step for step in steps if step.put])
        self._send_steps([step for step in steps if step.removed and not step.refused], putting=False)
        if clashing:
            self._restore([step.states for step in clashing], replacing=True)

    def _put(self, steps: Sequence[RestoreStep]) -> list[RestoreStep]:
        """Send what is to be put; those of ``steps`` that are to be sent once more, with placeholders."""
        self._send_steps(steps, putting=True)
        return [step for step in steps if step.clashes]

    def _send_steps(self, steps: Sequence[RestoreStep], *, putting: bool) -> None:
        """One command a primary, each different one made once. Raises KeyboardInterrupt."""
        if not steps or self._stopped:
            return
        made: dict[tuple[tuple[bytes, ...], int], tuple[bytes, ...]] = {}
        asks = []
        for step in steps:
            key = tuple(item.name for item in step.items), step.copies
            if key not in made:
                made[key] = (step.command(self._restorer, putting=putting),)
            asks.append((step.states[0], made[key]))
        largest = max(sum(item.size for item in step.items) for step in steps)
        answers = self._ask(asks, largest / BYTES_PER_SECOND)
        for step, answer in zip(steps, answers, strict=True):
            self._take(step, answer, putting=putting)
        if any(answer.status == "interrupted" for answer in answers):
            raise KeyboardInterrupt

    def _lacking(self, states: Sequence[NodeProgress]) -> list[ModuleChange]:
        names = {item.name for state in states for item in state.lacking(self.items)}
        return [item for item in self.items if item.name in names]

    def _take(self, step: RestoreStep, answer: NodeAnswer, *, putting: bool) -> None:
        """Take what a primary answered."""
        state, items = step.states[0], step.put if putting else step.removed
        if not answer.answers:
            step.refused, state.refusal = True, answer
            self._sent(state, [item for item in items if item.name in state.cells], answer, "sent")
            return
        said = step.result(self._restorer, answer, putting=putting)
        judgements = [said.put] * len(items) if putting else said.removed
        refused = any(judgement.kind == REFUSED for judgement in judgements)
        step.refused = step.refused or refused
        if putting and said.clashes and step.removed and not step.replacing:
            step.clashes = True
        elif refused and answer.status in {*MOVED, BUSY}:
            state.failed(answer)
            state.refusal = answer
        else:
            self._judge(step, items, answer, judgements)

    def _judge(
        self,
        step: RestoreStep,
        items: Sequence[ModuleChange],
        answer: NodeAnswer,
        judgements: Sequence[Judgement],
    ) -> None:
        """Give each item its judgement; what a refused put leaves in its place is not removed, for the same reason."""
        state = step.states[0]
        if not step.refused:
            self._took.add(id(state))
        pairs = list(zip(items, judgements, strict=True))
        if step.refused and items is step.put:
            pairs += [(item, judgements[0]) for item in step.removed]
        mine = [(item, judgement) for item, judgement in pairs if item.name in state.cells]
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
