"""`manage jobs kill`: queries are stopped on the nodes where they run."""

from __future__ import annotations

from asadm.tables import units
from asadm.tables.table import Column
from asadm.target.aerospike.views.asking import ask
from asadm.target.managed_change import ItemState, ManagedChange, NodeStates
from asinfo.errors import Error
from asinfo.text import number

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from asadm.outcome import NodeAnswer
    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.managed_change import Told
    from asinfo.dialogue import Endpoint

SHOW = "query-show"
RUNNING = "active(ok)"
GONE = "gone"

ID = Column("id", "ID")
COLUMNS = (
    Column("namespace", "Namespace", detail=3),
    Column("set", "Set", detail=5),
    Column("type", "Type", detail=2),
    Column("progress", "Progress", units.PERCENT, detail=4),
)


class QueryAbort(ManagedChange):
    """The queries ``ids`` are to stop on every node; None: all that run."""

    action = "jobs"
    asks = True
    keys = (ID,)
    columns = COLUMNS

    def __init__(self, cluster: AerospikeCluster, ids: Sequence[str] | None) -> None:
        self.cluster = cluster
        self.ids = ids
        what = "all queries" if ids is None else ", ".join(ids)
        self.name = f"jobs kill {what}"
        self.title = f"Kill {what}"
        self.nothing = "no query runs on any node that was read"
        self._picked: dict[tuple[str, str], ItemState] = {}

    def read(self) -> NodeStates:
        """The queries that are meant, on every node; one that was there and is no more is gone."""
        states: list[ItemState] = []
        found = ask(self.cluster, [SHOW])
        for info in found:
            if not info.good:
                states.append(ItemState(info.answer, None))
                continue
            listed = {}
            for entry in info.entries(SHOW):
                state = _state(info.answer, entry)
                if self._meant(state):
                    listed[state.key] = self._picked[state.key] = state
            states += listed.values()
            states += [
                ItemState(info.answer, GONE, old.item, old.facts)
                for key, old in self._picked.items()
                if old.node == info.answer.node and key not in listed
            ]
        return NodeStates(states, [info.answer for info in found])

    def _meant(self, state: ItemState) -> bool:
        if self.ids is not None:
            return state.item in self.ids
        return state.value == RUNNING or state.key in self._picked

    def check(self, seen: NodeStates) -> None:
        """Raises Error for an id that no node knows."""
        known = {state.item for state in seen.states}
        unknown = [each for each in self.ids or () if each not in known]
        read = sum(answer.good for answer in seen.answers)
        if unknown and read:
            where = "no node" if read == len(seen.answers) else f"none of the {read} nodes that were read"
            raise Error(f"{where} knows a query {', '.join(unknown)}; nothing was sent")

    def wanted(self, state: ItemState) -> str | None:
        """To run no more."""
        return "aborted" if state.value == RUNNING else None

    def kept(self, _state: ItemState) -> tuple[str, bool]:
        """It ended before."""
        return "does not run any more", True

    def tell(self, states: Sequence[ItemState], _groups: Sequence[Sequence[Endpoint]]) -> Told:
        """Each node its own queries."""
        running: dict[Endpoint, list[ItemState]] = {}
        for state in states:
            running.setdefault(state.node, []).append(state)
        answers = self.cluster.ask([(node, self._orders(own)) for node, own in running.items()])
        return {
            id(state): answer for own, answer in zip(running.values(), answers, strict=True) for state in own
        }

    def _orders(self, own: Sequence[ItemState]) -> tuple[bytes, ...]:
        """The commands for a node and its queries."""
        if self.ids is None:
            return (b"query-abort-all:",)
        return tuple(f"query-abort:trid={state.item}".encode() for state in own)

    def followed(self, _before: ItemState, after: ItemState) -> bool:
        """Whether it was told to stop, or ended."""
        return after.value != RUNNING

    def question(self, pending: Sequence[ItemState], _seen: NodeStates) -> str:
        """What is stopped."""
        nodes = len({state.node for state in pending})
        return (
            f"Stop {len(pending)} quer{'y' if len(pending) == 1 else 'ies'} on {nodes} node{'' if nodes == 1 else 's'}? "
            "Records that a background query has changed stay changed."
        )

    def what(self) -> dict[str, Any]:
        """For the history."""
        return {"do": "kill", "ids": list(self.ids) if self.ids is not None else "all"}


def _state(answer: NodeAnswer, entry: dict[str, str]) -> ItemState:
    identity = entry.get("trid", "")
    facts = {
        "id": identity,
        "namespace": entry.get("ns"),
        "set": entry.get("set"),
        "type": entry.get("job-type"),
        "progress": number(entry.get("job-progress", "").partition(".")[0]),
    }
    return ItemState(answer, entry.get("status", ""), identity, facts)
