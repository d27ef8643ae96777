"""All configured nodes, asked at once.

Every node has one answer, in the configured order, whether it spoke or not; failed nodes are never left out.
"""

from __future__ import annotations

from asadm.outcome import Answer
from asinfo.errors import UsageError, WireError
from asinfo.exchange import exchange
from asinfo.wire.info import answers, request

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from asinfo.exchange import Node, Reply


class Member:  # plain class: dataclasses cost more to import than the whole run
    """A node of the cluster with the labels that the inventory gives it."""

    __slots__ = ("labels", "node")

    def __init__(self, node: Node, labels: dict[str, str] | None = None) -> None:
        self.node = node
        self.labels = labels or {}


class Cluster:
    """The nodes that a run is about.

    ``name`` is that of the inventory, or empty. ``timeout`` is the whole time, in seconds, that each node has.
    ``arrived`` is called with every reply as it comes: the progress line hangs on it.
    """

    __slots__ = ("arrived", "members", "name", "timeout")

    def __init__(
        self,
        members: Sequence[Member],
        *,
        name: str = "",
        timeout: float = 5.0,
        arrived: Callable[[Reply], None] | None = None,
    ) -> None:
        self.members = tuple(members)
        self.name = name
        self.timeout = timeout
        self.arrived = arrived

    @property
    def nodes(self) -> list[Node]:
        """The nodes in the configured order."""
        return [member.node for member in self.members]

    def each(
        self, commands: Sequence[bytes], *, nodes: Iterable[Node] | None = None, timeout: float | None = None
    ) -> list[Answer]:
        """Ask every node (or just ``nodes``) all ``commands`` in one request; one answer a node, in order.

        Never raises for a node: its failure is in its answer. Raises UsageError for a command that cannot be sent.
        """
        body = request(commands)
        asked = self.nodes if nodes is None else nodes
        return self.ask([(node, commands, body) for node in asked], timeout)

    def ask(
        self, asks: Sequence[tuple[Node, Sequence[bytes], bytes]], timeout: float | None = None
    ) -> list[Answer]:
        """Ask each node its own commands, whose ready request body stands beside them."""
        replies = exchange(
            [(node, body) for node, _, body in asks],
            timeout=self.timeout if timeout is None else timeout,
            arrived=self.arrived,
        )
        return [_answer(reply, commands) for reply, (_, commands, _) in zip(replies, asks, strict=True)]

    def only(self, words: Sequence[str]) -> Cluster:
        """The nodes that ``words`` select; see `select`."""
        return Cluster(
            select(self.members, words), name=self.name, timeout=self.timeout, arrived=self.arrived
        )


def _answer(reply: Reply, commands: Sequence[bytes]) -> Answer:
    if reply.failure is not None:
        return Answer(reply.node, reply.failure.kind, (), reply.failure.reason, reply.milliseconds)
    try:
        return Answer.of(reply.node, answers(reply.body or b"", commands), reply.milliseconds)
    except WireError as error:
        return Answer(reply.node, "protocol", (), str(error), reply.milliseconds)


def address(node: Node) -> str:
    """``host:port`` as the user may type it again; IPv6 in brackets."""
    return f"[{node.host}]:{node.port}" if ":" in node.host else f"{node.host}:{node.port}"


def select(members: Sequence[Member], words: Sequence[str]) -> list[Member]:
    """The members that ``words`` name, in the configured order.

    A word is a node's name, its host (when just one node has it), host:port, the beginning of any of these with a
    ``*`` behind, or a label as ``key=value``. Raises UsageError for a word that selects nothing or is not clear.
    """
    chosen: set[int] = set()
    for word in words:
        chosen.update(_matching(members, word))
    return [member for position, member in enumerate(members) if position in chosen]


def _matching(members: Sequence[Member], word: str) -> list[int]:
    found = [position for position, member in enumerate(members) if _matches(member, word)]
    if not found:
        raise UsageError(f"no node is called {word!r}; the nodes are {', '.join(map(_title, members))}")
    exact = [
        position
        for position in found
        if word in {members[position].node.name, address(members[position].node)}
    ]
    if exact:
        return exact
    if len(found) > 1 and not word.endswith("*") and "=" not in word:
        raise UsageError(
            f"{word!r} means several nodes: {', '.join(_title(members[position]) for position in found)}"
        )
    return found


def _matches(member: Member, word: str) -> bool:
    node = member.node
    key, equals, value = word.partition("=")
    if equals:
        return member.labels.get(key) == value
    texts = (node.name, node.host, address(node))
    return any(text.startswith(word[:-1]) for text in texts) if word.endswith("*") else word in texts


def _title(member: Member) -> str:
    node, where = member.node, address(member.node)
    return node.name if node.name == where else f"{node.name} ({where})"
