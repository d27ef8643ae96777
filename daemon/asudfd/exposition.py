"""What Prometheus reads: the figures of all nodes of this process, in the names of Aerospike's own exporter.

    aerospike_node_stats_NAME{cluster_name,service}           the figures of the info command `statistics`
    aerospike_namespace_NAME{cluster_name,ns,service}         those of `namespace/NS`
    aerospike_node_up, aerospike_node_udf_...                  ours: modules, contexts, the metadata store

Figures that are no numbers are left out; true and false are 1 and 0.
Source of the names: aerospike-prometheus-exporter (users, section 5).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asudfd.aerospike.info.namespaces import namespace as namespace_answer
from asudfd.aerospike.info.request import Request
from asudfd.aerospike.info.statistics import statistics
from asudfd.network.session import ClientSession
from asudfd.record.counters import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asudfd.node import Node

KIND = "text/plain; version=0.0.4; charset=utf-8"
"""The type of the content. Source: Prometheus, exposition formats."""

_GROWING = frozenset((
    *COUNTERS,
    *("client_connections_opened", "client_connections_closed", "reaped_fds", "info_complete", "demarshal_error"),
    *("batch_index_initiate", "batch_index_complete", "batch_index_error", "batch_index_timeout"),
    *("udf_cache_hits", "udf_cache_misses", "udf_context_creations", "udf_context_evictions"),
    *("hits", "misses", "creations", "evictions"),
))  # fmt: skip

_NUMBER = re.compile(rb"-?\d+(\.\d+)?")
_BOOLEANS = {b"true": b"1", b"false": b"0"}

Sample = tuple[str, str, str]
"""Name, labels, value."""


def exposition(nodes: Iterable[Node]) -> bytes:
    """The whole text."""
    families: dict[str, list[str]] = {}
    for node in nodes:
        for name, labels, value in _samples(node):
            families.setdefault(name, []).append(f"{name}{{{labels}}} {value}\n")
    lines: list[str] = []
    for name, samples in families.items():
        growing = name.removeprefix("aerospike_node_stats_").removeprefix("aerospike_namespace_")
        growing = growing.removeprefix("aerospike_node_udf_context_")
        lines += (f"# TYPE {name} {'counter' if growing in _GROWING else 'gauge'}\n", *samples)
    return "".join(lines).encode("utf-8", "surrogateescape")


def _samples(node: Node) -> Iterator[Sample]:
    host, port = node.endpoint
    place = {"cluster_name": node.config.service.cluster_name, "service": f"{host}:{port}"}
    own = _labels(place)
    yield "aerospike_node_up", _labels({"build": node.config.service.build, **place}), "1"
    for name, value in _numbers(statistics(node, Request(b"statistics", b"", ClientSession()))).items():
        yield f"aerospike_node_stats_{name}", own, value
    for space in node.config.namespaces:
        answer = namespace_answer(node, Request(b"namespace", space.name.encode(), ClientSession()))
        labels = _labels({**place, "ns": space.name})
        for name, value in _numbers(answer).items():
            yield f"aerospike_namespace_{name}", labels, value
    yield from _modules(node, place)


def _modules(node: Node, place: dict[str, str]) -> Iterator[Sample]:
    for filename in node.modules.names():
        module = node.modules.get(filename)
        if module is not None:
            labels = _labels({**place, "filename": filename, "hash": module.hash})
            yield "aerospike_node_udf_module_info", labels, "1"
    for row in node.host.statistics():
        labels = _labels({**place, "module": row.module})
        figures = {
            "now": row.contexts,
            "idle": row.idle,
            "high_water": row.high_water,
            "hits": row.hits,
            "misses": row.misses,
            "creations": row.creations,
            "evictions": row.evictions,
        }
        for name, value in figures.items():
            yield f"aerospike_node_udf_context_{name}", labels, str(value)


def _numbers(answer: bytes) -> dict[str, str]:
    """Names and values of the figures in the answer of an info command that are numbers; a name counts once."""
    found = {}
    for pair in answer.split(b";"):
        name, _, text = pair.partition(b"=")
        value = _BOOLEANS.get(text, text)
        if _NUMBER.fullmatch(value):
            found[re.sub(r"\W", "_", name.decode(), flags=re.ASCII)] = value.decode()
    return found


def _labels(labels: dict[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
