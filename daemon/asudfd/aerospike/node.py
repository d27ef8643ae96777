"""A node as the Aerospike protocol serves it: the node's parts, and those that only this protocol has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.aerospike.failures import FailureLog
from asudfd.aerospike.message.many.jobs import QueryJobs
from asudfd.aerospike.refusals import RefusalLog
from asudfd.aerospike.user_agents import UserAgents

if TYPE_CHECKING:
    from asudfd.aerospike.info.table import InfoTable
    from asudfd.node import Node


class AerospikeNode:
    """The parts of a node that handlers of info commands get.

    ``shared`` is the node itself, which other protocols may serve, too; most attributes are its parts. ``table`` has the
    info commands, ``jobs`` are the longer queries, ``refusals`` tells why requests were refused, ``failures`` why calls of UDFs failed, ``user_agents`` which
    client libraries are connected. ``service``, ``addresses``, ``heartbeat`` and ``metadata`` are sections of the
    configuration, whose values may change.
    """

    __slots__ = (
        *(
            "addresses",
            "cluster",
            "config",
            "counters",
            "failures",
            "heartbeat",
            "host",
            "id",
            "jobs",
            "log",
            "metadata",
        ),
        *("metrics", "modules", "namespaces", "refusals", "service", "shared", "smd", "table", "user_agents"),
    )

    def __init__(self, node: Node, table: InfoTable) -> None:
        self.shared = node
        self.id = node.id
        self.config = node.config
        self.service = node.config.service
        self.addresses = node.config.network.service
        self.heartbeat = node.config.network.heartbeat
        self.metadata = node.config.smd
        self.cluster = node.cluster
        self.smd = node.smd
        self.modules = node.modules
        self.host = node.host
        self.namespaces = node.namespaces
        self.counters = node.counters
        self.log = node.log
        self.metrics = node.metrics
        self.table = table
        self.jobs = QueryJobs()
        self.refusals = RefusalLog(node.log)
        self.failures = FailureLog(node.log, node.modules)
        self.user_agents = UserAgents()

    @property
    def endpoint(self) -> tuple[str, int]:
        """Address and port that clients are told."""
        return self.shared.endpoint
