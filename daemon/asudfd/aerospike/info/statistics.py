"""The statistics family: the node's figures, and histograms, under the real server's names and in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.text import text
from asudfd.aerospike.info.table import InfoCommand
from asudfd.errors import Code, CommandError
from asudfd.figures.expand import expand
from asudfd.figures.figure import info_text
from asudfd.figures.node import node_figures

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode


def statistics(node: AerospikeNode, _request: Request) -> bytes:
    """statistics

    Figures of this node, `name=value;...`.
    """
    return info_text(node_figures(node.shared)).encode()


def get_stats(_node: AerospikeNode, request: Request) -> bytes:
    """get-stats:context=xdr[;dc=DC]

    Figures of replication to other data centres: there is none.
    """
    if request.required(b"context") != b"xdr":
        raise CommandError(Code.PARAMETER, "unknown context")
    return b""


def latencies(node: AerospikeNode, request: Request) -> bytes:
    """latencies[:hist=NAME]

    How long requests of clients took in the last slice of time, ten seconds or `ticker-interval`: requests in a second, and
    in percent those that took longer than 1, 2, 4, ... 65536 ms. One without any requests so far is empty.
    """
    wanted = request.optional(b"hist")
    if wanted is None:
        names = [
            "batch-index",
            *(f"{{{ns.name}}}-{kind}" for ns in node.config.namespaces for kind in _KINDS),
        ]
        figures = (f"{name}:{_slice(node, name)}" for name in names)
        return ";".join(figures).encode()
    steps, prefix = _NODE_HISTOGRAMS.get(text(wanted)), ""
    if wanted.startswith(b"{"):
        namespace, _, kind = wanted[1:].partition(b"}-")
        steps = _HISTOGRAMS.get(text(kind)) if namespace in node.namespaces else None
        prefix = f"{{{text(namespace)}}}-"
    if steps is None:
        raise CommandError(Code.PARAMETER, "bad hist name")
    return ";".join(f"{prefix}{step}:{_slice(node, prefix + step)}" for step in steps).encode()


def _slice(node: AerospikeNode, name: str) -> str:
    """What a histogram like `{NS}-read` has to tell; nothing for one that is not kept here."""
    namespace, _, kind = name.removeprefix("{").partition("}-")
    space = node.namespaces.get(namespace.encode("utf-8", "surrogateescape"))
    found = space.latencies.slices.get(kind) if space else None
    return found.text() if found else ""


_KINDS = (
    "read",
    "write",
    "udf",
    "batch-sub-read",
    "batch-sub-write",
    "batch-sub-udf",
    "pi-query",
    "si-query",
)
"""Histograms of a namespace that are always kept."""

_WRITE_STEPS = ("start", "restart", "dup-res", "master", "repl-write", "response")
_BENCHMARKS = {
    "read": ("start", "restart", "dup-res", "repl-ping", "local", "response"),
    "write": _WRITE_STEPS,
    "udf": _WRITE_STEPS,
    "udf-sub": _WRITE_STEPS,
    "ops-sub": _WRITE_STEPS,
    "batch-sub": (
        "prestart",
        "start",
        "restart",
        "dup-res",
        "repl-ping",
        "read-local",
        "write-master",
        "udf-master",
        "repl-write",
        "response",
    ),
}
"""What benchmarks measure one by one."""

_HISTOGRAMS = {
    **{kind: (kind,) for kind in (*_KINDS, "proxy", "re-repl", "read-touch")},
    **{
        f"benchmarks-{kind}": tuple(f"{kind}-{step}" for step in steps) for kind, steps in _BENCHMARKS.items()
    },
}
"""The names that `hist` takes after a namespace, and the histograms that each shows."""

_NODE_HISTOGRAMS = {
    "batch-index": ("batch-index",),
    "info": ("info",),
    "benchmarks-fabric": tuple(
        expand("fabric-{bulk,ctrl,meta,rw}-{send-init,send-fragment,recv-fragment,recv-cb}")
    ),
}
"""The same for those of the whole node."""


ROWS = (
    InfoCommand(b"statistics", statistics),
    InfoCommand(b"get-stats", get_stats),
    InfoCommand(b"latencies", latencies),
)
