"""``udf rewarm``: the cache of real servers comes back, and the modules are what they were."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from asadm import state
from asadm.target.aerospike import cache_notes, marker, marker_journal
from tests.fakes.fleet import Fleet, Server

Asadm = Callable[..., Any]

NAME, OTHER = b"a.lua", b"b.lua"
ONE, TWO = b"return 1\n", b"return 2"


def rewarm(asadm: Asadm, fleet: Fleet, *words: str, timeout: str = "2") -> Any:
    return asadm("-h", fleet.hosts, "--timeout", timeout, "udf", "rewarm", *words, "--yes", "--no-history")


def cooled(asadm: Asadm, fleet: Fleet) -> None:
    fleet.load(NAME, ONE)
    fleet.load(OTHER, TWO)
    assert asadm("-h", fleet.hosts, "cache", "clear", "--quiet").code == 0
    assert all(node.cold == {NAME, OTHER} for node in fleet.nodes if node.real)
    fleet.clear()


@pytest.mark.parametrize(("count", "clusters", "delay"), [(1, 0, 0), (3, 1, 0), (4, 2, 0.02), (3, 0, 0)])
def test_every_cache_is_back(asadm: Asadm, count: int, clusters: int, delay: float) -> None:
    with Fleet(count, clusters=clusters, delay=delay) as fleet:
        cooled(asadm, fleet)
        assert len(state.names(cache_notes.KIND)) == count
        result = rewarm(asadm, fleet)
        assert result.code == 0, result.out + result.err
        assert not any(node.cold for node in fleet.nodes)
        assert fleet.sources(NAME) == [ONE] * count
        assert fleet.sources(OTHER) == [TWO] * count
        assert fleet.count(b"udf-put") == 2 * 2 * (clusters or count)  # two modules, two puts, one node each
        assert not state.names(cache_notes.KIND)
        assert not state.names(marker_journal.KIND)


def test_just_one_module(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        cooled(asadm, fleet)
        assert rewarm(asadm, fleet, "a.lua").code == 0
        assert [node.cold for node in fleet.nodes] == [{OTHER}, {OTHER}]
        assert len(state.names(cache_notes.KIND)) == 2


def test_a_module_that_nobody_has(asadm: Asadm) -> None:
    with Fleet(1) as fleet:
        cooled(asadm, fleet)
        result = rewarm(asadm, fleet, "c.lua")
        assert result.code == 2  # as udf repair
        assert "c.lua" in result.err


def test_asudfd_does_not_need_it(asadm: Asadm) -> None:
    with Fleet(2, real=False) as fleet:
        fleet.load(NAME, ONE)
        result = rewarm(asadm, fleet)
        assert (result.code, fleet.count(b"udf-put")) == (0, 0)
        assert "not needed" in result.err


def test_among_asudfd_only_the_real_ones_are_put_to(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        fleet[1].real = False
        cooled(asadm, fleet)
        assert rewarm(asadm, fleet).code == 0
        assert not fleet[0].cold
        assert fleet[1].count(b"udf-put") == 0


def test_an_old_server_is_a_real_one(asadm: Asadm) -> None:
    with Fleet(1) as fleet:
        fleet[0].old = True
        cooled(asadm, fleet)
        assert rewarm(asadm, fleet).code == 0
        assert not fleet[0].cold


def test_a_dry_run_sends_nothing(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        cooled(asadm, fleet)
        result = rewarm(asadm, fleet, "--dry-run")
        assert (result.code, fleet.count(b"udf-put")) == (3, 0)
        assert "a.lua" in result.out


def test_nodes_that_do_not_agree_come_after_a_repair(asadm: Asadm) -> None:
    with Fleet(2, clusters=1) as fleet:
        cooled(asadm, fleet)
        fleet[1].hold(NAME, b"return 3")
        result = rewarm(asadm, fleet)
        assert result.code == 1
        assert "udf repair a.lua" in result.err
        assert fleet.sources(NAME) == [ONE, b"return 3"]
        assert OTHER not in fleet[0].cold


def test_needs_a_yes(asadm: Asadm) -> None:
    with Fleet(1) as fleet:
        assert asadm("-h", fleet.hosts, "udf", "rewarm").code == 2
        assert not fleet[0].commands


def test_a_marker_that_was_left_is_mended_by_one_put(asadm: Asadm) -> None:
    with Fleet(1) as fleet:
        fleet.load(NAME, marker.marked(ONE) or b"")
        result = rewarm(asadm, fleet)
        assert (result.code, fleet[0].source(NAME), fleet[0].count(b"udf-put")) == (0, ONE, 1)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_stopped_at_any_put_the_true_content_remains(asadm: Asadm, when: str, number: int) -> None:
    with Fleet(3, clusters=1, delay=0.01) as fleet:
        cooled(asadm, fleet)
        left = [number]

        def stop(_server: Server, command: bytes) -> None:
            if command.startswith(b"udf-put"):
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGINT)

        setattr(fleet[0], when, stop)
        result = rewarm(asadm, fleet)
        assert result.code in {0, 130}, result.err
        assert fleet.sources(NAME) == [ONE] * 3
        assert fleet.sources(OTHER) == [TWO] * 3
        assert not state.names(marker_journal.KIND)


def test_the_time_is_over_between_the_puts(asadm: Asadm) -> None:
    """A cluster that follows too late: the marker is taken back in the time that is set for that."""
    with Fleet(2, clusters=1, delay=1.0) as fleet:
        cooled(asadm, fleet)
        result = rewarm(asadm, fleet, "a.lua", "--wait", "0.5")
        assert fleet.hashes(NAME)[0] == fleet.hashes(NAME)[1]
        assert fleet.sources(NAME) == [ONE] * 2
        assert result.code in {0, 1}


def test_json(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        cooled(asadm, fleet)
        document = asadm("--json", "-h", fleet.hosts, "udf", "rewarm", "--yes", "--no-history").document
        assert {each["status"] for each in document["rewarmed"]} == {"ok"}
        assert document["code"] == 0


@pytest.mark.parametrize(("said", "puts"), [(b"y\n", 2), (b"no\n", 0), (b"", 0)])
@pytest.mark.parametrize("json", [(), ("--json",)])
def test_a_terminal_is_asked(
    asadm: Asadm, monkeypatch: pytest.MonkeyPatch, said: bytes, puts: int, json: tuple[str, ...]
) -> None:
    monkeypatch.setattr("asadm.fleet.change.confirm._terminal", lambda: True)
    with Fleet(1) as fleet:
        fleet.load(NAME, ONE)
        result = asadm(*json, "-h", fleet.hosts, "udf", "rewarm", "--no-history", stdin=said)
        assert (result.code, fleet.count(b"udf-put")) == (0 if puts else 1, puts)
        assert "a.lua" in (result.err if json else result.out)
        assert "Put 1 module on 1 node twice? [y/N]" in result.err
