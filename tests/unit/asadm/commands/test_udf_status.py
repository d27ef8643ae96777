"""``asadm udf status``: lines in a pipe, a matrix on a terminal, JSON, and live."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from asadm.cluster import ClusterNode
from asadm.fleet.desired import directory
from asadm.fleet.observed import matrix
from asadm.fleet.observed.matrix import StatusMatrix, sheets
from asadm.fleet.observed.survey import survey
from asadm.redraw import painted
from asadm.target.aerospike.cluster import AerospikeCluster
from asinfo.exchange import Endpoint
from asinfo.terminal.render import Sheet, plain
from tests.fakes.fleet import Fleet
from tests.process.asadm.test_asadm_terminal import Terminal, command
from tests.unit.asadm.conftest import Asadm

A, B = b"return 1\n", b"return 2\n"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """Three nodes; the second has another a.lua, the third no b.lua."""
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_bytes(A)
    (tmp_path / "udf" / "c.lua").write_bytes(B)
    with Fleet(3) as fleet:
        fleet.load(b"a.lua", A)
        fleet.load(b"b.lua", B)
        fleet[1].hold(b"a.lua", b"other\n")
        fleet[2].hold(b"b.lua", None)
        yield fleet


def test_a_line_a_module_and_node(asadm: Asadm, fleet: Fleet) -> None:
    result = asadm("-h", fleet.hosts, "udf", "status")
    assert (result.code, result.err) == (3, "")
    one, two, three = (node.address for node in fleet.nodes)
    assert [line.split() for line in result.out.splitlines()] == [
        ["Module", "Node", "State", "Hash"],
        ["a.lua", one, "same", fleet[0].hash(b"a.lua")],
        ["a.lua", two, "other", fleet[1].hash(b"a.lua")],
        ["a.lua", three, "same", fleet[0].hash(b"a.lua")],
        ["b.lua", one, "same", fleet[0].hash(b"b.lua")],
        ["b.lua", two, "same", fleet[0].hash(b"b.lua")],
        ["b.lua", three, "missing", "-"],
    ]


def test_against_a_directory(asadm: Asadm, fleet: Fleet) -> None:
    lines = asadm("-h", fleet.hosts, "udf", "status", "--dir", "udf").out.splitlines()
    assert [(line.split()[0], line.split()[2]) for line in lines[1:]] == [
        *[("a.lua", "same"), ("a.lua", "other"), ("a.lua", "same")],
        *[("b.lua", "extra"), ("b.lua", "extra"), ("b.lua", "same")],
        *[("c.lua", "missing")] * 3,
    ]


def test_a_node_that_was_not_read(asadm: Asadm, fleet: Fleet) -> None:
    fleet[0].fault = "refuses"
    result = asadm("-h", fleet.hosts, "udf", "status")
    assert result.code == 1
    last = result.out.splitlines()[-1].split(maxsplit=3)
    assert last == ["*", fleet[0].address, "refused", "nobody listens there"]
    document = asadm("-j", "-h", fleet.hosts, "udf", "status").document
    assert document["nodes"][0]["modules"] is None
    assert document["nodes"][0]["error"] == "nobody listens there"
    assert document["nodes"][1]["modules"][0] == {
        "name": "a.lua",
        "state": "same",
        "hash": fleet[1].hash(b"a.lua"),
    }
    assert document["modules"][1] == {
        "name": "b.lua",
        "hash": fleet[1].hash(b"b.lua"),
        "same": 1,
        "other": 0,
        "missing": 1,
        "extra": 0,
    }


def shown(fleet: Fleet, width: int, path: Path | None = None) -> list[str]:
    members = [
        ClusterNode(Endpoint(node.host, node.port, name=f"node-{node.number}")) for node in fleet.nodes
    ]
    compared = directory.read(str(path)) if path else None
    found: list[Sheet] = sheets(StatusMatrix(survey(AerospikeCluster(members, timeout=2)), compared), width)
    return "".join(map(plain, found)).splitlines()


def test_the_matrix(fleet: Fleet) -> None:
    lines = shown(fleet, 100)
    assert lines[0] == "2 modules on 3 nodes, 2 not the same everywhere"
    assert [line.split() for line in lines[1:4]] == [
        ["Module", "node-0", "node-1", "node-2"],
        ["a.lua", "=", "a", "="],
        ["b.lua", "=", "=", "-"],
    ]
    assert lines[4].startswith("= what most nodes have")
    assert [line.split() for line in lines[6:8]] == [
        ["a.lua", "=", "same", (fleet[0].hash(b"a.lua") or "")[:10], "node-0,", "node-2"],
        ["a.lua", "a", "other", (fleet[1].hash(b"a.lua") or "")[:10], "node-1"],
    ]


def test_the_matrix_against_a_directory(fleet: Fleet, tmp_path: Path) -> None:
    lines = shown(fleet, 100, tmp_path / "udf")
    assert [line.split() for line in lines[2:5]] == [
        ["a.lua", "=", "a", "="],
        ["b.lua", "a", "a", "-"],
        ["c.lua", "-", "-", "-"],
    ]


def test_nodes_that_have_the_same_share_a_column() -> None:
    with Fleet(60) as fleet:
        fleet.load(b"a.lua", A)
        fleet[5].hold(b"a.lua", B)
        for node in fleet.nodes[10:13]:
            node.fault = "refuses"
        lines = shown(fleet, 80)
    assert lines[1].split() == ["Module", "56", "nodes", "3", "nodes", "node-5"]
    assert lines[2].split() == ["a.lua", "=", "?", "a"]
    assert lines[-1].split()[:4] == ["node-10,", "node-11,", "node-12", "refused"]


def test_a_very_narrow_terminal() -> None:
    with Fleet(12) as fleet:
        for node in fleet.nodes:
            node.hold(b"a.lua", b"return %d\n" % node.number)
        lines = shown(fleet, 30)
    assert len(lines[1]) <= 30
    assert "9 more nodes in a wider window" in lines[3]


def test_very_many_versions() -> None:
    with Fleet(80) as fleet:
        for node in fleet.nodes:
            node.hold(b"a.lua", b"return %d\n" % node.number)
        lines = shown(fleet, 30)
    assert lines[-1] == f"{80 - matrix.VERSIONS_MAX} more rows: a pipe shows all"


def test_a_picture_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "5")
    monkeypatch.setenv("COLUMNS", "80")
    picture = painted(b"".join(b"%d\n" % number for number in range(9)))
    assert picture.count(b"\n") == 4
    assert b"... 6 more lines" in picture


def test_live_on_a_terminal(fleet: Fleet, tmp_path: Path) -> None:
    terminal = Terminal(command("-h", fleet.hosts, "udf", "status", "--watch", "0.05"), tmp_path)
    try:
        first = terminal.wait_for("not the same everywhere")
        fleet[1].hold(b"a.lua", A)
        fleet[2].hold(b"b.lua", B)
        same = terminal.wait_for("all the same", first)
        again = terminal.wait_for("Ctrl-C ends", same)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 3, "the code of the worst look"
    finally:
        terminal.close()
    assert terminal.seen.count(b"\x1b[H") > 1
    assert b"Traceback" not in terminal.seen[again:]
    assert terminal.seen.endswith(b"\x1b[999;1H\r\n")


@pytest.mark.parametrize("pause", ["x", "0", "-1", "1e9", "99999999", "."])
def test_a_pause_that_is_none(asadm: Asadm, fleet: Fleet, pause: str) -> None:
    result = asadm("-h", fleet.hosts, "udf", "status", f"--watch={pause}")
    assert result.code == 2
    assert result.err.startswith("asadm: udf status: --watch: ")
    assert fleet.count(b"") == 0


def test_the_exit_code_tells_whether_all_is_the_same(asadm: Asadm, fleet: Fleet) -> None:
    status = ("-h", fleet.hosts, "udf", "status")
    assert asadm(*status).code == 3
    assert asadm("-j", *status).document["code"] == 3
    assert asadm(*status, "--dir", "udf").code == 3
    fleet[0].fault = "refuses"
    assert asadm(*status).code == 1, "a node that was not read counts more"
    fleet[0].fault = ""
    fleet.load(b"a.lua", A)
    fleet.load(b"b.lua", B)
    assert asadm(*status).code == 0
    assert asadm(*status, "--dir", "udf").code == 3, "the directory has c.lua, the nodes have b.lua"
