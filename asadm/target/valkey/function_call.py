"""Calls a function on the node that owns its keys.

    CLUSTER SLOTS at some nodes -> FUNCTION LIST of the library at the owner -> FCALL or FCALL_RO there

A node that says MOVED or ASK is followed to where it points; slots that move while they are asked for do so once or twice.
"""

from __future__ import annotations

from asadm.outcome import NodeAnswer
from asadm.target.valkey.replies import error, port_of, values
from asadm.target.valkey.topology import SEEDS
from asinfo.errors import Error, UsageError, WireError
from asinfo.exchange import Endpoint
from asinfo.text import text
from asinfo.wire.key_slot import key_slot
from asinfo.wire.resp_frame import command

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from asadm.target.valkey.cluster import ValkeyCluster

REDIRECTS_MAX = 3
"""How often a call is sent elsewhere: once since the map has changed, once more since a slot is on its way; then it goes in circles."""


class FunctionCall:
    """A function with its keys and arguments.

    ``name``       of its library
    ``content``    the text that the library must have on the node; None: whatever it has
    ``read_only``  the server refuses a function that may write
    """

    __slots__ = ("arguments", "content", "function", "keys", "name", "read_only")

    def __init__(
        self,
        name: bytes,
        function: bytes,
        keys: Sequence[bytes],
        arguments: Sequence[bytes],
        *,
        content: bytes | None,
        read_only: bool,
    ) -> None:
        self.name = name
        self.function = function
        self.keys = keys
        self.arguments = arguments
        self.content = content
        self.read_only = read_only

    @property
    def frame(self) -> bytes:
        """The command."""
        name = "FCALL_RO" if self.read_only else "FCALL"
        return command(name, self.function, len(self.keys), *self.keys, *self.arguments)

    def slot(self) -> int | None:
        """That of its keys; None without keys. Raises UsageError for keys of several slots."""
        slots = {key_slot(key): key for key in self.keys}
        if len(slots) > 1:
            names = " and ".join(repr(text(key)) for key in list(slots.values())[:2])
            raise UsageError(
                f"the keys {names} are in different slots of the cluster: a function gets keys of one slot, as {{user:1}}:name "
                "and {user:1}:age are"
            )
        return next(iter(slots), None)


def perform(cluster: ValkeyCluster, call: FunctionCall, seconds: float) -> NodeAnswer:
    """What the node that has the keys answers, the reply to the call being its only answer.

    Raises UsageError where that node cannot be told, and Error where it has no such function, or another version of the library.
    """
    node, asking = owner(cluster, call), False
    for _ in range(REDIRECTS_MAX):
        failed = _examine(cluster, node, call)
        if failed is not None:
            return failed
        frames = [command("ASKING"), call.frame] if asking else [call.frame]
        [answer] = cluster.each(frames, nodes=[node], timeout=seconds)
        del answer.answers[:-1]
        elsewhere = _redirect(answer)
        if elsewhere is None:
            break
        node, asking = _endpoint(cluster, node, *elsewhere), answer.error.startswith("ASK ")
    return answer


def owner(cluster: ValkeyCluster, call: FunctionCall) -> Endpoint:
    """The node to ask first. Raises UsageError where several could be meant, or the keys belong to several."""
    nodes = [node for node in cluster.nodes if node.role is None or node.role.takes_changes] or cluster.nodes
    if not any(node.role is not None and node.role.flags for node in nodes):
        if len(nodes) > 1 and not cluster.topology_unknown:
            raise UsageError(f"these {len(nodes)} nodes are no cluster: name one of them with --node")
        return nodes[0]  # where none could tell the topology, it says why
    slot = call.slot()
    if slot is None or len(nodes) == 1:
        return nodes[0]
    for first in range(0, len(nodes), SEEDS):
        for answer in cluster.ask_commands(nodes[first : first + SEEDS], [["CLUSTER", "SLOTS"]]):
            place = _place(answer, slot)
            if place is not None:
                return _endpoint(cluster, answer.node, *place)
    return nodes[0]  # it says why it cannot


def _place(answer: NodeAnswer, slot: int) -> tuple[str, int] | None:
    """Host and port of the primary of ``slot`` by an answer to CLUSTER SLOTS; None where it tells none."""
    if not answer.good:
        return None
    try:
        for begin, end, primary, *_ in values(answer.answer):
            if begin <= slot <= end:
                return text(primary[0] or b""), port_of(str(primary[1]))
    except (WireError, TypeError, ValueError, IndexError):
        return None
    return None


def _redirect(answer: NodeAnswer) -> tuple[str, int] | None:
    """Where ``MOVED SLOT HOST:PORT`` and ``ASK SLOT HOST:PORT`` point; None for any other answer."""
    code, _, rest = answer.error.partition(" ")
    host, colon, port = rest.partition(" ")[2].rpartition(":")
    if code not in {"MOVED", "ASK"} or not colon:
        return None
    try:
        return host, port_of(port)
    except WireError:
        return None


def _endpoint(cluster: ValkeyCluster, told_by: Endpoint, host: str, port: int) -> Endpoint:
    """The node at an address; without a host, it is that of the node that told it."""
    where = host or told_by.host, port
    known = next((node for node in cluster.nodes if (node.host, node.port) == where), None)
    return known or Endpoint(*where, tls_name=told_by.tls_name, login=told_by.login, tls=told_by.tls)


def _examine(cluster: ValkeyCluster, node: Endpoint, call: FunctionCall) -> NodeAnswer | None:
    """Whether the node has the function, in the right version: its answer where it could not tell. Raises Error."""
    [answer] = cluster.each([cluster.get_command(call.name)], nodes=[node])
    if not answer.good:
        answer.answers = []
        return answer
    name = text(call.name)
    found = _functions(answer.answer)
    if found is None:
        raise Error(f"{node.name} has no library {name!r}: 'asadm function status' lists what nodes have")
    if call.function.lower() not in {each.lower() for each in found}:
        raise Error(
            f"library {name!r} of {node.name} has no function {text(call.function)!r}: it has {', '.join(map(text, found))}"
        )
    if call.content is not None and cluster.content(answer.answer) != call.content:
        raise Error(
            f"{node.name} has another version of {name!r} than the file: send it with 'asadm function apply', or name the "
            "library instead of the file to call the one that is there"
        )
    return None


def _functions(reply: bytes) -> list[bytes] | None:
    """The names of the functions of the only library that an answer to FUNCTION LIST has; None for no library. Raises WireError."""
    libraries: list[Any] = values(reply)
    if not libraries:
        return None
    try:
        [library] = libraries
        functions = dict(zip(library[::2], library[1::2], strict=True))[b"functions"]
        return [dict(zip(each[::2], each[1::2], strict=True))[b"name"] for each in functions]
    except (TypeError, KeyError, ValueError):
        raise WireError(error(reply) or "FUNCTION LIST: the answer has another form") from None
