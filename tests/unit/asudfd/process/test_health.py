"""The pages for supervisors, and what Prometheus reads."""

import re
from types import SimpleNamespace
from typing import Any, cast

import pytest

from asinfo.wire.message import op
from asudfd.aerospike.info.namespaces import namespace
from asudfd.aerospike.info.request import Request
from asudfd.aerospike.info.statistics import statistics
from asudfd.aerospike.info.table import InfoTable
from asudfd.aerospike.metrics import figure_groups
from asudfd.aerospike.node import AerospikeNode
from asudfd.clock import now_milliseconds
from asudfd.cluster.cluster import Cluster
from asudfd.network.session import ClientSession
from asudfd.node import Node
from asudfd.process.health import STOPPING, Health
from asudfd.record.indexes import Index
from asudfd.record.record import Record
from asudfd.served_node import ServedNode
from asudfd.smd.etcd.store import AWAY
from tests.fakes.state import make_node

LINE = re.compile(
    r'(aerospike_[a-z0-9_]+)\{([a-z_]+="(?:[^"\\\n]|\\.)*"(?:,[a-z_]+="(?:[^"\\\n]|\\.)*")*)\} (-?[0-9.]+)'
)


@pytest.fixture
def node() -> Node:
    node = make_node(InfoTable([]), nodes=2).shared
    cast("Any", node.modules).get = lambda name: SimpleNamespace(hash="0f", filename=name)
    return node


def health(*nodes: Node) -> Health:
    made = Health([ServedNode(node, [service(node)]) for node in nodes])
    made.stage = ""
    return made


def service(node: Node) -> Any:
    """A service with the figures of the Aerospike protocol, without sockets."""
    return SimpleNamespace(figure_groups=lambda: figure_groups(node))


def text(made: Health, path: str) -> str:
    return made.pages()[path]()[2].decode()


def test_a_node_that_serves(node: Node) -> None:
    made = health(node)
    assert made.pages()["/healthz"]()[0] == 200
    assert made.pages()["/readyz"]() == (200, "text/plain; charset=utf-8", b"ready\n")


def test_what_is_in_the_way(node: Node) -> None:
    made = Health([])
    assert made.pages()["/readyz"]()[::2] == (503, b"starting\n")
    made = health(node)
    made.stage = STOPPING
    assert made.reason() == "stopping"
    made.stage = ""
    cast("Any", node.smd).trouble = AWAY
    assert (
        made.reason() == "the metadata store cannot be reached: modules cannot be changed, all else is served"
    )
    assert made.pages()["/healthz"]()[0] == 200
    cast("Any", node.smd).trouble = ""
    node.cluster = Cluster()
    assert made.reason() == "node A1 is not a member of the cluster"


def test_metrics_are_what_prometheus_reads(node: Node) -> None:
    space = node.namespaces[b"test"]
    space.latencies.note("udf", 0.003)
    space.latencies.end_slice({"client_udf_complete": 40}, 10)
    space.put(bytes(20), Record(1, 0, now_milliseconds(), b"demo", b"", op(1, 1, b"n", bytes(8))))
    space.indexes[b"by_n"] = Index("demo", "n", "numeric", "default")
    other = make_node(InfoTable([])).shared
    other.endpoint = ("127.0.0.1", 3001)
    cast("Any", other.modules).get = lambda _: None
    lines = text(health(node, other), "/metrics").splitlines()
    kinds: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    helped = ""
    for line in lines:
        if line.startswith("# HELP "):
            _, _, helped, *words = line.split(" ")
            assert words[-1].endswith(".")
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in kinds
            assert name == helped
            kinds[name] = kind
            continue
        found = LINE.fullmatch(line)
        assert found, line
        assert found[1] == name  # the samples of a name stand together
        assert (found[1], found[2]) not in seen
        seen.add((found[1], found[2]))
    assert kinds["aerospike_namespace_client_udf_complete"] == "counter"
    assert kinds["aerospike_node_stats_cluster_size"] == "gauge"
    assert (
        "# HELP aerospike_namespace_client_udf_complete Calls of Lua functions of clients that were completed."
        in lines
    )
    assert kinds["aerospike_node_udf_context_hits"] == "counter"
    place = 'cluster_name="null",service="127.0.0.1:3000"'
    assert f"aerospike_node_stats_cluster_size{{{place}}} 2" in lines
    assert f"aerospike_node_stats_smd_connected{{{place}}} 1" in lines
    assert f'aerospike_namespace_client_udf_complete{{{place},ns="test"}} 0' in lines
    assert f'aerospike_node_udf_module_info{{{place},filename="a.lua",hash="0f"}} 1' in lines
    assert f'aerospike_node_udf_context_now{{{place},module="a"}} 3' in lines
    on_test = f'{place},ns="test"'
    assert f"aerospike_latencies_udf_ms_count{{{on_test}}} 4.00" in lines
    for le, rate in (("1", "3.90"), ("2", "3.90"), ("4", "4.00"), ("+Inf", "4.00")):
        assert f'aerospike_latencies_udf_ms_bucket{{{on_test},le="{le}"}} {rate}' in lines
    assert f'aerospike_sets_objects{{{on_test},set="demo"}} 1' in lines
    assert f'aerospike_sets_stop_writes_count{{{on_test},set="demo"}} 0' in lines
    assert f'aerospike_sindex_load_pct{{{on_test},sindex="by_n"}} 100' in lines
    function = f'{place},module="a",function="f"'
    assert f"aerospike_node_udf_function_memory_high_water{{{function}}} 400000" in lines
    assert f"aerospike_node_udf_function_microseconds_sum{{{function}}} 3" in lines
    for le in ("4", "16", "+Inf"):
        assert f'aerospike_node_udf_function_microseconds_bucket{{{function},le="{le}"}} 1' in lines
    assert 'aerospike_node_stats_uptime{cluster_name="null",service="127.0.0.1:3001"} 0' in lines


def test_statistics_and_metrics_have_the_same_figures(node: Node) -> None:
    request = Request(b"", b"test", ClientSession())
    metrics = text(health(node), "/metrics")
    for prefix, answer in (
        ("node_stats", statistics(AerospikeNode(node, InfoTable([])), request)),
        ("namespace", namespace(AerospikeNode(node, InfoTable([])), request)),
    ):
        pairs = [pair.split("=") for pair in answer.decode().split(";")]
        numbers = {
            name for name, value in pairs if value in {"true", "false"} or value.replace(".", "").isdigit()
        }
        told = set(re.findall(rf"^# TYPE aerospike_{prefix}_(\w+) ", metrics, re.MULTILINE))
        assert told == {re.sub(r"\W", "_", name) for name in numbers - {"cluster_key"}}


def test_a_text_that_looks_like_a_number_is_no_metric(node: Node) -> None:
    node.cluster.key = 0x123456789012
    assert b"cluster_key=123456789012;" in statistics(
        AerospikeNode(node, InfoTable([])), Request(b"", b"", ClientSession())
    )
    assert "cluster_key" not in text(health(node), "/metrics")


def test_labels_are_escaped(node: Node) -> None:
    cast("Any", node.modules).names = lambda: ['a"\\\n.lua']
    assert r'filename="a\"\\\n.lua"' in text(health(node), "/metrics")
