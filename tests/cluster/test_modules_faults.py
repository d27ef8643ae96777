"""Nodes that are killed, frozen, slow, cut off from etcd, or have a clock of their own, while modules are changed."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import cluster_processes
from tests.cluster import link, load
from tests.cluster.ledger import OK, REFUSED, TIMEOUT, Ledger, agree, lists, stored
from tests.etcd import await_true

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster_processes import Cluster, Node
    from tests.etcd import Etcd

pytestmark = pytest.mark.storm

LARGE = 1_000_000

BITE = 0.02
"""A slow node gets one of these seconds,"""
OF = 6
"""of so many."""


@pytest.fixture(scope="module")
def lease() -> int:
    """Longer than a change may take, so that one which a frozen node holds up is seen to time out."""
    return 4


def test_a_node_is_killed_while_it_is_asked_for_changes(
    trio: Cluster, store: Etcd, ledger: Ledger, seed: int
) -> None:
    one, two, _ = trio.nodes
    with load.running(trio, ledger, seed=seed) as running:
        for node in (two, one):
            running.more(15)
            node.kill()
            for other in trio.alive:
                await_true(lambda o=other, n=node: n.id not in o.members(), f"{node.id} is gone")  # type: ignore[misc]  # mypy on defaults of lambdas
            running.more(15)
            node.start()
    agree(trio, store, ledger)


def test_all_nodes_are_killed_at_once(trio: Cluster, store: Etcd, ledger: Ledger, seed: int) -> None:
    with load.running(trio, ledger, seed=seed) as running:
        running.more(20)
        for node in trio.nodes:
            node.kill()
    trio.start()
    agree(trio, store, ledger)


def test_a_frozen_node_costs_a_time_out_and_catches_up(trio: Cluster, store: Etcd, ledger: Ledger) -> None:
    one, two, three = trio.nodes
    agree(trio, store, ledger)
    two.freeze()
    try:
        began = time.monotonic()
        outcome = ledger.put(one, "frozen.lua")
        took = time.monotonic() - began
        assert outcome == TIMEOUT or one.members() == [
            "A1",
            "A3",
        ]  # on a very busy machine, its lease has ended
        assert outcome != TIMEOUT or took > 1.9  # two seconds by the protocol
        assert lists([one]) == lists([three]) == [stored(store).decode()]  # the others have it
    finally:
        two.thaw()
    agree(trio, store, ledger)


def test_the_others_go_on_without_a_frozen_node_when_its_lease_ends(
    trio: Cluster, store: Etcd, ledger: Ledger
) -> None:
    one, two, three = trio.nodes
    two.freeze()
    await_true(lambda: one.members() == three.members() == ["A1", "A3"], "the frozen node is gone")
    ledger.surely(ledger.put, one, "without.lua")
    ledger.surely(ledger.remove, three, "frozen.lua")
    ledger.surely(ledger.put, three, "without.lua")
    two.thaw()
    trio.await_members("A1", "A2", "A3")
    agree(trio, store, ledger)
    ledger.surely(ledger.put, two, "without.lua")
    assert len(set(lists(trio.nodes))) == 1


def test_changes_that_a_frozen_node_finds_when_it_wakes_up_undo_nothing(
    trio: Cluster, store: Etcd, ledger: Ledger
) -> None:
    one, two, _ = trio.nodes
    ledger.surely(ledger.put, one, "late.lua")
    two.freeze()
    asked = threading.Thread(target=ledger.put, args=(two, "late.lua"))
    asked.start()
    await_true(lambda: one.members() == ["A1", "A3"], "the frozen node is gone")
    ledger.surely(ledger.remove, one, "late.lua")
    two.thaw()
    asked.join()  # it is answered, and came last
    agree(trio, store, ledger)
    assert len(set(lists(trio.nodes))) == 1


def test_a_watch_that_etcd_has_forgotten(trio: Cluster, store: Etcd, ledger: Ledger, seed: int) -> None:
    two = trio.nodes[1]
    ledger.surely(ledger.put, two, "forgotten.lua")
    two.freeze()
    await_true(lambda: trio.nodes[0].members() == ["A1", "A3"], "the frozen node is gone")
    ledger.surely(ledger.remove, trio.nodes[0], "forgotten.lua")
    for round_ in range(3):
        for number in range(10):
            ledger.surely(ledger.put, trio.nodes[2 * (number % 2)], f"news{round_}-{number % 4}.lua")
        store.compact()
    two.thaw()
    agree(trio, store, ledger)
    with load.running(trio, ledger, seed=seed) as running:
        for _ in range(5):
            running.more(10)
            store.compact()
    agree(trio, store, ledger)


def test_a_slow_node(trio: Cluster, store: Etcd, ledger: Ledger, seed: int) -> None:
    two, over = trio.nodes[1], threading.Event()
    slow = threading.Thread(target=_slow_down, args=(two, over))
    slow.start()
    try:
        with load.running(trio, ledger, seed=seed, writers=2) as running:
            running.more(30)
    finally:
        over.set()
        slow.join()
    agree(trio, store, ledger)


def _slow_down(node: Node, over: threading.Event) -> None:
    while not over.is_set():
        node.freeze()
        over.wait((OF - 1) * BITE)
        node.thaw()
        over.wait(BITE)


@pytest.fixture
def linked(trio: Cluster, store: Etcd, tmp_path: Path) -> Iterator[tuple[Node, link.Link]]:
    """A fourth node, which has a way to etcd of its own."""
    with link.running(store.members[0].port) as way, _joined(trio, tmp_path, way.endpoint) as node:
        yield node, way
        way.delay = 0
        way.mend()


@contextlib.contextmanager
def _joined(trio: Cluster, tmp_path: Path, endpoint: str) -> Iterator[Node]:
    (node,) = cluster_processes.make(tmp_path, [endpoint], 1, first=0xB1).nodes
    trio.nodes.append(node)
    try:
        yield node
        assert node.stop() == 0
    finally:
        node.kill()
        trio.nodes.remove(node)


@pytest.mark.parametrize("breaks", [False, True], ids=["held back", "lost"])
def test_a_node_that_is_cut_off_from_etcd(
    trio: Cluster, store: Etcd, ledger: Ledger, linked: tuple[Node, link.Link], *, breaks: bool
) -> None:
    node, way = linked
    one = trio.nodes[0]
    trio.start()
    ledger.surely(ledger.put, node, "cut.lua")
    way.cut()
    assert ledger.put(node, "cut.lua") in {TIMEOUT, REFUSED}
    await_true(lambda: "B1" not in one.members(), "the lease has ended")
    await_true(lambda: node.get("/readyz")[0] == 503, "the node knows that it is alone")
    assert ledger.put(node, "cut.lua") == REFUSED
    ledger.surely(ledger.remove, one, "cut.lua")
    ledger.surely(ledger.put, one, "meanwhile.lua")
    store.compact()
    if breaks:
        way.break_off()
    way.mend()
    trio.await_members("A1", "A2", "A3", "B1")
    agree(trio, store, ledger)
    ledger.surely(ledger.put, node, "cut.lua")
    assert len(set(lists(trio.nodes))) == 1


def test_a_node_far_away_from_etcd(
    trio: Cluster, store: Etcd, ledger: Ledger, linked: tuple[Node, link.Link], seed: int
) -> None:
    node, way = linked
    trio.start()
    way.delay = 0.1
    for _ in range(3):
        ledger.surely(ledger.put, node, "far.lua")
        assert len(set(lists(trio.nodes))) == 1
        ledger.surely(ledger.put, trio.nodes[0], "far.lua")
        assert len(set(lists(trio.nodes))) == 1
    with load.running(trio, ledger, seed=seed) as running:
        running.more(20)
    agree(trio, store, ledger)


def test_a_large_module_over_a_narrow_way(
    trio: Cluster, store: Etcd, ledger: Ledger, linked: tuple[Node, link.Link]
) -> None:
    node, way = linked
    trio.start()
    way.delay = 0.15  # for each piece of 64 KB: the module takes longer than a watch may keep silent
    assert ledger.put(trio.nodes[0], "wide.lua", LARGE) in {OK, TIMEOUT}
    await_true(lambda: lists([node]) == lists(trio.nodes[:1]), "it has arrived")
    way.delay = 0
    agree(trio, store, ledger)


FAKETIME = [
    *Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"),
    *Path(sys.prefix).glob("lib/faketime/libfaketimeMT.so.1"),
]


@pytest.mark.skipif(not FAKETIME, reason="libfaketime is not installed")
def test_a_clock_that_is_wrong_and_jumps(
    trio: Cluster, store: Etcd, ledger: Ledger, tmp_path: Path, seed: int
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("-400d", encoding="utf-8")
    with _joined(trio, tmp_path, store.endpoints[0]) as node:
        node.environment = {
            "LD_PRELOAD": str(FAKETIME[0]),
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # as an administrator who sets the clock: this one goes on
        }
        trio.start()
        assert _year(node) < time.gmtime().tm_year
        with load.running(trio, ledger, seed=seed) as running:
            running.more(20)
            for jump in ("+400d", "-1d", "+0"):
                clock.write_text(jump, encoding="utf-8")
                running.more(20)
        agree(trio, store, ledger)
        for _ in range(3):
            ledger.surely(ledger.put, node, "clock.lua")
            ledger.surely(ledger.put, trio.nodes[0], "clock.lua")
            assert len(set(lists(trio.nodes))) == 1


def _year(node: Node) -> int:
    """The year in the first line of the node's log."""
    return int(node.log.split()[2])
