"""Valkey servers as a target: RESP commands to all nodes at once, and what their replies mean.

The nodes are those of the topology, which is read when they are first needed. Every node has one answer, whether it spoke or
not; failed nodes are never left out.
"""

from __future__ import annotations

from asadm.cluster import ClusterNode, TargetCluster, select
from asadm.outcome import NodeAnswer
from asadm.target.results import ABSENT, DONE, REFUSED, Judgement, Listing, LockAnswer, NodeFault, NodeRole
from asadm.target.types import STATIC, TargetType
from asadm.target.valkey.command_batch import CommandBatch
from asadm.target.valkey.dump_answer import LIST, listed
from asadm.target.valkey.dump_payload import LibraryTexts
from asadm.target.valkey.replies import error, running, values
from asadm.time_budget import TimeBudget
from asinfo.errors import WireError
from asinfo.exchange import exchange
from asinfo.resp_dialogue import RespRequest, resp_dialogue
from asinfo.wire.resp_frame import command

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Self

    from asadm.progress import Progress
    from asadm.target.interface import CacheWarning, Deliver, ForcedPut, Leftovers, Rules, Warn
    from asadm.target.restorer import Restorer
    from asinfo.exchange import Endpoint, Reply

FAIL_SECONDS = 1.0
"""What a node has of which its cluster says that it failed: it may be back already, and mostly it is not."""

NEVER_ASKED = ("handshake", "noaddr")
"""Flags of nodes that cannot be asked: their id or their address is not known yet."""


class ValkeyCluster(TargetCluster):
    """The second implementation of `asadm.target.interface.Target`. What few runs need is imported when it is used.

    ``mode``     how the topology is told, one of `asadm.target.types.TOPOLOGIES`; empty: it is found out
    ``texts``    the texts of libraries that nodes have told
    ``topology_unknown``  none of the nodes that are named could tell which others there are
    ``watched``  the name under which Sentinels watch it, in the mode ``sentinel``
    """

    __slots__ = ("_members", "_seeds", "mode", "texts", "topology_unknown", "watched")

    def __init__(
        self,
        members: Sequence[ClusterNode],
        *,
        name: str = "",
        timeout: float = 5.0,
        mode: str = STATIC,
        progress: Progress | None = None,
        budget: TimeBudget | None = None,
    ) -> None:
        self._members: tuple[ClusterNode, ...] | None = None
        self._seeds: tuple[ClusterNode, ...] = tuple(members)
        self.texts = LibraryTexts()
        self.topology_unknown = False
        self.mode, _, self.watched = mode.partition(" ")
        super().__init__((), name=name, timeout=timeout, progress=progress, budget=budget)
        self._members = _with_roles(members) if self.mode == STATIC else None

    @property
    def members(self) -> tuple[ClusterNode, ...]:
        """The nodes of the topology. Raises UsageError for a mode that does not fit the servers."""
        if self._members is None:
            from asadm.target.valkey.topology import discover

            self._members = _with_roles(discover(self, self._seeds))
        return self._members

    @members.setter
    def members(self, members: Sequence[ClusterNode]) -> None:
        self._members = tuple(members)

    def part(self, members: Sequence[ClusterNode]) -> Self:
        """The same for just ``members``: what is known of their nodes stays known."""
        made = self._with(members)
        made.budget = self.budget
        return made

    def _with(self, members: Sequence[ClusterNode] | None) -> Self:
        """The same with ``members``; those of the topology as it is then, for None."""
        made = type(self)(self._seeds, name=self.name, timeout=self.timeout, progress=self.progress)
        made.mode, made.watched, made.texts = self.mode, self.watched, self.texts
        if members is not None or self.mode != STATIC:
            made.take(members)
        return made

    def take(self, members: Sequence[ClusterNode] | None) -> None:
        """Have these nodes; for None the topology is read when they are needed."""
        self._members = None if members is None else tuple(members)

    def afresh(self, *, timeout: float | None = None) -> Self:
        """The same for a new command: nothing is known yet of silent nodes, and the topology is read again."""
        made = self._with(None)
        made.budget = TimeBudget()
        if timeout is not None:
            made.timeout = min(made.timeout, timeout)
        return made

    def moved(self) -> Self:
        """The same with the topology as it is now."""
        made = self._with(None)
        made.budget = self.budget
        return made

    # ---- asking

    def each(
        self,
        commands: Sequence[bytes],
        *,
        nodes: Iterable[Endpoint] | None = None,
        timeout: float | None = None,
    ) -> list[NodeAnswer]:
        """Ask every node (or just ``nodes``) all ``commands`` in one request; one answer a node, in order."""
        words = tuple(commands)
        return self.ask([(node, words) for node in (self.nodes if nodes is None else nodes)], timeout=timeout)

    def ask_commands(self, nodes: Sequence[Endpoint], commands: Sequence[Sequence[str]]) -> list[NodeAnswer]:
        """Ask ``nodes`` some commands, given as words."""
        return self.each([command(*words) for words in commands], nodes=nodes)

    def ask(
        self, asks: Sequence[tuple[Endpoint, tuple[bytes, ...]]], *, timeout: float | None = None
    ) -> list[NodeAnswer]:
        """As `each`, with commands for each node of its own: a command is one frame or several, an answer their replies.

        A node that is given up fails without being asked.
        """
        requests = {commands: CommandBatch(commands) for commands in {commands for _, commands in asks}}
        whole = self.timeout if timeout is None else timeout
        limits = [self._limit(node, whole) for node, _ in asks]
        sent = [
            (node, requests[commands].request)
            for (node, commands), limit in zip(asks, limits, strict=True)
            if limit
        ]
        replies = iter(self._exchange(sent, [limit for limit in limits if limit]))
        found = []
        for (node, commands), limit in zip(asks, limits, strict=True):
            if not limit:
                found.append(self._unasked(node, commands))
                continue
            answer = requests[commands].answer(next(replies))
            if self.budget is not None:
                self.budget.note(answer, limit)
            found.append(answer)
        return found

    def _limit(self, node: Endpoint, seconds: float) -> float:
        """What a request to ``node`` may take; 0 when it is not to be sent."""
        role: NodeRole | None = node.role
        if role is not None and role.flags:
            if any(flag in role.flags for flag in NEVER_ASKED):
                return 0.0
            if "fail" in role.flags:
                seconds = min(seconds, FAIL_SECONDS)
        return seconds if self.budget is None else self.budget.seconds(node, seconds)

    def _unasked(self, node: Endpoint, commands: tuple[bytes, ...]) -> NodeAnswer:
        role: NodeRole | None = node.role
        flag = next((flag for flag in NEVER_ASKED if role is not None and flag in role.flags), "")
        if flag:
            answer = NodeAnswer(node, "unreachable", (), f"the cluster does not know it yet ({flag})")
            answer.commands, answer.asked = commands, False
            return answer
        assert self.budget is not None  # without one every other node is asked
        return self.budget.unasked(node, commands)

    def _exchange(self, sent: Sequence[tuple[Endpoint, RespRequest]], limits: Sequence[float]) -> list[Reply]:
        if not sent:
            return []
        if self.progress is None:
            return exchange(sent, timeout=limits, converse=resp_dialogue)
        self.progress.start(len(sent))
        try:
            return exchange(sent, timeout=limits, arrived=self.progress.arrived, converse=resp_dialogue)
        finally:
            self.progress.stop()

    def only(self, words: Sequence[str]) -> Self:
        """The nodes that ``words`` select; see `select`."""
        return self.part(select(self.members, words))

    def add_peers(self, *, alternate: bool = False) -> None:
        """Read the topology from the nodes, whatever they are called; ``alternate`` is of Aerospike."""
        if self.mode == STATIC:
            self.mode = ""
            self._members = None

    def groups(self, nodes: Sequence[Endpoint], *, timeout: float | None = None) -> list[list[Endpoint]]:
        """``nodes``, each primary with its replicas behind it; a replica whose primary is not among them stands alone."""
        found: dict[str, list[Endpoint]] = {}
        for node in sorted(nodes, key=_follows):
            role: NodeRole | None = node.role
            home = role.primary if role is not None and role.primary in found else node.address
            found.setdefault(home, []).append(node)
        return list(found.values())

    def cluster_names(self) -> list[str]:
        """None: a Valkey cluster has no name."""
        return []

    # ---- commands

    def list_command(self) -> bytes:
        """HELLO, ROLE and FUNCTION DUMP."""
        return LIST

    def put_command(self, name: bytes, content: bytes) -> bytes:
        """FUNCTION RESTORE of one library; changes of many are one command, see `restorer`."""
        return self.restorer.command([content], ())

    def get_command(self, name: bytes) -> bytes:
        """FUNCTION LIST of one library with its text; a name has no character that a pattern has."""
        return command("FUNCTION", "LIST", "LIBRARYNAME", name, "WITHCODE")

    def remove_command(self, name: bytes) -> bytes:
        """FUNCTION DELETE."""
        return command("FUNCTION", "DELETE", name)

    def lock_command(self, owner: str, seconds: int) -> bytes:
        """No command: servers have no lock."""
        return b""

    def unlock_command(self, owner: str) -> bytes:
        """No command."""
        return b""

    @property
    def restorer(self) -> Restorer:
        """Changes of many libraries at once."""
        from asadm.target.valkey import restore

        return restore

    # ---- answers

    def judge(self, answer: bytes) -> Judgement:
        """What an answer to FUNCTION LIST of one library, RESTORE or DELETE means."""
        said = error(answer)
        if said:
            return Judgement(REFUSED, said)
        return Judgement(ABSENT, "the node has no such library") if answer == b"*0\r\n" else Judgement(DONE)

    def judge_lock(self, answer: bytes) -> LockAnswer:
        """Nobody holds what there is not."""
        return LockAnswer()

    def content(self, answer: bytes) -> bytes:
        """The text in the answer to FUNCTION LIST WITHCODE. Raises WireError."""
        try:
            library = values(answer)[0]
            found = dict(zip(library[::2], library[1::2], strict=True))[b"library_code"]
        except (TypeError, KeyError, IndexError, ValueError):
            raise WireError("FUNCTION LIST: the answer has another form") from None
        if not isinstance(found, bytes):
            raise WireError("FUNCTION LIST: the answer has another form")
        return found

    def known(self, hash_: str) -> bytes | None:
        """The text with that hash, where a list of libraries has told it."""
        return self.texts.texts.get(hash_)

    def listings(self, answers: Sequence[NodeAnswer]) -> list[Listing]:
        """What nodes answered to `list_command`. A replica without its primary, or a payload that is none, is a failure of the node."""
        found = [Listing(answer, listed(answer, self.texts)) for answer in answers]
        self._explain_busy([answer for answer in answers if answer.status == "busy"])
        for listing in found:
            if self.topology_unknown and not listing.read:
                listing.answer.error += "; which other nodes there are, it did not tell"
        return found

    def _explain_busy(self, answers: Sequence[NodeAnswer]) -> None:
        """What runs on the nodes that are busy, which still answer FUNCTION STATS."""
        if not answers:
            return
        stats = self.ask_commands([answer.node for answer in answers], [["FUNCTION", "STATS"]])
        for answer, stat in zip(answers, stats, strict=True):
            script = running(stat.answer)
            if script is not None:
                answer.error = f"busy: {script}"

    @property
    def noun(self) -> str:
        """What servers call it."""
        return "library"

    @property
    def rules(self) -> Rules:
        """The rules for names and texts of libraries."""
        return _rules()

    def hash(self, name: bytes, content: bytes) -> str:
        """SHA-256 of the text."""
        return self.rules.hash(name, content)

    def faults(self, listings: Sequence[Listing]) -> Sequence[NodeFault]:
        """Nodes of a cluster on which every script fails since one of them used keys of several slots (seen with Valkey 9.1.2)."""
        nodes = [
            each.node
            for each in listings
            if each.read and each.node.role is not None and each.node.role.clustered
        ]
        found = self.ask_commands(nodes, [["EVAL", "return redis.call('INFO') and 1", "0"]]) if nodes else []
        return [
            NodeFault(
                "poisoned",
                answer.node,
                f"every script and function fails there, only a restart helps: {answer.error}",
            )
            for answer in found
            if "non local key" in answer.error
        ]

    # ---- what there is not

    @property
    def leftovers(self) -> Leftovers:
        """None: no temporary version is ever sent."""
        from asadm.target import no_leftovers

        return no_leftovers

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
        """Nothing has to be forced: every RESTORE is taken and passed on."""
        from asadm.target.interface import ForcedPut

        return ForcedPut((), (), 0)

    def changed(self, nodes: Mapping[bytes, Sequence[Endpoint]]) -> None:
        """Nothing has to be noted."""

    def cache_warnings(self, listings: Sequence[Listing]) -> Sequence[CacheWarning]:
        """None: there is no cache of compiled libraries that could be off."""
        return ()


def _follows(node: Endpoint) -> bool:
    role: NodeRole | None = node.role
    return role is not None and not role.takes_changes


def _with_roles(members: Sequence[ClusterNode]) -> tuple[ClusterNode, ...]:
    """``members``, each with a role, be it an unknown one: so every row has the same members."""
    for member in members:
        member.node.role = member.node.role or NodeRole()
    return tuple(members)


def _rules() -> Rules:
    from asadm.target.valkey import rules  # for who names or reads libraries

    return rules


def _cluster(members: Sequence[ClusterNode], *, name: str, timeout: float, mode: str) -> ValkeyCluster:
    return ValkeyCluster(members, name=name, timeout=timeout, mode=mode)


TYPE = TargetType(_cluster, _rules)
"""Clusters of Valkey servers as a type of the inventory."""
