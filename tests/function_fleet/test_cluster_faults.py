"""asadm function on a real cluster while servers die, change roles, freeze, are busy or refuse.

After each: what was reported is what a plain client sees, a second run finishes, and `check` agrees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asinfo.wire.resp_reply import ErrorReply
from tests.function_fleet.conftest import Tool, rows
from tests.function_fleet.topology import libraries
from tests.real_valkey import until

if TYPE_CHECKING:
    from tests.function_fleet.topology import Cluster

F = "server.register_function('f', function() return 1 end)"
F2 = "server.register_function('f', function() return 2 end)"
G = "server.register_function('g', function() return 3 end)"
LOOP = b"#!lua name=l\nserver.register_function('loop', function() while true do end end)"


@pytest.fixture
def fleet(tool: Tool, cluster: Cluster) -> Tool:
    """The tool on the cluster, known by two of its nodes, with two libraries in the directory."""
    tool.use("cluster", *cluster.servers[:2])
    tool.write(a=F, b=G)
    return tool


def as_reported(tool: Tool, cluster: Cluster, result_rows: dict[str, dict[str, object]]) -> None:
    """A node that is reported well has all libraries, as a plain client sees it."""
    for server in cluster.servers:
        if result_rows[server.address]["status"] == "ok":
            assert libraries(server) == tool.texts, server.address


def test_every_node_has_a_row_and_gets_the_libraries(fleet: Tool, cluster: Cluster) -> None:
    planned = fleet.plan()
    assert planned.code == 3
    assert rows(planned).keys() == {server.address for server in cluster.servers}
    primaries = {server.address for server in cluster.primaries}
    assert {address for address, row in rows(planned).items() if row["role"] == "primary"} == primaries
    assert cluster.libraries() == {server.address: {} for server in cluster.servers}
    applied = fleet.apply("--verify")
    assert applied.code == 0, applied.out
    assert {row["status"] for row in rows(applied).values()} == {"ok"}
    assert cluster.libraries() == {server.address: fleet.texts for server in cluster.servers}
    assert fleet.plan().code == fleet.check().code == 0


def test_a_primary_is_killed_and_comes_back_empty_in_the_middle(fleet: Tool, cluster: Cluster) -> None:
    victim = cluster.primaries[1]

    def restart() -> None:
        victim.kill()
        victim.restart()

    fleet.before_the_write(restart)
    applied = fleet.apply()
    as_reported(fleet, cluster, rows(applied))
    cluster.await_whole()
    fleet.finish(cluster)


def test_a_primary_is_dead_in_the_middle(fleet: Tool, cluster: Cluster) -> None:
    primaries = cluster.primaries
    victim = primaries[1]
    fleet.before_the_write(victim.kill)
    try:
        applied = fleet.apply("--wait", "3", timeout=1)
        assert applied.code == 1
        assert rows(applied)[victim.address]["status"] != "ok"
        as_reported(fleet, cluster, rows(applied))
        for server in primaries:
            if server is not victim:
                assert rows(applied)[server.address]["status"] == "ok"
    finally:
        victim.restart()
    cluster.await_whole()
    fleet.finish(cluster)


def test_a_primary_that_restarted_without_its_libraries_is_found(fleet: Tool, cluster: Cluster) -> None:
    assert fleet.apply().code == 0
    victim = cluster.primaries[2]
    replica = cluster.replica_of(victim)
    # On a busy machine the restart may take longer than the time after which the replica would take over, with its libraries.
    others = [server for server in cluster.servers if server is not victim]
    for server in others:
        server.ask("CONFIG", "SET", "cluster-node-timeout", 60_000)
    victim.kill()
    victim.restart()
    cluster.await_whole()
    until(lambda: libraries(victim) == libraries(replica) == {}, "the loss has reached the replica")
    for server in others:
        server.ask("CONFIG", "SET", "cluster-node-timeout", 2000)
    checked = fleet.check()
    assert checked.code == 3
    named = {node for finding in checked.document["findings"] for node in finding["nodes"]}
    assert named == {victim.address, replica.address}
    fleet.finish(cluster)


def test_a_failover_in_the_middle_is_followed(fleet: Tool, cluster: Cluster) -> None:
    old = cluster.primaries[0]
    new = cluster.replica_of(old)
    fleet.before_the_write(lambda: cluster.fail_over(new))
    applied = fleet.apply()
    assert applied.code == 0, applied.out
    assert libraries(new) == fleet.texts
    assert rows(applied)[new.address]["status"] == "ok"
    cluster.await_whole()
    fleet.finish(cluster)


def test_a_frozen_replica_costs_a_deadline_and_is_shown(fleet: Tool, cluster: Cluster) -> None:
    frozen = cluster.replicas[-1]
    frozen.freeze()
    try:
        applied = fleet.apply("--wait", "4", timeout=1)
        assert applied.code == 1
        row = rows(applied)[frozen.address]
        assert row["status"] not in {"ok", "same"}
        assert row["role"] == "replica"
        for server in cluster.servers:
            if server is not frozen:
                assert libraries(server) == fleet.texts, server.address
                assert rows(applied)[server.address]["status"] == "ok"
        assert fleet.check(timeout=1).code != 0
    finally:
        frozen.thaw()
    cluster.await_whole()
    fleet.finish(cluster)


def test_a_busy_node_is_left_alone_and_named_with_what_it_runs(fleet: Tool, cluster: Cluster) -> None:
    busy = cluster.primaries[0]
    with busy.connect() as caller, busy.connect() as asker:
        asker.done("CONFIG", "SET", "busy-reply-threshold", "20")
        asker.done("FUNCTION", "LOAD", LOOP)
        caller.send("FCALL", "loop", 0)
        until(lambda: isinstance(asker("PING"), ErrorReply))
        try:
            planned = fleet.plan()
            assert planned.code == 1
            assert rows(planned)[busy.address]["status"] == "busy"
            assert "loop" in rows(planned)[busy.address]["error"]
            shown = fleet("stats")
            assert "loop" in shown.out
            assert asker("PING").code == b"BUSY"  # nothing has killed it
        finally:
            asker.done("FUNCTION", "KILL")
        assert isinstance(caller.receive(), ErrorReply)
        asker.done("FUNCTION", "DELETE", "l")
    until(lambda: all("l" not in found for found in cluster.libraries().values()))
    fleet.finish(cluster)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"maxmemory": "1", "maxmemory-policy": "noeviction"}, "OOM"),
        ({"min-replicas-to-write": "3"}, "NOREPLICAS"),
    ],
    ids=["oom", "noreplicas"],
)
def test_a_primary_that_refuses_writes(
    fleet: Tool, cluster: Cluster, options: dict[str, str], reason: str
) -> None:
    refusing = cluster.primaries[1]
    before = {name: refusing.ask("CONFIG", "GET", name)[0][1] for name in options}
    for name, value in options.items():
        refusing.ask("CONFIG", "SET", name, value)
    try:
        applied = fleet.apply()
        assert applied.code == 1
        row = rows(applied)[refusing.address]
        assert row["status"] != "ok"
        assert reason in applied.out
        assert libraries(refusing) == {}
        for server in cluster.primaries:
            if server is not refusing:
                assert libraries(server) == fleet.texts
    finally:
        for name, value in before.items():
            refusing.ask("CONFIG", "SET", name, value)
    fleet.finish(cluster)


def test_a_function_moves_between_libraries_and_back(fleet: Tool, cluster: Cluster) -> None:
    assert fleet.apply().code == 0
    first = fleet.texts
    fleet.write(a=G, b=F2)
    moved = fleet.apply("--verify")
    assert moved.code == 0, moved.out
    assert cluster.libraries() == {server.address: fleet.texts for server in cluster.servers}
    back = fleet("rollback", "--yes")
    assert back.code == 0, back.out
    assert cluster.libraries() == {server.address: first for server in cluster.servers}


def test_a_function_moves_out_of_a_library_that_is_removed(fleet: Tool, cluster: Cluster) -> None:
    assert fleet.apply().code == 0
    first = fleet.texts
    fleet.write(c=f"{F}\n{G}")
    moved = fleet.apply("--prune", "--verify")
    assert moved.code == 0, moved.out
    assert cluster.libraries() == {server.address: fleet.texts for server in cluster.servers}
    back = fleet("rollback", "--yes")
    assert back.code == 0, back.out
    assert cluster.libraries() == {server.address: first for server in cluster.servers}


def test_a_library_that_does_not_compile_is_sent_to_nobody(fleet: Tool, cluster: Cluster) -> None:
    fleet.write(a=F, b="server.register_function(")
    for result in (fleet.plan(), fleet.apply()):
        assert result.code == 2, result.out
    assert cluster.libraries() == {server.address: {} for server in cluster.servers}


def test_a_node_on_which_every_script_fails_is_found(fleet: Tool, cluster: Cluster) -> None:
    assert fleet.apply().code == 0
    poisoned = cluster.primaries[0]
    with poisoned.connect() as client:
        poison = "#!lua flags=allow-cross-slot-keys\nreturn redis.call('MGET', 'a', 'b')"
        client("EVAL", poison, 0)
        assert isinstance(client("EVAL", "return redis.call('INFO') and 1", 0), ErrorReply)
    checked = fleet.check()
    assert checked.code == 3, checked.out
    (finding,) = checked.document["findings"]
    assert finding["nodes"] == [poisoned.address]
    fleet.use("static", poisoned)
    assert [each["kind"] for each in fleet.check().document["findings"]] == ["poisoned"]
    fleet.use("cluster", *cluster.servers[:2])
    poisoned.kill()  # only a restart helps; it comes back without libraries
    poisoned.restart()
    cluster.await_whole()
    fleet.finish(cluster)
