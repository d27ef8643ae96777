"""The report of a change: nodes and modules that fared alike are together, and none is left out."""

from pathlib import Path

from asadm import display
from asadm.session import CommandSession
from asadm.target.aerospike.cluster import AerospikeCluster
from asinfo.terminal.render import Sheet
from tests.fakes.fleet import Fleet
from tests.unit.asadm.conftest import Asadm


def test_many_failures_with_few_reasons_are_few_rows(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "udf").mkdir()
    for number in range(20):
        (tmp_path / "udf" / f"m{number}.lua").write_text(f"return {number}")
    with Fleet(40) as fleet:
        failing = [3, 9, 14, 20, 21, 22, 31, 39]
        for number in failing[:7]:
            fleet[number].fault = "refuses"
        fleet[39].fault = "closes at once"
        done = asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes", "--no-history", "--wait", "3")
        assert done.code == 1
        report = done.out.partition("After ms")[2]
        lines = report.splitlines()
        assert len(lines) < 20 + 15
        reasons = [line for line in lines if "20 modules: " in line]
        assert len(reasons) == 2
        assert all(fleet[number].address in "".join(reasons) for number in failing)
        assert any(line.split()[:3] == ["32", "nodes", "ok"] for line in lines)


def test_a_module_that_few_nodes_miss_has_its_own_row(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_text("return 1")
    (tmp_path / "udf" / "b.lua").write_text("return 2")
    with Fleet(3) as fleet:
        fleet[2].before = lambda _, command: b"ERROR:81:no" if command.startswith(b"udf-put") else None
        done = asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes", "--no-history", "--wait", "3")
        rows = [line.split() for line in done.out.splitlines() if line.startswith(fleet[2].address)]
        assert {row[1] for row in rows} >= {"a.lua", "b.lua"}


def test_tables_without_a_title_stand_apart() -> None:
    session = CommandSession(lambda _: AerospikeCluster([]), write=lambda _: None, warn=lambda _: None)
    shown = display.rendered(session, [Sheet("", ["A"], [["1"]]), Sheet("", ["B"], [["2"]])])
    assert shown == b"A\n1\n\nB\n2\n"
