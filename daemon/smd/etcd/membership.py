"""Which nodes are alive, as etcd knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from daemon.cluster import Member
    from daemon.smd.etcd.store import EtcdSmd


class Membership:
    """The members of the cluster: ``joined`` is called on the event loop with all live ones, at every change.

    It lives between the start and the stop of ``smd``, whose lease keeps the nodes of this process alive.
    """

    def __init__(self, smd: EtcdSmd, joined: Callable[[Sequence[Member]], None]) -> None:
        self._smd = smd
        self._joined = joined

    async def start(self, members: Sequence[Member]) -> None:
        """Make ``members``, the nodes of this process, known; returns after the first call of ``joined``, with them."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Let the nodes of this process leave; the others see it at once."""
        raise NotImplementedError
