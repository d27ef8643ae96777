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


class Fetcher:
    """Reads modules from nodes. A node that gives no answer at all is not asked a second time."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.silent: dict[str, str] = {}
        """Why a node gives no answer, by its address."""

    def fetch(self, wanted: Mapping[Key, Sequence[Node]]) -> dict[Key, Fetched]:
        """The content behind each (name, hash) of ``wanted``, from the first of its nodes that serves it.

        A node that fails, or serves other content than it lists, is passed by for the next that lists the same.
        """
        found: dict[Key, Fetched] = {}
        left = {key: list(nodes) for key, nodes in wanted.items()}
        while asks := self._round(left):
            answers = self.cluster.ask([(node, tuple(map(command, keys))) for node, keys in asks])
            for (node, keys), answer in zip(asks, answers, strict=True):
                if answer.status == "interrupted":
                    raise KeyboardInterrupt
                if not answer.answers:
                    self.silent[node.address] = answer.error
                for number, key in enumerate(keys):
                    found[key] = taken(answer, number, *key)
                    if found[key].content is None:
                        left[key].remove(node)
                    else:
                        del left[key]
        for key in left.keys() - found.keys():
            node = wanted[key][0]
            found[key] = Fetched(node, None, self.silent[node.address])
        return found

    def _round(self, left: Mapping[Key, Sequence[Node]]) -> list[tuple[Node, list[Key]]]:
        """Whom to ask for what now: for each key the first node that may answer, not more than a batch a node."""
        asks: dict[str, tuple[Node, list[Key]]] = {}
        for key, nodes in left.items():
            node = next((node for node in nodes if node.address not in self.silent), None)
            if node is not None:
                keys = asks.setdefault(node.address, (node, []))[1]
                if len(keys) < BATCH:
                    keys.append(key)
        return list(asks.values())


def fetch(cluster: Cluster, wanted: Mapping[Key, Sequence[Node]]) -> dict[Key, Fetched]:
    """As `Fetcher.fetch`, once."""
    return Fetcher(cluster).fetch(wanted)


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
