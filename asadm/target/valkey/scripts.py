"""Functions and scripts that run on nodes: what FUNCTION STATS tells, and how they are ended.

A node on which one runs for longer than its ``busy-reply-threshold`` answers BUSY to most commands, but FUNCTION STATS, FUNCTION
KILL and SCRIPT KILL still work. One that has written cannot be killed: its node has to be restarted.
"""

from __future__ import annotations

from asadm.target.valkey.dump_answer import learn
from asadm.target.valkey.replies import error, running, status, values
from asinfo.errors import UsageError, WireError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.outcome import NodeAnswer
    from asadm.target.interface import Target
    from asadm.target.valkey.cluster import ValkeyCluster
    from asadm.target.valkey.replies import RunningFunction
    from asinfo.exchange import Endpoint

_STATS = (("FUNCTION", "STATS"), ("HELLO", "2"), ("ROLE",))
"""A busy node answers the first two, and BUSY to the third: what others say of its role stands."""

_NONE_RUNS = "NOTBUSY"


class NodeStats:
    """What one node told: ``running``, None where nothing does, and how many ``libraries`` and ``functions`` it has.

    ``answer`` has the reason where the node could not tell.
    """

    __slots__ = ("answer", "functions", "libraries", "running")

    def __init__(self, answer: NodeAnswer) -> None:
        self.answer = answer
        if answer.answers:
            said = error(answer.answer)
            answer.status, answer.error = (status(said), said) if said else ("ok", "")
            learn(answer.node, *answer.answers[1:])
        self.running: RunningFunction | None = running(answer.answer)
        self.libraries, self.functions = _counts(answer.answer)
        if answer.answers and answer.good and self.libraries is None:
            answer.status, answer.error = "protocol", "FUNCTION STATS: the answer has another form"
        answer.answers = []  # bytes of no use to a person


def _counts(reply: bytes) -> tuple[int | None, int | None]:
    """Libraries and functions of all engines."""
    try:
        said = values(reply)
        engines = dict(zip(said[::2], said[1::2], strict=True))[b"engines"]
        counts = [dict(zip(engine[::2], engine[1::2], strict=True)) for engine in engines[1::2]]
        return sum(each[b"libraries_count"] for each in counts), sum(
            each[b"functions_count"] for each in counts
        )
    except (WireError, KeyError, TypeError, ValueError):
        return None, None


def valkey_cluster(target: Target) -> ValkeyCluster:
    """``target`` for commands that speak RESP: that of their family always does."""
    from asadm.target.valkey.cluster import ValkeyCluster

    if isinstance(target, ValkeyCluster):
        return target
    raise UsageError("these nodes are no Valkey servers: they have no functions")


def stats(cluster: ValkeyCluster) -> list[NodeStats]:
    """What every node tells."""
    return [NodeStats(answer) for answer in cluster.ask_commands(cluster.nodes, _STATS)]


class KillResult:
    """What became of one node: ``status`` is ``killed``, ``none`` (nothing ran any more), ``unkillable`` or that of a failure."""

    __slots__ = ("answer", "status")

    def __init__(self, answer: NodeAnswer) -> None:
        self.answer = answer
        said = error(answer.answer)
        self.status = answer.status
        if answer.answers and not said:
            self.status = "killed"
        elif said.startswith(_NONE_RUNS):
            self.status, answer.status, answer.error = "none", "ok", ""
        elif said.startswith("UNKILLABLE"):
            self.status = "unkillable"
        answer.answers = []


def kill(cluster: ValkeyCluster, nodes: Sequence[Endpoint]) -> list[KillResult]:
    """End what runs on ``nodes``: a function, or else a script of EVAL."""
    answers = cluster.ask_commands(nodes, [["FUNCTION", "KILL"]])
    again = [answer.node for answer in answers if error(answer.answer).startswith(_NONE_RUNS)]
    scripts = (
        {answer.node: answer for answer in cluster.ask_commands(again, [["SCRIPT", "KILL"]])} if again else {}
    )
    return [KillResult(scripts.get(answer.node, answer)) for answer in answers]
