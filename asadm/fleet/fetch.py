"""The content of modules, read from the nodes that list them: once a hash, however many nodes have it."""

from __future__ import annotations

from asinfo.errors import WireError
from asinfo.wire.udf import base64, content, digest

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asadm.cluster import Cluster
    from asadm.outcome import Answer
    from asinfo.exchange import Node

    Key = tuple[bytes, str]

BATCH = 32
"""Modules a node is asked for in one request: a reply may have 128 MiB, and a module 1.4."""


class Fetched:
    """What came of one module: its ``content``, or None and the ``reason``, and the ``node`` that was asked last."""

    __slots__ = ("content", "node", "reason")

    def __init__(self, node: Node, content: bytes | None, reason: str = "") -> None:
        self.node = node
        self.content = content
        self.reason = reason


def fetch(cluster: Cluster, wanted: Mapping[Key, Sequence[Node]]) -> dict[Key, Fetched]:
    """The content behind each (name, hash) of ``wanted``, from the first of its nodes that serves it.

    A node that fails, or serves other content than it lists, is passed by for the next that lists the same.
    """
    found: dict[Key, Fetched] = {}
    silent: set[str] = set()
    left = {key: list(nodes) for key, nodes in wanted.items()}
    while left := {
        key: _others(nodes, found.get(key), silent) for key, nodes in left.items() if _open(key, found)
    }:
        asks = _spread(left)
        if not asks:
            break
        answers = cluster.ask([(node, tuple(map(command, keys))) for node, keys in asks])
        for (node, keys), answer in zip(asks, answers, strict=True):
            if answer.status == "interrupted":
                raise KeyboardInterrupt
            if not answer.answers:
                silent.add(node.address)
            found |= {key: taken(answer, number, *key) for number, key in enumerate(keys)}
    return found


def _open(key: Key, found: Mapping[Key, Fetched]) -> bool:
    return key not in found or found[key].content is None


def _others(nodes: Sequence[Node], tried: Fetched | None, silent: set[str]) -> list[Node]:
    """Those of ``nodes`` that are worth asking."""
    return [node for node in nodes if node.address not in silent and not (tried and tried.node is node)]


def command(key: Key) -> bytes:
    """What asks a node for the module of ``key``."""
    return b"udf-get:filename=" + key[0]


def taken(answer: Answer, number: int, name: bytes, listed: str) -> Fetched:
    """The module that is in the answer ``number`` of a node, when it is what the node lists."""
    if number >= len(answer.answers):
        return Fetched(answer.node, None, answer.error)
    from asinfo.wire.failure import explain
    from asinfo.wire.info import is_error

    text = answer.answers[number]
    if is_error(text):
        return Fetched(answer.node, None, explain(text))
    try:
        source = content(text)
    except WireError as error:
        return Fetched(answer.node, None, str(error))
    actual = digest(name, base64(source))
    if actual != listed:
        return Fetched(answer.node, None, f"what it serves has the hash {actual}, but it lists {listed}")
    return Fetched(answer.node, source)


def _spread(left: Mapping[Key, Sequence[Node]]) -> list[tuple[Node, list[Key]]]:
    """Whom to ask for what in one round: the first node of each key, not more than a batch a node."""
    asks: dict[str, tuple[Node, list[Key]]] = {}
    for key, nodes in left.items():
        if not nodes:
            continue
        keys = asks.setdefault(nodes[0].address, (nodes[0], []))[1]
        if len(keys) < BATCH:
            keys.append(key)
    return list(asks.values())
