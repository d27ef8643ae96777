"""Results that a target reads out of the answers of nodes. Plain classes: `typing` costs as much as a whole run of the tool."""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

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


class NodeFault:
    """A fault of a ``node`` as a whole: its ``kind`` in one word, and ``detail`` for a person."""

    __slots__ = ("detail", "kind", "node")

    def __init__(self, kind: str, node: Endpoint, detail: str) -> None:
        self.kind = kind
        self.node = node
        self.detail = detail


UNKNOWN = "unknown"
"""The `NodeRole` of a node that did not tell it, and of which no other told it."""


class NodeRole:
    """The role of a node among others, as it or they tell it; only targets of which some nodes follow others have it.

    ``kind``     ``primary`` takes changes and passes them on, ``replica`` follows its primary; or `UNKNOWN`
    ``primary``  the address of the primary of a replica; empty for a primary, and where it is not known
    ``flags``    what the others say of it: ``fail``, ``fail?``, ``handshake``, ``noaddr`` and so on
    ``slots``    how many slots of keys it serves; 0 where there are none
    ``link``     the state of the link to it, or of a replica to its primary: ``connected`` when all is well
    ``offset``   how much of the stream of changes it has, in bytes; 0 where that is not known
    ``product``, ``version``  of its server; empty where it did not tell them
    ``clustered``  whether it said itself that it is a node of a cluster that shares slots
    """

    __slots__ = ("clustered", "flags", "kind", "link", "offset", "primary", "product", "slots", "version")

    def __init__(
        self,
        kind: str = UNKNOWN,
        primary: str = "",
        *,
        flags: Sequence[str] = (),
        slots: int = 0,
        link: str = "",
    ) -> None:
        self.kind = kind
        self.primary = primary
        self.flags = tuple(flags)
        self.slots = slots
        self.link = link
        self.offset = 0
        self.product = ""
        self.version = ""
        self.clustered = False

    def facts(self) -> dict[str, object]:
        """The same for JSON; null for what is not known."""
        return {
            "role": self.kind,
            "primary": self.primary or None,
            "product": self.product or None,
            "version": self.version or None,
            "slots": self.slots,
            "flags": list(self.flags),
            "link": self.link or None,
            "offset": self.offset,
        }

    @property
    def takes_changes(self) -> bool:
        """Whether it is a primary."""
        return self.kind == "primary"
