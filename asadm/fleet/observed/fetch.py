"""Reads the contents of modules from the nodes that list them, each hash once."""

from __future__ import annotations

import time

from asadm.target.results import ABSENT
from asadm.time_budget import OVER
from asinfo.errors import WireError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from asadm.outcome import NodeAnswer
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint

    Key = tuple[bytes, str]

BATCH = 32
"""Modules a node is asked for in one request: a reply may have 128 MiB, and a module 1.4."""

ROUND = 64
"""Replies that are waited for at a time, all nodes together: so many contents are in memory."""


class FetchedModule:
    """One module that was read: its ``content``, or None and the ``reason``, and the ``node`` that was asked last.

    ``silent`` where that node gave no answer at all, so that nothing is known of what it serves. ``hash`` is what it
    serves; None where that is not known, or where it serves nothing. ``absent`` where it says that it has no content.
    """

    __slots__ = ("absent", "content", "hash", "node", "reason", "silent")

    def __init__(
        self,
        node: Endpoint,
        content: bytes | None,
        reason: str = "",
        *,
        silent: bool = False,
        hash_: str | None = None,
        absent: bool = False,
    ) -> None:
        self.node = node
        self.content = content
        self.reason = reason
        self.silent = silent
        self.hash = hash_
        self.absent = absent


class ModuleFetcher:
    """Reads modules from nodes. A node that gives no answer at all is not asked a second time.

    ``deadline`` is a time of `time.monotonic` for all that is read; nothing is asked after it.
    """

    def __init__(self, cluster: Target, deadline: float | None = None) -> None:
        self.cluster = cluster
        self.deadline = deadline
        self.silent: dict[str, str] = {}
        """Why a node gives no answer, by its address."""
        self.passed: list[FetchedModule] = []
        """Of the nodes that were read: those that do not serve what they list."""

    def fetch(self, wanted: Mapping[Key, Sequence[Endpoint]]) -> dict[Key, FetchedModule]:
        """All of `each`, together in memory."""
        return dict(self.each(wanted))

    def each(self, wanted: Mapping[Key, Sequence[Endpoint]]) -> Iterator[tuple[Key, FetchedModule]]:
        """The content behind each (name, hash) of ``wanted``, from the first of its nodes that serves it.

        A node that fails, or serves other content than it lists, is passed by for the next that lists the same. Of a
        module that no node has sent yet, twice as many nodes are asked each time: many that hang cost few time-outs.
        """
        untold: dict[Key, Sequence[Endpoint]] = {}
        for key, nodes in wanted.items():
            _, hash_ = key
            content = self.cluster.known(hash_)
            if content is None:
                untold[key] = nodes
            else:
                yield key, FetchedModule(nodes[0], content, hash_=hash_)
        yield from self._asked(untold)

    def _asked(self, wanted: Mapping[Key, Sequence[Endpoint]]) -> Iterator[tuple[Key, FetchedModule]]:
        """As `each`, of what no list has told."""
        left = {key: list(nodes) for key, nodes in wanted.items()}
        last: dict[Key, FetchedModule] = {}
        tried = dict.fromkeys(wanted, 0)
        while not self._over and (asks := self._round(left, tried)):
            answers = self.cluster.ask(
                [(node, tuple(self.cluster.get_command(name) for name, _ in keys)) for node, keys in asks],
                timeout=self._seconds,
            )
            for (node, keys), answer in zip(asks, answers, strict=True):
                if answer.status == "interrupted":
                    raise KeyboardInterrupt
                if not answer.answers:
                    self.silent[node.address] = answer.error
                for number, key in enumerate(keys):
                    tried[key] += 1
                    if key not in left:
                        continue
                    found = taken(self.cluster, answer, number, *key)
                    if found.content is None:
                        left[key].remove(node)
                        last[key] = found
                        self.passed += [found] if not found.silent else []
                    else:
                        del left[key]
                        last.pop(key, None)
                        yield key, found
        for key in left:
            yield key, last.get(key) or self._unasked(wanted[key][0])

    def _unasked(self, node: Endpoint) -> FetchedModule:
        return FetchedModule(node, None, self.silent.get(node.address, OVER), silent=True)

    @property
    def _over(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline

    @property
    def _seconds(self) -> float:
        """What the next request may take."""
        if self.deadline is None:
            return self.cluster.timeout
        return min(self.cluster.timeout, max(0.0, self.deadline - time.monotonic()))

    def _round(
        self, left: Mapping[Key, Sequence[Endpoint]], tried: Mapping[Key, int]
    ) -> list[tuple[Endpoint, list[Key]]]:
        """Whom to ask for what now: nodes that may answer, not more than a batch a node and a round in all."""
        asks: dict[str, tuple[Endpoint, list[Key]]] = {}
        count = 0
        for key, nodes in left.items():
            if count >= ROUND:
                break
            speaking = [node for node in nodes if node.address not in self.silent]
            for node in speaking[: max(1, 2 * tried[key])]:
                _, keys = asks.setdefault(node.address, (node, []))
                if len(keys) < BATCH and key not in keys:
                    keys.append(key)
                    count += 1
        return [(node, keys) for node, keys in asks.values() if keys]


def fetch(
    cluster: Target, wanted: Mapping[Key, Sequence[Endpoint]], deadline: float | None = None
) -> dict[Key, FetchedModule]:
    """As `ModuleFetcher.fetch`, once."""
    return ModuleFetcher(cluster, deadline).fetch(wanted)


def taken(cluster: Target, answer: NodeAnswer, number: int, name: bytes, listed: str) -> FetchedModule:
    """The module that is in the answer ``number`` of a node, when it is what the node lists."""
    found = served(cluster, answer, number, name)
    if found.content is None or found.hash == listed:
        return found
    reason = f"what it serves has the hash {found.hash}, but it lists {listed}"
    return FetchedModule(answer.node, None, reason, hash_=found.hash)


def served(cluster: Target, answer: NodeAnswer, number: int, name: bytes) -> FetchedModule:
    """The module that is in the answer ``number`` of a node, whatever the node lists."""
    if number >= len(answer.answers):
        return FetchedModule(answer.node, None, answer.error, silent=not answer.answers)
    said = cluster.judge(answer.answers[number])
    if not said.done:
        return FetchedModule(answer.node, None, said.reason, absent=said.kind == ABSENT)
    try:
        source = cluster.content(answer.answers[number])
    except WireError as error:
        return FetchedModule(answer.node, None, str(error))
    return FetchedModule(answer.node, source, hash_=cluster.hash(name, source))
