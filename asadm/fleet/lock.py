"""One change of a cluster at a time.

Two locks: a file, for all runs on one machine (or on a file system that several share), and the lock of the cluster
itself where its nodes have one, for all machines:

    udf-lock:owner=TEXT;ttl=SECONDS   ->  ok | error=locked;owner=TEXT;left=SECONDS
    udf-unlock:owner=TEXT             ->  ok

A node that does not know the command has no such lock, and the file is all there is. The lock of a cluster ends by
itself after its time to live, so a run that was killed does not hold up others for long.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from asadm.cron.lock import Lock
from asadm.fleet.history import state_directory, who
from asinfo.errors import Error, UsageError
from asinfo.wire.info import parameter, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from asadm.cluster import Cluster
    from asinfo.exchange import Node
    from asinfo.options import Values

__all__ = ["ClusterLock", "file_lock", "scope"]

SLACK_SECONDS = 30
"""The cluster's lock outlives the time a change may take by this much."""

TTL_MAX = 86_400
OWNER_SIZE_MAX = 120
"""Characters; a node takes 255 bytes."""

POLL_SECONDS = 0.5
LOCKED = b"error=locked"


def scope(cluster: Cluster) -> str:
    """What a lock and the history call these nodes: the inventory's name of the cluster, else their addresses."""
    return cluster.name or ",".join(sorted(node.address for node in cluster.nodes))


def file_lock(cluster: Cluster, options: Values) -> Lock:
    """The lock file of ``cluster``, not taken yet. Raises UsageError when there is no place for it."""
    user, host = who()
    path = options.text("lock") or str(_path(scope(cluster)))
    return Lock(path, options.number("lock-wait") or 0.0, holder=f"{user} on {host}")


def _path(name: str) -> Path:
    """``$XDG_STATE_HOME/asudf/locks/NAME.lock``; a name that is no file name gets a digest."""
    if len(name) > 60 or not all(character.isalnum() or character in "._-" for character in name):
        from hashlib import sha256

        kept = "".join(character if character.isalnum() else "_" for character in name[:40])
        name = f"{kept}-{sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"
    directory = state_directory() / "locks"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--lock: {directory}: {error.strerror}") from None
    return directory / f"{name}.lock"


class ClusterLock:
    """The locks of all clusters that ``groups`` are, held inside a ``with`` block; none where nodes have none.

    ``groups``  nodes by cluster: one of each is asked, the next where one gives no answer
    ``seconds`` the longest time the lock is needed
    ``wait``    seconds to wait for another holder; entering raises Error then
    """

    def __init__(
        self, cluster: Cluster, groups: Sequence[Sequence[Node]], *, seconds: float, wait: float = 0.0
    ) -> None:
        user, host = who()
        mark = f"{user} on {host}, process {os.getpid()}"
        self.owner = "".join(
            each if each.isprintable() and each not in ";=" else "_" for each in mark[:OWNER_SIZE_MAX]
        )
        self._cluster = cluster
        self._groups = [list(group) for group in groups]
        self._ttl = min(int(seconds + wait + SLACK_SECONDS) + 1, TTL_MAX)
        self._wait = wait
        self._held: list[Node] = []

    def __enter__(self) -> Self:
        try:
            self._take_all()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    @property
    def held(self) -> bool:
        """Whether any cluster has a lock, which then is ours."""
        return bool(self._held)

    def _take_all(self) -> None:
        """All or none: a run that waits holds nothing, so that two runs cannot wait for each other."""
        give_up = time.monotonic() + self._wait
        while True:
            refusal = self._take(self._groups)
            if not refusal:
                return
            self._release()
            left = give_up - time.monotonic()
            if left <= 0:
                raise _held(refusal)
            time.sleep(min(POLL_SECONDS, left))

    def _take(self, groups: Sequence[Sequence[Node]]) -> bytes:
        """Ask all ``groups`` at once; an answer that says that another run holds a lock, or nothing."""
        command = f"udf-lock:owner={self.owner};ttl={self._ttl}".encode()
        refusal = b""
        while groups:
            answers = self._cluster.each([command], nodes=[group[0] for group in groups])
            silent = []
            for group, answer in zip(groups, answers, strict=True):
                if answer.status == "interrupted":
                    raise KeyboardInterrupt
                if answer.good and answer.answer == b"ok":
                    self._held.append(group[0])
                elif answer.answer.startswith(LOCKED):
                    refusal = answer.answer
                elif not answer.answers and len(group) > 1:
                    silent.append(group[1:])
            groups = silent
        return refusal

    def _release(self) -> None:
        """Free what is held; a node that does not hear it frees it when its time is over."""
        if self._held:
            self._cluster.each([f"udf-unlock:owner={self.owner}".encode()], nodes=self._held)
            self._held = []


def _held(answer: bytes) -> Error:
    owner = text(parameter(answer, b"owner") or b"another run")
    left = text(parameter(answer, b"left") or b"?")
    return Error(f"{owner} holds the cluster's lock, for {left} s at most")
