"""The info families of a node without records: what the dialogue with a fresh node does not show."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any, cast

import pytest

from asinfo.wire.frame import HEADER_SIZE
from asudfd.aerospike.info import devices
from asudfd.aerospike.info.dispatch import SUMMARY, InfoService
from asudfd.aerospike.info.families import FAMILIES, table
from asudfd.aerospike.info.table import InfoCommand, InfoTable
from asudfd.aerospike.node import AerospikeNode
from asudfd.cluster.cluster import Member
from asudfd.figures.expand import expand
from asudfd.network.session import ClientSession
from asudfd.process.ticker import tick
from tests.fakes.reply import whole
from tests.fakes.state import Lines, make_node


def ask(command: str, node: AerospikeNode | None = None, session: ClientSession | None = None) -> str:
    async def run() -> bytes:
        reply = InfoService(node or make_node(table())).respond(
            command.encode() + b"\n", session or ClientSession()
        )
        return await whole(reply)

    return asyncio.run(run())[HEADER_SIZE + len(command) + 1 : -1].decode()


@pytest.fixture
def three() -> AerospikeNode:
    return make_node(table(), nodes=3)


def test_every_row_has_its_grammar() -> None:
    for family in FAMILIES:
        for row in family:
            grammar, _, rest = (row.handler.__doc__ or "").partition("\n")
            assert grammar, row
            assert rest.strip(), row


def test_a_name_may_stand_once() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        InfoTable([[InfoCommand(b"a", lambda *_: b"")], [InfoCommand(b"a", lambda *_: b"")]])


def test_services_of_a_cluster(three: AerospikeNode) -> None:
    assert ask("services", three) == "127.0.0.1:3001;127.0.0.1:3002"
    assert ask("peers-clear-std", three) == "0,3000,[[A2,,[127.0.0.1:3001]],[A3,,[127.0.0.1:3002]]]"
    assert ask("alumni-clear-std", three) == ask("peers-clear-std", three)
    assert ask("peers-clear-alt", three) == "0,3000,[]"
    assert ask("get-sl", three) == "A3,A2,A1"
    assert ask("cluster-stable:size=1", three) == "ERROR:7:cluster not specified size"
    assert ask("cluster-stable:size=3", three) == f"{three.cluster.key:X}"


def test_a_node_that_is_no_member(three: AerospikeNode) -> None:
    three.id = three.shared.id = "A9"
    assert ask("cluster-stable", three) == "ERROR:7:unstable cluster"
    assert ";cluster_is_member=false;" in ask("statistics", three)
    assert ask("replicas-master", three).startswith(f"test:{'A' * 683}=;")
    assert ask("services", three).count(";") == 2


def test_a_metadata_store_that_is_away(three: AerospikeNode) -> None:
    assert ask("statistics", three).endswith(";smd_backend=local;smd_connected=true")
    cast("Any", three.smd).connected = False
    three.config.smd.backend = "etcd"
    assert ask("statistics", three).endswith(";smd_backend=etcd;smd_connected=false")


def test_the_default_port_is_left_out_of_peers(three: AerospikeNode) -> None:
    three.id = "A3"
    assert ask("peers-clear-std", three) == "0,3000,[[A1,,[127.0.0.1]],[A2,,[127.0.0.1:3001]]]"


def test_addresses_of_ipv6_stand_in_brackets(three: AerospikeNode) -> None:
    three.cluster.join([Member("A1", "::1", 3000), Member("A2", "::1", 3001), Member("A3", "::1", 3000)])
    three.shared.endpoint = ("::1", 3000)
    assert ask("service", three) == "[::1]:3000"
    assert ask("services", three) == "[::1]:3001;[::1]:3000"
    assert ask("peers-clear-std", three) == "1,3000,[[A2,,[[::1]:3001]],[A3,,[[::1]]]]"


def test_an_alternate_address() -> None:
    node = make_node(table())
    node.config.network.service.alternate_access_address = "192.0.2.9"
    assert ask("service-clear-alt", node) == "192.0.2.9:3000"
    assert "service.alternate-access-addresses=192.0.2.9;" in ask("endpoints", node)


def test_partition_info_has_a_line_for_each(three: AerospikeNode) -> None:
    lines = ask("partition-info", three).split(";")
    columns = lines[0].split(":")
    assert len(lines) == 1 + 2 * 4096
    assert {line.count(":") + 1 for line in lines} == {len(columns)}
    owned = sum(line.split(":")[2] == "S" for line in lines[1:4097])
    assert {line.split(":")[13:16][2] for line in lines[1:4097] if line.split(":")[2] == "S"} == {"1"}
    assert f"migrate_fresh_partitions={owned};" in ask("namespace/test", three)


def test_help_is_the_summary_and_then_sorted() -> None:
    names = ask("help").encode().split(b";")
    assert tuple(names[: len(SUMMARY)]) == SUMMARY
    rest = names[len(SUMMARY) :]
    assert rest == sorted(rest)
    assert b"udf-put" in rest
    assert b"udf-clear-cache" not in rest
    assert b"racks" not in rest


def test_statistics_are_real(three: AerospikeNode) -> None:
    three.counters.opened, three.counters.closed, three.counters.info_complete = 7, 2, 40
    figures = dict(pair.split("=") for pair in ask("statistics", three).split(";"))
    assert figures["client_connections"] == "5"
    assert figures["client_connections_opened"] == "7"
    assert figures["info_complete"] == "40"
    assert figures["cluster_size"] == "3"
    assert figures["cluster_principal"] == "A3"
    assert figures["udf_contexts"] == "3"
    assert figures["udf_cache_hits"] == "5"
    assert int(figures["heap_allocated_kbytes"]) > 1000


def test_a_namespace_has_figures_and_parameters() -> None:
    figures = dict(pair.split("=") for pair in ask("namespace/test").split(";"))
    assert figures["objects"] == "0"
    assert figures["migrate_fresh_partitions"] == "4096"
    assert figures["client_udf_complete"] == "0"
    assert figures["max-record-size"] == "1048576"
    assert figures["storage-engine"] == "memory"


def test_a_partition_tells_its_records(three: AerospikeNode) -> None:
    digest = bytes([0x34, 0x02]) + bytes(18)
    three.namespaces[b"test"].storage.put(digest, b"x")
    lines = [line.split(":") for line in ask("partition-info", three).split(";")[1:]]
    assert [(line[0], line[1]) for line in lines if line[12] == "1"] == [("test", "564")]


def test_the_system_is_measured() -> None:
    node = make_node(table())
    end = time.monotonic() + 0.1
    while time.monotonic() < end:
        Path("/proc/self/stat").read_bytes()
    node.metrics.tick()
    figures = dict(pair.split("=") for pair in ask("statistics", node).split(";"))
    total, user, kernel = (int(figures[f"system_{kind}_cpu_pct"]) for kind in ("total", "user", "kernel"))
    assert total == user + kernel
    assert total > 0
    assert int(figures["system_thp_mem_kbytes"]) >= 0
    names = list(figures)
    assert names.index("system_total_cpu_pct") == names.index("uptime") + 1


def test_a_batch_queue_a_thread(three: AerospikeNode) -> None:
    three.config.service.batch_index_threads = 2
    assert ";batch_index_queue=0:0,0:0;" in ask("statistics", three)


def test_batches_by_their_ends(three: AerospikeNode) -> None:
    counters = three.counters
    counters.batch_initiated, counters.batch_completed = 6, 3
    counters.batch_errors, counters.batch_timeouts = 2, 1
    told = ask("statistics", three)
    assert ";batch_index_initiate=6;batch_index_queue=" in told
    assert ";batch_index_complete=3;batch_index_error=2;batch_index_timeout=1;batch_index_delay=0;" in told


@pytest.mark.parametrize(
    ("command", "context", "told"),
    [
        ("dump-cluster", "clustering", "principal A3 generation 0 nodes A1=127.0.0.1:3000 A2=127.0.0.1:3001"),
        ("dump-cluster:verbose=false", "clustering", "cluster key"),
        ("dump-fabric", "fabric", "3 of 3 nodes share this process"),
        ("dump-hb:verbose=true", "hb", "there are no heartbeats"),
        ("dump-hlc", "hlc", "clock "),
        ("dump-migrates", "migrate", "no migrations"),
        ("dump-rw", "rw", "records locked 0"),
        ("dump-skew", "skew", "3 of 3 nodes share this process"),
        ("dump-wb-summary:ns=test;verbose=true", "storage", "{test} memory used-bytes 0"),
        ("jem-stats", "alloc", "resident-kbytes "),
    ],
)
def test_a_dump_is_a_line_in_the_log(three: AerospikeNode, command: str, context: str, told: str) -> None:
    assert ask(command, three) == "ok"
    log = three.log
    assert isinstance(log, Lines)
    ((level, where, text),) = log.lines
    assert (level, where) == ("info", context)
    assert text.startswith("node A1: ")
    assert told in text


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("dump-wb-summary:ns=test;verbose=maybe", "ERROR:4:'verbose' may be either 'true' or 'false'"),
        ("tip:host=127.0.0.1;port=3002", "ERROR:16:nodes meet in the metadata store"),
        ("tip-clear:host-port-list=a:1,b:2", "ERROR::0 cleared, 2 not found"),
        ("tip-clear:host-port-list=a:1,b:,:2,c", "ERROR::0 cleared, 1 not found"),
        ("tip-clear:host-port-list=all", "ERROR::0 cleared, 0 not found"),
        ("mesh", ""),
        ("eviction-reset:namespace=nope", "ERROR:20:namespace not found on node"),
        ("eviction-reset:namespace=test;ttl=5", "ERROR:16:records are not evicted"),
        ("debug-record:namespace=nope;keyd=00", "ERROR:20:namespace not found on node"),
        (f"debug-record:namespace=test;keyd={'x' * 40}", "ERROR:4:bad keyd"),
        (f"debug-record:namespace=test;keyd={'0' * 41}", "ERROR:4:'keyd' value too long"),
        (f"debug-record:namespace=test;keyd={'0a' * 20}", "ERROR:16:records are not written out"),
        ("physical-devices:path=/proc", "ERROR:2:no device info"),
        ("sindex-create:indexname=i", "ERROR:20:missing 'namespace'"),
        ("sindex-create:indexname=i;namespace=test", "ERROR:4:missing 'bin'"),
        ("sindex-create:indexname=i;namespace=test;bin=b", "ERROR:4:missing 'type'"),
        (
            "sindex-create:indexname=i;namespace=test;bin=b;type=string;indextype=x",
            "ERROR:4:bad 'indextype' - must be one of 'default', 'list', 'mapkeys', 'mapvalues'",
        ),
        (
            "sindex-create:ns=test;indexname=i;indexdata=age",
            "ERROR:4:'indexdata' missing bin type",
        ),
        ("sindex-create:namespace=nope;indexname=i;bin=b;type=string", "ok"),
    ],
)
def test_an_answer(command: str, answer: str) -> None:
    assert ask(command) == answer


def test_a_device_is_told_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = tmp_path.stat().st_dev
    disk = tmp_path / "disks" / "vdz"
    (disk / "vdz1").mkdir(parents=True)
    blocks = tmp_path / "block"
    blocks.mkdir()
    (blocks / f"{os.major(number)}:{os.minor(number)}").symlink_to(disk / "vdz1")
    monkeypatch.setattr(devices, "BLOCK_DEVICES", blocks)
    assert ask(f"physical-devices:path={tmp_path}") == "physical-device=/dev/vdz1:age=-1"
    (disk / "vdz1" / "partition").write_text("1")
    assert ask(f"physical-devices:path={tmp_path}") == "physical-device=/dev/vdz:age=-1"


def test_heartbeats_by_multicast() -> None:
    node = make_node(table())
    node.config.network.heartbeat.mode = "multicast"
    assert ask("mcast", node) == ""
    assert ask("mesh", node) == "ERROR:4:heartbeat is in mesh mode"


def test_the_principal_forms_the_cluster_anew(three: AerospikeNode) -> None:
    assert ask("recluster", three) == "ignored-by-non-principal"
    three.id = "A3"
    assert [ask("recluster", three), ask("recluster:", three)] == ["ok", "ERROR::unknown"]
    assert three.cluster.recluster(time.monotonic() + 2)


def test_threads_tell_where_they_are() -> None:
    traces = ask("thread-traces").split(";")
    assert traces[0].startswith("---------- ")
    assert any(line.startswith("dump.py(thread_traces ") for line in traces)


def test_user_agents_are_counted_while_connected() -> None:
    node = make_node(table())
    first, second = ClientSession(), ClientSession()
    assert ask("user-agent-set:value=YQ==", node, first) == "ok"
    assert ask("user-agent-set:value=YQ==", node, second) == "ok"
    assert ask("user-agent-set:value=YQ==", node, second) == "ERROR:4:already set"
    assert ask("user-agents", node) == "user-agent=YQ==:count=2;"
    node.user_agents.leave(first)
    assert ask("user-agents", node) == "user-agent=YQ==:count=1;"
    node.user_agents.leave(second)
    node.user_agents.leave(ClientSession())
    assert ask("user-agents", node) == ""


def test_expand() -> None:
    assert list(expand("a_{b,c}_{d,e} f {,x_}g")) == ["a_b_d", "a_b_e", "a_c_d", "a_c_e", "f", "g", "x_g"]


def test_the_ticker_tells_the_state(three: AerospikeNode) -> None:
    tick(three.shared)
    lines = three.log
    assert isinstance(lines, Lines)
    texts = [text for _, _, text in lines.lines]
    assert texts[0].startswith("NODE-ID A1 CLUSTER-SIZE 3 CLUSTER-NAME null UPTIME ")
    assert "   modules 1 contexts (3,2 idle)" in texts
