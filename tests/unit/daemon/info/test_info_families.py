"""The info families of a node without records: what the dialogue with a fresh node does not show."""

import pytest

from asinfo.wire.frame import HEADER_SIZE
from daemon.info.dispatch import SUMMARY, Dispatch
from daemon.info.expand import expand
from daemon.info.families import FAMILIES, table
from daemon.info.request import Session
from daemon.node import Node
from daemon.table import Row, Table
from daemon.ticker import tick
from tests.fakes.state import Lines, make_node


def ask(command: str, node: Node | None = None, session: Session | None = None) -> str:
    reply = Dispatch(node or make_node(table())).respond(command.encode() + b"\n", session or Session())
    assert isinstance(reply, bytes)
    return reply[HEADER_SIZE + len(command) + 1 : -1].decode()


@pytest.fixture
def three() -> Node:
    return make_node(table(), nodes=3)


def test_every_row_has_its_grammar() -> None:
    for family in FAMILIES:
        for row in family:
            grammar, _, rest = (row.handler.__doc__ or "").partition("\n")
            assert grammar, row
            assert rest.strip(), row


def test_a_name_may_stand_once() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        Table([[Row(b"a", lambda *_: b"")], [Row(b"a", lambda *_: b"")]])


def test_services_of_a_cluster(three: Node) -> None:
    assert ask("services", three) == "127.0.0.1:3001;127.0.0.1:3002"
    assert ask("peers-clear-std", three) == "0,3000,[[A2,,[127.0.0.1:3001]],[A3,,[127.0.0.1:3002]]]"
    assert ask("alumni-clear-std", three) == ask("peers-clear-std", three)
    assert ask("peers-clear-alt", three) == "0,3000,[]"
    assert ask("get-sl", three) == "A3,A2,A1"
    assert ask("cluster-stable:size=1", three) == "ERROR:7:cluster not specified size"
    assert ask("cluster-stable:size=3", three) == f"{three.cluster.key:X}"


def test_the_default_port_is_left_out_of_peers(three: Node) -> None:
    three.id = "A3"
    assert ask("peers-clear-std", three) == "0,3000,[[A1,,[127.0.0.1]],[A2,,[127.0.0.1:3001]]]"


def test_an_alternate_address() -> None:
    node = make_node(table())
    node.config.network.service.alternate_access_address = "192.0.2.9"
    assert ask("service-clear-alt", node) == "192.0.2.9:3000"
    assert "service.alternate-access-addresses=192.0.2.9;" in ask("endpoints", node)


def test_partition_info_has_a_line_for_each(three: Node) -> None:
    lines = ask("partition-info", three).split(";")
    columns = lines[0].split(":")
    assert len(lines) == 1 + 2 * 4096
    assert {line.count(":") + 1 for line in lines} == {len(columns)}
    owned = sum(line.split(":")[2] == "S" for line in lines[1:4097])
    assert f"migrate_fresh_partitions={owned};" in ask("namespace/test", three)


def test_help_is_the_summary_and_then_sorted() -> None:
    names = ask("help").encode().split(b";")
    assert tuple(names[: len(SUMMARY)]) == SUMMARY
    rest = names[len(SUMMARY) :]
    assert rest == sorted(rest)
    assert b"udf-put" in rest
    assert b"udf-clear-cache" not in rest
    assert b"racks" not in rest


def test_statistics_are_real(three: Node) -> None:
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


def test_user_agents_are_counted_while_connected() -> None:
    node = make_node(table())
    first, second = Session(), Session()
    assert ask("user-agent-set:value=YQ==", node, first) == "ok"
    assert ask("user-agent-set:value=YQ==", node, second) == "ok"
    assert ask("user-agent-set:value=YQ==", node, second) == "ERROR:4:already set"
    assert ask("user-agents", node) == "user-agent=YQ==:count=2;"
    node.leave(first)
    assert ask("user-agents", node) == "user-agent=YQ==:count=1;"
    node.leave(second)
    node.leave(Session())
    assert ask("user-agents", node) == ""


def test_expand() -> None:
    assert list(expand("a_{b,c}_{d,e} f {,x_}g")) == ["a_b_d", "a_b_e", "a_c_d", "a_c_e", "f", "g", "x_g"]


def test_the_ticker_tells_the_state(three: Node) -> None:
    tick(three)
    lines = three.log
    assert isinstance(lines, Lines)
    texts = [text for _, _, text in lines.lines]
    assert texts[0].startswith("NODE-ID A1 CLUSTER-SIZE 3 CLUSTER-NAME null UPTIME ")
    assert "   modules 1 contexts (3,2 idle)" in texts
