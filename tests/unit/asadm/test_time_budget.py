"""A node that hangs, dies or is slow costs the others nothing but one time limit, whatever the command and the phase."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from asadm.cluster import ClusterNode
from asadm.fleet.change.rollout import POLL_SECONDS_MAX, PUT_SECONDS
from asadm.fleet.observed.node_progress import NOT_VERIFIED, ModuleChange, NodeProgress
from asadm.fleet.observed.survey import survey
from asadm.fleet.observed.verify import verify
from asadm.target.aerospike.cluster import AerospikeCluster
from asadm.target.timing import RESTORE_SECONDS
from asadm.time_budget import AGAIN, OVER, TimeBudget
from asinfo.exchange import Endpoint
from tests.fakes.fleet import Fleet, Hook, Server
from tests.unit.asadm.conftest import Asadm, Result, Waited

ONE, TWO = b"return 1\n", b"return 2\n"
LIMIT = 1.0
"""The time limit of a node in these runs, in seconds; a fake node answers in 0.005, but a busy machine may stop for long."""

LONGEST = PUT_SECONDS + 0.001
"""The longest limit of a request: a put has more, and everything has more for its bytes."""


@pytest.fixture
def modules(tmp_path: Path) -> str:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "one.lua").write_bytes(ONE)
    (tmp_path / "udf" / "two.lua").write_bytes(b'require("one")\n')
    return "udf"


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Twenty-one nodes in three clusters, all with an old module."""
    with Fleet(21, clusters=3, delay=0.01) as fleet:
        fleet.load(b"one.lua", TWO)
        yield fleet


def when(beginning: bytes, fault: str, times: int = 1) -> Hook:
    """A hook that switches ``fault`` on at the command number ``times`` that begins so."""
    left = [times]

    def switch(node: Server, command: bytes) -> bytes | None:
        if command.startswith(beginning):
            left[0] -= 1
            if left[0] == 0:
                node._switch(fault) if fault == "refuses" else setattr(node, "_fault", fault)
        return None

    return switch


def statuses(done: Result) -> list[str]:
    return [node["status"] for node in done.document["nodes"]]


PHASES = {
    "survey": (b"udf-list", 1),
    "clusters": (b"cluster-stable", 1),
    "put": (b"udf-put", 1),
    "list": (b"udf-list", 2),
    "get": (b"udf-get", 1),
}


@pytest.mark.parametrize(
    ("phase", "fault"), [(phase, fault) for phase in PHASES for fault in ("hangs", "drips")]
)
@pytest.mark.usefixtures("modules")
def test_a_node_that_freezes_costs_one_time_limit(
    asadm: Asadm, fleet: Fleet, waited: Waited, phase: str, fault: str
) -> None:
    beginning, times = PHASES[phase]
    fleet[0].before = when(beginning, fault, times)
    words = [
        "-h",
        fleet.hosts,
        "--timeout",
        str(LIMIT),
        "--json",
        "udf",
        "apply",
        "udf",
        "--yes",
        "--verify",
    ]
    done = asadm(*words, "--wait", "30")
    assert done.code == 1
    assert statuses(done)[1:] == ["ok"] * 20, "what one node does not do is no failure of the others"
    assert statuses(done)[0] == "timeout-reply"
    missed = waited.missed(fleet[0].address)
    assert sum(missed) <= LONGEST * (1 + AGAIN)
    assert len(missed) <= 2
    assert not any(waited.missed(node.address) for node in fleet.nodes[1:])
    assert fleet.sources(b"one.lua")[1:] == [ONE] * 20


@pytest.mark.parametrize("phase", PHASES)
def test_a_node_that_dies_leaves_the_others_proven(
    asadm: Asadm, fleet: Fleet, modules: str, waited: Waited, phase: str
) -> None:
    beginning, times = PHASES[phase]
    fleet[0].before = when(beginning, "refuses", times)
    words = ["-h", fleet.hosts, "--timeout", "2", "--json", "udf", "apply", modules, "--yes", "--verify"]
    done = asadm(*words, "--wait", "3")
    assert done.code == 1
    assert statuses(done)[1:] == ["ok"] * 20
    assert statuses(done)[0] != "ok"
    assert [node.count(b"udf-get:filename=one") > 0 for node in fleet.nodes[1:]] == [True] * 20
    assert waited.seconds < 3 + POLL_SECONDS_MAX, "it goes on without an end"


def test_nodes_are_read_back_before_a_dead_one_is_waited_for(
    asadm: Asadm, fleet: Fleet, modules: str
) -> None:
    seen: list[tuple[Server, bytes]] = []

    def note(node: Server, command: bytes) -> bytes | None:
        seen.append((node, command))
        return None

    for node in fleet.nodes[1:]:
        node.before = note

    def away(node: Server, command: bytes) -> bytes | None:
        """Comes back when somebody else was read back; without that it stays away."""
        if command.startswith(b"udf-put"):
            node.before = None
            node._switch("refuses")
        return None

    fleet[0].before = away

    def back(node: Server, command: bytes) -> bytes | None:
        note(node, command)
        if command.startswith(b"udf-get:filename=two"):
            fleet[0]._switch("")
        return None

    fleet[20].before = back
    words = ["-h", fleet.hosts, "--timeout", "2", "--json", "udf", "apply", modules, "--yes", "--verify"]
    done = asadm(*words, "--wait", "60")
    assert done.code == 0, done.err
    assert fleet.sources(b"two.lua") == [b'require("one")\n'] * 21


@pytest.mark.parametrize("fault", ["hangs", "refuses", "closes", "garbage"])
def test_who_failed_in_the_survey_is_asked_once_more_at_most(
    asadm: Asadm, fleet: Fleet, modules: str, waited: Waited, fault: str
) -> None:
    (Path(modules) / "udf.yaml").write_text("clusters: [fake]\n")
    fleet[5].fault = fault
    words = [
        "-h",
        fleet.hosts,
        "--timeout",
        str(LIMIT),
        "--json",
        "udf",
        "apply",
        modules,
        "--yes",
        "--verify",
    ]
    done = asadm(*words)
    assert statuses(done)[:5] == ["ok"] * 5
    missed = waited.missed(fleet[5].address)
    assert len(missed) <= 2
    assert sum(missed) <= LIMIT * (1 + AGAIN)


COMMANDS = {
    "plan": ["udf", "plan", "udf", "--diff"],
    "status": ["udf", "status", "--verify"],
    "check": ["udf", "check", "udf", "--verify"],
    "get": ["udf", "get", "one.lua"],
    "diff by ids": ["udf", "diff", "one.lua", "BB9000000000001", "BB9000000000002"],
    "show": ["show", "udfs", "with", "BB9*"],
    "repair": ["udf", "repair", "--dir", "udf", "--verify", "--yes"],
    "repair by majority": ["udf", "repair", "--verify", "--dry-run"],
    "rewarm": ["udf", "rewarm", "--yes"],
    "remove": ["udf", "remove", "one.lua", "--yes"],
    "rollback": ["udf", "rollback", "--yes", "--verify"],
    "add": ["--enable", "-e", "manage udfs add one.lua path udf/one.lua"],
    "take away": ["--enable", "-e", "manage udfs remove one.lua"],
}


@pytest.mark.parametrize("freezes", ["at once", "at get", "at put"])
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("modules")
def test_every_command_waits_for_a_hung_node_once(
    asadm: Asadm, fleet: Fleet, waited: Waited, command: str, freezes: str
) -> None:
    if command == "rollback":
        assert asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes").code == 0
    if freezes == "at once":
        fleet[7].fault = "hangs"
    else:
        fleet[7].before = when(b"udf-get" if freezes == "at get" else b"udf-put", "hangs")
    asadm("-h", fleet.hosts, "--timeout", str(LIMIT), *COMMANDS[command])
    restoring = RESTORE_SECONDS if freezes == "at put" else 0  # a marker is taken back with all means
    missed = waited.missed(fleet[7].address)
    assert len(missed) <= 2 or restoring
    assert sum(missed) <= LONGEST * (1 + AGAIN) + restoring
    assert not any(waited.missed(node.address) for node in fleet.nodes if node is not fleet[7])


def test_wait_bounds_the_whole_run(asadm: Asadm, fleet: Fleet, modules: str, waited: Waited) -> None:
    """Another node hangs at each step, and each has a longer time limit than the whole run."""
    (Path(modules) / "udf.yaml").write_text("clusters: [fake]\n")
    steps = (b"cluster-name", b"udf-list", b"cluster-stable", b"udf-put", b"udf-get")
    for number, beginning in zip((1, 4, 8, 7, 12), steps, strict=True):
        fleet[number].before = when(beginning, "hangs")
    words = ["-h", fleet.hosts, "--timeout", "60", "--json", "udf", "apply", modules, "--yes", "--verify"]
    done = asadm(*words, "--wait", "6")
    assert waited.seconds < 6 + POLL_SECONDS_MAX
    asked = {1, 4, 8, 7, 12}
    assert [status for number, status in enumerate(statuses(done)) if number not in asked] == ["ok"] * 16


def test_time_that_was_up_is_no_failure_of_a_node() -> None:
    with Fleet(2) as fleet:
        fleet.load(b"one.lua", ONE)
        cluster = AerospikeCluster(
            [ClusterNode(Endpoint(node.host, node.port)) for node in fleet.nodes], timeout=5
        )
        items = [ModuleChange(b"one.lua", ONE, cluster.hash(b"one.lua", ONE))]
        states = [NodeProgress(listing, items) for listing in survey(cluster).listings]
        verify(cluster, items, states, time.monotonic() + 0.01)
        assert {(each.cells[b"one.lua"].status, each.cells[b"one.lua"].error) for each in states} == {
            ("late", NOT_VERIFIED)
        }
        assert fleet.count(b"udf-get") == 0


def test_a_report_says_what_was_not_verified(asadm: Asadm, modules: str) -> None:
    with Fleet(3) as fleet:
        fleet[1].before = when(b"udf-get", "hangs")
        words = ["-h", fleet.hosts, "--timeout", "30", "udf", "apply", modules, "--yes", "--verify"]
        done = asadm(*words, "--wait", "4")
        assert done.code == 1
        last = [line for line in done.out.splitlines() if "as they should be" in line][-1]
        assert last.startswith(
            "2 of 3 nodes as they should be, bytes compared, 1 not verified: the time was up"
        )


def ask_once(cluster: AerospikeCluster) -> list[str]:
    return [answer.status for answer in cluster.each([b"node"])]


def test_patience_with_one_node(monkeypatch: pytest.MonkeyPatch) -> None:
    with Fleet(2) as fleet:
        members = [ClusterNode(Endpoint(node.host, node.port)) for node in fleet.nodes]
        cluster = AerospikeCluster(members, timeout=0.3, budget=TimeBudget())
        fleet[1].fault = "hangs"
        for _ in range(4):
            assert ask_once(cluster) == ["ok", "timeout-reply"]
        assert (fleet[0].count(b"node"), fleet[1].count(b"node")) == (4, 2)
        assert ask_once(cluster.afresh()) == ["ok", "timeout-reply"], "another command asks again"
        assert ask_once(cluster.insistent()) == ["ok", "timeout-reply"]
        assert fleet[1].count(b"node") == 4
        fleet[1].fault = ""
        assert ask_once(cluster) == ["ok", "timeout-reply"], "given up for this command"
        assert ask_once(cluster.afresh()) == ["ok", "ok"]


def test_a_node_that_was_back_is_like_any_other() -> None:
    with Fleet(1) as fleet:
        [node] = fleet.nodes
        cluster = AerospikeCluster(
            [ClusterNode(Endpoint(node.host, node.port))], timeout=0.3, budget=TimeBudget()
        )
        for _ in range(2):
            node.fault = "hangs"
            assert ask_once(cluster) == ["timeout-reply"]
            node.fault = ""
            assert ask_once(cluster) == ["ok"]
        node.fault = "refuses"
        for _ in range(5):
            assert ask_once(cluster) == ["refused"], "one that answered may be restarting"
        node.fault = ""
        assert ask_once(cluster) == ["ok"]


def test_nothing_is_sent_after_the_deadline() -> None:
    with Fleet(1) as fleet:
        budget = TimeBudget()
        budget.limit(0.0)
        cluster = AerospikeCluster(
            [ClusterNode(Endpoint(node.host, node.port)) for node in fleet.nodes], timeout=5, budget=budget
        )
        [answer] = cluster.each([b"node"])
        assert (answer.status, answer.error, answer.asked) == ("late", OVER, False)
        assert fleet[0].commands == []
        budget.extend(60)
        assert ask_once(cluster) == ["ok"]
        assert ask_once(cluster.insistent()) == ["ok"]
