"""Two puts of one module on nodes that may be several clusters: a marker version, then the true content.

What remains is the true content, however this ends: when it is stopped, when a node fails or the time is over after
a node may have taken the marker, the true content is put back on every node at once, within `RESTORE_SECONDS`. What
could not be put back is told by `MarkerPut.left`; and the journal knows it, so that the next run does.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from asadm.outcome import NodeAnswer
from asadm.signals import DeferredSignals
from asadm.target.aerospike import marker_journal
from asadm.target.aerospike.answers import TIMED_OUT
from asadm.target.aerospike.marker import marked, marked_hash
from asadm.target.interface import ForcedPut, Target
from asadm.target.timing import POLL_SECONDS, PROPAGATION_SECONDS, RESTORE_SECONDS
from asinfo.text import text
from asinfo.wire.udf import base64, digest, put

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.target.interface import Deliver, Delivery, Warn
    from asinfo.exchange import Endpoint

MARKER_SECONDS = 5.0
"""Longest time for the marker to arrive everywhere: the true content is to be back soon."""

UNREACHED = frozenset({"refused", "resolve", "unreachable", "timeout-connect", "tls", "login"})
"""Failures of a node that cannot have got a command."""


class WatchedTarget(Target, Protocol):
    """A target that notes in ``touched`` whether a put may have been taken by a node, whatever becomes of the node."""

    touched: bool


class MarkerPut:
    """The two puts of ``content`` as the module ``name`` to the nodes of ``cluster``, by ``groups`` that are one cluster.

    ``results``  an answer a node, in order; good when it was seen with the marker and then with the true content
    ``left``     nodes that may still hold the marker version
    ``stopped``  the exit code of the signal that stopped it; 0 for none
    """

    def __init__(
        self,
        cluster: WatchedTarget,
        groups: Sequence[Sequence[Endpoint]],
        name: bytes,
        content: bytes,
        *,
        warn: Warn,
        deliver: Deliver,
    ) -> None:
        self.groups = [list(group) for group in groups]
        self.nodes = cluster.nodes
        self.cluster = cluster
        self.name = name
        self.content = content
        self.hash = digest(name, base64(content))
        self._marker_hash = marked_hash(name, content)
        self.warn = warn
        self._deliver = deliver
        self.results: list[NodeAnswer] = []
        self.left: list[Endpoint] = []
        self.stopped = 0
        self._deadline = 0.0
        self._doubtful = False
        """Whether a node may hold the marker."""
        self._marked: set[Endpoint] = set()
        """Nodes that were seen with the marker,"""
        self._true: set[Endpoint] = set()
        """and with the true content after that."""
        self._failed: dict[Endpoint, NodeAnswer] = {}

    def run(self, wait: float) -> ForcedPut:
        """Do it within ``wait`` seconds, and what must be put back within `RESTORE_SECONDS` after that."""
        marker = marked(self.content)
        if marker is None:
            reason = "the module is too large for a marker line; change it by hand, or restart the server"
            self.results = [NodeAnswer(node, "error", (), reason) for node in self.nodes]
            return ForcedPut(self.results, self.left, self.stopped)
        self._deadline = time.monotonic() + wait
        marker_journal.begin(self.name, self.content, self.nodes)
        with DeferredSignals() as signals:
            try:
                try:
                    self._both(marker)
                finally:
                    signals.defer()
            except KeyboardInterrupt:
                pass
            finally:
                self._restore(stopped=bool(signals.signal))
            self.stopped = signals.code
        self.results = [self._result(node) for node in self.nodes]
        return ForcedPut(self.results, self.left, self.stopped)

    def _both(self, marker: bytes) -> None:
        self._doubtful = True
        first = self._put(marker, min(MARKER_SECONDS, self._seconds_left / 2))
        self._doubtful = self.cluster.touched or first.interrupted
        self._marked = first.good
        if self._doubtful and not first.interrupted:
            self._true = self._put(self.content, self._seconds_left).good & self._marked

    @property
    def _seconds_left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def _put(self, content: bytes, wait: float) -> Delivery:
        """One put on all nodes. The first failure of each node is kept: the later ones follow from it."""
        made = self._deliver(self.cluster, self.groups, self.name, content, wait)
        for node, answer in made.failed.items():
            self._failed.setdefault(node, answer)
        return made

    def _restore(self, *, stopped: bool) -> None:
        """Put the true content on every node that may hold another, all at once, until they list it."""
        doubtful = [node for node in self.nodes if node not in self._true] if self._doubtful else []
        if stopped and doubtful:
            self.warn(f"stopped: putting back {text(self.name)}, which takes {RESTORE_SECONDS:g} s at most")
        deadline = time.monotonic() + RESTORE_SECONDS
        left = self._put_back(doubtful, deadline)
        if doubtful and not left:  # a marker that was on its way between nodes may have come after that
            time.sleep(PROPAGATION_SECONDS)
            left = self._put_back(doubtful, deadline)
        self.left = left
        if not self.left:
            marker_journal.end(self.name, self.content)

    def _put_back(self, doubtful: Sequence[Endpoint], deadline: float) -> list[Endpoint]:
        """Put the true content on ``doubtful`` nodes until they list it; answers those that may hold the marker then."""
        insistent = self.cluster.insistent()
        left = list(doubtful)
        shown: dict[Endpoint, str | None] = {}
        commands = [put(self.name, self.content), self.cluster.list_command()]
        while left:
            budget = min(self.cluster.timeout, max(0.0, deadline - time.monotonic()))
            answers = insistent.each(commands, nodes=left, timeout=budget)
            shown = {answer.node: self._listed(answer) for answer in answers}
            left = [node for node in left if shown.get(node) != self.hash]
            if time.monotonic() + POLL_SECONDS >= deadline:
                break
            if left:
                time.sleep(POLL_SECONDS)
        # What shows another version still took neither of the two.
        return [node for node in left if shown.get(node) in {None, self._marker_hash}]

    def _listed(self, answer: NodeAnswer) -> str | None:
        """The hash that the node shows after it was asked to take the true content; empty for none, None when not known."""
        if len(answer.answers) < 2:
            return None
        said = "ok" if self.cluster.judge(answer.answers[1]).done else "error"
        [listing] = self.cluster.listings([NodeAnswer(answer.node, said, answer.answers[1:])])
        return listing.modules.get(self.name, "") if listing.modules is not None else None

    def _result(self, node: Endpoint) -> NodeAnswer:
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


def cannot_have_taken(answer: NodeAnswer) -> bool:
    """Whether a node cannot have taken the put: only a clear no, or no connection at all, says so."""
    if answer.status == "error":
        return answer.answer != TIMED_OUT
    return answer.status in UNREACHED
