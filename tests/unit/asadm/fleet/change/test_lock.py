"""The locks of a change: a file, and the cluster's own where nodes have one."""

import os
from pathlib import Path

import pytest

from asadm.cluster import ClusterNode
from asadm.fleet.change.lock import ClusterLock, FileLocks, scope
from asadm.target.aerospike.cluster import AerospikeCluster
from asadm.target.valkey.cluster import ValkeyCluster
from asinfo.errors import Error
from asinfo.exchange import Endpoint
from tests.fakes.fleet import Fleet, Server
from tests.unit.asadm.conftest import Asadm


def cluster_of(fleet: Fleet, name: str = "") -> AerospikeCluster:
    return AerospikeCluster(
        [ClusterNode(Endpoint(node.host, node.port)) for node in fleet.nodes], name=name, timeout=0.5
    )


def lockable(node: Server, holder: list[bytes]) -> None:
    """Make ``node`` know the lock; ``holder`` has who holds it."""

    def answer(_: Server, command: bytes) -> bytes | None:
        if command.startswith(b"udf-lock:owner="):
            if holder:
                return b"error=locked;owner=" + holder[0] + b";left=7"
            holder.append(command.partition(b"=")[2].partition(b";")[0])
            return b"ok"
        if command.startswith(b"udf-unlock:owner="):
            holder.clear()
            return b"ok"
        return None

    node.before = answer


def test_the_lock_of_a_cluster_is_taken_and_freed() -> None:
    with Fleet(2) as fleet:
        cluster = cluster_of(fleet)
        holders: list[list[bytes]] = [[], []]
        for node, holder in zip(fleet.nodes, holders, strict=True):
            lockable(node, holder)
        with ClusterLock(cluster, [[node] for node in cluster.nodes], seconds=5):
            assert all(b"process" in holder[0] for holder in holders)
        assert holders == [[], []]


def test_a_lock_that_is_held_frees_the_others() -> None:
    with Fleet(2) as fleet:
        cluster = cluster_of(fleet)
        mine: list[bytes] = []
        lockable(fleet[0], mine)
        lockable(fleet[1], [b"alice on laptop"])
        lock = ClusterLock(cluster, [[node] for node in cluster.nodes], seconds=5)
        with pytest.raises(Error, match="alice on laptop holds the cluster's lock, for 7 s"), lock:
            pass
        assert mine == []


def test_it_is_waited_for() -> None:
    with Fleet(1) as fleet:
        cluster = cluster_of(fleet)
        holder = [b"alice"]
        lockable(fleet[0], holder)
        answer = fleet[0].before
        assert answer
        asked = 0

        def end(node: Server, command: bytes) -> bytes | None:
            nonlocal asked
            asked += 1
            said = answer(node, command)
            if asked == 1:
                holder.clear()
            return said

        fleet[0].before = end
        with ClusterLock(cluster, [cluster.nodes], seconds=5, wait=5):
            assert len(holder) == 1
            assert asked == 2


def test_nodes_without_a_lock_and_nodes_that_are_silent() -> None:
    with Fleet(3) as fleet:
        cluster = cluster_of(fleet)
        fleet[0].fault = "refuses"
        holder: list[bytes] = []
        lockable(fleet[1], holder)
        with ClusterLock(cluster, [cluster.nodes[:2], cluster.nodes[2:]], seconds=5):
            assert len(holder) == 1
        with ClusterLock(cluster, [], seconds=5):
            pass


def test_an_apply_stops_at_a_held_lock(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_bytes(b"return 1\n")
    with Fleet(1) as fleet:
        lockable(fleet[0], [b"alice"])
        refused = asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes")
        assert refused.code == 1
        assert "alice holds" in refused.err
        assert fleet.count(b"udf-put") == 0


def test_waiting_for_the_lock_does_not_count(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_bytes(b"return 1\n")
    with Fleet(1) as fleet:
        asked = 0

        def busy(_: Server, command: bytes) -> bytes | None:
            nonlocal asked
            if not command.startswith(b"udf-lock:"):
                return b"ok" if command.startswith(b"udf-unlock:") else None
            asked += 1
            return b"error=locked;owner=alice;left=1" if asked < 4 else b"ok"

        fleet[0].before = busy
        words = ["--yes", "--wait", "1", "--lock-wait", "30"]  # three times half a second until it is free
        done = asadm("-h", fleet.hosts, "udf", "apply", "udf", *words)
        assert done.code == 0, done.out
        assert fleet.sources(b"a.lua") == [b"return 1\n"]


def test_a_file_for_each_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with Fleet(2) as fleet:
        locks = FileLocks(cluster_of(fleet, "production"))
        assert locks.paths == FileLocks(cluster_of(fleet)).paths
        assert len(locks.paths) == 2
        with locks:
            for path in map(Path, locks.paths):
                assert path.parent == tmp_path / "asudf" / "locks"
                assert "on" in path.read_text()
                assert path.stat().st_mode & 0o777 == 0o600
        assert scope(cluster_of(fleet)) == ",".join(sorted(node.address for node in fleet.nodes))
    strange = AerospikeCluster(
        [
            ClusterNode(Endpoint("../x", 1)),
            ClusterNode(Endpoint("::1", 3000)),
            ClusterNode(Endpoint("h" * 200, 3000)),
        ]
    )
    paths = FileLocks(strange).paths
    assert len(set(paths)) == 3
    [address] = FileLocks(AerospikeCluster([ClusterNode(Endpoint("127.0.0.1", 3000))])).paths
    assert address in FileLocks(AerospikeCluster([ClusterNode(Endpoint("localhost", 3000))])).paths
    assert {Path(path).parent for path in paths} == {tmp_path / "asudf" / "locks"}


def test_the_inventory_and_addresses_meet(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_bytes(b"return 1\n")
    with Fleet(2) as fleet:
        nodes = "".join(f"      - {{host: {node.host}, port: {node.port}}}\n" for node in fleet.nodes)
        (tmp_path / "asadm.yaml").write_text(f"clusters:\n  production:\n    nodes:\n{nodes}")
        with FileLocks(AerospikeCluster([ClusterNode(Endpoint(fleet[1].host, fleet[1].port))])):
            for words in ((), ("-h", fleet.hosts)):
                refused = asadm(*words, "udf", "apply", "udf", "--yes")
                assert refused.code == 1
                assert "holds the lock" in refused.err
        assert asadm("udf", "apply", "udf", "--yes").code == 0
        assert asadm("-h", fleet.hosts, "udf", "rollback", "--yes").code == 0
        assert fleet.hashes(b"a.lua") == [None, None]


def test_files_that_are_shared_are_as_the_umask_says(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_bytes(b"return 1\n")
    before = os.umask(0o002)
    try:
        with Fleet(1) as fleet:
            words = ["-h", fleet.hosts, "udf", "apply", "udf", "--yes"]
            assert asadm(*words, "--history", "h", "--lock", "l").code == 0
            assert asadm(*words).code == 0
    finally:
        os.umask(before)
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("h", "l")} == {0o664}
    own = tmp_path / ".local/state/asudf"
    assert {path.stat().st_mode & 0o777 for path in own.rglob("*") if path.is_file()} == {0o600}


def test_where_nothing_can_be_written(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_bytes(b"return 1\n")
    (tmp_path / ".local").write_bytes(b"no directory")
    with Fleet(1) as fleet:
        refused = asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes")
        assert refused.code == 2
        assert "history cannot be used" in refused.err
        done = asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes", "--no-history")
        assert done.code == 0, done.err
        assert "no lock file" in done.err


def test_servers_without_a_lock_are_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Endpoint("192.0.2.1", 6379)
    monkeypatch.setattr(ValkeyCluster, "each", None)  # whoever asks, fails
    with ClusterLock(ValkeyCluster([ClusterNode(node)]), [[node]], seconds=1) as lock:
        assert not lock.held
