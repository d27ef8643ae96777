"""`manage sindex create` and `manage sindex delete`: what each node lists, before and after.

A server answers ``ok`` to the removal of an index that it does not have, and to an index in a namespace that it does not have; it
renames an index when another name is given to the same definition. All that is found out before.
"""

from __future__ import annotations

from typing import NamedTuple

from asadm.tables import units
from asadm.tables.table import Column, summed
from asadm.target.aerospike.changes.telling import held, nodes_read, tell_clusters, unknown_namespace
from asadm.target.aerospike.views.asking import NAMESPACES, ask
from asadm.target.aerospike.views.indexes import LIST, figures
from asadm.target.managed_change import ItemState, ManagedChange, NodeStates
from asinfo.errors import Error
from asinfo.text import number

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.aerospike.views.asking import NodeInfo
    from asadm.target.managed_change import Told
    from asinfo.dialogue import Endpoint

READY = "RW"
"""The state of an index that answers queries."""
TYPES = ("numeric", "string", "blob", "geo2dsphere", "integer")
COLLECTIONS = ("list", "mapkeys", "mapvalues")

KEYS = Column("keys", "Keys", units.COUNT, total=summed("keys"), detail=2)
ENTRIES = Column("entries", "Entries", units.COUNT, total=summed("entries"), detail=3)


class IndexDefinition(NamedTuple):
    """An index as a command line gives it; ``path`` and ``expression`` are in base64."""

    namespace: str
    name: str
    set: str = ""
    bin: str = ""
    type: str = ""
    collection: str = ""
    path: str = ""
    expression: str = ""

    def command(self) -> str:
        """The command that makes it."""
        fields = {
            "indexname": self.name, "namespace": self.namespace, "set": self.set, "bin": self.bin, "type": self.type,
            "indextype": self.collection, "context": self.path, "exp": self.expression,
        }  # fmt: skip
        return "sindex-create:" + ";".join(f"{name}={value}" for name, value in fields.items() if value)

    def same(self, listed: dict[str, str]) -> bool:
        """Whether a node lists it so. What it says of contexts and expressions is not what it was told, so just whether there are any counts."""
        own = (
            self.set,
            self.bin,
            self.type,
            self.collection or "default",
            bool(self.path),
            bool(self.expression),
        )
        said = {name: "" if value == "null" else value for name, value in listed.items()}
        theirs = (
            said.get("set", ""), said.get("bin", ""), said.get("type", "").lower(), said.get("indextype", "default").lower(),
            bool(said.get("context")), bool(said.get("exp")),
        )  # fmt: skip
        return own == theirs


class IndexChange(ManagedChange):
    """What creating and deleting have in common: the index is looked for on every node."""

    action = "sindex"

    def __init__(self, cluster: AerospikeCluster, index: IndexDefinition) -> None:
        self.cluster = cluster
        self.index = index
        self.word = index.name
        self._found: list[NodeInfo] = []

    def listed(self, info: NodeInfo) -> dict[str, dict[str, str]]:
        """The indexes of the namespace that a node lists, by name."""
        return {
            entry.get("indexname", ""): entry
            for entry in info.entries(LIST)
            if entry.get("ns") == self.index.namespace
        }

    def statistics(self) -> str:
        """The command for the figures of the index."""
        return figures(self.index.namespace, self.index.name)

    def read(self) -> NodeStates:
        """The state of the index on every node."""

        def follow(info: NodeInfo) -> list[str]:
            return [self.statistics()] if self.index.name in self.listed(info) else []

        self._found = ask(self.cluster, [NAMESPACES, LIST], follow)
        return NodeStates([self._state(info) for info in self._found], [info.answer for info in self._found])

    def _state(self, info: NodeInfo) -> ItemState:
        entry = self.listed(info).get(self.index.name)
        if entry is None:
            return ItemState(info.answer, None)
        figures = info.fields(self.statistics())
        entries, per_value = number(figures.get("entries", "")), number(figures.get("entries_per_bval", ""))
        keys = round(entries / per_value) if entries and per_value else entries
        return ItemState(info.answer, entry.get("state", "listed"), facts={"keys": keys, "entries": entries})

    @property
    def infos(self) -> list[NodeInfo]:
        """The nodes that were read."""
        return [info for info in self._found if info.good]

    def check(self, _seen: NodeStates) -> None:
        """Raises Error for an unknown namespace."""
        reason = unknown_namespace(self.index.namespace, [set(info.namespaces) for info in self.infos])
        if reason:
            raise Error(reason)

    def what(self) -> dict[str, Any]:
        """For the history."""
        return {"do": self.do, **{name: value for name, value in self.index._asdict().items() if value}}

    do = ""


class IndexCreation(IndexChange):
    """The index is to be on all nodes."""

    do = "create"

    def __init__(self, cluster: AerospikeCluster, index: IndexDefinition) -> None:
        super().__init__(cluster, index)
        self.name = f"sindex create {index.namespace} {index.name}"
        self.title = f"Index {index.name} on {_subject(index)}"

    def check(self, seen: NodeStates) -> None:
        """Raises Error for an unknown namespace, a name that is taken, and an index that would be renamed."""
        super().check(seen)
        for info in self.infos:
            for name, entry in self.listed(info).items():
                same = self.index.same(entry)
                if name == self.index.name and not same:
                    raise Error(
                        f"{info.answer.node.name} has an index {name!r} with another definition "
                        f"({_described(entry)}): delete it first; nothing was sent"
                    )
                if name != self.index.name and same and not (self.index.path or self.index.expression):
                    raise Error(
                        f"{info.answer.node.name} has that index as {name!r}, which would be renamed; nothing was sent"
                    )

    def wanted(self, state: ItemState) -> str | None:
        """To be listed."""
        return READY if state.answer.good and state.value is None else None

    def tell(self, states: Sequence[ItemState], groups: Sequence[Sequence[Endpoint]]) -> Told:
        """One node of each cluster."""
        return tell_clusters(self.cluster, states, groups, self.index.command())

    def afterwards(self, after: Sequence[ItemState]) -> str:
        """Whether it answers queries yet."""
        if all(state.value in {None, READY} for state in after):
            return ""
        return "WO: it is being built, and answers no query until it is RW ('show sindex' tells)"

    def followed(self, _before: ItemState, after: ItemState) -> bool:
        """Listed: building it may take long."""
        return after.value is not None


class IndexDeletion(IndexChange):
    """The index is to be on no node."""

    do = "delete"
    asks = True
    columns = (KEYS, ENTRIES)

    def __init__(self, cluster: AerospikeCluster, index: IndexDefinition) -> None:
        super().__init__(cluster, index)
        self.name = f"sindex delete {index.namespace} {index.name}"
        self.title = f"Delete index {index.name} of {index.namespace}"

    def check(self, seen: NodeStates) -> None:
        """Raises Error for a namespace and an index that no node has, and for one of another set."""
        super().check(seen)
        if not self.infos:
            return
        lists = [self.listed(info) for info in self.infos]
        found = [listed[self.index.name] for listed in lists if self.index.name in listed]
        if not found:
            raise Error(_unknown(self.index, sorted({name for listed in lists for name in listed})))
        sets = {entry.get("set", "null") for entry in found}
        if self.index.set and self.index.set not in sets:
            where = ", ".join("no set" if name == "null" else name for name in sorted(sets))
            raise Error(
                f"the index {self.index.name!r} is on {where}, not on {self.index.set}; nothing was sent"
            )

    def wanted(self, state: ItemState) -> str | None:
        """To be gone."""
        return "gone" if state.value is not None else None

    def kept(self, _state: ItemState) -> tuple[str, bool]:
        """It never was there."""
        return "has no such index", True

    def tell(self, states: Sequence[ItemState], groups: Sequence[Sequence[Endpoint]]) -> Told:
        """One node of each cluster."""
        of_set = f";set={self.index.set}" if self.index.set else ""
        command = f"sindex-delete:namespace={self.index.namespace}{of_set};indexname={self.index.name}"
        return tell_clusters(self.cluster, states, groups, command)

    def followed(self, _before: ItemState, after: ItemState) -> bool:
        """Listed no more."""
        return after.value is None

    def question(self, pending: Sequence[ItemState], seen: NodeStates) -> str:
        """What is lost."""
        keys, entries = held(pending, "keys"), held(pending, "entries")
        return (
            f"Delete the index {self.index.name} of {self.index.namespace}? "
            f"It has {keys} keys for {entries} records on {nodes_read(seen)}; "
            "queries that use it fail from then on, and building it anew takes as long as it did."
        )


def _subject(index: IndexDefinition) -> str:
    place = f"{index.namespace}.{index.set}" if index.set else index.namespace
    return f"{index.bin} of {place}" if index.bin else place


def _described(entry: dict[str, str]) -> str:
    return ", ".join(
        f"{name} {entry[name]}"
        for name in ("set", "bin", "type", "indextype", "context", "exp")
        if entry.get(name, "null") not in {"null", "default"}
    )


def _unknown(index: IndexDefinition, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(index.name, known, n=1)
    rest = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known) or 'none'}"
    return f"no node has an index {index.name!r} in {index.namespace}: {rest}; nothing was sent"
