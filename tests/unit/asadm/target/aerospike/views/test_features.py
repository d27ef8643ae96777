"""`features`: what counters and parameters tell, and what nobody told."""

from __future__ import annotations

from asadm.target.aerospike.views import features
from asadm.target.aerospike.views.asking import NodeInfo
from asadm.target.aerospike.views.namespaces import every
from tests.each import for_each_row
from tests.fakes.said import dead, node, rows

IDLE = {
    "namespaces": "test",
    "statistics": "batch_index_initiate=0",
    "namespace/test": "client_read_success=0;pi_query_aggr_complete=0;index-type=mem;rack-id=0;sindex_used_bytes=0",
    "get-config:context=security": "",
    "get-config:context=xdr": "",
    "get-config:context=network": "service.tls-port=0;service.tls-name=null;fabric.tls-port=0;heartbeat.tls-name=null",
    "sindex-list:": "",
}


def using(**answers: str) -> NodeInfo:
    words = {
        "namespace": "namespace/test",
        "security": "get-config:context=security",
        "xdr": "get-config:context=xdr",
        "network": "get-config:context=network",
        "sindex": "sindex-list:",
    }
    return node("a", IDLE | {words.get(name, name): answer for name, answer in answers.items()})


def test_an_idle_node_has_none() -> None:
    assert set(features.features(node("a", IDLE)).values()) == {False}
    assert features.active(node("a", IDLE)) == []


@for_each_row(
    ("answers", "used"),
    [
        ({"namespace": "client_read_success=1"}, ["KVS"]),
        ({"namespace": "client_udf_error=1"}, ["UDF"]),
        ({"namespace": "udf_sub_udf_complete=1"}, ["UDF"]),
        ({"statistics": "batch_index_initiate=3"}, ["Batch"]),
        ({"namespace": "pi_query_long_basic_complete=1"}, ["PIndex Query", "Scan"]),
        ({"namespace": "pi_query_aggr_complete=1"}, ["Aggregation", "PIndex Query"]),
        ({"namespace": "si_query_short_basic_complete=1"}, ["Query", "SIndex Query"]),
        ({"namespace": "scan_basic_complete=1"}, ["Scan"]),
        ({"namespace": "sindex_used_bytes=16777216"}, ["SIndex"]),
        ({"sindex": "ns=test:indexname=i:set=s:bin=b"}, ["SIndex"]),
        ({"namespace": "index-type=flash"}, ["Index-on-flash"]),
        ({"namespace": "rack-id=2"}, ["Rack-aware"]),
        ({"namespace": "strong-consistency=true"}, ["SC"]),
        ({"namespace": "data_compression_ratio=0.500"}, ["Compression"]),
        ({"namespace": "data_compression_ratio=1.000"}, []),
        ({"security": "enable-security=true"}, ["Security"]),
        ({"security": "enable-security=false"}, []),
        ({"security": "enable-quotas=false"}, ["Security"]),
        ({"xdr": "dcs=DC1;src-id=0"}, ["XDR Source"]),
        ({"xdr": "dcs=;src-id=0"}, []),
        ({"namespace": "xdr_client_write_success=1"}, ["XDR Destination"]),
        ({"network": "service.tls-port=4333"}, ["TLS (Service)"]),
        ({"network": "heartbeat.tls-name=mine"}, ["TLS (Heartbeat)"]),
    ],
)
def test_a_counter_or_a_parameter_tells_of_a_feature(answers: dict[str, str], used: list[str]) -> None:
    assert features.active(using(**answers)) == used


def test_what_a_node_does_not_tell_is_neither_yes_nor_no() -> None:
    found = features.features(
        using(
            network="ERROR:4:unrecognized command",
            security="ERROR:4:unrecognized command",
            xdr="ERROR:81:role violation",
        )
    )
    unknown = {name for name, used in found.items() if used is None}
    assert unknown == {"Security", "XDR Source", "TLS (Service)", "TLS (Fabric)", "TLS (Heartbeat)"}


def test_a_node_that_was_not_read_has_its_reason_and_no_features() -> None:
    table = features.table([using(), dead("b")], every)
    live, gone = rows(table)
    assert live["values"]["KVS"] is False
    assert gone == {"node": "b", "state": "timeout", "reason": "no answer", "values": None}
    state, *others = table.sheet().rows
    assert [cell.text for cell in state] == ["State", "ok", "timeout"]
    assert "no answer" in table.sheet().note
    assert {row[1].text for row in others} == {"no"}
    assert {row[2].text for row in others} == {"-"}


def test_the_names_that_are_wanted() -> None:
    assert features.table([using()], lambda name: "Query" in name).names == [
        "PIndex Query",
        "Query",
        "SIndex Query",
    ]


def test_where_nodes_have_no_room_for_a_column_each_it_is_yes_or_no_too() -> None:
    grouped = features.table([using(), using(network="ERROR:4:x")], every).sheet().otherwise
    assert grouped is not None
    assert {row[1].text for row in grouped().rows} == {"no", "-"}
