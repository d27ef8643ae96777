"""Results that a target reads out of the answers of nodes. Plain classes: `typing` costs as much as a whole run of the tool."""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import NodeAnswer
    from asinfo.exchange import Endpoint

DONE = "done"
UNCONFIRMED = "unconfirmed"
REFUSED = "refused"
ABSENT = "absent"
"""Kinds of a `Judgement`."""


class SourceError:
    """A compile error of a module: ``file`` as the node names it, ``line`` from 1 (0: unknown), ``message``."""

    __slots__ = ("file", "line", "message")

    def __init__(self, file: str, line: int, message: str) -> None:
        self.file = file
        self.line = line
        self.message = message


class Judgement:
    """The meaning of one answer.

    ``kind``    ``done``; ``unconfirmed``: the node could not tell in time whether all others took the change;
                ``refused``; or ``absent``: the node was read and has no such content
    ``reason``  the target's text; empty when it is done
    ``error``   where the module does not compile, if that is the reason
    """

    __slots__ = ("error", "kind", "reason")

    def __init__(self, kind: str, reason: str = "", error: SourceError | None = None) -> None:
        self.kind = kind
        self.reason = reason
        self.error = error

    @property
    def done(self) -> bool:
        """Whether the node did what it was asked."""
        return self.kind == DONE


class LockAnswer:
    """The answer of a node that was asked for the lock of its cluster.

    ``taken``   the lock is ours
    ``holder``  who holds it otherwise, and for how many seconds at most; empty where nobody does, or there is no lock
    """

    __slots__ = ("holder", "left", "taken")

    def __init__(self, *, taken: bool = False, holder: str = "", left: str = "") -> None:
        self.taken = taken
        self.holder = holder
        self.left = left


class Listing:
    """The modules that one node lists.

    ``modules``  hash by name, in the node's order; None where the node could not be read: ``answer`` has the kind of
                 the failure and the reason. Not to be changed: nodes that list the same share one dictionary.
    """

    __slots__ = ("answer", "modules")

    def __init__(self, answer: NodeAnswer, modules: dict[bytes, str] | None) -> None:
        self.answer = answer
        self.modules = modules

    @property
    def node(self) -> Endpoint:
        """Whose list it is."""
        return self.answer.node

    @property
    def read(self) -> bool:
        """Whether the node told its modules."""
        return self.modules is not None


class NodeOverview:
    """The overview of one node: ``answer``, and ``facts`` by the keys of `asadm.commands.info_network.COLUMNS`."""

    __slots__ = ("answer", "facts")

    def __init__(self, answer: NodeAnswer, facts: dict[str, str | int | None]) -> None:
        self.answer = answer
        self.facts = facts
