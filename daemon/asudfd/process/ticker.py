"""Logs the state of a node at intervals, in the form of the real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.figures.node import node_figures

if TYPE_CHECKING:
    from asudfd.node import Node


def tick(node: Node) -> None:
    """Log the state of ``node``."""
    for context, text in _lines(node):
        node.log.info(context, text)


def _lines(node: Node) -> tuple[tuple[str, str], ...]:
    of = {figure.name: figure.value for figure in node_figures(node)}
    fds = f"{of['client_connections']},{of['client_connections_opened']},{of['client_connections_closed']}"
    contexts = f"({of['udf_contexts']},{of['udf_contexts_idle']} idle)"
    name, resident = node.config.service.cluster_name, of["heap_allocated_kbytes"]
    return (
        (
            "info",
            f"NODE-ID {node.id} CLUSTER-SIZE {of['cluster_size']} CLUSTER-NAME {name} UPTIME {of['uptime']}",
        ),
        (
            "info",
            f"   system: free-mem-kbytes {of['system_free_mem_kbytes']} free-mem-pct {of['system_free_mem_pct']}",
        ),
        ("info", f"   process: cpu-pct {of['process_cpu_pct']} resident-kbytes {resident}"),
        ("info", f"   fds: proto ({fds})"),
        ("info", f"   info: complete {of['info_complete']}"),
        ("udf", f"   modules {of['udf_modules']} contexts {contexts}"),
    )
