"""What every node lists: one ``udf-list`` a node, all nodes at once, no content.

Many nodes list the same modules, so names and hashes are kept once however many nodes name them: 300 nodes with 200
modules each are 60,000 entries, and they cost a dictionary a node.
"""

from __future__ import annotations

from asadm.modules import LIST
from asinfo.errors import WireError
from asinfo.wire.udf import modules

MODULES_MAX = 100_000
"""Most modules that a node may list: an answer with more is no list, and would fill the memory."""

HASH_SIZE = 40
HEXADECIMAL = frozenset("0123456789abcdef")

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asadm.cluster import Cluster
    from asadm.outcome import NodeAnswer
    from asinfo.exchange import Node


class Listing:
    """What one node lists.

    ``modules``  hash (40 hexadecimal digits) by file name, in the node's order; None where the node could not be
                 read: ``answer`` has the kind of the failure and the reason. Not to be changed: nodes share them.
    """

    __slots__ = ("answer", "modules")

    def __init__(self, answer: NodeAnswer, modules: dict[bytes, str] | None) -> None:
        self.answer = answer
        self.modules = modules

    @property
    def node(self) -> Node:
        """Whose list it is."""
        return self.answer.node

    @property
    def read(self) -> bool:
        """Whether the node told its modules."""
        return self.modules is not None


class Survey:
    """The lists of all nodes, in the configured order."""

    __slots__ = ("listings",)

    def __init__(self, listings: Sequence[Listing]) -> None:
        self.listings = list(listings)

    @property
    def complete(self) -> bool:
        """Whether every node was read."""
        return all(listing.read for listing in self.listings)

    @property
    def read(self) -> int:
        """How many nodes were read."""
        return sum(listing.read for listing in self.listings)

    @property
    def answers(self) -> list[NodeAnswer]:
        """What the nodes said, for an outcome."""
        return [listing.answer for listing in self.listings]

    def nodes(self) -> list[Node]:
        """The nodes, in the configured order."""
        return [listing.node for listing in self.listings]

    def hashes(self, name: bytes) -> list[str | None]:
        """The hash of ``name`` on each node; None where it is missing, and where the node was not read."""
        return [listing.modules.get(name) if listing.modules else None for listing in self.listings]

    def names(self) -> list[bytes]:
        """All names that any node lists, in the order first seen."""
        return list(dict.fromkeys(name for modules in self._distinct() for name in modules))

    def differing(self) -> list[bytes]:
        """Names on which the nodes that were read disagree: other content, or missing on some."""
        distinct = self._distinct()
        if len(distinct) < 2:
            return []
        return [name for name in self.names() if len({modules.get(name) for modules in distinct}) > 1]

    def _distinct(self) -> list[dict[bytes, str]]:
        """The lists that were read, those that are one and the same object once."""
        found = {id(listing.modules): listing.modules for listing in self.listings}
        return [modules for modules in found.values() if modules is not None]


def survey(cluster: Cluster, nodes: Iterable[Node] | None = None, *, timeout: float | None = None) -> Survey:
    """Ask every node of ``cluster`` (or just ``nodes``) what it lists. Never raises for a node.

    ``timeout`` is the time in seconds that a node has; the cluster's if it is not given.
    """
    return of(cluster.each([LIST], nodes=nodes, timeout=timeout))


def of(answers: Sequence[NodeAnswer]) -> Survey:
    """The survey that ``answers`` to ``udf-list`` make. One that is no list becomes a failure of its node."""
    reader = _ListParser()
    return Survey([Listing(answer, reader.read(answer)) for answer in answers])


class _ListParser:
    """Reads lists, each different one once, and each different entry once."""

    def __init__(self) -> None:
        self.lists: dict[bytes, dict[bytes, str]] = {}
        self.entries: dict[bytes, tuple[bytes, str]] = {}

    def read(self, answer: NodeAnswer) -> dict[bytes, str] | None:
        if not answer.good:
            return None
        text = answer.answer
        found = self.lists.get(text)
        if found is None:
            try:
                found = self.lists[text] = self.parse(text)
            except WireError as error:
                answer.status, answer.error = "protocol", str(error)
                return None
        return found

    def parse(self, text: bytes) -> dict[bytes, str]:
        if text.count(b";") > MODULES_MAX:
            raise WireError(f"udf-list: more than {MODULES_MAX} modules")
        entries = self.entries
        found = {}
        for entry in text.split(b";"):
            pair = entries.get(entry)
            if pair is None:
                if not entry:
                    continue
                [module] = modules(entry)
                if len(module.hash) != HASH_SIZE or set(module.hash) - HEXADECIMAL:
                    raise WireError(f"udf-list: a hash is not {HASH_SIZE} hexadecimal digits")
                pair = entries[entry] = (module.filename, module.hash)
            found[pair[0]] = pair[1]
        return found
