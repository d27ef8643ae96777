"""Changes on any node of three: on all of them when they are acknowledged, in one order, also hundreds of them."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.cluster.ledger import OK, agree, lists

if TYPE_CHECKING:
    from tests.cluster.ledger import Ledger
    from tests.cluster_processes import Cluster, Node
    from tests.etcd import Etcd

pytestmark = pytest.mark.storm

ROUNDS = 20
MANY = 200
PUTTERS = 6


@pytest.fixture(scope="module")
def lease() -> int:
    """Long enough for a busy machine: no node counts as gone here."""
    return 10


def test_all_nodes_list_a_change_as_soon_as_it_is_acknowledged(trio: Cluster, ledger: Ledger) -> None:
    for number in range(ROUNDS):
        node, name = trio.nodes[number % 3], f"spread{number % 7}.lua"
        change = ledger.remove if number % 4 == 3 else ledger.put
        ledger.surely(change, node, name)
        for other in trio.nodes:
            assert ledger.wrong(ledger.look(other).listed) == {}
        assert len(set(lists(trio.nodes))) == 1


@pytest.mark.parametrize("second", ["put", "remove"])
def test_two_changes_of_one_module_at_once_have_one_winner_everywhere(
    trio: Cluster, ledger: Ledger, second: str
) -> None:
    together = threading.Barrier(2)

    def change(word: str, node: Node) -> str:
        together.wait()
        outcome: str = getattr(ledger, word)(node, "both.lua")
        return outcome

    outcomes: Counter[tuple[str, ...]] = Counter()
    with ThreadPoolExecutor(2) as pool:
        for number in range(ROUNDS):
            first, other = trio.nodes[number % 3], trio.nodes[(number + 1) % 3]
            asked = [pool.submit(change, "put", first), pool.submit(change, second, other)]
            outcomes[tuple(each.result() for each in asked)] += 1
            if {each.result() for each in asked} == {OK}:
                assert len(set(lists(trio.nodes))) == 1
            assert ledger.wrong(ledger.look(first).listed) == {}
    assert outcomes[OK, OK] > ROUNDS / 2, outcomes  # the others timed out on a busy machine


def test_hundreds_of_modules(
    trio: Cluster, store: Etcd, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(PUTTERS) as pool:
        for _ in pool.map(
            lambda number: ledger.surely(ledger.put, trio.nodes[number % 3], f"many{number}.lua"), range(MANY)
        ):
            pass
    put = time.monotonic() - began
    before = agree(trio, store, ledger)
    assert before.count("filename=many") == MANY
    node = trio.nodes[1]
    assert node.stop() == 0
    began = time.monotonic()
    node.start()
    start = time.monotonic() - began
    assert lists([node]) == [before]  # at once, not some time later
    with capsys.disabled():
        sys.stdout.write(
            f"\n  {MANY} modules: put in {put:.1f} s; a node that starts has them after {start:.1f} s\n"
        )
