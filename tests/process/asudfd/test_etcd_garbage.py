"""Keys under our prefix that somebody else wrote: each is skipped with a warning, and everything else goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asudfd.record.indexes import Index, IndexedValue, value_of
from asudfd.record.metadata import accept_indexes, accept_truncations
from asudfd.record.namespace import Namespace
from asudfd.record.truncation import Truncation
from asudfd.smd.etcd import wire
from asudfd.smd.etcd.gateway import Gateway
from asudfd.smd.etcd.membership import _member
from asudfd.smd.etcd.wire import KeyValue
from asudfd.smd.interface import UDF, SmdItem
from asudfd.udf.module import from_value, to_value
from asudfd.udf.store import ModuleStore
from tests import etcd
from tests.fakes.metadata import Node, nodes, run, until

GARBAGE = [
    b"[" * 1_500,
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"9" * 5_000,
    b"\xff\xfe",
    b"\0",
    b"NaN",
    rb'["\ud800", "\ud800", "string", "default"]',
    b"{}",
    b"null",
    b"[[[[]]]]",
    b'{"host": "a;b", "port": 1}',
    b'{"host": "h", "port": 99999999999999999999}',
    b'{"content64": "====", "type": "LUA"}',
]
NODE_IDS = [b"A2", b"", b"0", b"-1", b"F" * 40, b"9" * 5_000, b"\xff", b"1_0", b"a2"]


class Host:
    def forget(self, module: str, former: bytes | None) -> None: ...


def follow(node: Node, directory: Path) -> ModuleStore:
    """Modules as a node serves them, fed by ``node``."""
    store = ModuleStore(directory, cast("Any", Host()), node.warnings.append)
    store.open()
    node.smd.subscribe(UDF, store.accept)
    return store


def good(name: str) -> str:
    return to_value(name, "cmV0dXJuIDE=")


async def write_garbage(server: etcd.Etcd, root: bytes) -> None:
    gateway = Gateway(server.endpoints)
    for number, value in enumerate(GARBAGE):
        keys = (b"smd/UDF/%d.lua", b"smd/truncate/%d", b"time/UDF/%d.lua", b"nodes/%X", b"applied/%X")
        puts = [wire.put(root + key % number, value) for key in keys]
        await gateway.transact((), puts, seconds=10)
    await gateway.close()


def test_garbage_that_is_there_keeps_no_node_from_starting(server: etcd.Etcd, tmp_path: Path) -> None:
    async def scenario() -> None:
        await write_garbage(server, b"/asudf/there/")
        node = Node(server.endpoints, "there")
        store = follow(node, tmp_path)
        await asyncio.wait_for(node.start(), 20)
        try:
            await node.put("a.lua", good("a.lua"))
            assert store.names() == ["a.lua"]
            assert any("'0.lua'" in warning for warning in node.warnings)
            assert node.smd.trouble == ""
        finally:
            await node.stop()
            store.close()

    run(scenario())


@pytest.mark.parametrize("value", GARBAGE, ids=lambda value: repr(value)[:20])
def test_garbage_that_comes_stops_no_watch(server: etcd.Etcd, tmp_path: Path, value: bytes) -> None:
    async def scenario() -> None:
        node = Node(server.endpoints, "comes")
        store = follow(node, tmp_path)
        await asyncio.wait_for(node.start(), 20)
        try:
            text = value.decode("utf-8", "surrogateescape")
            await node.put("x.lua", text)  # as it would come from any other client of etcd
            await node.put("a.lua", good("a.lua"))
            assert "a.lua" in store.names()
            assert "x.lua" not in store.names()
            assert len([warning for warning in node.warnings if "'x.lua'" in warning]) == 1
            assert node.smd.trouble == ""
        finally:
            await node.put("x.lua", None)
            await node.stop()
            store.close()

    run(scenario())


def test_a_subscriber_that_fails_costs_only_what_made_it_fail(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        taken: list[str] = []

        def accept(items: Any) -> None:
            if any(item.key == "bad" for item in items):
                raise RecursionError("too deep")
            taken.extend(item.key for item in items)

        async with nodes(server.endpoints, "fails", "A1") as (first,):
            for key in ("one", "bad", "two"):
                await first.put(key, "x")
            second = Node(server.endpoints, "fails", "A2")
            second.smd.subscribe(UDF, accept)
            await asyncio.wait_for(second.start(), 20)
            try:
                await first.put("three", "x")
                await until(lambda: "three" in taken)
                assert sorted(set(taken)) == ["one", "three", "two"]
                assert "/asudf/fails/smd/UDF/bad in etcd is skipped: too deep" in second.warnings
            finally:
                await second.stop()

    run(scenario())


# ---- each reader alone


@given(st.sampled_from(NODE_IDS) | st.binary(max_size=20), st.sampled_from(GARBAGE) | st.binary())
def test_a_member_is_one_or_a_value_error(name: bytes, value: bytes) -> None:
    try:
        member = _member(name, KeyValue(name, value, lease=1))
    except ValueError:
        return
    assert member is not None
    assert 0 < int(member.id, 16) < 1 << 64


def test_a_member_of_ours_is_one() -> None:
    member = _member(b"BB9", KeyValue(b"BB9", b'{"host": "::1", "port": 3000}', create=4, lease=1))
    assert member is not None
    assert (member.id, member.host, member.port) == ("BB9", "::1", 3000)


@given(st.sampled_from([each.decode("utf-8", "surrogateescape") for each in GARBAGE]) | st.text())
def test_a_module_is_one_or_a_value_error(value: str) -> None:
    with pytest.raises(ValueError):
        from_value("a.lua", value)


class Space:
    def __init__(self) -> None:
        self.indexes: dict[bytes, Index] = {}
        self.truncation = Truncation()
        self.sweeper = self

    def wake(self) -> None: ...


@pytest.mark.parametrize("value", GARBAGE, ids=lambda value: repr(value)[:20])
def test_what_is_no_index_is_skipped_with_a_warning(value: bytes) -> None:
    space, warnings = Space(), list[str]()
    namespaces = {b"test": cast("Namespace", space)}
    items = [
        SmdItem("test|bad", value.decode("utf-8", "surrogateescape"), 1, 0),
        SmdItem("test|good", value_of(Index("s\udcff", "b", "string", "default")), 1, 0),
    ]
    accept_indexes(namespaces, items, warn=warnings.append)
    assert list(space.indexes) == [b"good"]
    assert [warning[:20] for warning in warnings] == ["the index 'test|bad'"]
    assert space.indexes[b"good"].covers(b"s\xff", IndexedValue(b"b", 3, 0))


@pytest.mark.parametrize("value", GARBAGE, ids=lambda value: repr(value)[:20])
def test_what_is_no_moment_is_skipped_with_a_warning(value: bytes) -> None:
    space, warnings = Space(), list[str]()
    namespaces = {b"test": cast("Namespace", space)}
    items = [
        SmdItem("test|bad", value.decode("utf-8", "surrogateescape"), 1, 0),
        SmdItem("test|good", "17", 1, 0),
    ]
    accept_truncations(namespaces, items, warn=warnings.append)
    assert space.truncation.marks == {b"good": 17}
    assert [warning[:25] for warning in warnings] == ["the truncation 'test|bad'"]
