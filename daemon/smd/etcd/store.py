"""System metadata in etcd."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from daemon.smd.etcd.gateway import Gateway


class EtcdSmd:
    """System metadata in etcd (an `Smd`); it closes ``gateway`` when it stops.

    ``nodes`` are the ids of the nodes of this process; ``start`` raises StartError when one of them is taken by
    another live process. ``lease_ttl`` is in seconds: how long a process counts as alive that says nothing.
    """

    def __init__(
        self,
        gateway: Gateway,
        prefix: str,
        cluster_name: str,
        nodes: Sequence[str],
        *,
        lease_ttl: int = 5,
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        raise NotImplementedError
