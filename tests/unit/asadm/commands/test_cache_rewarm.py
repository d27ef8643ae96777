"""``cache clear --rewarm``: the caches of real servers are back at the end of the same run, and the modules what they were."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asadm import state
from asadm.cron.lock import LockFile
from asadm.target.aerospike import cache_notes, marker_journal
from tests.fakes.fleet import Fleet, Server

Asadm = Callable[..., Any]

NAME, OTHER = b"a.lua", b"b.lua"
ONE, TWO = b"return 1\n", b"return 2"


def clear(asadm: Asadm, fleet: Fleet, *words: str, json: bool = False) -> Any:
    own = ["--json"] if json else []
    return asadm("-h", fleet.hosts, "--timeout", "5", *own, "cache", "clear", "--rewarm", *words)


def load(fleet: Fleet) -> None:
    fleet.load(NAME, ONE)
    fleet.load(OTHER, TWO)
    fleet.clear()


def whole(fleet: Fleet) -> bool:
    return (
        not any(node.cold for node in fleet.nodes)
        and fleet.sources(NAME) == [ONE] * len(fleet.nodes)
        and fleet.sources(OTHER) == [TWO] * len(fleet.nodes)
    )


@pytest.mark.parametrize(("count", "clusters", "delay"), [(1, 0, 0), (3, 1, 0.02), (4, 2, 0)])
def test_cleared_and_warm_again(asadm: Asadm, count: int, clusters: int, delay: float) -> None:
    with Fleet(count, clusters=clusters, delay=delay) as fleet:
        load(fleet)
        result = clear(asadm, fleet, "--quiet")
        assert (result.code, result.out, result.err) == (0, "", "")
        assert fleet.count(b"udf-clear-cache") == count
        assert fleet.count(b"udf-put") == 2 * 2 * (clusters or count)
        assert whole(fleet)
        assert not state.names(cache_notes.KIND)
        assert not state.names(marker_journal.KIND)


def test_what_is_shown(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        load(fleet)
        result = clear(asadm, fleet)
        assert result.code == 0
        assert "To be put twice" not in result.out
        assert [line.split()[:4] for line in result.out.splitlines() if ".lua" in line] == [
            ["a.lua", "all", "2", "nodes"],
            ["b.lua", "all", "2", "nodes"],
        ]
        assert result.err == ""


def test_in_json(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        load(fleet)
        document = clear(asadm, fleet, json=True).document
        assert document["cache_left_off"] == []
        rows = {(row["module"], row["node"]): row["status"] for row in document["rewarmed"]}
        assert rows == {(name, node.address): "ok" for name in ("a.lua", "b.lua") for node in fleet.nodes}


def test_asudfd_needs_none_and_it_says_so(asadm: Asadm) -> None:
    with Fleet(2, real=False) as fleet:
        load(fleet)
        result = clear(asadm, fleet)
        assert (result.code, fleet.count(b"udf-put")) == (0, 0)
        assert result.err == (
            "asadm: rewarm: not needed: no real Aerospike server was cleared; asudfd fills its cache by itself\n"
        )
        quiet = clear(asadm, fleet, "--quiet")
        assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
        assert clear(asadm, fleet, json=True).document["rewarmed"] == []


def test_a_server_without_modules_has_nothing_to_bring_back(asadm: Asadm) -> None:
    with Fleet(1) as fleet:
        result = clear(asadm, fleet, "--quiet")
        assert (result.code, result.err, fleet.count(b"udf-put")) == (0, "", 0)
        assert not state.names(cache_notes.KIND)


def test_a_node_that_is_down_does_not_keep_the_others_cold(asadm: Asadm) -> None:
    with Fleet(3) as fleet:
        load(fleet)
        fleet[2].fault = "refuses"
        result = clear(asadm, fleet, "--quiet")
        assert result.code == 1
        assert not fleet[0].cold
        assert not fleet[1].cold
        assert fleet[2].address in result.err


@pytest.mark.usefixtures("_restored_soon")
def test_what_could_not_be_brought_back_is_told_and_remembered(asadm: Asadm) -> None:
    """The node takes the clear, and answers no put any more."""
    with Fleet(2) as fleet:
        fleet.load(NAME, ONE)

        def hang(node: Server, command: bytes) -> bytes | None:
            if command.startswith(b"udf-put"):
                node.fault = "hangs"
            return None

        fleet[1].before = hang
        result = asadm(
            "-h", fleet.hosts, "--timeout", "1", "--json", "cache", "clear", "--rewarm", "--deadline", "4"
        )
        assert result.code == 1
        assert not fleet[0].cold
        assert result.document["cache_left_off"] == [fleet[1].address]
        assert f"{fleet[1].address}: the Lua cache is off now" in result.err
        assert state.names(cache_notes.KIND) == [state.quoted(f"{fleet[1].address}")]


def test_nodes_of_a_cluster_that_disagree_are_left_to_repair(asadm: Asadm) -> None:
    with Fleet(2, clusters=1) as fleet:
        load(fleet)
        fleet[0].hold(NAME, TWO)
        result = clear(asadm, fleet, "--quiet")
        assert result.code == 1
        assert "do not agree on it; asadm udf repair a.lua comes first" in result.err
        assert "the Lua cache is off now" in result.err


def test_a_dry_run_sends_nothing_that_changes(asadm: Asadm) -> None:
    with Fleet(1) as fleet:
        load(fleet)
        result = clear(asadm, fleet, "--dry-run")
        assert result.code == 0
        assert "would be off after that, and every module put twice to bring it back" in result.err
        assert fleet.count(b"udf-clear-cache") + fleet.count(b"udf-put") == 0


def test_a_run_that_comes_second_does_neither(asadm: Asadm, tmp_path: Path) -> None:
    with Fleet(1) as fleet, LockFile(str(tmp_path / "lock")):
        load(fleet)
        result = clear(asadm, fleet, "--lock", "lock")
        assert (result.code, fleet[0].commands) == (0, [])
        assert "nothing done" in result.err


def test_a_deadline_that_is_over_sends_no_marker(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        load(fleet)
        fleet[1].fault = "hangs"
        result = clear(asadm, fleet, "--quiet", "--deadline", "0.3")
        assert result.code == 1
        assert "the deadline of 0.3 s was over" in result.err
        assert f"{fleet[0].address}: the Lua cache is off now" in result.err
        assert fleet.count(b"udf-put") == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("moment", [b"udf-clear-cache", b"udf-put"])
def test_stopped_in_the_middle(asadm: Asadm, number: int, code: int, moment: bytes) -> None:
    """The modules are what they were; what is cold is told."""
    sent = False
    with Fleet(2, clusters=1, delay=0.02) as fleet:
        load(fleet)

        def stop(_: Server, command: bytes) -> bytes | None:
            nonlocal sent
            if command.startswith(moment) and not sent:
                sent = True
                os.kill(os.getpid(), number)
            return None

        for node in fleet.nodes:
            node.after = stop
        result = clear(asadm, fleet, json=True)
        document = json.loads(result.raw)
        assert document["code"] == result.code
        assert result.code in {code, 0}  # 0 where the signal came behind the last answer
        assert fleet.sources(NAME) == [ONE] * 2
        assert fleet.sources(OTHER) == [TWO] * 2
        left = set(document["cache_left_off"])
        if result.code:
            silent = {row["node"] for row in document["nodes"] if row["status"] == "interrupted"}
            assert left | silent >= {node.address for node in fleet.nodes if node.cold}
    assert not state.names(marker_journal.KIND)


def test_metrics_say_what_is_left_off(asadm: Asadm, tmp_path: Path) -> None:
    with Fleet(1) as fleet:
        load(fleet)
        assert clear(asadm, fleet, "--metrics-file", "m.prom").code == 0
        text = (tmp_path / "m.prom").read_text()
        assert f'asudf_cache_clear_cache_left_off{{cluster="",node="{fleet[0].address}"}} 0' in text
