"""Several info commands to every node in one request, and the answers by command.

What a table needs of each namespace or index is known when the node has named them: the second request goes over the same
connection, within the same deadline.
"""

from __future__ import annotations

from asadm.outcome import NodeAnswer
from asadm.tables.node_names import named, names
from asinfo.dialogue import Endpoint
from asinfo.text import text
from asinfo.wire.info import is_error

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asadm.target.aerospike.cluster import AerospikeCluster

    Follow = Callable[["NodeInfo"], Sequence[str]]
    """The commands of the second request, made of what the node said to the first."""

NAMESPACES = "namespaces"

_NOBODY = Endpoint("")
"""Stands for the node while its second request is made, which needs only what it said."""


def in_bytes(command: str) -> bytes:
    """``command`` as a node is sent it: a word of the command line need not be UTF-8."""
    return command.encode("utf-8", "surrogateescape")


class NodeInfo:
    """What one node said: ``answer`` tells whether it spoke, ``said`` what, by command."""

    __slots__ = ("answer", "said")

    def __init__(self, answer: NodeAnswer, said: Mapping[bytes, bytes]) -> None:
        self.answer = answer
        self.said = said

    @property
    def good(self) -> bool:
        """Whether the node was read."""
        return self.answer.good

    def text(self, command: str) -> str | None:
        """The answer to ``command``; None where it was not asked, the node was not read, or it answered an error."""
        answer = self.said.get(in_bytes(command))
        return None if answer is None or is_error(answer) else text(answer)

    def error(self, command: str) -> str | None:
        """The reason for which the node refused ``command``; None where it did not."""
        answer = self.said.get(in_bytes(command))
        if answer is None or not is_error(answer):
            return None
        from asinfo.wire.failure import explain

        return explain(answer)

    def code(self, command: str) -> int | None:
        """The code of the error that the node answered to ``command``; None where it answered none, or one without a code."""
        answer = self.said.get(in_bytes(command))
        if answer is None or not is_error(answer):
            return None
        from asinfo.wire.failure import code

        return code(answer)

    def fields(self, command: str) -> dict[str, str]:
        """The ``name=value`` pairs, separated by ``;``, in the answer to ``command``; none where there is none."""
        return pairs(self.text(command) or "", ";")

    def entries(self, command: str, inner: str = ":") -> list[dict[str, str]]:
        """The answer to ``command`` where it is a list: entries are separated by ``;``, their pairs by ``inner``."""
        return [pairs(entry, inner) for entry in (self.text(command) or "").split(";") if entry]

    @property
    def namespaces(self) -> list[str]:
        """The namespaces that the node has named."""
        return [name for name in (self.text(NAMESPACES) or "").split(";") if name]


def pairs(fields: str, separator: str, equals: str = "=") -> dict[str, str]:
    """Names and values; values of a name that stands several times are joined by commas."""
    found: dict[str, str] = {}
    for field in fields.split(separator):
        name, found_equals, value = field.partition(equals)
        if found_equals:
            found[name] = f"{found[name]},{value}" if name in found else value
    return found


def ask(cluster: AerospikeCluster, commands: Sequence[str], follow: Follow | None = None) -> list[NodeInfo]:
    """Ask every node ``commands``, and then what ``follow`` makes of its answers. A node that failed is one, too."""
    first = tuple(map(in_bytes, commands))
    if follow is None:
        return [_info(answer) for answer in cluster.each(first)]

    def second(said: dict[bytes, bytes]) -> list[bytes]:
        return list(map(in_bytes, follow(NodeInfo(NodeAnswer(_NOBODY, "ok"), said))))

    return [_info(answer) for answer in cluster.follow_up(first, second)]


def _info(answer: NodeAnswer) -> NodeInfo:
    """A node that refused one of the commands (an old one, a locked one, another edition) has answered well."""
    said = dict(zip(answer.commands, answer.answers, strict=False))
    if answer.status == "error" and not all(map(is_error, answer.answers)):
        answer.status, answer.error = "ok", ""
    answer.answers, answer.commands = [], (b"",)  # tables show them
    return NodeInfo(answer, said)


def answers(found: Sequence[NodeInfo]) -> list[NodeAnswer]:
    """Whether each node spoke, in order."""
    return [each.answer for each in found]


def refusals(found: Sequence[NodeInfo], command: str) -> str:
    """For a note: nodes that were read and refused ``command``, by their reasons; empty where none did."""
    by_reason: dict[str, list[NodeAnswer]] = {}
    for each in found:
        reason = each.error(command) if each.good else None
        if reason is not None:
            by_reason.setdefault(reason, []).append(each.answer)
    return "; ".join(
        f"{named(names(nodes))} refused {command}: {reason}" for reason, nodes in by_reason.items()
    )
