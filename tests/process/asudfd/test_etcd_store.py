"""The store in etcd, against a real etcd of one member."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from asudfd.errors import StartError
from asudfd.smd.etcd.store import CHANGE_BYTES, CHANGE_KEYS
from asudfd.smd.etcd.wire import EtcdError, EtcdRefused, EtcdUnreachable
from asudfd.smd.interface import UDF, SmdFailed, SmdItem, SmdTimeout
from tests import etcd
from tests.fakes.metadata import SECONDS, Node, nodes, run, until

LIMIT = "asudfd.smd.etcd.store.CONFIRM_SECONDS"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a change may take longer than a client is to wait; tests of that limit set it themselves."""
    monkeypatch.setattr(LIMIT, 20)


def values_of(node: Node) -> list[tuple[str, str | None]]:
    return [(key, value) for key, value, _ in node.items()]


async def unconfirmed(node: Node, key: str, value: str | None) -> None:
    """A change that not every node applies."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LIMIT, 1)
        with pytest.raises(SmdTimeout):
            await node.put(key, value)


def test_a_change_is_on_every_node_when_it_returns(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "every", "A1", "A2", "A3") as (one, two, three):
            await one.put("a.lua", "1")
            await two.put("b.lua", "x" * 1000)
            assert (
                one.items() == two.items() == three.items() == [("a.lua", "1", 1), ("b.lua", "x" * 1000, 1)]
            )
            await three.put("a.lua", None)
            assert (
                one.items() == two.items() == three.items() == [("a.lua", None, 2), ("b.lua", "x" * 1000, 1)]
            )
            await one.put("a.lua", "again")
            assert three.items()[0] == ("a.lua", "again", 3)
            times = {node.smd.items(UDF)[0].timestamp for node in (one, two, three)}
            assert len(times) == 1
            assert times.pop() > 0
            assert one.smd.state(UDF) == three.smd.state(UDF)
            assert one.smd.state(UDF).keys == 2
            assert one.members[-1] == ["A1", "A2", "A3"] == three.members[-1]

    run(scenario())


def test_what_changes_nothing_is_no_event(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "same", "A1") as (node,):
            assert node.calls == [[]]
            await node.put("none.lua", None)
            await node.put("a.lua", "1")
            await node.put("a.lua", "1")
            await node.put("a.lua", None)
            await node.put("a.lua", None)
            assert [[(item.value, item.generation) for item in call] for call in node.calls[1:]] == [
                [("1", 1)],
                [(None, 2)],
            ]

    run(scenario())


def test_several_keys_are_one_change_on_every_node(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "several", "A1", "A2") as (one, two):
            await one.smd.set_many(UDF, {"a.lua": "1", "b.lua": "1"})
            await asyncio.gather(
                one.smd.set_many(UDF, {"a.lua": None, "b.lua": "2", "c.lua": "2", "none.lua": None}),
                two.smd.set_many(UDF, {"a.lua": "3", "b.lua": "3", "c.lua": None, "d.lua": "3"}),
            )
            await one.smd.set_many(UDF, dict(values_of(two)))
            assert one.calls == two.calls
            assert len(one.calls) == 4
            assert dict(values_of(one)) in (
                {"a.lua": None, "b.lua": "2", "c.lua": "2", "d.lua": "3"},
                {"a.lua": "3", "b.lua": "3", "c.lua": None, "d.lua": "3"},
            )

    run(scenario())


def test_a_change_of_very_many_keys_comes_in_parts_removals_last(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "in parts", "A1") as (node,):
            before = {f"old{number}.lua": "x" for number in range(CHANGE_KEYS)}
            after = {f"new{number}.lua": "x" * (CHANGE_BYTES // 4) for number in range(6)}
            await node.smd.set_many(UDF, before)
            await node.smd.set_many(UDF, dict.fromkeys(before) | after)
            assert [len(call) for call in node.calls[:2]] == [0, CHANGE_KEYS]
            assert sum(map(len, node.calls[2:])) == len(before) + len(after)
            assert [item.value is None for call in node.calls[2:] for item in call] == [False] * 6 + [
                True
            ] * CHANGE_KEYS
            assert all(len(call) <= CHANGE_KEYS for call in node.calls)

    run(scenario())


def test_a_node_that_starts_has_everything_in_order_with_removals(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "later", "A1") as (one,):
            for key in ("z.lua", "a.lua", "m.lua"):
                await one.put(key, key)
            await one.put("a.lua", None)
            async with nodes(server.endpoints, "later", "A2") as (two,):
                assert two.items() == one.items()
                assert [item.key for item in two.calls[0]] == ["z.lua", "a.lua", "m.lua"]
                assert two.smd.items(UDF) == one.smd.items(UDF)
        async with nodes(server.endpoints, "later", "A3") as (three,):
            assert [key for key, *_ in three.items()] == ["z.lua", "a.lua", "m.lua"]
        async with nodes(server.endpoints, "another", "A3") as (three,):
            assert three.items() == []

    run(scenario())


def test_two_at_once_both_return_and_one_wins_everywhere(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "race", "A1", "A2", "A3") as made:
            for round_ in range(3):
                await asyncio.gather(
                    *(node.put("a.lua", f"{round_} {node.identity} {n}") for node in made for n in range(3))
                )
                assert made[0].items() == made[1].items() == made[2].items()
                assert made[0].items()[0][2] == 9 * (round_ + 1)

    run(scenario())


def test_many_puts_are_all_there(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "many", "A1", "A2", "A3") as made:
            await asyncio.gather(
                *(node.put(f"{node.identity}-{n}.lua", str(n)) for node in made for n in range(20))
            )
            assert len(made[0].items()) == 60
            assert made[0].items() == made[1].items() == made[2].items()

    run(scenario())


def test_a_node_that_does_not_apply_costs_a_time_out_until_its_lease_ends(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "frozen", "A1") as (one,):
            two = Node(server.endpoints, "frozen", "A2", ttl=60)
            await two.start()
            await until(lambda: one.members[-1] == ["A1", "A2"])
            await two.die()
            await unconfirmed(one, "a.lua", "1")
            await until(one.items)
            assert one.items() == [("a.lua", "1", 1)]
            assert two.smd.lease._id
            await one.gateway.revoke(two.smd.lease._id, seconds=SECONDS)  # as if its time were over
            await until(lambda: one.members[-1] == ["A1"])
            await one.put("b.lua", "1")

    run(scenario())


def test_a_clean_stop_is_seen_at_once(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "leave", "A1", ttl=60) as (one,):
            async with nodes(server.endpoints, "leave", "A2", ttl=60):
                await until(lambda: one.members[-1] == ["A1", "A2"])
            await until(lambda: one.members[-1] == ["A1"])
            await one.put("a.lua", "1")

    run(scenario())


def test_a_taken_id_is_refused_after_the_time_of_a_lease(
    server: etcd.Etcd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asudfd.smd.etcd.applied_index.CLAIM_MARGIN_SECONDS", 0.5)

    async def scenario() -> None:
        async with nodes(server.endpoints, "twice", "A1", ttl=1):
            second = Node(server.endpoints, "twice", "A1", ttl=1)
            with pytest.raises(StartError, match="node-id A1 is in use"):
                await second.smd.start()
            await second.smd.stop()

    run(scenario())


def test_the_id_of_a_process_that_died_is_free_after_its_lease(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        first = Node(server.endpoints, "died", "A1", ttl=1)
        await first.start()
        await first.put("a.lua", "1")
        await first.die()
        async with nodes(server.endpoints, "died", "A1") as (second,):
            assert second.items() == [("a.lua", "1", 1)]

    run(scenario())


def test_a_lost_lease_is_granted_anew(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "lease", "A1", "A2") as (one, two):
            for seen in range(2):
                await until(lambda: one.members[-1] == ["A1", "A2"])
                one.members.append([])
                old = two.smd.lease._id
                if seen == 0:
                    await one.gateway.revoke(old, seconds=SECONDS)
                else:
                    server.ctl("del", "/asudf/lease/nodes/A2")
                await until(lambda: ["A1"] in one.members[one.members.index([]) :])
                await until(lambda: one.members[-1] == ["A1", "A2"])
                assert (two.smd.lease._id == old) is (seen == 1)
                one.members.clear()
                one.members.append(["A1", "A2"])
                await one.put("a.lua", str(seen))
                assert two.items() == one.items()
            assert ["A2"] not in one.members

    run(scenario())


def test_nothing_is_written_without_a_lease(server: etcd.Etcd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a key would stay when its process is gone, and everybody would wait for it for ever."""

    async def scenario() -> None:
        async with nodes(server.endpoints, "leaseless", "A1", "A2", ttl=1) as (one, two):
            asked, granted, grant = asyncio.Event(), asyncio.Event(), two.gateway.grant

            async def late(ttl: int, *, seconds: float) -> int:
                asked.set()
                await granted.wait()
                return await grant(ttl, seconds=seconds)

            monkeypatch.setattr(two.gateway, "grant", late)
            await one.gateway.revoke(two.smd.lease._id, seconds=SECONDS)
            await asked.wait()  # the old lease has ended, and there is no new one yet
            await one.put("a.lua", "1")
            await until(lambda: two.items() == one.items())
            await two.smd.lease._put(dict(two.smd.lease._kept))
            assert server.ctl("get", "--prefix", "/asudf/leaseless/applied/A2") == b""
            granted.set()
            await until(lambda: one.members[-1] == ["A1", "A2"])
            await one.put("a.lua", "2")
            assert two.items() == one.items()

    run(scenario())


def test_a_change_that_may_have_been_made_is_not_called_refused(
    server: etcd.Etcd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer was lost, and the second attempt is refused: for want of room, or because a password was changed."""

    async def scenario() -> None:
        async with nodes(server.endpoints, "doubt", "A1") as (node,):
            transact, failures = (
                node.gateway.transact,
                [EtcdUnreachable("no answer", maybe=True), EtcdRefused("no")],
            )

            async def lossy(comparisons: Any, operations: Any, *more: Any, **words: Any) -> Any:
                if not more:
                    return await transact(comparisons, operations, *more, **words)
                with contextlib.suppress(EtcdError):
                    await transact(comparisons, operations, *more, **words)
                raise failures.pop(0)

            monkeypatch.setattr(node.gateway, "transact", lossy)
            with pytest.raises(SmdTimeout):
                await node.put("a.lua", "1")
            assert failures == []
            await until(lambda: node.items() == [("a.lua", "1", 1)])

    run(scenario())


def test_what_was_applied_while_a_lease_was_granted_is_not_forgotten(
    server: etcd.Etcd, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "forgotten", "A1", "A2", ttl=1) as (one, two):
            transact, asked, go = two.gateway.transact, asyncio.Event(), asyncio.Event()

            async def late(comparisons: Any, operations: Any, *more: Any, **words: Any) -> Any:
                if any(comparison.get("mod_revision") == "0" for comparison in comparisons):
                    asked.set()
                    await go.wait()
                return await transact(comparisons, operations, *more, **words)

            monkeypatch.setattr(two.gateway, "transact", late)
            await one.gateway.revoke(two.smd.lease._id, seconds=SECONDS)
            await asked.wait()  # a claim with what was applied until now is on its way
            await one.put("a.lua", "1")
            await until(lambda: two.items() == one.items())
            go.set()
            await until(lambda: one.members[-1] == ["A1", "A2"])
            await one.put("a.lua", "1")  # no change, so that nothing new is to be applied

    run(scenario())


def test_compaction_while_away_brings_changes_and_removals(
    server: etcd.Etcd, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "compact", "A1", "A2") as (one, two):
            for key in ("a.lua", "b.lua", "c.lua"):
                await one.put(key, "1")
            stream = two.smd.cache._stream
            assert stream is not None
            stream.cancel()
            pause = asyncio.Event()
            original = two.smd.cache._pause

            async def wait() -> None:
                await pause.wait()
                await original()

            monkeypatch.setattr(two.smd.cache, "_pause", wait)
            await until(stream.done)
            for key, value in (("a.lua", "2"), ("b.lua", None), ("d.lua", "1")):
                await unconfirmed(one, key, value)
            await until(lambda: len(one.items()) == 4)
            server.ctl("del", "/asudf/compact/smd/UDF/c.lua")
            server.compact()
            assert two.items() == [("a.lua", "1", 1), ("b.lua", "1", 1), ("c.lua", "1", 1)]
            pause.set()
            await until(lambda: two.items() == one.items())
            assert two.items() == [("a.lua", "2", 2), ("b.lua", None, 2), ("d.lua", "1", 1)]
            assert two.calls[-1][0] == SmdItem("c.lua", None, 0, two.calls[-1][0].timestamp)
            await one.put("e.lua", "1")
            assert two.items() == one.items()

    run(scenario())


def test_removed_keys_are_given_up_when_there_are_too_many(
    server: etcd.Etcd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asudfd.smd.etcd.store.REMOVED_MAX", 3)

    async def scenario() -> None:
        async with nodes(server.endpoints, "removed", "A1", "A2") as (one, two):
            for number in range(8):
                await one.put(f"{number}.lua", "1")
                await two.put(f"{number}.lua", None)
            assert [key for key, *_ in one.items()] == ["5.lua", "6.lua", "7.lua"]
            assert one.items() == two.items()
            await one.put("0.lua", "new")
            assert one.items()[-1] == ("0.lua", "new", 1)
            assert two.items() == one.items()
            assert b"/1.lua" not in server.ctl("get", "--prefix", "--keys-only", "/asudf/removed/")

    run(scenario())


def test_a_large_module_and_one_too_large(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "large", "A1", "A2") as (one, two):
            await one.put("a.lua", "x" * 1_400_000)
            assert two.items() == one.items()
            with pytest.raises(SmdFailed, match="too large"):
                await one.put("b.lua", "x" * 1_700_000)
            assert one.smd.connected
        async with nodes(server.endpoints, "large", "A1") as (one,):
            for number in range(20):
                await one.put(f"{number}.lua", "y" * 1_400_000)
            async with nodes(server.endpoints, "large", "A3") as (three,):
                assert three.items() == one.items()

    run(scenario())


def test_the_lock_has_one_owner(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "lock", "A1", "A2") as (one, two):
            assert await one.smd.lock("alice", 60) is None
            holder = await two.smd.lock("bob", 60)
            assert holder is not None
            assert holder.owner == "alice"
            assert 50 < holder.left <= 60
            assert await two.smd.lock("alice", 30) is None
            holder = await two.smd.unlock("bob")
            assert holder is not None
            assert holder.owner == "alice"
            assert await two.smd.unlock("alice") is None
            assert await two.smd.unlock("alice") is None
            assert await two.smd.lock("bob", 1) is None
            await until(lambda: server.ctl("get", "/asudf/lock/lock") == b"")
            assert await one.smd.lock("alice", 1) is None

    run(scenario())


def test_an_empty_value_is_refused(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "empty", "A1") as (node,):
            with pytest.raises(SmdFailed, match="empty"):
                await node.put("a.lua", "")

    run(scenario())
