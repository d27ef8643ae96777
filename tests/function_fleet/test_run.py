"""``asadm function run --live``: a function called on the node that has its keys, on real servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asinfo.wire.key_slot import key_slot

if TYPE_CHECKING:
    from tests.function_fleet.conftest import Tool
    from tests.function_fleet.topology import Cluster, Group
    from tests.real_valkey import RealValkey

BODY = """redis.register_function('set', function(keys, args) return redis.call('SET', keys[1], args[1]) end)
redis.register_function{function_name='get', callback=function(keys)
  return redis.call('GET', keys[1])
end, flags={'no-writes'}}
redis.register_function('raise', function()
  error('bad thing')
end)
redis.register_function('loop', function() while true do end end)"""

KEYS = ("a", "b", "c", "{x}1", "{x}2", "user:1")


@pytest.fixture
def loaded(tool: Tool, cluster: Cluster) -> Cluster:
    tool.use("cluster", cluster.servers[0])
    tool.write(lib=BODY)
    assert tool.apply().code == 0
    return cluster


def owner(cluster: Cluster, key: str) -> RealValkey:
    """The primary that has the slot of ``key``, as the cluster says."""
    slot = key_slot(key.encode())
    ranges = cluster.servers[0].ask("CLUSTER", "SLOTS")
    host, port = next(primary[:2] for begin, end, primary, *_ in ranges if begin <= slot <= end)
    return cluster.by_address(f"{host.decode()}:{port}")


def test_each_key_is_called_at_its_owner(tool: Tool, loaded: Cluster) -> None:
    for key in KEYS:
        server = owner(loaded, key)
        done = tool("run", "lib", "set", key, "--live", "--", key, enable=True)
        assert (done.code, done.document["reply"]) == (0, "OK"), done.err
        assert [row["address"] for row in done.document["nodes"]] == [server.address]
        assert done.document["complete"]
        assert server.ask("GET", key) == key.encode()
        read = tool("run", "lib", "get", key, "--live", "--read-only")
        assert (read.code, read.document["reply"]) == (0, key)


def test_a_node_that_has_not_the_keys_points_to_the_one_that_has(tool: Tool, loaded: Cluster) -> None:
    server = owner(loaded, "a")
    other = next(each for each in loaded.primaries if each is not server)
    done = tool("run", "lib", "set", "a", "--live", "--node", other.address, "--", "1", enable=True)
    assert done.code == 0, done.err
    assert [row["address"] for row in done.document["nodes"]] == [server.address]


def test_a_slot_on_its_way_is_asked_for_where_it_goes(tool: Tool, loaded: Cluster) -> None:
    server = owner(loaded, "moving")
    other = next(each for each in loaded.primaries if each is not server)
    slot = key_slot(b"moving")
    other.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", server.ask("CLUSTER", "MYID"))
    server.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", other.ask("CLUSTER", "MYID"))
    try:
        done = tool("run", "lib", "set", "moving", "--live", "--", "1", enable=True)
        assert (done.code, done.document["reply"]) == (0, "OK"), done.err
        assert [row["address"] for row in done.document["nodes"]] == [other.address]
    finally:
        for each in (server, other):
            each.ask("CLUSTER", "SETSLOT", slot, "STABLE")


def test_errors_of_the_function_and_of_the_call(tool: Tool, loaded: Cluster) -> None:
    file = str(tool.directory / "lib.lua")
    raised = tool("run", file, "raise", "--live", enable=True)
    assert (raised.code, raised.document["error"]) == (1, {"path": file, "line": 7, "message": "bad thing"})
    refused = tool("run", "lib", "set", "a", "--live", "--read-only", "--", "1")
    assert (refused.code, "write flag" in refused.document["error"]["message"]) == (1, True)
    for words, reason in (
        (("lib", "none"), "has no function 'none': it has "),
        (("other", "get"), "has no library 'other'"),
    ):
        failed = tool("run", *words, "--live", "--read-only")
        assert (failed.code, reason in failed.err) == (1, True), failed.err
    slots = tool("run", "lib", "set", "a", "b", "--live", enable=True)
    assert (slots.code, "different slots" in slots.err) == (2, True)
    tool.write(lib=BODY + "\n-- changed")
    another = tool("run", file, "get", "a", "--live", "--read-only")
    assert (another.code, "another version of 'lib' than the file" in another.err) == (1, True)


def test_it_changes_data(tool: Tool, loaded: Cluster) -> None:
    refused = tool("run", "lib", "set", "a", "--live", "--", "1")
    assert (refused.code, "give --enable" in refused.err) == (2, True)


def test_a_function_that_does_not_end_is_told_of(tool: Tool, loaded: Cluster) -> None:
    server = loaded.primaries[0]
    late = tool("run", "lib", "loop", "--live", "--node", server.address, "--limit", "0.2", enable=True)
    assert late.code == 1
    assert f"'asadm function kill --node {server.address}' ends it" in late.err
    killed = tool("kill", "--node", server.address, "--yes")
    assert killed.code == 0, killed.out


def test_servers_that_are_no_cluster(tool: Tool, replicas: Group) -> None:
    primary, replica = replicas.servers[:2]
    tool.write(lib=BODY)
    primary.ask("FUNCTION", "LOAD", tool.texts["lib"])
    tool.use("replicas", replica)
    done = tool("run", "lib", "set", "a", "--live", "--", "1", enable=True)
    assert (done.code, [row["address"] for row in done.document["nodes"]]) == (0, [primary.address]), done.err
    replicas.await_libraries(tool.texts)
    tool.use("static", primary, replica)
    several = tool("run", "lib", "get", "a", "--live", "--read-only")
    assert (several.code, "name one of them with --node" in several.err) == (2, True)
    readonly = tool("run", "lib", "set", "a", "--live", "--node", replica.address, "--", "1", enable=True)
    assert (readonly.code, readonly.document["nodes"][0]["status"]) == (1, "readonly")
