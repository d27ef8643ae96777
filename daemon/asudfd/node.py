"""A node: its state and its parts, without sockets.

Only the event loop changes it. Handlers of every protocol get the node and decide nothing about storage: that is
done by the parts (module store, Lua host, system metadata).
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from asudfd.aerospike.message.many.jobs import QueryJobs
from asudfd.aerospike.refusals import RefusalLog

if TYPE_CHECKING:
    from asudfd.aerospike.info.table import InfoTable
    from asudfd.cluster.cluster import Cluster
    from asudfd.config.schema import Config
    from asudfd.lua.aerospike.host import UdfHost
    from asudfd.network.session import ClientSession
    from asudfd.process.log import Log
    from asudfd.process.metrics import Metrics
    from asudfd.record.namespace import Namespace
    from asudfd.smd.interface import Smd
    from asudfd.udf.store import ModuleStore


class Counters:
    """What a node counts since its start; all only grow."""

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
    listening socket is bound, before the first client is served. ``user_agents`` counts open connections by the
    user agent that they set. ``namespaces`` are the records, by the namespaces' names as on the wire;
    ``jobs`` are its longer queries; ``refusals`` tells why it refused requests.
    """

    __slots__ = (
        "cluster",
        "config",
        "counters",
        "endpoint",
        "host",
        "id",
        "jobs",
        "log",
        "metrics",
        "modules",
        "namespaces",
        "refusals",
        "smd",
        "started",
        "table",
        "user_agents",
    )

    def __init__(
        self,
        identity: str,
        config: Config,
        *,
        table: InfoTable,
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
        self.table = table
        self.cluster = cluster
        self.smd = smd
        self.modules = modules
        self.host = host
        self.log = log
        self.metrics = metrics
        self.counters = Counters()
        self.refusals = RefusalLog(log)
        self.endpoint = ("127.0.0.1", 0)
        self.started = monotonic()
        self.user_agents: dict[bytes, int] = {}
        self.namespaces = namespaces
        self.jobs = QueryJobs()

    def greet(self, session: ClientSession, user_agent: bytes) -> None:
        """Remember, once, which client library ``session`` belongs to."""
        session.user_agent = user_agent
        self.user_agents[user_agent] = self.user_agents.get(user_agent, 0) + 1

    def leave(self, session: ClientSession) -> None:
        """Forget what ``session`` brought: its connection is gone."""
        if session.user_agent is not None:
            left = self.user_agents[session.user_agent] - 1
            if left:
                self.user_agents[session.user_agent] = left
            else:
                del self.user_agents[session.user_agent]
