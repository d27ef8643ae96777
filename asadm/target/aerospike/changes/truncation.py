"""`manage truncate`: the records of a set or a namespace go, up to a moment, and `undo`.

A server answers ``ok`` for a namespace that it does not have, so names are looked for before. What it has taken shows as the moment
up to which it removes records (``truncate_lut``); removing them takes its time after that.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from asadm.tables import units
from asadm.tables.table import Column, summed
from asadm.target.aerospike.changes.telling import held, nodes_read, tell_clusters, unknown_namespace
from asadm.target.aerospike.views.asking import NAMESPACES, ask
from asadm.target.aerospike.views.namespaces import statistics
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

EPOCH = datetime(2010, 1, 1, tzinfo=UTC)
"""From which nodes count milliseconds."""

RECORDS = Column("records", "Records", units.COUNT, total=summed("records"), detail=2)
"""With copies: what each node holds of the set, or of the namespace."""


class TruncationChange(ManagedChange):
    """``set`` (empty: all) of ``namespace`` loses what was last updated before ``moment`` (nanoseconds since 1970; None: now)."""

    action = "truncate"
    asks = True
    columns = (RECORDS,)

    def __init__(self, cluster: AerospikeCluster, namespace: str, set_: str, moment: int | None) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.set = set_
        self.moment = moment
        self.word = set_ or namespace
        self.subject = f"set {set_} of namespace {namespace}" if set_ else f"namespace {namespace}"
        self.name = f"truncate {namespace}{' ' + set_ if set_ else ''}"
        self.title = f"Truncate {self.subject}" + (
            f", before {_time(_marked(moment))}" if moment is not None else ""
        )
        self.note = (
            "Records go in the background: 'info set' and 'info namespace object' tell how many are left"
        )
        self._found: list[NodeInfo] = []

    def read(self) -> NodeStates:
        """Records and mark of each node."""
        commands = [NAMESPACES, statistics(self.namespace)]
        commands += [self._of_set] if self.set else []
        self._found = ask(self.cluster, commands)
        return NodeStates([self._state(info) for info in self._found], [info.answer for info in self._found])

    @property
    def _of_set(self) -> str:
        return f"sets/{self.namespace}/{self.set}"

    def figures(self, info: NodeInfo) -> dict[str, str]:
        """What a node tells of the set, or of the namespace."""
        if not self.set:
            return info.fields(statistics(self.namespace))
        entries = info.entries(self._of_set)
        return entries[0] if entries else {}

    def _state(self, info: NodeInfo) -> ItemState:
        figures = self.figures(info)
        mark = number(figures.get("truncate_lut", "")) or 0
        facts = {"records": number(figures.get("objects", "")), "mark": mark}
        return ItemState(info.answer, _time(mark) if mark else None, facts=facts)

    def check(self, _seen: NodeStates) -> None:
        """Raises Error for a namespace and a set that no node has."""
        read = [info for info in self._found if info.good]
        if reason := unknown_namespace(self.namespace, [set(info.namespaces) for info in read]):
            raise Error(reason)
        if self.set and read and not any(map(self.figures, read)):
            raise Error(
                f"no node has a set {self.set!r} in {self.namespace}: 'info set' lists them; nothing was sent"
            )

    def wanted(self, state: ItemState) -> str | None:
        """A later mark, where the node knows the set."""
        if not state.answer.good or state.facts["records"] is None:
            return None
        if self.moment is None:
            return "now"
        wanted = _marked(self.moment)
        return _time(wanted) if _mark(state) < wanted else None

    def kept(self, state: ItemState) -> tuple[str, bool]:
        """An earlier truncation went further, or there is nothing to remove."""
        return "has no record of it" if state.facts["records"] is None else "has it already", True

    def tell(self, states: Sequence[ItemState], groups: Sequence[Sequence[Endpoint]]) -> Told:
        """One node of each cluster."""
        moment = f";lut={self.moment}" if self.moment is not None else ""
        return tell_clusters(self.cluster, states, groups, self._order() + moment)

    def _order(self, undo: str = "") -> str:
        """The command, of the set or of the namespace; ``undo`` goes on with its name."""
        if self.set:
            return f"truncate{undo}:namespace={self.namespace};set={self.set}"
        return f"truncate-namespace{undo}:namespace={self.namespace}"

    def followed(self, before: ItemState, after: ItemState) -> bool:
        """Whether the mark has moved as far as wanted."""
        if self.moment is None:
            return _mark(after) > _mark(before)
        return _mark(after) >= _marked(self.moment)

    def question(self, pending: Sequence[ItemState], seen: NodeStates) -> str:
        """What is lost."""
        copies = held(pending, "records")
        when = "" if self.moment is None else f" that were last updated before {_time(_marked(self.moment))}"
        return (
            f"Truncate {self.subject}? Up to {self._masters(copies)} records{when} are lost "
            f"({copies} with their copies, on {nodes_read(seen)}). "
            "They do not come back."
        )

    def _masters(self, copies: int) -> int:
        """Records without ``copies``: the masters of a namespace; of a set what there is, shared by how often each is kept."""
        figures = [info.fields(statistics(self.namespace)) for info in self._found if info.good]
        if not self.set:
            return sum(number(each.get("master_objects", "")) or 0 for each in figures)
        factors = [number(each.get("effective_replication_factor", "")) or 1 for each in figures]
        return round(copies / max(factors, default=1))

    def what(self) -> dict[str, Any]:
        """For the history."""
        return {"do": self.do, "namespace": self.namespace, "set": self.set, "lut": self.moment}

    do = "truncate"


class TruncationUndo(TruncationChange):
    """The mark goes; what has not been removed yet is there again."""

    do = "undo"
    asks = False
    nothing = "no node has a truncation to undo"

    def __init__(self, cluster: AerospikeCluster, namespace: str, set_: str) -> None:
        super().__init__(cluster, namespace, set_, None)
        self.title = f"Undo the truncation of {self.subject}"
        self.name += " undo"
        self.note = "Only records that were not removed yet, and are read from disk at a restart, come back"

    def wanted(self, state: ItemState) -> str | None:
        """No mark."""
        return "undone" if state.value is not None else None

    def kept(self, _state: ItemState) -> tuple[str, bool]:
        """There never was one."""
        return "has no truncation", True

    def tell(self, states: Sequence[ItemState], groups: Sequence[Sequence[Endpoint]]) -> Told:
        """One node of each cluster."""
        return tell_clusters(self.cluster, states, groups, self._order("-undo"))

    def followed(self, _before: ItemState, after: ItemState) -> bool:
        """Whether it is gone."""
        return after.value is None


def _mark(state: ItemState) -> int:
    """The mark of a node, 0 for none."""
    mark = state.facts.get("mark")
    return mark if isinstance(mark, int) else 0


def _marked(nanoseconds: int) -> int:
    """The mark that a node makes of a moment."""
    return nanoseconds // 1_000_000 - round(EPOCH.timestamp() * 1000)


def _time(mark: int) -> str:
    """A mark in UTC, to the second."""
    try:
        moment = EPOCH + timedelta(milliseconds=mark)
    except OverflowError:
        return f"{mark} ms after 2010"
    return moment.isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")
