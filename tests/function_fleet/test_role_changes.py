"""asadm function while Sentinel makes another server the primary, and where a primary has become a replica before it is written to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.function_fleet import topology
from tests.function_fleet.conftest import Tool, rows
from tests.function_fleet.topology import Group, follows, libraries
from tests.real_valkey import RealValkey, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

F = "redis.register_function('f', function() return 1 end)"
F2 = "redis.register_function('f', function() return 2 end)"


class Guarded(NamedTuple):
    """A Sentinel, and the primary and replica that it watches."""

    sentinel: RealValkey
    group: Group

    def lose_the_primary(self) -> tuple[RealValkey, RealValkey]:
        """Kill the primary, and wait until Sentinel has made its replica the primary; both, the dead one first."""
        (dead,), (heir,) = self.group.primaries, self.group.replicas
        self.kill(dead)
        self.await_primary(heir)
        return dead, heir

    def kill(self, server: RealValkey) -> None:
        """Kill it; Sentinel is soon to know."""
        self.be_patient(milliseconds=1000)
        server.kill()

    def await_primary(self, heir: RealValkey) -> None:
        """Wait until Sentinel says so; the server itself drops its clients when it becomes it."""
        wanted = [heir.host.encode(), str(heir.port).encode()]
        name = topology.SENTINEL_NAME
        until(
            lambda: self.sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name) == wanted, "the failover"
        )
        self.be_patient()

    def be_patient(self, milliseconds: int = 600_000) -> None:
        """How long a primary has to be silent until it is replaced."""
        name = topology.SENTINEL_NAME
        self.sentinel.ask("SENTINEL", "SET", name, "down-after-milliseconds", milliseconds)


@pytest.fixture
def guarded(tool: Tool, tmp_path: Path) -> Iterator[Guarded]:
    """The tool knows the Sentinel; the test may break the servers."""
    with topology.watched(tmp_path / "guarded") as (sentinel, group):
        tool.use(f"sentinel {topology.SENTINEL_NAME}", sentinel)
        tool.write(a=F)
        yield Guarded(sentinel, group)


def bring_back(server: RealValkey, heir: RealValkey) -> None:
    """Start it, and wait until Sentinel has made it a replica that has all of its primary's data."""
    server.restart()
    until(
        lambda: heir.ask("ROLE")[2], "Sentinel makes it a replica"
    )  # it drops its clients when it becomes one
    until(lambda: follows(server), "it has all data")


def test_sentinel_fails_over_in_the_middle_of_an_apply(tool: Tool, guarded: Guarded) -> None:
    lost: list[RealValkey] = []
    tool.before_the_write(lambda: lost.extend(guarded.lose_the_primary()))
    applied = tool.apply("--verify", "--wait", "5", timeout=1)
    dead, heir = lost
    assert applied.code == 1, "one server is gone, and cannot be as it should be"
    found = rows(applied)
    assert found.keys() == {dead.address, heir.address}
    assert found[dead.address]["status"] != "ok"
    assert found[heir.address]["status"] == "ok", applied.out
    assert found[heir.address]["role"] == "primary"
    assert libraries(heir) == tool.texts, "what was reported is what a plain client sees"
    checked = tool.check(timeout=1)
    assert checked.code == 1
    assert [finding["nodes"] for finding in checked.document["findings"]] == [[dead.address]]
    bring_back(dead, heir)
    tool.finish(guarded.group)


def test_an_apply_that_waits_finishes_by_itself_when_sentinel_has_failed_over(
    tool: Tool, guarded: Guarded
) -> None:
    (old,), (heir,) = guarded.group.primaries, guarded.group.replicas

    def mend() -> None:
        guarded.await_primary(heir)
        bring_back(old, heir)

    with ThreadPoolExecutor(1) as aside:
        mended = []

        def lose() -> None:
            guarded.kill(old)
            mended.append(aside.submit(mend))

        tool.before_the_write(lose)
        applied = tool.apply("--verify", "--wait", "120", timeout=1)
        mended[0].result()
    assert applied.code == 0, applied.out
    found = rows(applied)
    assert {row["status"] for row in found.values()} == {"ok"}
    assert found[heir.address]["role"] == "primary"  # the other was one too, until Sentinel saw it
    assert guarded.group.libraries() == {server.address: tool.texts for server in guarded.group.servers}
    tool.finish(guarded.group)


def test_sentinel_fails_over_after_an_apply(tool: Tool, guarded: Guarded) -> None:
    assert tool.apply("--verify").code == 0
    dead, heir = guarded.lose_the_primary()
    planned = tool.plan()
    assert planned.code == 1, "a server is gone"
    assert rows(planned)[heir.address]["role"] == "primary"
    assert libraries(heir) == tool.texts
    tool.write(a=F2)
    assert tool.apply("--wait", "3", timeout=1).code == 1
    assert libraries(heir) == tool.texts, "the new primary got the new text"
    bring_back(dead, heir)
    assert libraries(dead) == tool.texts, "and passed it on"
    tool.finish(guarded.group)


def test_a_primary_that_became_a_replica_before_the_write_is_followed(tool: Tool, tmp_path: Path) -> None:
    with topology.replicated(tmp_path / "swapped") as group:
        old, new, other = group.servers
        tool.use("replicas", old, new)
        tool.write(a=F)

        def swap() -> None:
            new.ask("REPLICAOF", "NO", "ONE")
            for server in (old, other):
                server.ask("REPLICAOF", new.host, new.port)
            until(lambda: follows(old) and follows(other), "the others follow the new primary")

        tool.before_the_write(swap)
        applied = tool.apply("--verify")
        assert applied.code == 0, applied.out
        found = rows(applied)
        assert {address: row["role"] for address, row in found.items()} == {
            old.address: "replica",
            new.address: "primary",
            other.address: "replica",
        }
        assert {row["status"] for row in found.values()} == {"ok"}
        assert group.libraries() == {server.address: tool.texts for server in group.servers}
        tool.finish(group)


def test_readonly_where_there_is_no_other_primary(tool: Tool, tmp_path: Path) -> None:
    place = tmp_path / "apart"
    place.mkdir()
    with Group(place) as group:
        server, elsewhere = group.start(2, *topology.QUICK_SYNC)
        tool.use("static", server)
        tool.write(a=F)

        def demote() -> None:
            server.ask("REPLICAOF", elsewhere.host, elsewhere.port)
            until(lambda: follows(server), "it is a replica")

        tool.before_the_write(demote)
        applied = tool.apply("--wait", "3")
        assert applied.code == 1
        row = rows(applied)[server.address]
        assert row["status"] == "readonly", applied.out
        assert "READONLY" in row["error"]
        assert libraries(server) == libraries(elsewhere) == {}, "nothing has changed anywhere"
        again = tool.apply("--wait", "3")
        assert again.code == 1, "it is still a replica"
        assert rows(again)[server.address]["status"] == "readonly"
        why = f"it is a replica, and its primary {elsewhere.address} took nothing"
        assert why in rows(again)[server.address]["error"]
        assert libraries(server) == libraries(elsewhere) == {}
        server.ask("REPLICAOF", "NO", "ONE")
        assert tool.apply("--verify").code == 0
        assert libraries(server) == tool.texts
        assert tool.check().code == 0
