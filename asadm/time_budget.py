"""The time that one command waits for its nodes: a deadline for all of it, and a time limit for each node.

A command asks its nodes several times: what they list, who is in a cluster with whom, a put, a look, the bytes. All of
these share one account of every node here. A node that let its time limit pass is asked once more, for a short time,
and then never again: what it would cost would be taken from the others. A node that never gave an answer at all is
asked twice at most. One that answered before and refuses now costs nothing, so it is asked as often as a command likes.
"""

from __future__ import annotations

from time import monotonic

from asadm.outcome import NodeAnswer

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asinfo.exchange import Endpoint

SHARE = 0.3
"""Of the time that is left, what one request may take. A change asks seven times in a row (lists, clusters, lock, old
contents, put, lists, bytes); where another node hangs at each of the first six, a ninth of the time is left."""

ENOUGH = 0.05
"""Seconds below which a request is not sent at all: a healthy node of a busy cluster takes up to 20 ms to answer."""

AGAIN = 0.25
AGAIN_MAX = 1.0
"""Of its time limit, and in seconds at most, what a node has that let one pass: it shows whether it is back."""

USED_UP = 0.9
"""A failure after this part of its time limit was waited for; an earlier one (nobody listens) cost nothing."""

OVER = "not asked: the time was over"


class _NodeAvailability:
    """The availability of one node: whether it ``answered`` once, how many times it was ``missed`` since and before that.

    ``hung`` counts those of the misses that were waited for; ``last`` is the latest of them.
    """

    __slots__ = ("answered", "hung", "last", "missed")

    def __init__(self, last: NodeAnswer) -> None:
        self.answered = False
        self.missed = 0
        self.hung = 0
        self.last = last


class TimeBudget:
    """The accounts of one command. ``deadline`` is a time of `time.monotonic`; None: only each node has its limit."""

    __slots__ = ("_accounts", "_started", "deadline")

    def __init__(self) -> None:
        self._started = monotonic()
        self._accounts: dict[str, _NodeAvailability] = {}
        self.deadline: float | None = None

    def limit(self, seconds: float) -> None:
        """The command may take ``seconds`` from its start."""
        self.deadline = self._started + seconds

    def extend(self, seconds: float) -> None:
        """So long something else was waited for: a person, or another run."""
        if self.deadline is not None:
            self.deadline += seconds

    def seconds(self, node: Endpoint, timeout: float) -> float:
        """What a request to ``node`` may take; 0 when it is not to be sent."""
        if self.given_up(node):
            return 0.0
        if self.deadline is not None:
            share = (self.deadline - monotonic()) * SHARE
            if share < ENOUGH:
                return 0.0
            timeout = min(timeout, share)
        account = self._accounts.get(node.address)
        if account is None or not account.hung:
            return timeout
        return min(timeout, max(ENOUGH, min(AGAIN * timeout, AGAIN_MAX)))

    def given_up(self, node: Endpoint) -> bool:
        """Whether ``node`` is not asked any more."""
        account = self._accounts.get(node.address)
        return account is not None and (account.hung > 1 or (not account.answered and account.missed > 1))

    def unasked(self, node: Endpoint, commands: Sequence[bytes]) -> NodeAnswer:
        """The answer of a node that is not asked: why it failed before, or that the time is over."""
        account = self._accounts.get(node.address)
        if account is not None and self.given_up(node):
            last = account.last
            answer = NodeAnswer(node, last.status, (), last.error, last.milliseconds)
        else:
            answer = NodeAnswer(node, "late", (), OVER)
        answer.commands = commands
        answer.asked = False
        return answer

    def note(self, answer: NodeAnswer, seconds: float) -> None:
        """What came of a request that had ``seconds``."""
        account = self._accounts.get(answer.node.address)
        if answer.answers:
            if account is None:
                account = self._accounts[answer.node.address] = _NodeAvailability(answer)
            account.answered, account.missed, account.hung = True, 0, 0
        elif answer.status != "interrupted":
            if account is None:
                account = self._accounts[answer.node.address] = _NodeAvailability(answer)
            account.missed += 1
            waited = answer.milliseconds >= seconds * USED_UP * 1000
            account.hung += waited
            if answer.milliseconds >= account.last.milliseconds or not account.last.error:
                account.last = answer  # of several time-outs the one that was waited for longest
