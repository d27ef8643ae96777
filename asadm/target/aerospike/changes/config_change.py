"""`manage config`: one parameter gets a value on every node, and `manage config rollback`: each node gets back what it had."""

from __future__ import annotations

from asadm.target.aerospike.changes.dynamic_parameter import SET_PARAMETERS
from asadm.target.aerospike.views.asking import ask
from asadm.target.managed_change import ItemState, ManagedChange, NodeStates, shown
from asinfo.errors import Error

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from asadm.target.aerospike.changes.dynamic_parameter import DynamicParameter
    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.aerospike.views.asking import NodeInfo
    from asadm.target.managed_change import Told
    from asinfo.dialogue import Endpoint

FORMER_MAX = 3
"""Former values in the table of the history, where nodes had several."""

FORGOTTEN = "A restart forgets it. To keep it, write into the configuration file of each node: "


class ConfigChange(ManagedChange):
    """``parameter`` is to be ``value`` on all nodes of ``cluster``.

    ``new_set``  the set need not exist yet
    """

    action = "config"
    at_once = True

    def __init__(
        self, cluster: AerospikeCluster, parameter: DynamicParameter, value: str, *, new_set: bool = False
    ) -> None:
        self.cluster = cluster
        self.parameter = parameter
        self.value = value
        self.new_set = new_set
        self.name = f"{parameter.place} {parameter.name}"
        self.title = f"{self.name} to {value}"
        self.secret = parameter.secret
        self._infos: dict[str, NodeInfo] = {}

    def read(self) -> NodeStates:
        """What each node has."""
        follow = self.parameter.follow if self.parameter.context == "logging" else None
        found = ask(self.cluster, self.parameter.commands(), follow)
        self._infos = {info.answer.node.address: info for info in found}
        states = [
            ItemState(info.answer, self.parameter.known(info).get(self.parameter.name)) for info in found
        ]
        return NodeStates(states, [info.answer for info in found])

    def check(self, seen: NodeStates) -> None:
        """Raises Error where no node that was read has such a parameter."""
        read = [info for info in self._infos.values() if info.good]
        if not read:
            return
        known = any(state.value is not None for state in seen.states if state.answer.good)
        if not known and (reason := self._reason(read)):
            raise Error(f"{reason}; nothing was sent")
        self.note = FORGOTTEN + self.parameter.section(read[0], "..." if self.secret else self.value)

    def _reason(self, read: Sequence[NodeInfo]) -> str:
        """Why no node has it; empty where the set may be new."""
        parameter = self.parameter
        spaces = {name for info in read for name in info.namespaces}
        refused = next((reason for info in read if (reason := info.error(parameter.commands()[-1]))), None)
        if parameter.namespace and spaces and parameter.namespace not in spaces:
            return f"no node has a namespace {parameter.namespace!r}: there are {', '.join(sorted(spaces))}"
        if refused:
            return f"{parameter.place}: {refused}"
        if parameter.context == "logging" and parameter.file and not any(map(parameter.sinks, read)):
            return f"no node logs to {parameter.file!r}: asinfo -v logs tells the files of each"
        known = sorted({name for info in read for name in parameter.known(info)})
        if parameter.set and not known:
            return self._new_set()
        return _unknown(parameter, known)

    def _new_set(self) -> str:
        if self.parameter.name not in SET_PARAMETERS:
            return _unknown(self.parameter, sorted(SET_PARAMETERS))
        if self.new_set:
            return ""
        return f"no node has a set {self.parameter.set!r} in {self.parameter.namespace}; --new-set sets it up all the same"

    def wanted(self, state: ItemState) -> str | None:
        """The value, where the node has another. A set that one node knows is told to those that have no record of it yet."""
        if not state.answer.good or self.parameter.same(state.value, self.value):
            return None
        return self.value if state.value is not None or self.parameter.set else None

    def kept(self, state: ItemState) -> tuple[str, bool]:
        """It has it already, or knows no such parameter."""
        if state.value is None:
            return "left: the node has no such parameter", False
        return super().kept(state)

    def tell(self, states: Sequence[ItemState], _groups: Sequence[Sequence[Endpoint]]) -> Told:
        """Each node by itself: nodes do not pass configuration on."""
        asks = [
            (
                state.node,
                tuple(self.parameter.orders(self._infos[state.node.address], self.wanted(state) or "")),
            )
            for state in states
        ]
        return {id(state): answer for state, answer in zip(states, self.cluster.ask(asks), strict=True)}

    def followed(self, before: ItemState, after: ItemState) -> bool:
        """Whether the node has the value, in whatever words."""
        return self.parameter.same(after.value, self.wanted(before))

    def summary(self, pending: Sequence[ItemState]) -> str:
        """The value, and what it was."""
        former = list(dict.fromkeys(shown(state.value) for state in pending))
        was = ", ".join(former[:FORMER_MAX]) + (
            f" and {len(former) - FORMER_MAX} more" if len(former) > FORMER_MAX else ""
        )
        return f"to {self.value}, was {was}" if former else f"to {self.value}"

    def what(self) -> dict[str, Any]:
        """For the history."""
        value = {} if self.secret else {"value": self.value}
        return {**self.parameter.what(), **value}


class ConfigRollback(ConfigChange):
    """Each node gets back what it ``had`` before a ``change`` (before and after it, by address; ``when`` in words says more of it).

    One that was changed since is left, unless ``force``.
    """

    asks = True

    def __init__(
        self,
        cluster: AerospikeCluster,
        parameter: DynamicParameter,
        had: Mapping[str, Mapping[str, str | None]],
        *,
        change: int,
        when: str,
        force: bool,
    ) -> None:
        super().__init__(cluster, parameter, "")
        self.had = had
        self.force = force
        self._former = f"before change {change}{when}"
        self.title = f"{self.name} as {self._former}"
        self.history_note = f"undoes change {change}"

    def check(self, seen: NodeStates) -> None:
        """As for a change; what a file has to say is not known."""
        super().check(seen)
        self.note = "A restart takes the value of the configuration file"

    def wanted(self, state: ItemState) -> str | None:
        """What the node had, where it still has what the change gave it."""
        had = self.had.get(state.node.address)
        if had is None or not state.answer.good:
            return None
        former = had.get("before")
        if former is None or self.parameter.same(state.value, former):
            return None
        return former if self.force or self._as_changed(state) else None

    def _as_changed(self, state: ItemState) -> bool:
        return self.parameter.same(state.value, self.had[state.node.address].get("after"))

    def kept(self, state: ItemState) -> tuple[str, bool]:
        """Why it is left."""
        had = self.had.get(state.node.address)
        if had is None:
            return "left: that change was not about it", True
        former = had.get("before")
        if former is None:
            return "left: what it had before is not known", False
        if self.parameter.same(state.value, former):
            return "has it already", True
        return f"left: it has {shown(state.value)} since; --force gives it {former}", False

    def question(self, pending: Sequence[ItemState], _seen: NodeStates) -> str:
        """For the terminal."""
        nodes = f"{len(pending)} node{'' if len(pending) == 1 else 's'}"
        return f"Set {self.name} on {nodes} as {self._former}?"

    def summary(self, _pending: Sequence[ItemState]) -> str:
        """`history_note` says it."""
        return ""

    def what(self) -> dict[str, Any]:
        """For the history; each node's value is its own."""
        return self.parameter.what()


def _unknown(parameter: DynamicParameter, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(parameter.name, known, n=1)
    hint = f", did you mean {near[0]!r}?" if near else ""
    empty = "" if known else " (its nodes tell nothing of it: it may be for Enterprise servers only)"
    return f"no node has a parameter {parameter.name!r} in {parameter.place}{empty}{hint}"
