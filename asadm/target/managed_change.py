"""What a change of nodes is that is none of modules: a parameter, an index, a truncation, queries that are stopped.

`asadm.fleet.change.managed` carries it out; a target says what is read and sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asadm.outcome import NodeAnswer
    from asadm.tables.table import Column, Value
    from asinfo.dialogue import Endpoint

    Told = Mapping[int, NodeAnswer]
    """What came of telling a node: by the identity of the `ItemState` that it is about."""


class ItemState:
    """What one node has: ``value`` of the ``item`` (empty where a node has only one), and further ``facts`` by column.

    ``value`` is None where there is no such thing, and where the node was not read, which ``answer`` tells.
    """

    __slots__ = ("answer", "facts", "item", "value")

    def __init__(
        self,
        answer: NodeAnswer,
        value: str | None,
        item: str = "",
        facts: Mapping[str, Value] | None = None,
    ) -> None:
        self.answer = answer
        self.value = value
        self.item = item
        self.facts = facts or {}

    @property
    def node(self) -> Endpoint:
        """Whose state it is."""
        return self.answer.node

    @property
    def key(self) -> tuple[str, str]:
        """The same for two looks at the same thing."""
        return self.node.address, self.item


class NodeStates:
    """One look at all nodes."""

    def __init__(self, states: Sequence[ItemState], answers: Sequence[NodeAnswer]) -> None:
        self.states = list(states)
        self.answers = list(answers)

    def changes(self, now: NodeStates) -> list[str]:
        """What is otherwise ``now``, a line a node."""
        before = {state.key: state for state in self.states if state.answer.good}
        return [
            f"{state.node.name}: {shown(before[state.key].value)} is now {shown(state.value)}"
            for state in now.states
            if state.answer.good and state.key in before and before[state.key].value != state.value
        ]


def shown(value: str | None) -> str:
    """A value in a sentence."""
    return "nothing" if value is None else value or "''"


class ManagedChange(Protocol):
    """What is to be changed: four questions that every change answers, and others that have a usual answer.

    ``cluster``  the nodes that are asked
    ``action``   for the history, ``name`` stands there where others have the module
    ``title``    of the table
    ``keys``     columns of facts that tell the items of a node apart, ``columns`` of other facts
    ``asks``     whether something is lost, so that a person has to confirm it; ``word`` is what has to be typed then
    ``note``     below the table after a change; ``nothing`` is said where there is nothing to show
    ``secret``   values are not written into the history
    ``at_once``  a node that has answered has the change, or will never have it
    ``undoes``   the run of the history that is taken back, and ``history_note`` what stands there beside words of the user
    """

    cluster: Any  # a target of the kind that the change is for
    action: str = ""
    name: str = ""
    title: str = ""
    keys: Sequence[Column] = ()
    columns: Sequence[Column] = ()
    asks: bool = False
    word: str = ""
    note: str = ""
    nothing: str = ""
    secret: bool = False
    at_once: bool = False
    undoes: str | None = None
    history_note: str = ""

    def read(self) -> NodeStates:
        """Ask the nodes."""

    def check(self, seen: NodeStates) -> None:
        """Raises Error for what no node knows: nothing is sent then."""

    def wanted(self, state: ItemState) -> str | None:
        """What ``state`` is to become; None where it stays."""

    def kept(self, _state: ItemState) -> tuple[str, bool]:
        """Why ``state`` stays, and whether that is well."""
        return "has it already", True

    def tell(self, states: Sequence[ItemState], groups: Sequence[Sequence[Endpoint]]) -> Told:
        """Tell the nodes of ``states``, or one of each cluster in ``groups``."""

    def followed(self, before: ItemState, after: ItemState) -> bool:
        """Whether ``after`` is what was wanted."""

    def question(self, _pending: Sequence[ItemState], _seen: NodeStates) -> str:
        """For the terminal."""
        return ""

    def afterwards(self, _after: Sequence[ItemState]) -> str:
        """What is to be said below the table where a node has the change."""
        return self.note

    def summary(self, _pending: Sequence[ItemState]) -> str:
        """A few words for the table of the history."""
        return ""

    def what(self) -> dict[str, Any]:
        """The description for the history."""
        return {}
