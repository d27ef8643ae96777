"""An etcd whose database is full: changes are refused with its reason, nothing is lost, and room makes all well again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import etcd
from tests.cluster.ledger import OK, REFUSED, TIMEOUT, Ledger, agree, call, lists
from tests.etcd import await_true

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster_processes import Cluster
    from tests.etcd import Etcd

pytestmark = pytest.mark.storm

QUOTA = 8 << 20
SIZE = 400_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    options = (f"--quota-backend-bytes={QUOTA}",)
    with etcd.running(tmp_path_factory.mktemp("etcd"), options=options) as running:
        yield running


def test_a_full_etcd_refuses_and_recovers(trio: Cluster, store: Etcd, ledger: Ledger) -> None:
    one, two, three = trio.nodes
    outcomes: list[str] = []
    while not outcomes or outcomes[-1] == OK:
        outcomes.append(ledger.put(trio.nodes[len(outcomes) % 3], "large.lua", SIZE))
        assert len(outcomes) * SIZE < 2 * QUOTA
    # time-out: it was stored, and there was no room to say that it is applied
    assert outcomes[-1] in {REFUSED, TIMEOUT}
    await_true(lambda: ledger.put(one, "more.lua", SIZE) == REFUSED, "no room")
    assert "space exceeded" in call(two, "udf-remove:filename=large.lua;")
    assert ledger.remove(three, "large.lua") == REFUSED
    agree(trio, store, ledger)
    assert two.stop() == 0
    two.begin()
    await_true(lambda: "space exceeded" in two.log, "a node that starts says what it waits for")
    store.compact()
    member = store.members[0]
    assert member.get("/v3/maintenance/defragment", {}, etcd.READY_SECONDS) is not None
    alarms = "/v3/maintenance/alarm"
    for alarm in member.get(alarms, {"action": "GET"}, etcd.READY_SECONDS)["alarms"]:
        assert member.get(alarms, {"action": "DEACTIVATE", **alarm}, etcd.READY_SECONDS) is not None
    two.ready()
    ledger.surely(ledger.put, one, "more.lua", SIZE)
    ledger.surely(ledger.remove, two, "large.lua")
    assert len(set(lists(trio.nodes))) == 1
