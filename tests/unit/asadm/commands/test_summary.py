"""`summary` and `features`: all nodes in one conversation each, also where one hangs."""

from __future__ import annotations

import pytest

from tests.fakes.node import FakeNode, silent
from tests.unit.asadm.commands.test_info import ANSWERS, hosts
from tests.unit.asadm.conftest import Asadm

MORE = {
    **ANSWERS,
    "namespace/test": ANSWERS["namespace/test"] + ";client_udf_complete=2;storage-engine=memory",
    "get-config:context=security": "",
    "get-config:context=xdr": "",
    "get-config:context=network": "service.tls-port=0",
}


def test_a_hung_node_costs_a_deadline_and_nothing_else(asadm: Asadm) -> None:
    with FakeNode(MORE) as one, FakeNode(MORE) as other, FakeNode(behaviour=silent) as hung:
        result = asadm("-j", "-h", hosts(one, other, hung), "--timeout", "0.5", "-e", "summary")
        assert result.code == 1
        cluster, namespaces = result.document["tables"]
        (total,) = cluster["totals"]
        assert (total["nodes_read"], total["nodes_asked"]) == (2, 3)
        assert total["data_used_memory_bytes"] == 100
        assert total["features"] == ["SIndex", "UDF"]
        assert [total["master_objects"] for total in namespaces["totals"]] == [4, 4]
        assert all(len(node.requests) == 2 for node in (one, other))


def test_the_list_has_a_figure_a_line(asadm: Asadm) -> None:
    with FakeNode(MORE) as node:
        shown = asadm("-h", node.address, "-e", "summary -l")
        assert shown.code == 0
        lines = [line.split() for line in shown.out.splitlines()]
        assert ["test", "Master", "Objects", "2"] in lines
        assert ["Namespaces", "Total", "2"] in lines
        assert ["Nodes", "1", "node"] in lines


def test_features_of_a_hung_node_are_unknown(asadm: Asadm) -> None:
    with FakeNode(MORE) as node, FakeNode(behaviour=silent) as hung:
        result = asadm("-j", "-h", hosts(node, hung), "--timeout", "0.5", "-e", "features like UDF KVS")
        assert result.code == 1
        live, gone = result.document["tables"][0]["rows"]
        assert live["values"] == {"KVS": False, "UDF": True}
        assert gone["values"] is None
        assert gone["state"].startswith("timeout")
        assert len(node.requests) == 2


@pytest.mark.parametrize("flip", ["--flip", "-flip"])
def test_features_turned(asadm: Asadm, flip: str) -> None:
    with FakeNode(MORE) as node:
        shown = asadm("-h", node.address, "-e", f"features {flip} like UDF")
        assert [line.split() for line in shown.out.splitlines()][1:3] == [
            ["Node", "State", "UDF"],
            [node.address, "ok", "yes"],
        ]


def test_no_feature_has_that_name(asadm: Asadm) -> None:
    with FakeNode(MORE) as node:
        result = asadm("-h", node.address, "-e", "features like udf")
        assert (result.code, result.out) == (1, "")
        assert "letter case counts" in result.err
