"""Nodes of a real cluster that has agreed on the right content: ``udf apply`` gets it to them, and tells how."""

import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from asadm import state
from asadm.cluster import ClusterNode
from asadm.fleet.change import report
from asadm.fleet.change.rollout import Rollout
from asadm.fleet.observed.node_progress import ModuleChange
from asadm.fleet.observed.survey import survey
from asadm.target.aerospike import marker, marker_journal
from asadm.target.aerospike.cluster import AerospikeCluster
from asinfo.exchange import Endpoint
from tests.fakes.fleet import Fleet, Server
from tests.unit.asadm.conftest import Asadm, Waited

ONE, TWO = b"return 1\n", b"return 2\n"
NAME, OTHER = b"one.lua", b"two.lua"


@pytest.fixture
def directory(tmp_path: Path) -> str:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "one.lua").write_bytes(ONE)
    (tmp_path / "udf" / "two.lua").write_bytes(b'require("one")\n')
    return str(tmp_path / "udf")


def agreed(fleet: Fleet) -> None:
    fleet.load(NAME, ONE)
    fleet.load(OTHER, b'require("one")\n')


@pytest.mark.usefixtures("_stuck_soon")
@pytest.mark.parametrize("held", [None, TWO])
def test_what_the_cluster_agreed_on_gets_to_the_node_that_has_it_not(
    asadm: Asadm, waited: Waited, directory: str, held: bytes | None
) -> None:
    with Fleet(6, clusters=2) as fleet:
        agreed(fleet)
        fleet[2].hold(NAME, held)
        fleet[2].hold(OTHER, None)
        done = asadm("-h", fleet.hosts, "--json", "udf", "apply", directory, "--yes", "--wait", "60")
        assert done.code == 0, done.err
        assert waited.seconds < 30, "of the 60 that it may take"
        assert fleet.sources(NAME) == [ONE] * 6
        assert fleet.sources(OTHER) == [b'require("one")\n'] * 6
        assert [[node["how"] for node in module["nodes"]] for module in done.document["modules"]] == [
            ["marker put"]
        ] * 2
        assert "marker line" in done.err
        assert not state.names(marker_journal.KIND)
        assert fleet[3].count(b"udf-put") == fleet[4].count(b"udf-put") == 0


def test_stopped_in_between_the_true_content_remains(asadm: Asadm, directory: str) -> None:
    with Fleet(3, clusters=1) as fleet:
        agreed(fleet)
        fleet[1].hold(NAME, TWO)

        def stop(_: Server, command: bytes) -> bytes | None:
            if command.startswith(b"udf-put") and marker.marked(ONE) in fleet.sources(NAME):
                os.kill(os.getpid(), signal.SIGTERM)
            return None

        for node in fleet.nodes:
            node.after = stop
        done = asadm("-h", fleet.hosts, "udf", "apply", directory, "--yes", "--wait", "60")
        assert done.code == 143
        assert fleet.sources(NAME) == [ONE] * 3
        assert not state.names(marker_journal.KIND)


def test_a_node_that_never_takes_it_is_told_so(
    asadm: Asadm, directory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [time.monotonic()]
    clock = SimpleNamespace(  # only pauses take time: so it has all its looks, however busy the machine
        monotonic=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds)
    )
    for module in ("fleet.change.rollout", "fleet.change.stuck", "target.aerospike.marker_put"):
        monkeypatch.setattr(f"asadm.{module}.time", clock)
    with Fleet(3, clusters=1) as fleet:
        agreed(fleet)
        fleet[1].hold(NAME, TWO)
        fleet[1].deaf = True
        done = asadm(
            "-h", fleet.hosts, "--timeout", "60", "--json", "udf", "apply", directory, "--yes", "--wait", "60"
        )
        assert done.code == 1
        reasons = {node["error"] for module in done.document["modules"] for node in module["nodes"]}
        assert any(reason and "nor one with a marker line" in reason for reason in reasons)
        assert fleet.sources(NAME) == [ONE, TWO, ONE]


def test_what_was_never_sent_is_told_as_that() -> None:
    with Fleet(2, clusters=1) as fleet:
        cluster = AerospikeCluster([ClusterNode(Endpoint(node.host, node.port)) for node in fleet.nodes])
        rollout = Rollout(
            cluster, [ModuleChange(NAME, ONE, cluster.hash(NAME, ONE))], survey(cluster), wait=0
        )
        rollout.run()
        assert {answer.error for answer in report.answers(rollout)} == {
            "one.lua: not sent: the time was over"
        }
        assert fleet.count(b"udf-put") == 0
