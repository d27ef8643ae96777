"""All configured nodes, asked at once.

Every node has one answer, in the configured order, whether it spoke or not; failed nodes are never left out.
"""

from __future__ import annotations

from asadm.outcome import NodeAnswer
from asadm.patience import Patience
from asinfo.command import answer_of_summary
from asinfo.errors import UsageError, WireError
from asinfo.exchange import exchange
from asinfo.text import text
from asinfo.wire.info import answers, request

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asadm.progress import Progress
    from asinfo.exchange import Node, Reply


class ClusterNode:  # plain class: dataclasses cost more to import than the whole run
    """A node of the cluster, the labels that the inventory gives it, and its own id once it was asked for."""

    __slots__ = ("id", "labels", "node")

    def __init__(self, node: Node, labels: dict[str, str] | None = None) -> None:
        self.id = ""
        self.labels = labels or {}
        self.node = node


class Cluster:
    """The nodes that a run is about.

    ``name`` is that of the inventory, or empty. ``timeout`` is the whole time, in seconds, that each node has.
    ``progress`` is the line that a waiting terminal sees, if there is one. ``patience`` is what one command may wait
    for; None where it knows itself how often it asks a node that is silent.
    """

    __slots__ = ("members", "name", "patience", "progress", "timeout")

    def __init__(
        self,
        members: Sequence[ClusterNode],
        *,
        name: str = "",
        timeout: float = 5.0,
        progress: Progress | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.members = tuple(members)
        self.name = name
        self.timeout = timeout
        self.progress = progress
        self.patience = patience

    def part(self, members: Sequence[ClusterNode]) -> Cluster:
        """The same for just ``members``: what a command knows of its nodes stays known."""
        return Cluster(
            members, name=self.name, timeout=self.timeout, progress=self.progress, patience=self.patience
        )

    def insistent(self) -> Cluster:
        """The same, but who is asked is asked, whatever is known of it: for what has to be tried at the end."""
        made = self.part(self.members)
        made.patience = None
        return made

    def afresh(self) -> Cluster:
        """The same for a new command: nothing is known yet of who is silent."""
        made = self.part(self.members)
        made.patience = Patience()
        return made

    @property
    def nodes(self) -> list[Node]:
        """The nodes in the configured order."""
        return [member.node for member in self.members]

    def each(
        self, commands: Sequence[bytes], *, nodes: Iterable[Node] | None = None, timeout: float | None = None
    ) -> list[NodeAnswer]:
        """Ask every node (or just ``nodes``) all ``commands`` in one request; one answer a node, in order.

        No command at all asks for the node's own summary, one ``name TAB value`` a line of the only answer.
        Never raises for a node: its failure is in its answer. Raises UsageError for a command that cannot be sent.
        """
        words = tuple(commands)
        return self.ask([(node, words) for node in (self.nodes if nodes is None else nodes)], timeout=timeout)

    def ask(
        self, asks: Sequence[tuple[Node, tuple[bytes, ...]]], *, timeout: float | None = None
    ) -> list[NodeAnswer]:
        """As `each`, with commands for each node of its own. A node that is given up fails without being asked."""
        bodies = {commands: request(commands) for commands in {commands for _, commands in asks}}
        whole = self.timeout if timeout is None else timeout
        patience = self.patience
        limits = [whole if patience is None else patience.seconds(node, whole) for node, _ in asks]
        sent = [
            (node, bodies[commands])
            for (node, commands), limit in zip(asks, limits, strict=True)
            if limit or patience is None
        ]
        replies = iter(self._exchange(sent, [limit for limit in limits if limit or patience is None]))
        answers = []
        for (node, commands), limit in zip(asks, limits, strict=True):
            if patience is not None and not limit:
                answers.append(patience.unasked(node, commands))
                continue
            answer = _answer(next(replies), commands)
            if patience is not None:
                patience.note(answer, limit)
            answers.append(answer)
        return answers

    def _exchange(self, sent: Sequence[tuple[Node, bytes]], limits: Sequence[float]) -> list[Reply]:
        if self.progress is None or not sent:
            return exchange(sent, timeout=limits) if sent else []
        self.progress.start(len(sent))
        try:
            return exchange(sent, timeout=limits, arrived=self.progress.arrived)
        finally:
            self.progress.stop()

    def only(self, words: Sequence[str]) -> Cluster:
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


def _may_be_id(word: str) -> bool:
    return 1 < len(word) <= 16 and not set(word) - set("0123456789ABCDEF")


def _answer(reply: Reply, commands: tuple[bytes, ...]) -> NodeAnswer:
    answer = _judged(reply, commands)
    answer.commands = commands
    answer.note = reply.note
    return answer


def _judged(reply: Reply, commands: Sequence[bytes]) -> NodeAnswer:
    if reply.failure is not None:
        return NodeAnswer(reply.node, reply.failure.kind, (), reply.failure.reason, reply.milliseconds)
    body = reply.body or b""
    try:
        found = answers(body, commands) if commands else [answer_of_summary(body)]
    except WireError as error:
        return NodeAnswer(reply.node, "protocol", (), str(error), reply.milliseconds)
    return NodeAnswer.of(reply.node, found, reply.milliseconds)


def select(members: Sequence[ClusterNode], words: Sequence[str]) -> list[ClusterNode]:
    """The members that ``words`` name, in the configured order.

    A word is a node's name, its host (when just one node has it), host:port, its id, the beginning of any of these
    with a ``*`` behind, or a label as ``key=value``. Raises UsageError for a word that selects nothing or is not clear.
    """
    chosen: set[int] = set()
    for word in words:
        chosen.update(_matching(members, word))
    return [member for position, member in enumerate(members) if position in chosen]


def _matching(members: Sequence[ClusterNode], word: str) -> list[int]:
    found = [position for position, member in enumerate(members) if _matches(member, word)]
    if not found:
        raise UsageError(f"no node is called {word!r}; the nodes are {', '.join(map(_title, members))}")
    exact = [
        position
        for position in found
        if word in {members[position].node.name, members[position].node.address}
    ]
    if exact:
        return exact
    if len(found) > 1 and not word.endswith("*") and "=" not in word:
        raise UsageError(
            f"{word!r} means several nodes: {', '.join(_title(members[position]) for position in found)}"
        )
    return found


def _matches(member: ClusterNode, word: str) -> bool:
    node = member.node
    key, equals, value = word.partition("=")
    if equals:
        return member.labels.get(key) == value
    texts = (node.name, node.host, node.address, member.id)
    return any(each.startswith(word[:-1]) for each in texts) if word.endswith("*") else word in texts


def _title(member: ClusterNode) -> str:
    node = member.node
    return node.name if node.name == node.address else f"{node.name} ({node.address})"
