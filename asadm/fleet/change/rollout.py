"""Rollout of modules: put on one node of each cluster, watched on all nodes, put again where they do not arrive.

Modules go out by level of dependency: those of a level together, a level when all nodes that keep up have the one
below. The first cluster (or node that stands alone) takes a level before the others are asked: what does not compile
is found out there. Nodes that answer ``cluster-stable`` with the same key replicate among each other; one that does
not show a change soon after the others took it gets its own command, which is harmless where it had it already.

Nodes that do not answer, or do not follow, hold up nobody: the others go on and are read back, and whatever time is
left at the end is theirs; what a node of an agreed cluster takes for no change goes out with a marker line first, see
`asadm.fleet.change.stuck`. A node that lets its time limit pass is looked at once more, at the end. There is one deadline for
everything. Ctrl-C ends it with what was reached; a last look tells what that is.
"""

from __future__ import annotations

import time

from asadm.fleet.change.closing import close
from asadm.fleet.observed.node_progress import NodeProgress
from asadm.fleet.observed.survey import survey
from asadm.target.timing import BYTES_PER_SECOND, CONFIRM_SECONDS, POLL_SECONDS, PROPAGATION_SECONDS
from asadm.time_budget import ENOUGH, SHARE

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.fleet.observed.node_progress import BrokenModule, ModuleChange
    from asadm.fleet.observed.survey import Survey
    from asadm.outcome import NodeAnswer
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint

PUT_SECONDS = 2.5
"""A put may take so long at least: a real server waits 2 s for its cluster before it says that it did not confirm."""

POLL_SECONDS_MAX = 0.5
"""Seconds between two looks at the lists at last; at first `POLL_SECONDS`, and twice as long each time."""

PROOF = 0.2
"""Of the time of a rollout, what is kept for reading back: the bytes of 100 modules from 20 nodes take 0.5 s."""

LAST_LOOK = 1.0
"""Seconds for the look after Ctrl-C. One that has less, and times out, says nothing of a node."""

CHUNK_ITEMS = 16
CHUNK_BYTES = 2_000_000
"""What goes into one request at most: a node works them off one after the other, and has to answer in time."""


class Rollout:
    """Brings ``items`` to every node of ``seen``, the latest survey of ``cluster``.

    ``states``   one a node, in the configured order
    ``broken``   the first module that does not compile; nothing is sent after it
    """

    def __init__(
        self,
        cluster: Target,
        items: Sequence[ModuleChange],
        seen: Survey,
        *,
        wait: float,
        stuck: Callable[[Rollout, Sequence[NodeProgress]], None] | None = None,
        verify: bool = False,
    ) -> None:
        """``wait`` is in seconds from now. ``stuck`` is called for nodes that fell behind, see `asadm.fleet.change.stuck`.

        With ``verify`` the bytes of every node are read back as soon as it lists what it should.
        """
        self.cluster = cluster
        self.items = list(items)
        self.started = time.monotonic()
        self.end = self.started + wait
        self.deadline = self.started + wait * (1 - PROOF if verify else 1)
        self.states = [NodeProgress(listing, items) for listing in seen.listings]
        self.broken: BrokenModule | None = None
        self.interrupted = False
        self._stuck = stuck
        self._verify = verify

    # ---- the whole

    def run(self) -> None:
        """Do it all; never raises KeyboardInterrupt."""
        try:
            self._levels()
            self._prove()
            self._chase()
        except KeyboardInterrupt:
            self.interrupted = True
        self.finish()

    def finish(self) -> None:
        """Look once more at what is not known, read back what was not, and give every node its final state."""
        try:
            self._prove()
            self._last_look()
            self._prove(last=True)
        except KeyboardInterrupt:
            self.interrupted = True
        close(self.states, self.items, self.milliseconds, broken=self.broken, interrupted=self.interrupted)

    def _prove(self, *, last: bool = False) -> None:
        """Read back the nodes that list all they should, and at ``last`` the others too. Raises KeyboardInterrupt."""
        if not self._verify or self.interrupted:
            return
        ready = [
            state
            for state in self.states
            if state.fresh and not state.proven and (last or not state.lacking(self.items))
        ]
        if ready:
            from asadm.fleet.observed.verify import verify

            verify(self.cluster, self.items, ready, self.end)
            for state in ready:
                state.proven = True

    @property
    def left(self) -> float:
        """Seconds until the deadline, at least 0."""
        return max(0.0, self.deadline - time.monotonic())

    @property
    def milliseconds(self) -> float:
        """Since the start."""
        return (time.monotonic() - self.started) * 1000

    @property
    def _share(self) -> float:
        """What one request may take: nodes that hang leave time for the others."""
        return self.left * SHARE

    @property
    def _stopped(self) -> bool:
        return self.broken is not None or self._share < ENOUGH

    def _levels(self) -> None:
        for level in sorted({item.level for item in self.items}):
            items = [item for item in self.items if item.level == level]
            self._lead(items)
            if self.broken is not None:
                self._await_arrivals()
            if self._stopped:
                return
            self._follow(items)

    # ---- who is in a cluster with whom

    def group(self) -> list[list[Endpoint]]:
        """The nodes that answer, by cluster. Raises KeyboardInterrupt."""
        found = self.cluster.groups(
            [state.node for state in self.states if not state.behind],
            timeout=min(self.cluster.timeout, self.left),
        )
        self.grouped(found)
        return found

    def grouped(self, groups: Sequence[Sequence[Endpoint]]) -> None:
        """Take it that those of ``groups`` are the clusters."""
        numbers = {id(node): number for number, nodes in enumerate(groups) for node in nodes}
        for state in self.states:
            if id(state.node) in numbers:
                state.group = state.home = numbers[id(state.node)]

    # ---- one level

    def _lead(self, items: Sequence[ModuleChange]) -> None:
        """One node of each cluster takes ``items``; the first cluster before all others."""
        waiting: dict[int, list[NodeProgress]] = {}
        for state in self._keeping_up(items):
            waiting.setdefault(state.group, []).append(state)
        first, *others = waiting.values() or [[]]
        self._lead_in([first] if first else [], items)
        if not self._stopped:
            self._lead_in(others, items)

    def _lead_in(self, waiting: Sequence[list[NodeProgress]], items: Sequence[ModuleChange]) -> None:
        """The first node that answers of each cluster in ``waiting`` takes what it lacks."""
        while waiting and not self._stopped:
            self._send([(states[0], states[0].lacking(items)) for states in waiting], "sent")
            waiting = [states[1:] for states in waiting if states[0].behind and len(states) > 1]

    def _keeping_up(self, items: Sequence[ModuleChange]) -> list[NodeProgress]:
        """Nodes that the others wait for, because they lack some of ``items``."""
        return [
            state for state in self.states if not (state.behind or state.refused) and state.lacking(items)
        ]

    def _follow(self, items: Sequence[ModuleChange]) -> None:
        """Wait until every node that keeps up has ``items``; send to those that do not follow by themselves."""
        own = False
        until = time.monotonic() + PROPAGATION_SECONDS
        pause = POLL_SECONDS
        while True:
            self.look(self._keeping_up(items), items)
            left = self._keeping_up(items)
            if not left or self._share < ENOUGH:
                return
            if time.monotonic() < until and (own or self._arriving(left, items)):
                time.sleep(min(pause, self._share))
                pause = min(pause * 1.5, POLL_SECONDS_MAX)
            elif own:
                for state in left:
                    state.behind = True
            else:
                self._send([(state, self._unsent(state, items)) for state in left], "sent by itself")
                for state in left:
                    state.group = id(state)
                if self._stopped:
                    return
                own, until, pause = True, time.monotonic() + CONFIRM_SECONDS, POLL_SECONDS

    def _arriving(self, states: Sequence[NodeProgress], items: Sequence[ModuleChange]) -> bool:
        """Whether something may still come to ``states`` from their clusters: a node there took what they lack."""
        sent = {(state.group, name) for state in self.states for name in state.asked}
        return any((state.group, item.name) in sent for state in states for item in state.lacking(items))

    def _await_arrivals(self) -> None:
        """Nothing more is sent; what was sent has a moment to arrive, so that the report has the latest."""
        until = min(time.monotonic() + PROPAGATION_SECONDS, self.deadline)
        leaders = {state.group: state for state in self.states if state.sent}
        while time.monotonic() < until:
            arriving = [
                state
                for state in self.states
                if state.group in leaders and not state.behind and leaders[state.group].sent & state.waiting
            ]
            if not arriving:
                return
            self.look(arriving, self.items)
            time.sleep(POLL_SECONDS)

    def _unsent(self, state: NodeProgress, items: Sequence[ModuleChange]) -> list[ModuleChange]:
        return [item for item in state.lacking(items) if not state.cells[item.name].sent]

    # ---- what is left

    def _chase(self) -> None:
        """Nodes that fell behind get what they lack, level by level, until the deadline."""
        behind = [
            state for state in self.states if state.behind and state.listed is not None and not state.hangs
        ]
        pause = POLL_SECONDS
        while not self._stopped:
            self.look(behind, self.items)
            self._prove()
            behind = [
                state for state in behind if state.lacking(self.items) and not (state.refused or state.hangs)
            ]
            if not behind or self._stopped:
                return
            if self._stuck is not None:
                self._stuck(self, behind)
            asks = [(state, self._next(state)) for state in behind if state.fresh]
            self._send([(state, items) for state, items in asks if items], "sent by itself")
            time.sleep(min(pause, self._share))
            pause = min(pause * 1.5, POLL_SECONDS_MAX)

    def _next(self, state: NodeProgress) -> list[ModuleChange]:
        """What a node gets next: of the lowest level that it lacks, what it was not sent."""
        lacking = state.lacking(self.items)
        level = min((item.level for item in lacking), default=0)
        return self._unsent(state, [item for item in lacking if item.level == level])

    def _last_look(self) -> None:
        """Once more, for those whose state is not known, or that were not read at all."""
        unsure = [state for state in self.states if state.lacking(self.items)]
        seconds = LAST_LOOK if self.interrupted else self.left
        if not unsure or seconds < POLL_SECONDS:
            return
        listings = survey(
            self.cluster, [state.node for state in unsure], timeout=min(self.cluster.timeout, seconds)
        )
        for state, listing in zip(unsure, listings.listings, strict=True):
            if listing.answer.status == "interrupted":
                self.interrupted = True
            elif listing.answer.asked and (listing.read or not state.fresh or seconds >= LAST_LOOK):
                state.learn(listing, self.items, self.milliseconds)

    # ---- the wire

    def _ask(self, asks: Sequence[tuple[NodeProgress, tuple[bytes, ...]]], extra: float) -> list[NodeAnswer]:
        """One answer a node, within the time that is left; large requests get ``extra`` seconds."""
        seconds = min(max(self.cluster.timeout, PUT_SECONDS) + extra, self._share)
        return self.cluster.ask([(state.node, commands) for state, commands in asks], timeout=seconds)

    def _send(self, asks: Sequence[tuple[NodeProgress, Sequence[ModuleChange]]], how: str) -> None:
        """Send to each node what it is to get, in requests of bounded size; a node that gives no answer falls behind."""
        left = [(state, list(items)) for state, items in asks if items]
        while left and not self._stopped:
            parts = [(state, _chunk(items)) for state, items in left]
            largest = max(sum(item.size for item in items) for _, items in parts)
            commands = _CommandCache(self.cluster)
            answers = self._ask(
                [(state, commands.of(items)) for state, items in parts], largest / BYTES_PER_SECOND
            )
            for (state, items), answer in zip(parts, answers, strict=True):
                self._sent(state, items, answer, how)
            if any(answer.status == "interrupted" for answer in answers):
                raise KeyboardInterrupt
            left = [
                (state, items[len(part) :])
                for (state, items), (_, part) in zip(left, parts, strict=True)
                if len(items) > len(part) and not state.behind
            ]

    def _sent(self, state: NodeProgress, items: Sequence[ModuleChange], answer: NodeAnswer, how: str) -> None:
        if not answer.answers:
            state.failed(answer)
            if answer.asked:
                for item in items:
                    state.cells[item.name].tried = how
            return
        judgements = [self.cluster.judge(said) for said in answer.answers]
        broken = state.answered(items, answer, judgements, how, self.milliseconds)
        self.broken = self.broken or broken

    def look(self, states: Sequence[NodeProgress], items: Sequence[ModuleChange]) -> None:
        """Ask ``states`` what they list."""
        if not states:
            return
        seconds = min(self.cluster.timeout, self._share)
        seen = survey(self.cluster, [state.node for state in states], timeout=seconds)
        for state, listing in zip(states, seen.listings, strict=True):
            if listing.answer.status == "interrupted":
                raise KeyboardInterrupt
            if not listing.answer.asked:
                state.failed(listing.answer)
                continue
            state.learn(listing, items, self.milliseconds)
            state.behind = state.behind or not listing.read


def followed(rollout: Rollout) -> None:
    """Tell the target which nodes of ``rollout`` took which module as a change."""
    nodes: dict[bytes, list[Endpoint]] = {}
    for state in rollout.states:
        for name, cell in state.cells.items():
            if cell.good:
                nodes.setdefault(name, []).append(state.node)
    rollout.cluster.changed(nodes)


def _chunk(items: Sequence[ModuleChange]) -> list[ModuleChange]:
    """As many of ``items`` as fit into one request, at least one."""
    size = 0
    for count, item in enumerate(items):
        size += item.size
        if count and (count == CHUNK_ITEMS or size > CHUNK_BYTES):
            return list(items[:count])
    return list(items)


class _CommandCache:
    """The commands of modules, each made once however many nodes get it."""

    def __init__(self, cluster: Target) -> None:
        self._cluster = cluster
        self._made: dict[tuple[bytes, ...], tuple[bytes, ...]] = {}

    def of(self, items: Sequence[ModuleChange]) -> tuple[bytes, ...]:
        """One command a module."""
        names = tuple(item.name for item in items)
        if names not in self._made:
            self._made[names] = tuple(map(self._command, items))
        return self._made[names]

    def _command(self, item: ModuleChange) -> bytes:
        if item.content is None:
            return self._cluster.remove_command(item.name)
        return self._cluster.put_command(item.name, item.content)
