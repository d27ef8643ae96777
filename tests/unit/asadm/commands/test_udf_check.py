"""``udf check``: what it finds, its exit codes, and its forms for monitoring systems."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asadm import state
from asadm.cluster import ClusterNode
from asadm.commands.check_outcome import CheckOutput, check_text
from asadm.fleet.check import prometheus
from asadm.fleet.check.findings import CheckResult
from asadm.session import CommandSession
from asadm.target.aerospike import cache_notes, marker
from asadm.target.aerospike.cluster import AerospikeCluster
from asinfo.exchange import Endpoint
from asinfo.wire.udf import module_list
from tests.fakes.fleet import Fleet, Server

Asadm = Callable[..., Any]

NAME, OTHER = b"a.lua", b"b.lua"
ONE, TWO = b"return 1\n", b"return 2\n"


def check(asadm: Asadm, fleet: Fleet, *words: str, timeout: str = "2") -> Any:
    return asadm("-h", fleet.hosts, "--timeout", timeout, "udf", "check", *words)


def kinds(asadm: Asadm, fleet: Fleet, *words: str, timeout: str = "2") -> list[str]:
    result = check(asadm, fleet, *words, "--format", "json", timeout=timeout)
    assert result.document["code"] == result.code
    return [finding["kind"] for finding in result.document["findings"]]


@pytest.fixture
def udf(asadm: Asadm) -> Path:  # after asadm, which changes the directory
    path = Path("udf")
    path.mkdir()
    (path / "a.lua").write_bytes(ONE)
    return path


def test_all_is_well(asadm: Asadm, udf: Path) -> None:
    with Fleet(3) as fleet:
        fleet.load(NAME, ONE)
        result = check(asadm, fleet)
        assert (result.code, result.out, result.err) == (0, "3 nodes, 1 module, all the same\n", "")
        assert check(asadm, fleet, str(udf)).code == 0
        assert check(asadm, fleet, "--quiet").out == ""
        assert fleet.count(b"udf-get") == fleet.count(b"udf-put") == fleet.count(b"statistics") == 0


def test_drift(asadm: Asadm) -> None:
    with Fleet(3) as fleet:
        fleet.load(NAME, ONE)
        fleet.load(OTHER, ONE)
        fleet[1].hold(NAME, TWO)
        fleet[2].hold(OTHER, None)
        result = check(asadm, fleet)
        assert result.code == 3
        assert kinds(asadm, fleet) == ["drift", "drift"]
        assert re.search(rf"a.lua +{fleet[1].address} +has ", result.out)
        assert re.search(rf"b.lua +{fleet[2].address} +missing", result.out)


def test_drift_from_the_directory(asadm: Asadm, udf: Path) -> None:
    with Fleet(2) as fleet:
        fleet.load(NAME, TWO)
        assert check(asadm, fleet, str(udf)).code == 3
        assert kinds(asadm, fleet, str(udf)) == ["directory"]
        fleet.load(NAME, ONE)
        fleet.load(OTHER, ONE)
        assert kinds(asadm, fleet, str(udf)) == []
        assert kinds(asadm, fleet, str(udf), "--prune") == ["directory"]


def test_unreachable(asadm: Asadm) -> None:
    with Fleet(3) as fleet:
        fleet.load(NAME, ONE)
        fleet[1].fault = "refuses"
        assert check(asadm, fleet).code == 1
        assert kinds(asadm, fleet) == ["unreachable"]


def test_the_cache_left_off_until_a_rewarm(asadm: Asadm) -> None:
    with Fleet(2, clusters=1) as fleet:
        fleet.load(NAME, ONE)
        assert asadm("-h", fleet.hosts, "cache", "clear").code == 0
        result = check(asadm, fleet)
        assert (result.code, kinds(asadm, fleet)) == (3, ["cache-off", "cache-off"])
        assert "cache left off since 20" in result.out
        assert asadm("-h", fleet.hosts, "udf", "rewarm", "--yes", "--no-history").code == 0
        assert check(asadm, fleet).code == 0


def test_a_change_by_apply_ends_it_for_that_module(asadm: Asadm, udf: Path) -> None:
    with Fleet(2) as fleet:
        fleet.load(NAME, TWO)
        fleet.load(OTHER, TWO)
        asadm("-h", fleet.hosts, "cache", "clear")
        assert asadm("-h", fleet.hosts, "udf", "apply", str(udf), "--yes").code == 0
        assert [node.cold for node in fleet.nodes] == [{OTHER}, {OTHER}]
        assert "(1 module)" in check(asadm, fleet).out
        (udf / "b.lua").write_bytes(ONE)
        assert asadm("-h", fleet.hosts, "udf", "apply", str(udf), "--yes").code == 0
        assert kinds(asadm, fleet) == []


def test_the_plan_tells_of_markers_too(asadm: Asadm, udf: Path) -> None:
    with Fleet(1) as fleet:
        fleet.load(NAME, marker.marked(ONE) or b"")
        assert "marker version of a.lua" in asadm("-h", fleet.hosts, "udf", "plan", str(udf)).err


def test_a_restart_ends_it(asadm: Asadm) -> None:
    with Fleet(1) as fleet:
        fleet.load(NAME, ONE)
        asadm("-h", fleet.hosts, "cache", "clear")
        assert kinds(asadm, fleet) == ["cache-off"]
        state.write(cache_notes.KIND, state.quoted(fleet[0].address), b"%.3f" % (fleet[0].started - 60))
        assert kinds(asadm, fleet) == []
        assert not state.names(cache_notes.KIND)


def test_asudfd_at_the_same_address_ends_it(asadm: Asadm) -> None:
    with Fleet(1) as fleet:
        fleet.load(NAME, ONE)
        asadm("-h", fleet.hosts, "cache", "clear")
        fleet[0].real = False
        fleet[0].before = lambda _, command: b"module=a:contexts=1;" if b"cache-stats" in command else None
        assert kinds(asadm, fleet) == []


def test_asudfd_is_never_noted(asadm: Asadm) -> None:
    with Fleet(1, real=False) as fleet:
        fleet.load(NAME, ONE)
        asadm("-h", fleet.hosts, "cache", "clear")
        assert not state.names(cache_notes.KIND)


def test_a_note_that_cannot_be_written_does_not_fail_the_clear(asadm: Asadm) -> None:
    Path(".local").write_text("a file where a directory should be")
    with Fleet(1) as fleet:
        fleet.load(NAME, ONE)
        assert asadm("-h", fleet.hosts, "cache", "clear", "--quiet").code == 0
        assert check(asadm, fleet).code == 0


def test_a_foreign_note_is_no_reason_to_fail(asadm: Asadm) -> None:
    with Fleet(1) as fleet:
        fleet.load(NAME, ONE)
        state.write(cache_notes.KIND, state.quoted(fleet[0].address), b"\xff\0 nonsense")
        assert check(asadm, fleet).code in {0, 3}


def test_a_marker_version_is_known_from_the_directory(asadm: Asadm, udf: Path) -> None:
    with Fleet(1) as fleet:
        fleet.load(NAME, marker.marked(ONE) or b"")
        assert kinds(asadm, fleet) == []
        assert kinds(asadm, fleet, str(udf)) == ["directory", "marker"]
        assert kinds(asadm, fleet, "--verify") == ["marker"]


def test_damaged_files(asadm: Asadm) -> None:
    with Fleet(3) as fleet:
        fleet.load(NAME, ONE)
        del fleet[0].files[NAME]
        fleet[2].files[NAME] = TWO
        assert kinds(asadm, fleet) == []
        assert kinds(asadm, fleet, "--verify") == ["damaged", "damaged"]
        fleet[1].files[NAME] = b""
        assert kinds(asadm, fleet, "--verify") == ["damaged"]


STATUS = re.compile(r"UDF (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+( \| (\S+=[0-9.]+s?(;[0-9:]*){0,4} ?)+)?\n")


def test_nagios(asadm: Asadm, udf: Path) -> None:
    with Fleet(2) as fleet:
        fleet.load(NAME, ONE)
        found = []
        steps: list[Callable[[], None]] = [
            lambda: None,
            lambda: fleet.load(NAME, TWO),
            lambda: fleet[0].hold(NAME, b"return 3"),
            lambda: setattr(fleet[1], "fault", "refuses"),
        ]
        for step in steps:
            step()
            result = check(asadm, fleet, str(udf), "--format", "nagios")
            status = STATUS.match(result.out)
            assert status, result.out
            assert result.err == ""
            assert "|" not in result.out.partition("\n")[2]
            found.append((result.code, status[1]))
        assert found == [(0, "OK"), (1, "WARNING"), (2, "CRITICAL"), (2, "CRITICAL")]


@pytest.mark.parametrize(
    "argv",
    [
        ("-h", "127.0.0.1:1", "udf", "check", "no|where", "--format", "nagios"),
        ("--cluster", "nowhere", "udf", "check", "--format", "nagios"),
        ("-h", "127.0.0.1:1", "udf", "check", "--format", "nagios", "--metrics-file", "/nowhere/x.prom"),
    ],
)
def test_nagios_unknown(asadm: Asadm, argv: tuple[str, ...]) -> None:
    result = asadm(*argv)
    assert result.code == 3
    assert result.out.startswith("UDF UNKNOWN - ")
    assert "|" not in result.out


SAMPLE = re.compile(r'[a-z_]+\{([a-z]+="([^"\\\n]|\\["\\n])*",?)+\} [0-9.]+')


def test_prometheus(asadm: Asadm) -> None:
    name = b'we"ird\\.lua'
    with Fleet(2) as fleet:
        fleet.load(NAME, ONE)
        fleet.load(name, TWO)
        fleet[0].hold(NAME, TWO)
        result = check(asadm, fleet, "--format", "prometheus")
        assert result.code == 3
        lines = result.out.splitlines()
        samples = [line for line in lines if not line.startswith("#")]
        assert all(map(SAMPLE.fullmatch, samples)), samples
        assert len({line.rpartition(" ")[0] for line in samples}) == len(samples)
        assert 'asudf_udf_drift{cluster="",filename="a.lua"} 1' in lines
        assert 'asudf_udf_drift{cluster="",filename="we\\"ird\\\\.lua"} 0' in lines
        assert f'asudf_node_up{{cluster="",node="{fleet[1].address}"}} 1' in lines
        assert sum(line.startswith("asudf_udf_module_info{") for line in lines) == 4
        fleet[1].fault = "refuses"
        again = check(asadm, fleet, "--format", "prometheus")
        assert again.code == 1
        assert f'asudf_node_up{{cluster="",node="{fleet[1].address}"}} 0' in again.out.splitlines()


def test_a_metrics_file(asadm: Asadm, tmp_path: Path) -> None:
    with Fleet(1) as fleet:
        fleet.load(NAME, ONE)
        assert check(asadm, fleet, "--quiet", "--metrics-file", "udf.prom").raw == b""
        assert "asudf_udf_check_status" in (tmp_path / "udf.prom").read_text()
        assert [path.name for path in tmp_path.iterdir() if "prom" in path.name] == ["udf.prom"]
        assert check(asadm, fleet, "--metrics-file", "/nowhere/udf.prom").code == 2


def test_the_document_of_asadm_has_the_findings_too(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        fleet.load(NAME, ONE)
        fleet[0].hold(NAME, TWO)
        document = json.loads(asadm("--json", "-h", fleet.hosts, "udf", "check").raw)
        told = json.loads(asadm("-h", fleet.hosts, "udf", "check", "--format", "json").raw)
        assert [row["node"] for row in told["nodes"]] == [row["node"] for row in document["nodes"]] != []
        assert document["code"] == 3
        assert [finding["module"] for finding in document["findings"]] == ["a.lua", "a.lua"]


def test_a_node_that_lets_nothing_be_read_is_not_damaged(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        fleet.load(NAME, ONE)

        def hang(node: Server, command: bytes) -> bytes | None:
            node._fault = "hangs" if command.startswith(b"udf-get") else ""
            return None

        fleet[1].before = hang
        fleet[0].hold(NAME, TWO)
        result = asadm("-h", fleet.hosts, "--timeout", "0.5", "--json", "udf", "check", "--verify")
        assert result.code == 1
        found = {(each["kind"], *each["nodes"]) for each in result.document["findings"]}
        assert ("unreachable", fleet[1].address) in found
        assert not any(kind == "damaged" for kind, *_ in found)


def test_a_marker_left_by_somebody_else_is_found_by_its_line(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        fleet.load(NAME, marker.marked(ONE) or b"")
        assert asadm("-h", fleet.hosts, "udf", "check").code == 0
        result = asadm("-h", fleet.hosts, "udf", "check", "--verify")
        assert result.code == 3
        assert "udf repair a.lua --verify" in result.out
        done = asadm("-h", fleet.hosts, "udf", "repair", "a.lua", "--verify", "--yes", "--no-history")
        assert done.code == 0, done.err
        assert fleet.sources(NAME) == [ONE, ONE]


def test_an_unknown_state_has_its_reason_in_json(asadm: Asadm) -> None:
    result = asadm("-h", "127.0.0.1:1", "--json", "udf", "check", "nowhere", "--format", "nagios")
    assert result.code == 3
    assert "nowhere" in result.document["summary"]


def test_names_of_modules_do_not_steer_a_terminal() -> None:
    session = CommandSession(
        lambda _: AerospikeCluster([]), write=lambda _: None, warn=lambda _: None, terminal=True
    )
    output = CheckOutput(
        "prometheus", quiet=False, metrics_file=None, label="udf", metrics=prometheus.text_of
    )
    with Fleet(1) as fleet:
        fleet[0].before = lambda _, command: (
            module_list([(b"\x1b[31m.lua", "1" * 40)]) if command == b"udf-list" else None
        )
        cluster = AerospikeCluster([ClusterNode(Endpoint(fleet[0].host, fleet[0].port))])
        checked = CheckResult(cluster, None, verify=False, prune=False)
        shown = check_text(session, output, checked)
        assert b"31m.lua" in shown
        assert b"\x1b" not in shown
