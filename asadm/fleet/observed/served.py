"""Compares what every node serves with what it lists: finds damaged files.

A node lists the hash that its cluster agreed on, and serves its own file; the two differ where that file was damaged or
edited. Each version is read from one node first, so that its size is known; then all nodes that list it are read, as
many at a time as the memory allows.
"""

from __future__ import annotations

from asadm.fleet.observed.fetch import ModuleFetcher
from asadm.fleet.observed.node_progress import ModuleChange, NodeProgress
from asadm.fleet.observed.verify import verify
from asinfo.text import plural

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.observed.survey import Survey
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint


class ServedModules:
    """The result of reading every module from every node.

    ``damaged``  module, nodes, and what is wrong with what they serve
    ``silent``   why a node that listed its modules did not let them be read
    ``marked``   nodes by module that hold the marker version of a repair
    """

    def __init__(self, cluster: Target, survey: Survey) -> None:
        """Read it all. Raises KeyboardInterrupt."""
        self.damaged: list[tuple[bytes, list[Endpoint], str]] = []
        self.silent: dict[Endpoint, str] = {}
        self.marked: dict[bytes, list[Endpoint]] = {}
        self._noun = cluster.noun
        for items in self._rounds(cluster, survey):
            states = [NodeProgress(listing, items) for listing in survey.listings]
            verify(cluster, items, states)
            for state in states:
                self._judge(state)

    @property
    def complete(self) -> bool:
        """Whether every node that was asked let its modules be read."""
        return not self.silent

    def wrong(self) -> dict[bytes, set[Endpoint]]:
        """The nodes that do not serve what they list, by module."""
        found: dict[bytes, set[Endpoint]] = {}
        for name, nodes, _ in self.damaged:
            found.setdefault(name, set()).update(nodes)
        return found

    def _judge(self, state: NodeProgress) -> None:
        for name, cell in state.cells.items():
            if cell.status == "unverified":
                self.damaged.append((name, [state.node], cell.error))
            elif cell.error:
                self.silent.setdefault(state.node, cell.error)

    def _rounds(self, cluster: Target, survey: Survey) -> list[list[ModuleChange]]:
        """Every version of every module that a node lists, no two of one module in one round."""
        wanted: dict[tuple[bytes, str], list[Endpoint]] = {}
        for listing in survey.listings:
            for name, hash_ in (listing.modules or {}).items():
                wanted.setdefault((name, hash_), []).append(listing.node)
        versions: dict[bytes, list[ModuleChange]] = {}
        fetcher = ModuleFetcher(cluster)
        for (name, hash_), found in fetcher.each(wanted):
            if found.content is None:
                self._unread(fetcher, name, wanted[name, hash_], found.reason, silent=found.silent)
                continue
            versions.setdefault(name, []).append(ModuleChange(name, found.content, found.hash))
            if cluster.leftovers.original(found.content) is not None:
                self.marked.setdefault(name, []).extend(wanted[name, hash_])
        most = max(map(len, versions.values()), default=0)
        return [
            [items[number] for items in versions.values() if number < len(items)] for number in range(most)
        ]

    def _unread(
        self, fetcher: ModuleFetcher, name: bytes, nodes: Sequence[Endpoint], reason: str, *, silent: bool
    ) -> None:
        """A version that no node served as it lists it: the silent ones say nothing of it, the others are wrong."""
        quiet = [node for node in nodes if silent or node.address in fetcher.silent]
        for node in quiet:
            why = fetcher.silent.get(node.address, reason)
            self.silent.setdefault(node, f"{plural(self._noun)} could not be read: {why}")
        damaged = [node for node in nodes if node not in quiet]
        if damaged:
            self.damaged.append((name, damaged, reason))
