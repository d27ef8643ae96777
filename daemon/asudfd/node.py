"""A node: its state and its parts, without sockets.

Only the event loop changes it. Handlers of every protocol get the node and decide nothing about storage: that is
done by the parts (module store, Lua host, system metadata).
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asudfd.cluster.cluster import Cluster
    from asudfd.config.schema import Config
    from asudfd.lua.aerospike.host import UdfHost
    from asudfd.process.log import Log
    from asudfd.process.metrics import Metrics
    from asudfd.record.namespace import Namespace
    from asudfd.smd.interface import Smd
    from asudfd.udf.store import ModuleStore


class Counters:
    """Counters of a node since its start; all only grow."""

    __slots__ = (
        "batch_completed",
        "batch_errors",
        "batch_initiated",
        "batch_timeouts",
        "closed",
        "demarshal_errors",
        "info_complete",
        "opened",
        "reaped",
    )

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.reaped = 0
        self.demarshal_errors = 0
        self.info_complete = 0
        self.batch_initiated = 0
        self.batch_completed = 0
        self.batch_errors = 0
        self.batch_timeouts = 0


class Node:
    """One node of the cluster.

    ``id`` is upper-case hex. ``endpoint`` is the address and port that clients are told; it is known once the
    listening socket is bound, before the first client is served. ``namespaces`` are the records, by the namespaces'
    names as on the wire.
    """

    __slots__ = (
        "cluster",
        "config",
        "counters",
        "endpoint",
        "host",
        "id",
        "log",
        "metrics",
        "modules",
        "namespaces",
        "smd",
        "started",
    )

    def __init__(
        self,
        identity: str,
        config: Config,
        *,
        namespaces: dict[bytes, Namespace],
        cluster: Cluster,
        smd: Smd,
        modules: ModuleStore,
        host: UdfHost,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self.id = identity
        self.config = config
        self.cluster = cluster
        self.smd = smd
        self.modules = modules
        self.host = host
        self.log = log
        self.metrics = metrics
        self.counters = Counters()
        self.endpoint = ("127.0.0.1", 0)
        self.started = monotonic()
        self.namespaces = namespaces
