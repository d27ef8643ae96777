"""Every command of the udf family against every kind of peer that misbehaves.

Each such node is a row with a reason; nothing takes longer than the one deadline; nothing is called done that is not.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asadm import state
from asadm.target.aerospike import marker_journal
from asadm.target.aerospike.marker import LINE
from tests.fakes.fleet import FAULTS, Fleet, Server
from tests.unit.asadm.conftest import Waited

Asadm = Callable[..., Any]

NAME = b"a.lua"
ONE, TWO = b"return 1\n", b"return 2\n"
TIMEOUT, WAIT = 0.4, 1.2
SHORT_WAIT, RESTORE_SECONDS = 0.6, 0.5
"""Where a node may be called late for it, and is not called good."""

READING: dict[str, list[str]] = {
    "plan": ["udf", "plan", "udf"],
    "plan --diff": ["udf", "plan", "udf", "--diff"],
    "status": ["udf", "status"],
    "check": ["udf", "check", "udf"],
    "check --verify": ["udf", "check", "udf", "--verify"],
    "repair --dry-run": ["udf", "repair", "--dir", "udf", "--dry-run"],
    "rewarm --dry-run": ["udf", "rewarm", "--dry-run"],
}
CHANGE = ["--yes", "--no-history", "--wait", str(WAIT)]
CHANGING: dict[str, list[str]] = {
    "apply": ["udf", "apply", "udf", *CHANGE],
    "apply --verify": ["udf", "apply", "udf", "--verify", *CHANGE],
    "remove": ["udf", "remove", "a.lua", *CHANGE],
    "repair": ["udf", "repair", "--dir", "udf", *CHANGE],
    "repair --verify": ["udf", "repair", "--dir", "udf", "--verify", *CHANGE],
    "rewarm": ["udf", "rewarm", *CHANGE],
}
ANSWERING = {"timeout", "timeout, lost"}
"""Faults of a node that can be read all the same."""

BLIND = sorted(set(FAULTS) - ANSWERING)


@pytest.fixture
def run(asadm: Asadm, waited: Waited, monkeypatch: pytest.MonkeyPatch) -> Callable[[Fleet, list[str]], Any]:
    monkeypatch.setattr("asadm.target.aerospike.marker_put.RESTORE_SECONDS", RESTORE_SECONDS)
    Path("udf").mkdir()
    Path("udf/a.lua").write_bytes(TWO)

    def run(fleet: Fleet, words: list[str]) -> Any:
        before = waited.seconds
        result = asadm("--json", "-h", fleet.hosts, "--timeout", str(TIMEOUT), *words)
        result.waited = waited.seconds - before
        assert "Traceback" not in result.err
        return result

    return run


Run = Callable[[Fleet, list[str]], Any]


def ugly(fleet: Fleet, result: Any, number: int = 1) -> dict[str, Any]:
    """What the document says of the node."""
    nodes = json.loads(result.raw)["nodes"]
    assert [node["node"] for node in nodes] == [node.address for node in fleet.nodes]
    found: dict[str, Any] = nodes[number]
    return found


@pytest.mark.parametrize("fault", BLIND)
@pytest.mark.parametrize("words", READING.values(), ids=READING)
def test_reading(run: Run, words: list[str], fault: str) -> None:
    with Fleet(3) as fleet:
        fleet.load(NAME, ONE)
        fleet[1].fault = fault
        result = run(fleet, words)
        node = ugly(fleet, result)
        assert result.code == 1, result.out + result.err
        assert node["status"] != "ok"
        assert node["error"]
        assert result.waited <= TIMEOUT
        assert fleet.count(b"udf-put") == 0


@pytest.mark.parametrize(
    ("fault", "clusters"), [*((fault, 0) for fault in BLIND), ("refuses", 1), ("hangs", 1), ("denied", 1)]
)
@pytest.mark.parametrize("command", ["apply", "remove", "repair", "rewarm"])
def test_changing(run: Run, command: str, fault: str, clusters: int) -> None:
    words = CHANGING[command]
    with Fleet(3, clusters=clusters) as fleet:
        fleet.load(NAME, ONE)
        fleet[1].fault = fault
        result = run(fleet, words)
        node = ugly(fleet, result)
        assert result.code == 1, result.out + result.err
        assert node["status"] != "ok"
        assert node["error"]
        assert result.waited < WAIT + TIMEOUT
        wanted = {"remove": None, "rewarm": ONE}.get(words[1], TWO)
        assert [fleet.sources(NAME)[number] for number in (0, 2)] == [wanted, wanted]


@pytest.mark.parametrize("fault", sorted(ANSWERING))
@pytest.mark.parametrize("words", CHANGING.values(), ids=CHANGING)
def test_a_node_that_confirms_nothing(run: Run, words: list[str], fault: str) -> None:
    """``error=timeout`` may mean that the change was made: what the list shows counts."""
    with Fleet(2) as fleet:
        fleet.load(NAME, ONE)
        fleet[1].fault = fault
        result = run(fleet, words)
        wanted = {"remove": None, "rewarm": ONE}.get(words[1], TWO)
        assert fleet.sources(NAME)[0] == wanted
        if fault == "timeout":
            assert result.code == 0, result.err
            assert fleet.sources(NAME)[1] == wanted
        else:
            assert result.code == 1
            assert ugly(fleet, result)["status"] != "ok"


@pytest.mark.parametrize("fault", BLIND)
@pytest.mark.parametrize(
    "words", [["get", "a.lua", "--node", "{1}"], ["diff", "a.lua", "{0}", "{1}"]], ids=lambda words: words[0]
)
def test_one_content(asadm: Asadm, waited: Waited, words: list[str], fault: str) -> None:
    with Fleet(2) as fleet:
        fleet.load(NAME, ONE)
        fleet[1].fault = fault
        addresses = [node.address for node in fleet.nodes]
        chosen = [word.format(*addresses) for word in words]
        result = asadm("-h", fleet.hosts, "--timeout", str(TIMEOUT), "udf", *chosen)
        assert result.code == 1, result.err
        assert addresses[1] in result.err
        assert not result.out
        assert waited.seconds <= TIMEOUT


@pytest.mark.parametrize("fault", BLIND)
def test_a_content_comes_from_a_node_that_gives_it(asadm: Asadm, fault: str) -> None:
    with Fleet(2) as fleet:
        fleet.load(NAME, ONE)
        fleet[0].fault = fault
        result = asadm("-h", fleet.hosts, "--timeout", str(TIMEOUT), "udf", "get", "a.lua")
        assert result.raw == ONE
        assert fleet[0].address in result.err


@pytest.mark.parametrize("fault", ["refuses", "hangs", "closes", "garbage", "denied"])
def test_rolling_back(run: Run, fault: str) -> None:
    with Fleet(2) as fleet:
        fleet.load(NAME, ONE)
        assert run(fleet, ["udf", "apply", "udf", "--yes"]).code == 0
        fleet[1].fault = fault
        result = run(fleet, ["udf", "rollback", "--yes", "--wait", str(WAIT)])
        assert result.code == 1
        assert ugly(fleet, result)["status"] != "ok"
        assert fleet.sources(NAME) == [ONE, TWO]


BREAKING = ["refuses", "hangs", "drips", "garbage", "closes", "denied"]
STEPS = [(name, 1) for name in ("apply", "remove", "repair", "rewarm")] + [("rewarm", 2)]
"""Commands, and which of their changes on one node is the one in question."""

steps = pytest.mark.parametrize(("command", "number"), STEPS)


def no_wrong_ok(fleet: Fleet, result: Any, words: list[str]) -> None:
    """Who is called good has what was wanted; who may hold a marker is not called good, and the journal knows."""
    wanted = {"remove": None, "rewarm": ONE}.get(words[1], TWO)
    for number, server in enumerate(fleet.nodes):
        node = ugly(fleet, result, number)
        if node["status"] == "ok":
            assert server.source(NAME) == wanted, (number, node)
        else:
            assert node["error"]
        if (server.source(NAME) or b"").endswith(LINE):
            assert node["status"] != "ok"
            assert state.names(marker_journal.KIND)
            assert "NOT PUT BACK" in result.err
    assert (result.code == 0) == all(
        ugly(fleet, result, number)["status"] == "ok" for number in range(len(fleet.nodes))
    )


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", BREAKING)
@steps
def test_breaking_in_the_middle(run: Run, command: str, fault: str, number: int, when: str) -> None:
    """The first node breaks when it gets, or has just taken, its Nth change."""
    words = [*CHANGING[command][:-1], str(SHORT_WAIT)]
    with Fleet(2, clusters=1) as fleet:
        fleet.load(NAME, ONE)
        left = [number]

        def break_down(server: Server, command: bytes) -> None:
            if command.startswith((b"udf-put", b"udf-remove")):
                left[0] -= 1
                if not left[0]:
                    server.fault = fault

        setattr(fleet[0], when, break_down)
        result = run(fleet, words)
        assert result.waited < WAIT + RESTORE_SECONDS + TIMEOUT
        no_wrong_ok(fleet, result, words)


@pytest.mark.parametrize("keep", [True, False], ids=["with its modules", "empty"])
@steps
def test_restarting_in_the_middle(run: Run, command: str, number: int, keep: bool) -> None:
    words = CHANGING[command]
    with Fleet(2) as fleet:
        fleet.load(NAME, ONE)
        left = [number]

        def restart(server: Server, command: bytes) -> None:
            if command.startswith((b"udf-put", b"udf-remove")):
                left[0] -= 1
                if not left[0]:
                    server.restart(keep=keep, seconds=0.2)

        fleet[0].after = restart
        result = run(fleet, words)
        assert result.waited < WAIT + RESTORE_SECONDS + TIMEOUT
        no_wrong_ok(fleet, result, words)


@pytest.mark.parametrize("words", [*READING.values(), *CHANGING.values()], ids=[*READING, *CHANGING])
def test_an_older_server_is_as_good(run: Run, words: list[str]) -> None:
    with Fleet(2) as fleet:
        fleet.load(NAME, ONE)
        fleet[1].old = True
        result = run(fleet, words)
        assert result.code in {0, 3}, result.out + result.err
        assert ugly(fleet, result)["status"] == "ok"


@pytest.mark.parametrize("words", [*READING.values(), *CHANGING.values()], ids=[*READING, *CHANGING])
def test_nobody_answers(run: Run, words: list[str]) -> None:
    with Fleet(2) as fleet:
        for node in fleet.nodes:
            node.fault = "hangs"
        result = run(fleet, words)
        assert result.code == 1
        assert result.waited < WAIT + TIMEOUT
        assert [ugly(fleet, result, number)["status"] for number in (0, 1)] == ["timeout-reply"] * 2
