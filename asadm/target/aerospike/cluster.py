"""An Aerospike cluster as a target: info commands to all nodes at once, and what their answers mean.

Every node has one answer, in the configured order, whether it spoke or not; failed nodes are never left out.
"""

from __future__ import annotations

from asadm.cluster import ClusterNode, TargetCluster, select
from asadm.outcome import NodeAnswer
from asadm.target.aerospike.info_answer import judged
from asadm.target.types import TargetType
from asinfo.command import answer_of_summary
from asinfo.dialogue import dialogue
from asinfo.errors import UsageError, WireError
from asinfo.exchange import exchange
from asinfo.text import text
from asinfo.wire.info import answers, request

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Self, TypeVar

    from asadm.progress import Progress
    from asadm.target.aerospike.cache_notes import CacheNote
    from asadm.target.interface import Deliver, ForcedPut, Leftovers, Rules, Target, Warn
    from asadm.target.results import Judgement, Listing, LockAnswer
    from asadm.time_budget import TimeBudget
    from asinfo.exchange import Dialogue, Endpoint, Reply

    Asked = TypeVar("Asked")


class AerospikeCluster(TargetCluster):
    """The first implementation of `asadm.target.interface.Target`. What few runs need is imported when it is used."""

    __slots__ = ()

    # ---- asking

    def each(
        self,
        commands: Sequence[bytes],
        *,
        nodes: Iterable[Endpoint] | None = None,
        timeout: float | None = None,
    ) -> list[NodeAnswer]:
        """Ask every node (or just ``nodes``) all ``commands`` in one request; one answer a node, in order.

        No command at all asks for the node's own summary, one ``name TAB value`` a line of the only answer.
        Never raises for a node: its failure is in its answer. Raises UsageError for a command that cannot be sent.
        """
        words = tuple(commands)
        return self.ask([(node, words) for node in (self.nodes if nodes is None else nodes)], timeout=timeout)

    def ask(
        self, asks: Sequence[tuple[Endpoint, tuple[bytes, ...]]], *, timeout: float | None = None
    ) -> list[NodeAnswer]:
        """As `each`, with commands for each node of its own. A node that is given up fails without being asked."""
        bodies = {commands: request(commands) for commands in {commands for _, commands in asks}}
        sent = [(node, commands, bodies[commands]) for node, commands in asks]
        return self._asked(sent, dialogue, _answer, timeout)

    def follow_up(
        self, commands: Sequence[bytes], second: Callable[[dict[bytes, bytes]], Sequence[bytes]]
    ) -> list[NodeAnswer]:
        """Ask every node ``commands``, and on the same connection what ``second`` makes of its answers to them.

        An answer has the commands of both requests. Raises UsageError for a command that cannot be sent.
        """
        from asadm.target.aerospike import follow_up

        words = tuple(commands)
        asked = (request(words), follow_up.maker(words, second))
        sent = [(node, words, asked) for node in self.nodes]
        return self._asked(sent, follow_up.follow_up_dialogue, follow_up.answer, None)

    def _asked(
        self,
        asks: Sequence[tuple[Endpoint, tuple[bytes, ...], Asked]],
        converse: Callable[[Endpoint, Asked], Dialogue],
        read: Callable[[Reply, tuple[bytes, ...]], NodeAnswer],
        timeout: float | None,
    ) -> list[NodeAnswer]:
        """Hold a conversation with each node that is not given up; its reply as an answer to its commands."""
        whole = self.timeout if timeout is None else timeout
        budget = self.budget
        limits = [whole if budget is None else budget.seconds(node, whole) for node, _, _ in asks]
        sent = [
            (node, asked)
            for (node, _, asked), limit in zip(asks, limits, strict=True)
            if limit or budget is None
        ]
        times = [limit for limit in limits if limit or budget is None]
        replies = iter(self._exchange(sent, times, converse))
        found = []
        for (node, commands, _), limit in zip(asks, limits, strict=True):
            if budget is not None and not limit:
                found.append(budget.unasked(node, commands))
                continue
            answer = read(next(replies), commands)
            if budget is not None:
                budget.note(answer, limit)
            found.append(answer)
        return found

    def _exchange(
        self,
        sent: Sequence[tuple[Endpoint, Asked]],
        limits: Sequence[float],
        converse: Callable[[Endpoint, Asked], Dialogue],
    ) -> list[Reply]:
        if self.progress is None or not sent:
            return exchange(sent, timeout=limits, converse=converse) if sent else []
        self.progress.start(len(sent))
        try:
            return exchange(sent, timeout=limits, converse=converse, arrived=self.progress.arrived)
        finally:
            self.progress.stop()

    def only(self, words: Sequence[str]) -> Self:
        """The nodes that ``words`` select; see `select`. Asks the nodes for their ids when a word looks like one."""
        try:
            found = select(self.members, words)
        except UsageError:
            if not any(_may_be_id(word) for word in words):
                raise
            for member, answer in zip(self.members, self.each([b"node"]), strict=True):
                member.id = text(answer.answer) if answer.good else ""
            found = select(self.members, words)
        return self.part(found)

    def add_peers(self, *, alternate: bool = False) -> None:
        """Add the peers that the nodes name; see `asadm.target.aerospike.discovery`."""
        from asadm.target.aerospike import discovery

        discovery.add_peers(self, alternate=alternate)

    def groups(self, nodes: Sequence[Endpoint], *, timeout: float | None = None) -> list[list[Endpoint]]:
        """``nodes``, those of one cluster together. Raises KeyboardInterrupt."""
        from asadm.target.aerospike.groups import clusters

        return clusters(self, nodes, timeout=timeout)

    def cluster_names(self) -> list[str]:
        """The names that nodes which answer give their cluster, each once. Raises KeyboardInterrupt."""
        found = self.each([b"cluster-name"])
        if any(answer.status == "interrupted" for answer in found):
            raise KeyboardInterrupt
        return list(dict.fromkeys(text(answer.answer) for answer in found if answer.good))

    # ---- commands

    def list_command(self) -> bytes:
        """``udf-list``."""
        return b"udf-list"

    def put_command(self, name: bytes, content: bytes) -> bytes:
        """``udf-put:``."""
        from asinfo.wire.udf import put

        return put(name, content)

    def get_command(self, name: bytes) -> bytes:
        """``udf-get:``."""
        return b"udf-get:filename=" + name

    def remove_command(self, name: bytes) -> bytes:
        """``udf-remove:``."""
        return b"udf-remove:filename=" + name

    def lock_command(self, owner: str, seconds: int) -> bytes:
        """``udf-lock:``, which asudfd has; a real server does not know it."""
        return f"udf-lock:owner={owner};ttl={seconds}".encode()

    def unlock_command(self, owner: str) -> bytes:
        """``udf-unlock:``."""
        return f"udf-unlock:owner={owner}".encode()

    # ---- answers

    def judge(self, answer: bytes) -> Judgement:
        """What an answer to ``udf-put``, ``udf-get`` or ``udf-remove`` means."""
        from asadm.target.aerospike.answers import judge

        return judge(answer)

    def judge_lock(self, answer: bytes) -> LockAnswer:
        """What an answer to ``udf-lock`` means."""
        from asadm.target.aerospike.answers import judge_lock

        return judge_lock(answer)

    def content(self, answer: bytes) -> bytes:
        """The source in a good answer to ``udf-get``. Raises WireError."""
        from asinfo.wire.udf import content

        return content(answer)

    def listings(self, found: Sequence[NodeAnswer]) -> list[Listing]:
        """What nodes answered to ``udf-list``. One that is no list becomes a failure of its node."""
        from asadm.target.aerospike.module_list import listings

        return listings(found)

    @property
    def rules(self) -> Rules:
        """The rules for names and contents of modules."""
        return _rules()

    def hash(self, name: bytes, content: bytes) -> str:
        """The ``hash`` of ``udf-list``."""
        return self.rules.hash(name, content)

    # ---- what is peculiar to real servers

    @property
    def leftovers(self) -> Leftovers:
        """Marker versions that a killed run left."""
        from asadm.target.aerospike import marker_journal

        return marker_journal

    def force_put(
        self,
        groups: Sequence[Sequence[Endpoint]],
        name: bytes,
        content: bytes,
        *,
        wait: float,
        warn: Warn,
        deliver: Deliver,
    ) -> ForcedPut:
        """A marker version and then the true content: two changes, which every node of a cluster takes."""
        from asadm.target.aerospike.marker_put import MarkerPut

        members = [ClusterNode(node) for group in groups for node in group]
        watched = WatchedCluster(members, timeout=self.timeout, budget=self.budget)
        return MarkerPut(watched, groups, name, content, warn=warn, deliver=deliver).run(wait)

    def changed(self, nodes: Mapping[bytes, Sequence[Endpoint]]) -> None:
        """A changed module is in the cache again, also where ``udf-clear-cache:`` has left the cache off."""
        from asadm.target.aerospike import cache_notes

        cache_notes.warmed(nodes)

    def cache_warnings(self, listings: Sequence[Listing]) -> Sequence[CacheNote]:
        """The nodes whose cache is still off, as far as is known here."""
        from asadm.target.aerospike import cache_notes

        return cache_notes.off(self, listings)


class WatchedCluster(AerospikeCluster):
    """Notes in ``touched`` whether a put may have been taken by a node, whatever becomes of the node after that."""

    __slots__ = ("touched",)

    def __init__(
        self,
        members: Sequence[ClusterNode],
        *,
        name: str = "",
        timeout: float = 5.0,
        progress: Progress | None = None,
        budget: TimeBudget | None = None,
    ) -> None:
        super().__init__(members, name=name, timeout=timeout, progress=progress, budget=budget)
        self.touched = False

    def ask(
        self, asks: Sequence[tuple[Endpoint, tuple[bytes, ...]]], *, timeout: float | None = None
    ) -> list[NodeAnswer]:
        """As the cluster does."""
        from asadm.target.aerospike.marker_put import cannot_have_taken

        found = super().ask(asks, timeout=timeout)
        for (_, commands), answer in zip(asks, found, strict=True):
            if answer.asked and commands[0].startswith(b"udf-put:") and not cannot_have_taken(answer):
                self.touched = True
        return found


def info_cluster(target: Target) -> AerospikeCluster:
    """``target`` for commands that speak the info protocol. Raises UsageError where its nodes do not."""
    if isinstance(target, AerospikeCluster):
        return target
    raise UsageError("these nodes are no Aerospike servers: they have no info commands")


def _may_be_id(word: str) -> bool:
    """Whether it looks like an id of a node, or like the beginning of one: ``A*``."""
    digits = word.removesuffix("*")
    return bool(digits) and 1 < len(word) <= 16 and not set(digits) - set("0123456789ABCDEF")


def _answer(reply: Reply, commands: tuple[bytes, ...]) -> NodeAnswer:
    answer = _read(reply, commands)
    answer.commands = commands
    answer.note = reply.note
    return answer


def _read(reply: Reply, commands: Sequence[bytes]) -> NodeAnswer:
    if reply.failure is not None:
        return NodeAnswer(reply.node, reply.failure.kind, (), reply.failure.reason, reply.milliseconds)
    body = reply.body or b""
    try:
        found = answers(body, commands) if commands else [answer_of_summary(body)]
    except WireError as error:
        return NodeAnswer(reply.node, "protocol", (), str(error), reply.milliseconds)
    return judged(reply.node, found, reply.milliseconds)


def _rules() -> Rules:
    from asadm.target.aerospike import rules  # for who names or reads modules

    return rules


def _cluster(members: Sequence[ClusterNode], *, name: str, timeout: float, mode: str) -> AerospikeCluster:
    """``mode`` is of other types: nodes are those that are named, and with ``--discover`` their peers."""
    return AerospikeCluster(members, name=name, timeout=timeout)


TYPE = TargetType(_cluster, _rules)
"""Clusters of Aerospike servers and of asudfd as a type of the inventory."""
