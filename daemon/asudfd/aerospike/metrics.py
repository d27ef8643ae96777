"""The figures of a node for the metrics, under the names of Aerospike's own exporter.

    aerospike_node_stats_NAME{cluster_name,service}           the figures of the info command `statistics`
    aerospike_namespace_NAME{cluster_name,ns,service}         those of `namespace/NS`
    aerospike_latencies_KIND_ms_bucket{..,le,ns}, _count       those of `latencies:`
    aerospike_sets_NAME{..,ns,set}, aerospike_sindex_NAME{..,ns,sindex}    those of `sets` and `sindex-stat`
    aerospike_node_up, aerospike_node_udf_...                  ours: modules, contexts, functions, the metadata store

Source of the names: aerospike-prometheus-exporter (users, section 5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.text import text
from asudfd.figures.figure import GAUGE, Figure, FigureGroup
from asudfd.figures.latencies import latency_figures
from asudfd.figures.modules import function_figures, module_figures
from asudfd.figures.namespace import namespace_figures, parameter_figures
from asudfd.figures.node import node_figures
from asudfd.figures.sets import INDEX_FIGURES, set_figures, set_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.node import Node


def figure_groups(node: Node) -> Iterator[FigureGroup]:
    """The figures of ``node`` by the prefixes of their names."""
    host, port = node.endpoint
    service = node.config.service
    place = {"cluster_name": service.cluster_name, "service": f"{host}:{port}"}
    up = Figure("up", 1, GAUGE, "1 for each node that answers.")
    yield FigureGroup("aerospike_node", {"build": service.build, **place}, (up,))
    yield FigureGroup("aerospike_node_stats", place, node_figures(node))
    for space in node.namespaces.values():
        labels = {**place, "ns": space.name.decode()}
        yield FigureGroup("aerospike_namespace", labels, namespace_figures(node, space))
        yield FigureGroup("aerospike_namespace", labels, parameter_figures(space.config))
        yield FigureGroup("aerospike_latencies", labels, latency_figures(space))
        for name in set_names(space):
            yield FigureGroup("aerospike_sets", {**labels, "set": text(name)}, set_figures(space, name))
        for name in space.indexes:
            yield FigureGroup("aerospike_sindex", {**labels, "sindex": text(name)}, INDEX_FIGURES)
    yield FigureGroup("aerospike_node_udf", place, module_figures(node))
    yield FigureGroup("aerospike_node_udf", place, function_figures(node))
