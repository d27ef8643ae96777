"""What was asked of a cluster and what it answered, and what it may therefore list.

Times are those of this process: an attempt that ended before another began came first. The rules, for one name:

    ok          took effect between its begin and its end; whatever ended before it began is history
    timeout     may have taken effect; cannot any more once a later change was acknowledged, because changes compare
                the revision they are made upon
    no answer   may take effect at any time: the node may be frozen with the request in a buffer
    refused     never takes effect; every content is sent once, so it would be recognised
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asinfo.wire.udf import digest, modules
from tests.cluster_processes import NAME
from tests.etcd import await_true
from tests.processes import frame, receive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.cluster_processes import Cluster, Node
    from tests.etcd import Etcd

OK, TIMEOUT, REFUSED, LOST = "ok", "timeout", "refused", "lost"

CALL_SECONDS = 6.0
"""How long an answer is waited for; a node that runs gives one after 2 s at most, on a machine that is not busy."""

LOG_SIZE = 6000
"""How much of a node's log is shown when it fails."""

SETTLE_SECONDS = 40.0
"""How long a cluster may take to agree once nothing is away any more; generous, because the machine may be busy."""


class Unasked(Exception):  # noqa: N818 - named for what happened
    """Nobody listened; the question was not put."""


@dataclass(slots=True)
class Attempt:
    """One `udf-put`, or one `udf-remove` (``hash`` is None), and what came of it."""

    name: str
    hash: str | None
    node: str
    began: float
    ended: float = math.inf
    outcome: str = LOST


@dataclass(slots=True)
class Look:
    """What a node listed, in its order, asked and answered in between ``began`` and ``ended``."""

    node: str
    began: float
    ended: float
    listed: dict[str, str]


class Ledger:
    """All attempts. Threads may share it."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.looks: list[Look] = []
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def put(self, node: Node, name: str, size: int = 0) -> str:
        """Put a module that no other put has had, of about ``size`` bytes; the outcome."""
        source = b"function f() return %d end --%s" % (next(self._numbers), b"x" * size)
        content = b64encode(source)
        command = (
            f"udf-put:filename={name};content={content.decode()};content-len={len(content)};udf-type=LUA;"
        )
        return self._attempt(node, command, name, digest(name.encode(), content))

    def remove(self, node: Node, name: str) -> str:
        """Remove a module; the outcome."""
        return self._attempt(node, f"udf-remove:filename={name};", name, None)

    def surely(self, change: Callable[..., str], *arguments: object) -> None:
        """Make a change until it is acknowledged: a busy machine may need more than the two seconds that a node has."""
        await_true(lambda: change(*arguments) == OK, f"{arguments} is acknowledged")

    def look(self, node: Node) -> Look:
        """Ask ``node`` for its list, and remember that. Raises Unasked, OSError and AssertionError."""
        began = time.monotonic()
        listed = {entry.filename.decode(): entry.hash for entry in modules(call(node, "udf-list").encode())}
        look = Look(node.id, began, time.monotonic(), listed)
        with self._lock:
            self.looks.append(look)
        return look

    def counts(self) -> Counter[str]:
        """How many attempts had each outcome."""
        with self._lock:
            return Counter(attempt.outcome for attempt in self.attempts)

    def possible(self, name: str, now: float = math.inf) -> set[str | None]:
        """What may be listed under ``name`` (None: nothing) by whom has all that was acknowledged before ``now``."""
        attempts = [Attempt(name, None, "", -math.inf, -math.inf, OK), *self._of(name)]
        last = max(attempt.began for attempt in attempts if attempt.outcome == OK and attempt.ended <= now)
        return {attempt.hash for attempt in attempts if attempt.outcome != REFUSED and attempt.ended >= last}

    def wrong(self, listed: dict[str, str], now: float = math.inf) -> dict[str, str | None]:
        """What in ``listed`` cannot be, by the name."""
        with self._lock:
            names = {attempt.name for attempt in self.attempts}
        return {
            name: listed.get(name)
            for name in sorted(names | listed.keys())
            if listed.get(name) not in self.possible(name, now)
        }

    def stale(self) -> list[tuple[Look, str]]:
        """Looks, and names, at which a node lacked what had been acknowledged before it was asked."""
        with self._lock:
            names = {attempt.name for attempt in self.attempts}
        allowed = {name: _Past(self._of(name)) for name in names}
        return [
            (look, name)
            for look in self.looks
            for name, past in allowed.items()
            if not past.may_be(look.listed.get(name), look.began)
        ]

    def reversals(self) -> list[tuple[Look, Look, str]]:
        """Pairs of looks at one node of which the second shows, under a name, what the first shows to be history."""
        found = []
        began = {attempt.hash: attempt.began for attempt in self.attempts if attempt.hash}
        for node in {look.node for look in self.looks}:
            looks = [look for look in self.looks if look.node == node]
            for before, after in itertools.pairwise(sorted(looks, key=lambda look: look.began)):
                assert before.ended <= after.began, "looks at one node come one after the other"
                found += [(before, after, name) for name in self._reverted(before, after, began)]
        return found

    def _reverted(self, before: Look, after: Look, began: dict[str, float]) -> Iterable[str]:
        for name, had in before.listed.items():
            has = after.listed.get(name)
            if has != had:
                ends = [each.ended for each in self._of(name) if each.hash == has and each.outcome != REFUSED]
                if max(ends, default=-math.inf) < began[had]:
                    yield name

    def _of(self, name: str) -> list[Attempt]:
        with self._lock:
            return [attempt for attempt in self.attempts if attempt.name == name]

    def _attempt(self, node: Node, command: str, name: str, content: str | None) -> str:
        attempt = Attempt(name, content, node.id, time.monotonic())
        with self._lock:
            self.attempts.append(attempt)
        try:
            answer = call(node, command)
        except Unasked:
            with self._lock:
                self.attempts.remove(attempt)
            raise
        except (OSError, AssertionError):  # no answer in time, or the node died
            return LOST
        ended = time.monotonic()
        assert not answer.startswith("ERROR"), f"{node.id}: {answer}\n{node.log[-LOG_SIZE:]}"
        with self._lock:
            attempt.ended, attempt.outcome = ended, _outcome(answer)
        return attempt.outcome


class _Past:
    """The attempts for one name, so that many looks can be judged."""

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        self._acknowledged = sorted((each.ended, each.began) for each in attempts if each.outcome == OK)
        self._ends: dict[str | None, float] = {None: -math.inf}
        for each in attempts:
            if each.outcome != REFUSED:
                self._ends[each.hash] = max(each.ended, self._ends.get(each.hash, -math.inf))

    def may_be(self, listed: str | None, now: float) -> bool:
        """Whether ``listed`` is no older than what was acknowledged before ``now``."""
        last = max((began for ended, began in self._acknowledged if ended <= now), default=-math.inf)
        return listed in self._ends and self._ends[listed] >= last


def _outcome(answer: str) -> str:
    if answer.startswith("error=storage_error,metadata store etcd"):
        return REFUSED
    assert answer in {"ok", "error=timeout"}, answer
    return OK if answer == "ok" else TIMEOUT


def call(node: Node, command: str, seconds: float = CALL_SECONDS) -> str:
    """The answer to one info command. Raises Unasked; OSError and AssertionError when none comes."""
    if node.daemon is None or not node.daemon.addresses:
        raise Unasked
    try:
        connection = node.daemon.connect()
    except OSError as error:
        raise Unasked from error
    with connection:
        connection.settimeout(seconds)
        connection.sendall(frame(command.encode() + b"\n"))
        return receive(connection).decode()[len(command) + 1 : -1]


def stored(store: Etcd, cluster: str = NAME) -> bytes:
    """What every node should list by what stands in etcd, read past all nodes: names in the order of their creation."""
    root = f"/asudf/{cluster}/smd/UDF/".encode()
    body = {
        "key": b64encode(root).decode(),
        "range_end": b64encode(root[:-1] + b"0").decode(),
        "sort_target": "CREATE",
        "sort_order": "ASCEND",
    }
    answer = next(member for member in store.members if member.alive).get("/v3/kv/range", body, CALL_SECONDS)
    assert answer is not None, "etcd answers"
    entries = [
        (b64decode(entry["key"]), b64decode(entry.get("value", ""))) for entry in answer.get("kvs", [])
    ]
    return b"".join(
        b"filename=%s,hash=%s,type=LUA;" % (key.removeprefix(root), _sha1(value))
        for key, value in entries
        if value
    )


def _sha1(value: bytes) -> bytes:
    from hashlib import sha1

    return sha1(value, usedforsecurity=False).hexdigest().encode()


def lists(nodes: Sequence[Node]) -> list[str]:
    """What each node answers to `udf-list`, to the byte."""
    return [call(node, "udf-list") for node in nodes]


def agree(cluster: Cluster, store: Etcd, ledger: Ledger) -> str:
    """Wait until all nodes that run list what etcd has, to the byte, and check it against the ledger; the list."""

    def agreed() -> bool:
        wanted = stored(store).decode()
        return all(found == wanted for found in lists(cluster.alive))

    await_true(agreed, "all nodes list what etcd has", SETTLE_SECONDS)
    listed = lists(cluster.alive)
    assert len(set(listed)) == 1
    found = {entry.filename.decode(): entry.hash for entry in modules(listed[0].encode())}
    assert ledger.wrong(found) == {}
    assert ledger.reversals() == []
    return listed[0]
