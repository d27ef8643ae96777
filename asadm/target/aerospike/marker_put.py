"""Two puts of one module on nodes that may be several clusters: a marker version, then the true content.

What remains is the true content, however this ends: when it is stopped, when a node fails or the time is over after
a node may have taken the marker, the true content is put back on every node at once, within `RESTORE_SECONDS`. What
could not be put back is told by `MarkerPut.left`; and the journal knows it, so that the next run does.
"""

from __future__ import annotations

import time

from asadm.cluster import Cluster, ClusterNode
from asadm.fleet.change.node_progress import TIMED_OUT, ModuleChange
from asadm.fleet.change.rollout import GRACE, PAUSE, Rollout
from asadm.fleet.change.signals import SignalShield
from asadm.fleet.observed.survey import Listing, Survey, of
from asadm.modules import LIST
from asadm.outcome import NodeAnswer
from asadm.target.aerospike import marker_journal
from asadm.target.aerospike.marker import marked, marked_hash
from asinfo.text import text
from asinfo.wire.udf import base64, digest

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.patience import Patience
    from asinfo.exchange import Node

RESTORE_SECONDS = 5.0
"""Longest time for putting back the true content after the pair was cut off."""

MARKER_SECONDS = 5.0
"""Longest time for the marker to arrive everywhere: the true content is to be back soon."""

UNREACHED = frozenset({"refused", "resolve", "unreachable", "timeout-connect", "tls", "login"})
"""Failures of a node that cannot have got a command."""


class MarkerPut:
    """The two puts of ``content`` as the module ``name`` to the nodes of ``groups``, each a cluster.

    ``results``  an answer a node, in order; good when it was seen with the marker and then with the true content
    ``left``     nodes that may still hold the marker version
    ``stopped``  the exit code of the signal that stopped it; 0 for none
    """

    def __init__(
        self,
        cluster: Cluster,
        groups: Sequence[Sequence[Node]],
        name: bytes,
        content: bytes,
        *,
        warn: Callable[[str], None],
    ) -> None:
        self.groups = [list(group) for group in groups]
        self.nodes = [node for group in self.groups for node in group]
        members = [ClusterNode(node) for node in self.nodes]
        self.cluster = _WatchedCluster(members, timeout=cluster.timeout, patience=cluster.patience)
        self.name = name
        self.content = content
        self.hash = digest(name, base64(content))
        self._marker_hash = marked_hash(name, content)
        self.warn = warn
        self.results: list[NodeAnswer] = []
        self.left: list[Node] = []
        self.stopped = 0
        self._deadline = 0.0
        self._doubtful = False
        """Whether a node may hold the marker."""
        self._marked: set[Node] = set()
        """Nodes that were seen with the marker,"""
        self._true: set[Node] = set()
        """and with the true content after that."""
        self._failed: dict[Node, NodeAnswer] = {}

    def run(self, wait: float) -> None:
        """Do it within ``wait`` seconds, and what must be put back within `RESTORE_SECONDS` after that."""
        marker = marked(self.content)
        if marker is None:
            reason = "the module is too large for a marker line; change it by hand, or restart the server"
            self.results = [NodeAnswer(node, "error", (), reason) for node in self.nodes]
            return
        self._deadline = time.monotonic() + wait
        marker_journal.begin(self.name, self.content, self.nodes)
        with SignalShield() as shield:
            try:
                try:
                    self._both(marker)
                finally:
                    shield.up()
            except KeyboardInterrupt:
                pass
            finally:
                self._restore(stopped=bool(shield.signal))
            self.stopped = shield.code
        self.results = [self._result(node) for node in self.nodes]

    def _both(self, marker: bytes) -> None:
        self._doubtful = True
        first = self._put(marker, min(MARKER_SECONDS, self._seconds_left / 2))
        self._doubtful = self.cluster.touched or first.interrupted
        self._marked = self._good(first)
        if self._doubtful and not first.interrupted:
            self._true = self._good(self._put(self.content, self._seconds_left)) & self._marked

    @property
    def _seconds_left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def _put(self, content: bytes, wait: float) -> Rollout:
        """One put on all nodes; it forgets what they list now, so that all are looked at."""
        unseen = Survey([Listing(NodeAnswer(node, "ok"), {}) for node in self.nodes])
        rollout = Rollout(self.cluster, [ModuleChange(self.name, content)], unseen, wait=wait)
        for number, group in enumerate(self.groups):
            for place in rollout.places:
                if place.node in group:
                    place.group = number
        rollout.run()
        return rollout

    def _good(self, rollout: Rollout) -> set[Node]:
        """The nodes that have it. The first failure of each other is kept: the later ones follow from it."""
        cells = {place.node: place.cells[self.name] for place in rollout.places}
        for node, cell in cells.items():
            if not cell.good:
                self._failed.setdefault(
                    node, NodeAnswer(node, cell.status, (), cell.error, cell.milliseconds)
                )
        return {node for node, cell in cells.items() if cell.good}

    def _restore(self, *, stopped: bool) -> None:
        """Put the true content on every node that may hold another, all at once, until they list it."""
        doubtful = [node for node in self.nodes if node not in self._true] if self._doubtful else []
        if stopped and doubtful:
            self.warn(f"stopped: putting back {text(self.name)}, which takes {RESTORE_SECONDS:g} s at most")
        deadline = time.monotonic() + RESTORE_SECONDS
        left = self._put_back(doubtful, deadline)
        if doubtful and not left:  # a marker that was on its way between nodes may have come after that
            time.sleep(GRACE)
            left = self._put_back(doubtful, deadline)
        self.left = left
        if not self.left:
            marker_journal.end(self.name, self.content)

    def _put_back(self, doubtful: Sequence[Node], deadline: float) -> list[Node]:
        """Put the true content on ``doubtful`` nodes until they list it; answers those that may hold the marker then."""
        insistent = self.cluster.insistent()
        left = list(doubtful)
        shown: dict[Node, str | None] = {}
        commands = [ModuleChange(self.name, self.content).command, LIST]
        while left:
            patience = min(self.cluster.timeout, max(0.0, deadline - time.monotonic()))
            answers = insistent.each(commands, nodes=left, timeout=patience)
            shown = {answer.node: self._listed(answer) for answer in answers}
            left = [node for node in left if shown.get(node) != self.hash]
            if time.monotonic() + PAUSE >= deadline:
                break
            if left:
                time.sleep(PAUSE)
        # What shows another version still took neither of the two.
        return [node for node in left if shown.get(node) in {None, self._marker_hash}]

    def _listed(self, answer: NodeAnswer) -> str | None:
        """The hash that the node shows after it was asked to take the true content; empty for none, None when not known."""
        if len(answer.answers) < 2:
            return None
        shown = of([NodeAnswer.of(answer.node, answer.answers[1:], answer.milliseconds)])
        return (shown.hashes(self.name)[0] or "") if shown.complete else None

    def _result(self, node: Node) -> NodeAnswer:
        failed = self._failed.get(node)
        if node in self.left:
            reason = f"{failed.error}; " if failed and failed.error else ""
            return NodeAnswer(
                node, "marker", (), f"{reason}may hold the marker version instead of the true content"
            )
        if node in self._marked:
            return NodeAnswer(node, "ok", [b"ok"])
        if self.stopped:
            return NodeAnswer(node, "interrupted", (), "stopped; it has the true content")
        return failed or NodeAnswer(node, "late", (), "was not seen with the marker version")


class _WatchedCluster(Cluster):
    """Notes whether a put may have been taken by a node, whatever becomes of the node after that."""

    __slots__ = ("touched",)

    def __init__(self, members: Sequence[ClusterNode], *, timeout: float, patience: Patience | None) -> None:
        super().__init__(members, timeout=timeout, patience=patience)
        self.touched = False

    def ask(
        self, asks: Sequence[tuple[Node, tuple[bytes, ...]]], *, timeout: float | None = None
    ) -> list[NodeAnswer]:
        answers = super().ask(asks, timeout=timeout)
        for (_, commands), answer in zip(asks, answers, strict=True):
            if answer.asked and commands[0].startswith(b"udf-put:") and not _untouched(answer):
                self.touched = True
        return answers


def _untouched(answer: NodeAnswer) -> bool:
    """Whether a node cannot have taken the put: only a clear no, or no connection at all, says so."""
    if answer.status == "error":
        return answer.answer != TIMED_OUT
    return answer.status in UNREACHED
