"""The Prometheus exposition: the figures of all nodes of this process, under the names of Aerospike's own exporter.

    aerospike_node_stats_NAME{cluster_name,service}           the figures of the info command `statistics`
    aerospike_namespace_NAME{cluster_name,ns,service}         those of `namespace/NS`
    aerospike_node_up, aerospike_node_udf_...                  ours: modules, contexts, the metadata store

Figures that are no numbers are left out; true and false are 1 and 0.
Source of the names: aerospike-prometheus-exporter (users, section 5).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from asudfd.config.parameter import spell
from asudfd.figures.figure import GAUGE, Figure, FigureKind
from asudfd.figures.modules import module_figures
from asudfd.figures.namespace import namespace_figures, parameter_figures
from asudfd.figures.node import node_figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asudfd.node import Node

KIND = "text/plain; version=0.0.4; charset=utf-8"
"""The type of the content. Source: Prometheus, exposition formats."""

_NO_WORD = re.compile(r"\W", re.ASCII)

Labels = dict[str, str]


class _Family(NamedTuple):
    """All samples of one metric, and what stands above them."""

    kind: FigureKind
    help: str
    samples: dict[str, str]


def exposition(nodes: Iterable[Node]) -> bytes:
    """The whole text."""
    families: dict[str, _Family] = {}
    for node in nodes:
        for prefix, labels, figures in _groups(node):
            for figure in figures:
                if figure.kind is not FigureKind.TEXT:
                    name = f"aerospike_{prefix}_{_NO_WORD.sub('_', figure.name)}"
                    family = families.setdefault(name, _Family(figure.kind, figure.help, {}))
                    # of two figures whose names differ in other signs only, the later counts
                    family.samples[_labels({**labels, **dict(figure.labels)})] = _number(figure)
    lines: list[str] = []
    for name, family in families.items():
        lines += (f"# HELP {name} {_escaped_help(family.help)}\n", f"# TYPE {name} {family.kind}\n")
        lines += (f"{name}{{{labels}}} {value}\n" for labels, value in family.samples.items())
    return "".join(lines).encode("utf-8", "surrogateescape")


def _groups(node: Node) -> Iterator[tuple[str, Labels, Iterable[Figure]]]:
    """The figures of ``node`` by the prefixes of their names, with the labels that all of a group have."""
    host, port = node.endpoint
    place = {"cluster_name": node.config.service.cluster_name, "service": f"{host}:{port}"}
    up = Figure("up", 1, GAUGE, "1 for each node that answers.")
    yield "node", {"build": node.config.service.build, **place}, (up,)
    yield "node_stats", place, node_figures(node)
    for space in node.namespaces.values():
        yield "namespace", {**place, "ns": space.name.decode()}, namespace_figures(node, space)
        yield "namespace", {**place, "ns": space.name.decode()}, parameter_figures(space.config)
    yield "node_udf", place, module_figures(node)


def _number(figure: Figure) -> str:
    return str(int(figure.value)) if isinstance(figure.value, bool) else spell(figure.value)


def _labels(labels: dict[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _escaped_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
