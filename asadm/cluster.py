"""The nodes of a cluster in the configured order, and which of them a command line selects. Asks no node."""

from __future__ import annotations

from asadm.time_budget import TimeBudget
from asinfo.errors import UsageError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from asadm.progress import Progress
    from asinfo.exchange import Endpoint


class ClusterNode:  # plain class: dataclasses cost more to import than the whole run
    """A node of the cluster, the labels that the inventory gives it, and its own id once it was asked for.

    ``model``   has the login and TLS of the nodes that it tells of; itself, but for one that has others than these
    """

    __slots__ = ("id", "labels", "model", "node")

    def __init__(
        self, node: Endpoint, labels: dict[str, str] | None = None, model: Endpoint | None = None
    ) -> None:
        self.id = ""
        self.labels = labels or {}
        self.model = model or node
        self.node = node


class TargetCluster:
    """The nodes that a run is about; what every target has in common, see `asadm.target.interface.Target`."""

    __slots__ = ("budget", "members", "name", "progress", "timeout")

    def __init__(
        self,
        members: Sequence[ClusterNode],
        *,
        name: str = "",
        timeout: float = 5.0,
        progress: Progress | None = None,
        budget: TimeBudget | None = None,
    ) -> None:
        self.members = tuple(members)
        self.name = name
        self.timeout = timeout
        self.progress = progress
        self.budget = budget

    def part(self, members: Sequence[ClusterNode]) -> Self:
        """The same for just ``members``: what is known of their nodes stays known."""
        return type(self)(
            members, name=self.name, timeout=self.timeout, progress=self.progress, budget=self.budget
        )

    @property
    def restorer(self) -> Any:  # `asadm.target.restorer.Restorer`, which is above this module
        """None: nodes take modules one by one."""
        return None

    def known(self, hash_: str) -> bytes | None:  # noqa: ARG002 - of the interface
        """None: lists have no contents."""
        return None

    def faults(self, listings: Sequence[Any]) -> Sequence[Any]:  # noqa: ARG002 - of the interface
        """None are looked for."""
        return ()

    def moved(self) -> Self:
        """The same after roles have moved; here nodes have none."""
        return self

    def insistent(self) -> Self:
        """The same, but every node is asked, whatever is known of it: for what has to be tried at the end."""
        made = self.part(self.members)
        made.budget = None
        return made

    def afresh(self, *, timeout: float | None = None) -> Self:
        """The same for a new command: nothing is known yet of silent nodes; ``timeout`` is at most what a node has."""
        made = self.part(self.members)
        made.budget = TimeBudget()
        if timeout is not None:
            made.timeout = min(made.timeout, timeout)
        return made

    @property
    def noun(self) -> str:
        """What its servers call a module."""
        return "module"

    @property
    def nodes(self) -> list[Endpoint]:
        """The nodes in the configured order."""
        return [member.node for member in self.members]


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
