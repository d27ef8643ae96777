"""A node whose parts are real but for Lua, system metadata and the log: for tests of what stands around them."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from asudfd.aerospike.info.table import InfoCommand, InfoTable
from asudfd.aerospike.node import AerospikeNode
from asudfd.cluster.cluster import Cluster, Member
from asudfd.config.load import embedded
from asudfd.config.schema import Config
from asudfd.lua.call_figures import FunctionFigures, FunctionRow
from asudfd.node import Node
from asudfd.process.metrics import Metrics
from asudfd.record.spaces import open_namespaces


class Lines:
    """A log that keeps its lines, as (level, context, text)."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str]] = []

    def __getattr__(self, level: str) -> Any:
        return lambda context, text, position="", **_: self.lines.append((level, context, text))


class FakeModules:
    def names(self) -> list[str]:
        return ["a.lua"]


class FakeHost:
    def statistics(self) -> list[Any]:
        figures = {
            "module": "a",
            "contexts": 3,
            "idle": 2,
            "hits": 5,
            "misses": 1,
            "creations": 3,
            "evictions": 0,
        }
        return [SimpleNamespace(**figures, high_water=3)]

    def functions(self) -> list[FunctionRow]:
        figures = FunctionFigures()
        figures.add(0.000003, 400_000)
        return [FunctionRow("a", b"f", figures)]

    def clear(self) -> None:
        pass


def make_node(
    table: InfoTable,
    config: Config | None = None,
    *,
    nodes: int = 1,
    host: Any = None,
    warn: Callable[[str], None] = print,
) -> AerospikeNode:
    """The node A1 of a cluster of ``nodes`` on 127.0.0.1, ports 3000 and on."""
    config = config or embedded("/nowhere")
    cluster = Cluster()
    cluster.here = frozenset(f"{0xA1 + number:X}" for number in range(nodes))
    cluster.join([Member(f"{0xA1 + number:X}", "127.0.0.1", 3000 + number) for number in range(nodes)])
    node = Node(
        "A1",
        config,
        namespaces=open_namespaces(config, warn),
        cluster=cluster,
        smd=cast("Any", SimpleNamespace(connected=True, trouble="")),
        modules=cast("Any", FakeModules()),
        host=host or cast("Any", FakeHost()),
        log=cast("Any", Lines()),
        metrics=Metrics(),
    )
    node.endpoint = ("127.0.0.1", 3000)
    return AerospikeNode(node, table)


def one_row(name: bytes, handler: Any, **columns: Any) -> InfoTable:
    return InfoTable([[InfoCommand(name, handler, **columns)]])
