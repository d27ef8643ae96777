"""Clears the Lua cache of every node, with retries for the nodes that failed.

One request a node and round. It also asks who the node is, for the sake of one difference: a real Aerospike server
does not only empty its cache but leaves it off, until a module is put with a change or the server restarts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from asadm.outcome import NodeAnswer
from asadm.target.aerospike.info_answer import judged
from asadm.target.aerospike.real_server import WHO, real_server
from asinfo.exchange import Endpoint
from asinfo.terminal import interrupt
from asinfo.text import text
from asinfo.wire.info import is_error

CLEAR = b"udf-clear-cache:"
BACK_OFF_SECONDS_MAX = 30.0
"""Longest pause between two tries of a node; the pauses double from one second on."""


class RetryPolicy(Protocol):
    """Retries of a cache clear (asadm.cron.settings.ClearSettings): how many, whether one node at a time, with what pause."""

    @property
    def retries(self) -> int:
        """How often a node that failed is asked again."""

    @property
    def serial(self) -> bool:
        """Whether one node is asked after the other."""

    @property
    def pause(self) -> float:
        """Seconds between two nodes."""


class InfoCluster(Protocol):
    """The methods that are needed of a cluster (asadm.target.aerospike.cluster.AerospikeCluster)."""

    @property
    def nodes(self) -> list[Endpoint]:
        """The nodes in the configured order."""

    def each(self, commands: Sequence[bytes], *, nodes: Sequence[Endpoint] | None = None) -> list[NodeAnswer]:
        """One answer a node, in order."""


class ClearResult:
    """The result of one node.

    ``answer``    its last answer, or None while it was not asked
    ``asked``     how often it was asked
    ``at``        Unix time of the answer
    ``build``     what it says it is
    ``real``      a real Aerospike server: its cache stays off after a clear
    ``warm``      its cache was brought back after that
    """

    __slots__ = ("answer", "asked", "at", "build", "node", "real", "warm")

    def __init__(self, node: Endpoint) -> None:
        self.node = node
        self.answer: NodeAnswer | None = None
        self.asked = 0
        self.at = 0.0
        self.build = ""
        self.real = False
        self.warm = False

    @property
    def good(self) -> bool:
        """Whether the node has done it."""
        return self.answer is not None and self.answer.good

    @property
    def left_off(self) -> bool:
        """Whether its cache is off now: cleared, a real server, and not brought back."""
        return self.good and self.real and not self.warm

    def take(self, answer: NodeAnswer, at: float) -> None:
        """Judge an answer to ``CLEAR`` (if it was asked) and ``WHO``."""
        self.asked += 1
        self.at = at
        self.answer = answer.like(answer, answer.commands[:1])
        if answer.answers:
            build, statistics = answer.answers[-2:]
            self.build = "" if is_error(build) else text(build)
            self.real = real_server(build, statistics)
            self.answer = _judged(answer)


def _judged(answer: NodeAnswer) -> NodeAnswer:
    """The answer to the clear alone: that a real server does not know our statistics is no failure."""
    first = answer.answers[0]
    if len(answer.answers) == len(WHO):  # a dry run: any answer is good
        return judged(answer.node, [first], answer.milliseconds).like(answer)
    if first.strip().lower() == b"ok":
        return NodeAnswer(answer.node, "ok", [first], "", answer.milliseconds).like(answer)
    reason = text(first) if is_error(first) else f"unexpected answer: {text(first[:200])!r}"
    return NodeAnswer(answer.node, "error", [first], reason, answer.milliseconds).like(answer)


def clear(
    cluster: InfoCluster,
    settings: RetryPolicy,
    results: Sequence[ClearResult],
    sleep: Callable[[float], None] = interrupt.sleep,
) -> None:
    """Ask until every node has done it or ``settings.retries`` is used up; fills in ``results``.

    Ends early, without raising, when an answer says that the run was interrupted. A KeyboardInterrupt while it waits
    goes through; ``results`` then hold what was done until then.
    """
    for round_ in range(settings.retries + 1):
        left = [result for result in results if not result.good]
        if not left:
            return
        if round_:
            sleep(min(2.0 ** (round_ - 1), BACK_OFF_SECONDS_MAX))
        if not _round(cluster, settings, left, sleep):
            return


def _round(
    cluster: InfoCluster, settings: RetryPolicy, left: Sequence[ClearResult], sleep: Callable[[float], None]
) -> bool:
    """Ask ``left`` once, all together or one by one. False when the run was interrupted."""
    groups = [[result] for result in left] if settings.serial else [left]
    for position, group in enumerate(groups):
        if position and settings.pause:
            sleep(settings.pause)
        if not _ask(cluster, (CLEAR, *WHO), group):
            return False
    return True


def look(cluster: InfoCluster, results: Sequence[ClearResult]) -> None:
    """Ask every node only who it is: the dry run."""
    _ask(cluster, WHO, results)


def _ask(cluster: InfoCluster, commands: Sequence[bytes], group: Sequence[ClearResult]) -> bool:
    answers = cluster.each(commands, nodes=[result.node for result in group])
    now = time.time()
    for result, answer in zip(group, answers, strict=True):
        result.take(answer, now)
    return all(answer.status != "interrupted" for answer in answers)
