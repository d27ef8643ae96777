"""Who is a member by his own account: leases that end, freezes, ids that are taken, keys of nobody."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from asudfd.smd.etcd import wire as spoken
from asudfd.smd.etcd.wire import EtcdUnreachable, MalformedReply
from asudfd.smd.interface import TRUNCATE, SmdFailed
from tests import etcd
from tests.fakes.gateway import wire
from tests.fakes.metadata import SECONDS, Node, nodes, run, until

LIMIT = "asudfd.smd.etcd.store.CONFIRM_SECONDS"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LIMIT, 20)


def lease(node: Node) -> int:
    return node.smd.lease._id


def test_a_node_whose_lease_has_ended_steps_down_until_it_has_caught_up(
    server: etcd.Etcd, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "behind", "A1", "A2", ttl=2) as (one, two):
            await one.put("a.lua", "old")
            await until(lambda: two.members[-1] == ["A1", "A2"])
            follow, go = two.smd.cache._follow, asyncio.Event()

            async def late() -> None:
                await go.wait()
                await follow()

            monkeypatch.setattr(two.smd.cache, "_follow", late)
            two.smd.cache._restart()
            await until(lambda: two.smd.cache._stream and not two.smd.cache._stream.done())
            before = lease(two)
            await one.gateway.revoke(before, seconds=SECONDS)
            await until(lambda: one.members[-1] == ["A1"] == two.members[-1])
            assert not two.smd.connected
            with pytest.raises(SmdFailed, match="no member of the cluster"):
                await two.put("b.lua", "1")
            storing = asyncio.create_task(one.put("a.lua", "new"))
            await until(lambda: lease(two) not in {0, before})
            await until(lambda: server.ctl("get", "/asudf/behind/applied/A2"))
            assert two.items() == [("a.lua", "old", 1)]
            assert server.ctl("get", "/asudf/behind/nodes/A2") == b""  # it is waited for, and is no owner yet
            go.set()
            await storing
            await until(lambda: one.members[-1] == ["A1", "A2"] == two.members[-1])
            assert two.items() == one.items()
            await until(lambda: two.smd.connected and not two.smd.trouble)

    run(scenario())


def test_a_node_that_has_not_run_steps_down_at_once(
    server: etcd.Etcd, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "freeze", "A1", ttl=2) as (node,):
            keep, asked, go = node.gateway.keep_alive, asyncio.Event(), asyncio.Event()

            async def late(identity: int, *, seconds: float) -> None:
                asked.set()
                await go.wait()
                await keep(identity, seconds=seconds)

            monkeypatch.setattr(node.gateway, "keep_alive", late)
            time.sleep(2.5)  # noqa: ASYNC251 - this is what a freeze is to the loop
            await until(asked.is_set)
            assert node.members[-1] == []
            assert not node.smd.connected
            assert "has not run" in node.smd.trouble
            go.set()
            await until(lambda: node.smd.connected and node.members[-1] == ["A1"])
            await node.put("a.lua", "1")

    run(scenario())


def test_a_node_that_cannot_reach_etcd_stays_what_it_was(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with (
            wire(server.members[0].port) as line,
            nodes([line.url], "alone", "A1", ttl=2) as (node,),
            nodes(server.endpoints, "alone", "A2", ttl=2) as (other,),
        ):
            await until(lambda: node.members[-1] == ["A1", "A2"] == other.members[-1])
            told = len(node.members)
            line.cut(stay=True)
            await until(lambda: other.members[-1] == ["A2"])
            await until(lambda: not node.smd.connected)
            await asyncio.sleep(2)  # its own clock has the lease ended, too
            assert len(node.members) == told
            await other.put("a.lua", "1")
            line.mend()
            await until(lambda: node.members[-1] == ["A1", "A2"] == other.members[-1])
            assert ["A2"] in node.members[told:]
            assert node.items() == other.items()

    run(scenario())


def test_a_node_whose_id_was_taken_is_a_member_no_more(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "taken", "A1", "A2", ttl=1) as (one, two):
            await until(lambda: one.members[-1] == ["A1", "A2"])
            grant, go = one.gateway.grant, asyncio.Event()

            async def late(ttl: int, *, seconds: float) -> int:
                await go.wait()
                return await grant(ttl, seconds=seconds)

            one.gateway.grant = late  # type: ignore[method-assign]  # it sleeps while another takes its place
            await two.gateway.revoke(lease(one), seconds=SECONDS)
            await until(lambda: one.members[-1] == ["A2"])
            async with nodes(server.endpoints, "taken", "A1") as (new,):
                go.set()
                await until(lambda: any("has taken the node-id A1" in text for text in one.warnings))
                assert one.members[-1] == ["A2"]
                assert "has taken the node-id A1" in one.smd.trouble
                with pytest.raises(SmdFailed, match="has taken the node-id A1"):
                    await one.put("a.lua", "1")
                await two.put("a.lua", "2")
                assert new.items() == two.items()
                assert sum("has taken" in text for text in one.warnings) == 1
            await until(lambda: one.members[-1] == ["A1", "A2"])  # the other one is gone

    run(scenario())


def test_a_change_proves_that_its_node_is_alive(server: etcd.Etcd, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "proof", "A1", "A2") as (one, two):
            await one.put("a.lua", "1")
            monkeypatch.setattr(two.smd.lease, "check", lambda: None)  # it has not heard of it
            server.ctl("del", "/asudf/proof/applied/A2")
            with pytest.raises(SmdFailed, match="no member"):
                await two.put("a.lua", "2")
            assert one.items() == [("a.lua", "1", 1)]

    run(scenario())


def test_keys_of_nobody_are_in_nobodys_way(server: etcd.Etcd) -> None:
    """Without a lease they would be waited for, for ever; so are those of a cluster whose name is a part of ours."""

    async def scenario() -> None:
        for key, value in (
            ("applied/A1", "1"),
            ("applied/A2", "1"),
            ("applied/B1", "1"),
            ("nodes/B1", '{"host": "127.0.0.1", "port": 3000}'),
        ):
            server.ctl("put", f"/asudf/nobody/{key}", value)
        async with (
            nodes(server.endpoints, "nobody", "A1", "A2") as (one, two),
            nodes(server.endpoints, "applied", "A1", prefix="/asudf/nobody") as (within,),
        ):
            await one.put("a.lua", "1")
            assert two.items() == one.items()
            assert two.members[-1] == ["A1", "A2"]
            await within.put("a.lua", "2")
            assert one.items() == [("a.lua", "1", 1)]

    run(scenario())


def test_more_nodes_than_operations_of_a_transaction(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "crowd", "A1") as (one,):
            keys = {one.smd.cache.unwatched + b"%X" % (0xB00 + number): b"1" for number in range(60)}
            more = {one.smd.cache.root + b"nodes/x%X" % (0xB00 + number): b"1" for number in range(60)}
            await one.smd.lease.claim(keys)
            await one.smd.lease.claim(more)
            await one.gateway.revoke(lease(one), seconds=SECONDS)
            await until(lambda: not one.smd.lease.liveness.alive)
            await until(lambda: one.smd.lease.liveness.alive)
            await until(lambda: not one.smd.lease._unwritten)

    run(scenario())


def test_a_larger_mark_stays(server: etcd.Etcd, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "marks", "A1", "A2") as (one, two):
            await one.smd.set(TRUNCATE, "test", "2000", keep=lambda mark: int(mark) >= 2000)
            two.smd._modules[TRUNCATE].items.clear()  # as if it had not heard of that yet
            two.smd._modules[TRUNCATE].revisions.clear()
            transact, done = two.gateway.transact, []

            async def noted(*parts: Any, **words: Any) -> Any:
                done.append(await transact(*parts, **words))
                return done[-1]

            monkeypatch.setattr(two.gateway, "transact", noted)
            await two.smd.set(TRUNCATE, "test", "1000", keep=lambda mark: int(mark) >= 1000)
            assert [outcome.succeeded for outcome in done] == [False, True]
            assert [item.value for item in one.smd.items(TRUNCATE)] == ["2000"]
            await one.smd.set(TRUNCATE, "test", "3000", keep=lambda mark: int(mark) >= 3000)
            assert [item.value for item in one.smd.items(TRUNCATE)] == ["3000"]

    run(scenario())


def test_a_wait_for_a_lease_is_told_and_as_long_as_it_lasts(
    server: etcd.Etcd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asudfd.smd.etcd.applied_index.CLAIM_MARGIN_SECONDS", 0.5)

    async def scenario() -> None:
        first = Node(server.endpoints, "longer", "A1", ttl=6)
        await first.start()
        await first.die()
        async with nodes(server.endpoints, "longer", "A1", ttl=4) as (second,):
            assert sum("node-id A1 was in use" in text for text in second.warnings) == 1

    run(scenario())


def test_garbage_ends_no_lease() -> None:
    garbage: list[dict[str, Any]] = [{}, {"result": {}}, {"result": {"TTL": "0"}}, {"error": "x"}]
    for reply in garbage:
        with pytest.raises(MalformedReply):
            spoken.read_kept(reply)
    assert spoken.read_kept({"result": {"ID": "7"}}) == 0
    assert spoken.read_kept({"result": {"ID": "7", "TTL": "5"}}) == 5


def test_what_etcd_is_short_of_is_told(server: etcd.Etcd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asudfd.smd.etcd.watch_cache.ALARM_SECONDS", 0)

    async def scenario() -> None:
        async with nodes(server.endpoints, "alarm", "A1") as (node,):
            alarms = ["NOSPACE"]

            async def short(*, seconds: float) -> list[str]:
                if not alarms:
                    raise EtcdUnreachable("away", maybe=False)
                return alarms

            original = node.gateway.alarms
            monkeypatch.setattr(node.gateway, "alarms", short)
            await until(lambda: "NOSPACE" in node.smd.trouble)
            assert sum("NOSPACE" in text for text in node.warnings) == 1
            alarms.clear()
            monkeypatch.setattr(node.gateway, "alarms", original)
            await until(lambda: not node.smd.trouble)

    run(scenario())
