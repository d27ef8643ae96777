"""Surveys and plans: what is computed from the lists of the nodes."""

from pathlib import Path

import pytest

from asadm.cluster import ClusterNode
from asadm.fleet.desired import directory
from asadm.fleet.desired.directory import ModuleDirectory
from asadm.fleet.observed import survey
from asadm.fleet.plan.plan import examine, make
from asadm.outcome import NodeAnswer
from asadm.target.aerospike.cluster import AerospikeCluster
from asadm.target.aerospike.module_list import listings
from asinfo.errors import UsageError
from asinfo.exchange import Endpoint
from asinfo.wire.udf import module_list
from tests.fakes.fleet import Fleet


def node(name: str) -> Endpoint:
    return Endpoint(name, 3000, name=name)


def listing(name: str, modules: dict[bytes, str]) -> NodeAnswer:
    return NodeAnswer(node(name), "ok", [module_list(modules.items())])


def surveyed(*answers: NodeAnswer) -> survey.Survey:
    return survey.Survey(listings(answers))


@pytest.fixture
def modules(tmp_path: Path) -> ModuleDirectory:
    (tmp_path / "a.lua").write_text("require 'b'; require 'gone'")
    (tmp_path / "b.lua").write_text("return 1")
    return directory.read(str(tmp_path))


ONE, TWO = "1" * 40, "2" * 40


def test_nodes_share_what_they_list_alike() -> None:
    found = surveyed(
        listing("n1", {b"x.lua": ONE}),
        listing("n2", {b"x.lua": ONE}),
        listing("n3", {b"y.lua": TWO, b"x.lua": ONE}),
    )
    assert found.listings[0].modules is found.listings[1].modules
    assert found.names() == [b"x.lua", b"y.lua"]
    assert found.hashes(b"y.lua") == [None, None, TWO]
    assert found.differing() == [b"y.lua"]
    assert found.complete
    names = [list(each.modules or {}) for each in found.listings]
    assert names[0][0] is names[2][1]


def test_a_node_that_was_not_read() -> None:
    found = surveyed(
        NodeAnswer(node("n1"), "refused", (), "nobody listens there"),
        NodeAnswer(node("n2"), "ok", [b"garbage"]),
        NodeAnswer(node("n3"), "ok", [b"filename=x.lua,hash=1,type=LUA;;filename="]),
        listing("n4", {}),
    )
    assert [each.read for each in found.listings] == [False, False, False, True]
    assert [answer.status for answer in found.answers] == ["refused", "protocol", "protocol", "ok"]
    assert (found.complete, found.differing(), found.names()) == (False, [], [])


def test_a_list_that_would_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asadm.target.aerospike.module_list.MODULES_MAX", 2)
    found = surveyed(listing("n1", {b"%d.lua" % number: ONE for number in range(3)}))
    assert found.answers[0].error == "udf-list: more than 2 modules"


def test_actions(modules: ModuleDirectory) -> None:
    wanted = modules.sources[b"b.lua"].hash
    found = surveyed(
        listing("n1", {b"b.lua": wanted}),
        listing("n2", {b"b.lua": ONE}),
        listing("n3", {}),
        NodeAnswer(node("n4"), "timeout-reply", (), "silent"),
    )
    plan = make(modules, found, prune=False)
    first, second = plan.steps
    assert (first.name, first.actions) == (b"b.lua", ["same", "update", "create", "unread"])
    assert (first.wanted, first.seen) == (wanted, [wanted, ONE, None, None])
    assert (second.name, second.actions) == (b"a.lua", ["create", "create", "create", "unread"])
    assert (plan.pending, plan.complete) == (True, False)
    assert plan.missing() == [(b"a.lua", b"gone.lua")]


def test_a_node_that_was_not_read_is_no_pending_change(modules: ModuleDirectory) -> None:
    plan = make(modules, surveyed(NodeAnswer(node("n1"), "refused")), prune=True)
    assert (plan.pending, plan.complete) == (False, False)


def test_pruning(tmp_path: Path, modules: ModuleDirectory) -> None:
    (tmp_path / "udf.yaml").write_text("keep: [kept.lua]\nexclude: ['test_*']\n")
    modules = directory.read(str(tmp_path))
    lists = {b"first.lua": ONE, b"kept.lua": ONE, b"test_x.lua": ONE, b"last.lua": ONE, b"gone.lua": ONE}
    found = surveyed(listing("n1", lists), listing("n2", {}))
    plan = make(modules, found, prune=False)
    assert (plan.foreign, plan.missing()) == (list(lists), [])
    assert len(plan.steps) == 2
    plan = make(modules, found, prune=True)
    assert plan.foreign == [b"kept.lua", b"test_x.lua"]
    # What came last may require what came first.
    assert [step.name for step in plan.steps[2:]] == [b"gone.lua", b"last.lua", b"first.lua"]
    assert plan.steps[3].actions == ["remove", "same"]
    assert plan.missing() == [(b"a.lua", b"gone.lua")], "it is about to go"


def cluster(fleet: Fleet, name: str = "") -> AerospikeCluster:
    return AerospikeCluster(
        [ClusterNode(Endpoint(each.host, each.port)) for each in fleet.nodes], name=name, timeout=2
    )


def test_one_list_a_node_and_nothing_else(modules: ModuleDirectory) -> None:
    with Fleet(3) as fleet:
        plan = examine(cluster(fleet), modules)
        assert [each.commands for each in fleet.nodes] == [[b"udf-list"]] * 3
    assert plan.complete


def test_another_cluster_is_refused(tmp_path: Path, modules: ModuleDirectory) -> None:
    (tmp_path / "udf.yaml").write_text("clusters: [production]")
    modules = directory.read(str(tmp_path))
    with Fleet(2) as fleet:
        with pytest.raises(UsageError, match="is for the cluster production; this one is staging"):
            examine(cluster(fleet, "staging"), modules)
        with pytest.raises(UsageError, match="this one is fake"):
            examine(cluster(fleet), modules)
        assert fleet.count(b"udf-") == 0
        assert examine(cluster(fleet, "production"), modules).complete
        fleet[0].fault = "refuses"
        fleet[1].fault = "closes at once"
        with pytest.raises(UsageError, match="this one is not known"):
            examine(cluster(fleet), modules)
        (tmp_path / "udf.yaml").write_text("clusters: [fake]")
        fleet[1].fault = ""
        assert not examine(cluster(fleet), directory.read(str(tmp_path))).complete
