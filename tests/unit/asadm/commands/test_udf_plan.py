"""``asadm udf plan``: exit codes, what it shows of healthy and of ugly nodes, diffs, plan files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from asadm.fleet.plan import plan_file
from tests.fakes.fleet import FAULTS, Fleet
from tests.unit.asadm.conftest import Asadm

A, B = b"require 'b'\nreturn 1\n", b"return 2\n"


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """a.lua, which requires b.lua."""
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_bytes(A)
    (tmp_path / "udf" / "b.lua").write_bytes(B)
    return tmp_path / "udf"


@pytest.fixture
def fleet(modules: Path) -> Iterator[Fleet]:
    """Three nodes that have both modules already."""
    with Fleet(3) as fleet:
        fleet.load(b"a.lua", A)
        fleet.load(b"b.lua", B)
        yield fleet


def test_nothing_to_change(asadm: Asadm, fleet: Fleet) -> None:
    result = asadm("-h", fleet.hosts, "udf", "plan", "udf")
    assert (result.code, result.err) == (0, "")
    assert result.out == "no change: 2 modules as in udf on 3 of 3 nodes\n"
    assert [node.commands for node in fleet.nodes] == [[b"udf-list"]] * 3


def test_everything_is_shown_when_asked_for(asadm: Asadm, fleet: Fleet) -> None:
    rows = asadm("-h", fleet.hosts, "udf", "plan", "udf", "--all").out.splitlines()
    assert [row.split()[:5] for row in rows[1:3]] == [
        ["b.lua", "same", "all", "3", "nodes"],
        ["a.lua", "same", "all", "3", "nodes"],
    ]


def test_changes_are_pending(asadm: Asadm, fleet: Fleet) -> None:
    fleet[1].hold(b"b.lua", b"other\n")
    fleet[2].hold(b"a.lua", None)
    result = asadm("-h", fleet.hosts, "udf", "plan", "udf")
    assert result.code == 3
    rows = [row.split() for row in result.out.splitlines()]
    assert rows[0] == ["Module", "Action", "Nodes", "Has", "Gets"]
    assert rows[1][:3] == ["b.lua", "update", fleet[1].address]
    assert rows[2][:4] == ["b.lua", "same", f"{fleet[0].address},", fleet[2].address]
    assert rows[3][:4] == ["a.lua", "create", fleet[2].address, "-"]
    assert " ".join(rows[-1]) == "1 to create, 1 to update, 0 to remove on 2 of 3 nodes; 0 the same"
    assert result.err == "asadm: the nodes disagree with each other on 2 modules: a.lua, b.lua\n"


def test_pruning_is_asked_for(asadm: Asadm, fleet: Fleet) -> None:
    fleet.load(b"old.lua", b"x\n")
    result = asadm("-h", fleet.hosts, "udf", "plan", "udf")
    assert result.code == 0
    assert result.err.startswith(
        "asadm: 1 module on the nodes that udf does not have: old.lua; --prune would"
    )
    result = asadm("-h", fleet.hosts, "udf", "plan", "udf", "--prune")
    assert result.code == 3
    assert result.out.splitlines()[1].split()[:5] == ["old.lua", "remove", "all", "3", "nodes"]


def test_a_required_module_that_nobody_has(asadm: Asadm, fleet: Fleet, modules: Path) -> None:
    (modules / "c.lua").write_text("require 'd'")
    result = asadm("-h", fleet.hosts, "udf", "plan", "udf")
    assert result.err == "asadm: c.lua requires d.lua, which neither udf nor a node has\n"


def test_json(asadm: Asadm, fleet: Fleet) -> None:
    fleet[1].hold(b"b.lua", b"other\n")
    fleet[2].fault = "refuses"
    result = asadm("-j", "-h", fleet.hosts, "udf", "plan", "udf")
    document = result.document
    assert (result.code, document["code"], document["pending"], document["complete"]) == (1, 1, True, False)
    assert [
        (step["module"], step["requires"], step["update"], step["unread"]) for step in document["steps"]
    ] == [
        ("b.lua", [], 1, 1),
        ("a.lua", ["b.lua"], 0, 1),
    ]
    one, two, three = document["nodes"]
    assert [each["action"] for each in one["modules"]] == ["same", "same"]
    assert two["modules"][0] == {
        "name": "b.lua",
        "action": "update",
        "hash": fleet[1].hash(b"b.lua"),
        "wanted": fleet[0].hash(b"b.lua"),
    }
    assert (three["status"], three["error"], three["modules"]) == ("refused", "nobody listens there", None)
    assert (document["differing"], document["foreign"], document["missing"]) == (["b.lua"], [], [])


@pytest.mark.usefixtures("modules")
def test_many_nodes_are_told_together(asadm: Asadm) -> None:
    with Fleet(40) as fleet:
        fleet.load(b"b.lua", B)
        fleet[7].hold(b"b.lua", b"other\n")
        rows = [row.split() for row in asadm("-h", fleet.hosts, "udf", "plan", "udf").out.splitlines()]
    assert rows[1][:3] == ["b.lua", "update", fleet[7].address]
    assert rows[2][:4] == ["b.lua", "same", "39", "nodes"]
    assert rows[3][:5] == ["a.lua", "create", "all", "40", "nodes"]


@pytest.mark.usefixtures("modules")
def test_very_many_versions_share_a_row(asadm: Asadm) -> None:
    with Fleet(20) as fleet:
        for node in fleet.nodes[1:]:
            node.hold(b"b.lua", b"return %d\n" % (100 + node.number))
        rows = [row.split() for row in asadm("-h", fleet.hosts, "udf", "plan", "udf").out.splitlines()]
    assert rows[1] == ["b.lua", "update", "19", "nodes", "19", "versions", rows[1][-1]]
    assert rows[2][:3] == ["b.lua", "create", fleet[0].address]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if not fault.startswith("timeout")])
def test_an_ugly_node_has_a_row_with_its_reason(asadm: Asadm, fleet: Fleet, fault: str) -> None:
    fleet[1].fault = fault
    result = asadm("-h", fleet.hosts, "--timeout", "0.5", "udf", "plan", "udf")
    assert result.code == 1
    assert result.out.splitlines()[0].split() == ["Not", "read", "Status", "Reason"]
    row = result.out.splitlines()[1].split()
    assert row[0] == fleet[1].address
    assert len(row) > 3, "a reason"
    assert result.out.splitlines()[2] == "no change: 2 modules as in udf on 2 of 3 nodes"
    assert result.err.startswith(f"asadm: {fleet[1].address}: ")


def test_the_same_reason_is_told_once(asadm: Asadm, fleet: Fleet) -> None:
    for node in fleet.nodes:
        node.fault = "refuses"
    result = asadm("-h", fleet.hosts, "udf", "plan", "udf")
    assert result.code == 1
    assert result.out.splitlines()[1].split()[:4] == ["all", "3", "nodes", "refused"]
    assert result.out.splitlines()[2] == "nothing is known: none of 3 nodes could be read"
    assert len(result.err.splitlines()) == 3


def test_diff_reads_each_version_once(asadm: Asadm, fleet: Fleet) -> None:
    fleet.load(b"old.lua", b"x\n")
    for node in fleet.nodes[1:]:
        node.hold(b"b.lua", b"return '\xff\x1b[2J'\n")
    result = asadm("-h", fleet.hosts, "udf", "plan", "udf", "--diff", "--prune")
    assert result.code == 3
    assert fleet.count(b"udf-get:filename=b.lua") == 1
    where = f"{fleet[1].address} and 1 more".encode()
    assert (
        b"--- b.lua (%b)\n+++ udf/b.lua\n@@ -1 +1 @@\n-return '\xff\x1b[2J'\n+return 2\n" % where
        in result.raw
    )
    assert b"+++ /dev/null\n@@ -1 +0,0 @@\n-x\n" in result.raw
    assert b"a.lua" not in result.raw
    diffs = asadm("-j", "-h", fleet.hosts, "udf", "plan", "udf", "--diff").document["diffs"]
    assert [(each["module"], each["nodes"], each["error"]) for each in diffs] == [
        ("b.lua", [node.address for node in fleet.nodes[1:]], None)
    ]
    assert "\n+return 2\n" in diffs[0]["diff"]


def test_diff_asks_the_next_node_when_one_fails(asadm: Asadm, fleet: Fleet) -> None:
    for node in fleet.nodes:
        node.hold(b"b.lua", b"other\n")
    fleet[0].before = lambda _, command: b"error=not_found" if command.startswith(b"udf-get") else None
    fleet[1].files[b"b.lua"] = b"damaged\n"
    result = asadm("-h", fleet.hosts, "udf", "plan", "udf", "--diff")
    assert (result.code, "-other\n+return 2\n" in result.out) == (3, True)
    fleet[2].files[b"b.lua"] = b"damaged\n"
    result = asadm("-h", fleet.hosts, "udf", "plan", "udf", "--diff")
    assert result.code == 1, "a node could not be read"
    assert "what it serves has the hash" in result.out


def test_a_plan_file_and_its_directory(asadm: Asadm, fleet: Fleet, tmp_path: Path) -> None:
    fleet[1].hold(b"b.lua", b"other\n")
    assert asadm("-h", fleet.hosts, "udf", "plan", "udf", "--out", "plan.json").code == 3
    saved = plan_file.read(str(tmp_path / "plan.json"))
    assert list(saved.directory.sources) == [b"b.lua", b"a.lua"]
    assert list(saved.seen) == [node.address for node in fleet.nodes]
    fleet[1].fault = "refuses"
    result = asadm("-h", fleet.hosts, "udf", "plan", "udf", "--out", "plan.json")
    assert result.err.startswith("asadm: plan.json does not cover 1 node that could not be read: ")
    fleet.clear()
    result = asadm("-h", fleet.hosts, "udf", "plan", "udf", "--out", "nowhere/plan.json")
    assert (result.code, fleet.count(b"")) == (2, 0)
    assert asadm("-h", fleet.hosts, "udf", "plan", "udf", "--out", ".").code == 2
    assert "name a file for it" in asadm("-h", fleet.hosts, "udf", "plan", "udf", "--out", "-").err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["udf", "plan"], "asadm: udf plan: DIR is missing"),
        (["udf", "plan", "no"], "asadm: no: No such file or directory"),
        (["udf", "plan", "empty"], "asadm: empty: there is no module in it: no file called *.lua"),
        (
            ["udf", "plan", "bad"],
            "asadm: bad/udf.yaml:1: the file has no setting 'x'; it has modules, exclude",
        ),
        (["udf", "plan", "udf", "--nope"], "asadm: udf plan: unknown option --nope"),
        (["udf", "plan", "udf", "with", "nobody"], "asadm: no node is called 'nobody'"),
    ],
)
def test_usage(asadm: Asadm, fleet: Fleet, tmp_path: Path, words: list[str], message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "udf.yaml").write_text("x: 1\n")
    result = asadm("-h", fleet.hosts, *words)
    assert (result.code, result.out, fleet.count(b"")) == (2, "", 0)
    assert result.err.startswith(message)


def test_some_nodes_only(asadm: Asadm, fleet: Fleet) -> None:
    result = asadm("-h", fleet.hosts, "udf", "plan", "udf", "with", fleet[1].address)
    assert result.out == "no change: 2 modules as in udf on 1 of 1 node\n"
    assert fleet.count(b"udf-list") == 1


def test_help(asadm: Asadm) -> None:
    for words in (["help", "udf", "plan"], ["udf", "plan", "--help"], ["udf", "plan", "x", "--help"]):
        result = asadm(*words)
        assert (result.code, result.err) == (0, "")
        assert "Exit codes: 0 nothing to change, 3 changes are pending" in result.out
    for words in (["help", "udf"], ["udf", "--help"]):
        result = asadm(*words)
        assert result.code == 0
        assert result.out.startswith("udf plan")


def test_an_older_server(asadm: Asadm, fleet: Fleet) -> None:
    fleet[0].old = True
    assert asadm("-h", fleet.hosts, "udf", "plan", "udf").code == 0
    fleet[0].hold(b"b.lua", b"old\n")
    result = asadm("-h", fleet.hosts, "udf", "plan", "udf", "--diff")
    assert (result.code, "-old\n" in result.out) == (3, True)


def test_a_circle_is_a_warning_and_is_applied(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_text('function f() return require("b").g() end')
    (tmp_path / "udf" / "b.lua").write_text('function h() return require("a").f() end')
    with Fleet(2) as fleet:
        shown = asadm("-h", fleet.hosts, "udf", "plan", "udf")
        assert shown.code == 3
        assert "in a circle: a.lua -> b.lua -> a.lua" in shown.err
        assert asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes", "--no-history").code == 0
        assert all(len(node.names) == 2 for node in fleet.nodes)


def test_a_removal_does_not_name_nodes_that_never_had_it(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_text("return 1")
    with Fleet(2) as fleet:
        fleet.load(b"a.lua", b"return 1")
        fleet[0].hold(b"b.lua", b"return 2")
        shown = asadm("-h", fleet.hosts, "udf", "plan", "udf", "--prune")
        [row] = [line for line in shown.out.splitlines() if line.startswith("b.lua")]
        assert row.split()[1:3] == ["remove", fleet[0].address]
