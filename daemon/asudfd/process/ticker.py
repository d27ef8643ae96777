"""The ticker: lines that tell the state of a node to whoever reads the log, in the real server's manner."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asudfd.node import Node


def tick(node: Node) -> None:
    """Log the state of ``node``."""
    for context, text in _lines(node):
        node.log.info(context, text)


def _lines(node: Node) -> tuple[tuple[str, str], ...]:
    counters, metrics = node.counters, node.metrics
    free, free_percent = metrics.free()
    rows = node.host.statistics()
    contexts, idle = sum(row.contexts for row in rows), sum(row.idle for row in rows)
    members, name = len(node.cluster.members), node.config.service.cluster_name
    uptime = int(monotonic() - node.started)
    fds = f"{counters.opened - counters.closed},{counters.opened},{counters.closed}"
    return (
        ("info", f"NODE-ID {node.id} CLUSTER-SIZE {members} CLUSTER-NAME {name} UPTIME {uptime}"),
        ("info", f"   system: free-mem-kbytes {free} free-mem-pct {free_percent}"),
        ("info", f"   process: cpu-pct {metrics.cpu_percent} resident-kbytes {metrics.resident()}"),
        ("info", f"   fds: proto ({fds})"),
        ("info", f"   info: complete {counters.info_complete}"),
        ("udf", f"   modules {len(node.modules.names())} contexts ({contexts},{idle} idle)"),
    )
