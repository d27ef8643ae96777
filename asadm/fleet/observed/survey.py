"""The survey: lists of all nodes, by one request a node, all nodes at once, without contents; and of how many nodes it knows something."""

from __future__ import annotations

from asadm import seen_names
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asadm.outcome import NodeAnswer
    from asadm.target.interface import Target
    from asadm.target.results import Listing
    from asinfo.exchange import Endpoint


class Survey:
    """The lists of all nodes, in the configured order; ``noun`` is what the servers call a module."""

    __slots__ = ("listings", "noun")

    def __init__(self, listings: Sequence[Listing], noun: str = "module") -> None:
        self.listings = list(listings)
        self.noun = noun

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

    def nodes(self) -> list[Endpoint]:
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

    def changes(self, now: Survey) -> list[str]:
        """What the nodes that were read both times list otherwise ``now``, a line a node."""
        found = []
        for old, new in zip(self.listings, now.listings, strict=True):
            if old.modules is None or new.modules is None or old.modules == new.modules:
                continue
            names = [
                text(name)
                for name in dict.fromkeys([*old.modules, *new.modules])
                if old.modules.get(name) != new.modules.get(name)
            ]
            found.append(f"{new.node.name}: {', '.join(names)}")
        return found

    def _distinct(self) -> list[dict[bytes, str]]:
        """The lists that were read, those that are one and the same object once."""
        found = {id(listing.modules): listing.modules for listing in self.listings}
        return [modules for modules in found.values() if modules is not None]


def survey(
    cluster: Target, nodes: Iterable[Endpoint] | None = None, *, timeout: float | None = None
) -> Survey:
    """Ask every node of ``cluster`` (or just ``nodes``) what it lists. Never raises for a node.

    ``timeout`` is the time in seconds that a node has; the cluster's if it is not given.
    """
    answers = cluster.each([cluster.list_command()], nodes=nodes, timeout=timeout)
    found = Survey(cluster.listings(answers), cluster.noun)
    if nodes is None and found.read:
        read = [listing.node.address for listing in found.listings if listing.read]
        seen_names.note(cluster.noun, cluster.name, read, found.names())
    return found


def coverage(read: int, asked: int) -> str:
    """Of how many nodes something is known, to stand behind ``on``: ``3 nodes``, ``the 2 of 3 nodes that were read``."""
    whole = f"{asked} node{'' if asked == 1 else 's'}"
    return whole if read == asked else f"the {read} of {whole} that {'was' if read == 1 else 'were'} read"


def covered(note: str, read: int, asked: int) -> str:
    """``note`` about nodes, with how many of them it is about where not all were read."""
    if not read:
        return unknown(asked)
    return note if read == asked else f"{note} on {coverage(read, asked)}".strip()


def unknown(asked: int) -> str:
    """What is said instead of any summary where no node was read."""
    return f"nothing is known: none of {asked} node{'' if asked == 1 else 's'} could be read"
