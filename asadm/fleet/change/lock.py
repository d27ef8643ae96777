"""Locks: one run at a time changes a node.

There are two: a file for each node, for all runs of one user on one machine, or one file that is named, which several may
share; and the lock of the cluster itself where its nodes have one, for all machines. Where they have none, the files are all
there is. The lock of a cluster ends by
itself after its time to live, so a run that was killed does not hold up others for long.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from asadm import state
from asadm.cron.lock import LockFile
from asadm.fleet.history.author import author
from asinfo.errors import Error, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from asadm.target.interface import Target
    from asadm.target.results import LockAnswer
    from asinfo.exchange import Endpoint

__all__ = ["ClusterLock", "FileLocks", "scope"]

SLACK_SECONDS = 30
"""The cluster's lock outlives the time a change may take by this much."""

LOCK_SECONDS_MAX = 86_400
"""Seconds, a day: a node keeps no lock for longer."""
OWNER_SIZE_MAX = 120
"""Characters; a node takes 255 bytes."""

POLL_SECONDS = 0.5
"""Pause between two tries to get a lock that another run holds."""
UNLOCK_SECONDS = 1.0
"""What a node has to hear that it is free: one that hangs must not hold up the report, its lock ends by itself."""


def scope(cluster: Target) -> str:
    """What the history calls these nodes: the inventory's name of the cluster, else their addresses."""
    return cluster.name or ",".join(sorted(node.address for node in cluster.nodes))


class FileLocks:
    """The lock files of the nodes of ``cluster``, or the lock ``file`` that is named, held inside a ``with`` block.

    The locks are those of nodes, and not of what a command line calls them together: a run that knows them from an
    inventory and one that was given their addresses keep each other out. They are taken in one order by all, so that no
    two runs can wait for each other. Raises UsageError when there is no place for them, and LockHeldError.
    """

    def __init__(self, cluster: Target, file: str = "", *, wait: float = 0.0) -> None:
        user, host = author()
        self._holder = f"{user} on {host}"
        self._wait = wait
        self.shared = bool(file)
        self.paths = (
            [file] if file else sorted({_path(each) for node in cluster.nodes for each in _called(node)})
        )
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if not self.shared:
            _make(Path(state.required("locks")))
            _room(len(self.paths))
        give_up = time.monotonic() + self._wait
        with ExitStack() as stack:
            for path in self.paths:
                left = max(0.0, give_up - time.monotonic())
                mode = 0o666 if self.shared else 0o600
                stack.enter_context(LockFile(path, left, holder=self._holder, mode=mode))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def _called(node: Endpoint) -> set[str]:
    """The addresses behind what a command line calls a node: a name and its address mean the same lock."""
    import socket

    try:
        found = socket.getaddrinfo(node.host, node.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, OverflowError):  # no such name; nothing can be sent there either
        return {node.address}
    return {f"{address[0]}:{node.port}" for *_, address in found}


def _path(address: str) -> str:
    """``$XDG_STATE_HOME/asudf/locks/ADDRESS.lock``; an address that is no file name gets a digest."""
    name = "".join(each if each.isalnum() or each in "._-" else "_" for each in address)
    if len(name) > 60 or not name.isascii() or name != address.replace(":", "_"):
        from hashlib import sha256

        kept = "".join(each if each.isascii() and each.isalnum() else "_" for each in address[:40])
        name = f"{kept}-{sha256(address.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"
    return state.required(f"locks/{name}.lock")


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--lock: {directory}: {error.strerror}") from None


def _room(files: int) -> None:
    """Let the process have so many files open beside its connections, as far as the system allows."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files + 700
    if resource.RLIM_INFINITY not in {soft, hard} and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), hard))


class ClusterLock:
    """The locks of all clusters that ``groups`` are, held inside a ``with`` block; none where nodes have none.

    ``groups``  nodes by cluster: one of each is asked, the next where one gives no answer
    ``seconds`` the longest time the lock is needed
    ``wait``    seconds to wait for another holder; entering raises Error then
    """

    def __init__(
        self, cluster: Target, groups: Sequence[Sequence[Endpoint]], *, seconds: float, wait: float = 0.0
    ) -> None:
        user, host = author()
        mark = f"{user} on {host}, process {os.getpid()}"
        self.owner = "".join(
            each if each.isprintable() and each not in ";=" else "_" for each in mark[:OWNER_SIZE_MAX]
        )
        self._cluster = cluster
        self._groups = [list(group) for group in groups]
        self._ttl = min(int(seconds + wait + SLACK_SECONDS) + 1, LOCK_SECONDS_MAX)
        self._wait = wait
        self.waited = 0.0
        """Seconds for which another run held us up."""
        self._held: list[Endpoint] = []

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
        if not self._cluster.lock_command(self.owner, self._ttl):
            return  # servers without a lock: nothing is asked, and no answer waited for
        give_up = time.monotonic() + self._wait
        while True:
            refusal = self._take(self._groups)
            if refusal is None:
                return
            self._release()
            left = give_up - time.monotonic()
            if left <= 0:
                raise _held(refusal)
            pause = min(POLL_SECONDS, left)
            time.sleep(pause)
            self.waited += pause

    def _take(self, groups: Sequence[Sequence[Endpoint]]) -> LockAnswer | None:
        """Ask all ``groups`` at once; the answer of a node on which another run holds the lock, if there is one."""
        command = self._cluster.lock_command(self.owner, self._ttl)
        refusal = None
        while groups:
            answers = self._cluster.each([command], nodes=[group[0] for group in groups])
            silent = []
            for group, answer in zip(groups, answers, strict=True):
                if answer.status == "interrupted":
                    raise KeyboardInterrupt
                said = self._cluster.judge_lock(answer.answer)
                if said.taken:
                    self._held.append(group[0])
                elif said.holder:
                    refusal = said
                elif not answer.answers and len(group) > 1:
                    silent.append(group[1:])
            groups = silent
        return refusal

    def _release(self) -> None:
        """Free what is held; a node that does not hear it frees it when its time is over."""
        if self._held:
            free = self._cluster.insistent()  # also when the time of the run is over
            command = self._cluster.unlock_command(self.owner)
            free.each([command], nodes=self._held, timeout=min(free.timeout, UNLOCK_SECONDS))
            self._held = []


def _held(answer: LockAnswer) -> Error:
    return Error(f"{answer.holder} holds the cluster's lock, for {answer.left} s at most")
