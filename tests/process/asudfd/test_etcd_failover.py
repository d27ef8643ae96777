"""The store in etcd while members of etcd die, freeze and come back."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from asudfd.smd.interface import SmdFailed, SmdTimeout
from tests import etcd
from tests.fakes.metadata import Node, nodes, run, until


@pytest.fixture
def one(tmp_path: Path) -> Iterator[etcd.Etcd]:
    with etcd.running(tmp_path) as cluster:
        yield cluster


@pytest.fixture
def three(tmp_path: Path) -> Iterator[etcd.Etcd]:
    with etcd.running(tmp_path, members=3) as cluster:
        yield cluster


async def put_until_ok(node: Node, key: str, value: str) -> None:
    """As a client would: again when it was not confirmed."""
    async with asyncio.timeout(20):
        while True:
            try:
                await node.put(key, value)
            except (SmdTimeout, SmdFailed):
                await asyncio.sleep(0.05)
            else:
                return


def test_reads_go_on_and_puts_are_refused_at_once_while_etcd_is_away(one: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(one.endpoints, "c", "A1", "A2", ttl=2) as (first, second):
            await first.put("a.lua", "1")
            one.kill()
            await until(lambda: not first.smd.connected and not second.smd.connected)
            with pytest.raises(SmdFailed, match="metadata store etcd is unreachable"):  # no time-out
                await first.put("b.lua", "1")
            assert second.items() == [("a.lua", "1", 1)]
            assert first.members[-1] == ["A1", "A2"]
            assert any("is away" in text for text in first.warnings)
            await asyncio.to_thread(one.start)
            await until(lambda: first.smd.connected and second.smd.connected)
            await put_until_ok(first, "b.lua", "1")
            await until(lambda: first.items() == second.items())
            await until(lambda: first.members[-1] == second.members[-1] == ["A1", "A2"])
            assert [key for key, *_ in second.items()] == ["a.lua", "b.lua"]
            assert any("there again" in text for text in first.warnings)

    run(scenario())


def test_a_node_that_starts_first_waits_for_etcd(one: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(one.endpoints, "c", "A1") as (first,):
            await first.put("a.lua", "1")
        one.kill()
        node = Node(one.endpoints, "c", "A1")
        starting = asyncio.create_task(node.start())
        await until(lambda: node.warnings)
        assert not starting.done()
        assert node.calls == []
        await asyncio.to_thread(one.start)
        await starting
        assert node.items() == [("a.lua", "1", 1)]
        await node.stop()

    run(scenario())


def test_a_start_that_waits_can_be_cancelled(one: etcd.Etcd) -> None:
    async def scenario() -> None:
        one.kill()
        node = Node(one.endpoints, "c", "A1")
        starting = asyncio.create_task(node.start())
        await until(lambda: node.warnings)
        starting.cancel()
        await asyncio.wait((starting,))
        async with asyncio.timeout(60):  # it does not hang; generous, because the machine may be busy
            await node.stop()

    run(scenario())


@pytest.mark.parametrize("way", ["kill", "freeze"])
def test_the_member_that_is_asked_goes_away(three: etcd.Etcd, way: str) -> None:
    async def scenario() -> None:
        async with nodes(three.endpoints, "c", "A1", "A2") as (first, second):
            await first.put("a.lua", "1")
            for number, member in enumerate(three.members):
                getattr(member, way)()
                await put_until_ok(first, "a.lua", f"{way} {number}")
                await until(lambda: first.items() == second.items())
                if way == "kill":
                    await asyncio.to_thread(three.start)
                else:
                    member.thaw()
                    await asyncio.to_thread(three.ready)
                await put_until_ok(second, "b.lua", f"{way} {number}")
            await until(lambda: first.items() == second.items())
            assert first.items()[0][1] == f"{way} 2"

    run(scenario())


def test_the_leader_dies_in_a_storm(three: etcd.Etcd) -> None:
    async def scenario() -> None:
        acknowledged: dict[str, str] = {}
        stop = asyncio.Event()

        async def storm(node: Node) -> None:
            number = 0
            while not stop.is_set():
                number += 1
                key = f"{node.identity}-{number % 7}.lua"
                try:
                    await node.put(key, str(number))
                except (SmdTimeout, SmdFailed):
                    await asyncio.sleep(0.05)
                    await put_until_ok(node, key, str(number))
                acknowledged[key] = str(number)

        async with nodes(three.endpoints, "c", "A1", "A2", "A3") as made:
            storms = [asyncio.create_task(storm(node)) for node in made]
            await until(lambda: len(acknowledged) > 10)
            leader = await asyncio.to_thread(three.leader)
            leader.kill()
            await put_until_ok(made[0], "after.lua", "1")
            await asyncio.to_thread(three.start)
            await put_until_ok(made[1], "again.lua", "1")
            stop.set()
            await asyncio.gather(*storms)
            await until(lambda: made[0].items() == made[1].items() == made[2].items())
            present = {key: value for key, value, _ in made[0].items()}
            assert {key: present[key] for key in acknowledged} == acknowledged

    run(scenario())


def test_everything_dies_at_once_and_comes_back(three: etcd.Etcd) -> None:
    async def scenario() -> None:
        first = Node(three.endpoints, "c", "A1", ttl=2)
        await first.start()
        await first.put("a.lua", "1")
        await first.die()
        for member in three.members:
            member.kill()
        await asyncio.to_thread(three.start)
        # Its id is free once the new leader has let the old lease end; the lease it got to ask for it has ended too.
        async with nodes(three.endpoints, "c", "A1", ttl=2) as (again,):
            assert again.items() == [("a.lua", "1", 1)]
            await again.put("a.lua", "2")

    run(scenario())


def test_without_a_majority_a_node_knows_that_it_is_alone(three: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(three.endpoints, "c", "A1") as (node,):
            await node.put("a.lua", "1")
            for member in three.members[:2]:
                member.kill()
            await until(lambda: not node.smd.connected)
            with pytest.raises(SmdFailed):
                await node.put("a.lua", "2")
            assert node.items() == [("a.lua", "1", 1)]
            await asyncio.to_thread(three.start)
            await until(lambda: node.smd.connected)
            await put_until_ok(node, "a.lua", "3")

    run(scenario())


def test_an_etcd_that_lost_everything_is_not_followed(one: etcd.Etcd, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with nodes(one.endpoints, "c", "A1") as (node,):
            for number in range(5):
                await node.put("a.lua", str(number))
            member = one.members[0]
            member.kill()
            shutil.move(member.directory / member.name, tmp_path / "lost")
            await asyncio.to_thread(one.start)
            await until(lambda: any("set back" in text for text in node.warnings))
            assert not node.smd.connected
            assert node.items() == [("a.lua", "4", 5)]
            with pytest.raises(SmdFailed, match="set back"):
                await node.put("a.lua", "5")
            assert one.ctl("get", "--prefix", "--keys-only", "/asudf/c/smd") == b""

    run(scenario())


def test_nothing_is_mixed_up_when_an_etcd_that_lost_everything_has_as_many_revisions(
    one: etcd.Etcd, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with nodes(one.endpoints, "c", "A1", "A2", ttl=2) as (first, second):
            for number in range(3):
                await first.put(f"{number}.lua", "old")
            before = first.items()
            member = one.members[0]
            member.kill()
            shutil.move(member.directory / member.name, tmp_path / "lost")
            await asyncio.to_thread(one.start)
            await until(lambda: not first.smd.connected and not second.smd.connected)
            await until(lambda: first.members[-1] == ["A2"] and second.members[-1] == ["A1"])
            async with nodes(one.endpoints, "c", "A3") as (third,):
                assert third.items() == []
                assert third.members[-1] == ["A3"]
                while third.smd.cache.position < 3 * first.smd.cache.position:
                    await third.put("new.lua", str(third.smd.cache.position))
                for node in (first, second):
                    with pytest.raises(SmdFailed, match="set back"):
                        await node.put("mine.lua", "1")
                    node.smd.cache.refresh()
                await asyncio.sleep(3)  # they look, and look again
                for node in (first, second):
                    assert node.items() == before
                    assert not node.smd.connected
                    assert "set back" in node.smd.trouble
                await first.stop()
                async with nodes(one.endpoints, "c", "A1") as (again,):
                    assert again.items() == third.items()
                    await again.put("mine.lua", "1")
                    assert again.items() == third.items()

    run(scenario())


def test_an_etcd_that_was_restored_from_a_copy_is_not_followed(one: etcd.Etcd, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with nodes(one.endpoints, "c", "A1", ttl=2) as (node,):
            await node.put("a.lua", "1")
            member = one.members[0]
            member.kill()
            shutil.copytree(member.directory / member.name, tmp_path / "copy")
            await asyncio.to_thread(one.start)
            await until(lambda: node.smd.connected)
            for number in range(5):
                await put_until_ok(node, "a.lua", f"later {number}")
            position = node.smd.cache.position
            node.gateway.turn()
            member.kill()
            shutil.rmtree(member.directory / member.name)
            shutil.move(tmp_path / "copy", member.directory / member.name)
            hold = asyncio.Event()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(
                    node.smd.cache, "_pause", hold.wait
                )  # it does not look before the other has caught up
                await asyncio.to_thread(one.start)
                async with nodes(one.endpoints, "c", "A2") as (other,):
                    while other.smd.cache.position <= position + 10:
                        with contextlib.suppress(SmdTimeout):
                            await other.put("a.lua", f"other {other.smd.cache.position}")
                    hold.set()
                    await until(lambda: "set back" in node.smd.trouble)
            assert node.items()[0][1] == "later 4"
            with pytest.raises(SmdFailed, match="set back"):
                await node.put("a.lua", "mine")

    run(scenario())
