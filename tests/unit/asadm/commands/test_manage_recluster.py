"""manage recluster: every node is told, and one of each cluster has to say ok."""

from tests.fakes.managed_cluster import ManagedCluster, column, manage
from tests.fakes.node import refusing
from tests.unit.asadm.conftest import Asadm


def test_the_principal_says_ok_and_the_others_are_told(asadm: Asadm) -> None:
    with ManagedCluster(3) as cluster:
        looked = manage(asadm, cluster, "recluster --dry-run")
        assert (looked.code, cluster.changes) == (3, [[], [], []])
        done = manage(asadm, cluster, "recluster")
        assert done.code == 0, done.err
        assert column(done, "answer") == ["ignored-by-non-principal", "ignored-by-non-principal", "ok"]
        assert column(done, "principal") == ["A3"] * 3


def test_nobody_says_ok(asadm: Asadm) -> None:
    with ManagedCluster(2) as cluster:
        cluster[1].before = lambda line: b"ERROR::unknown" if line == b"recluster:" else None
        done = manage(asadm, cluster, "recluster")
        assert done.code == 1
        assert "no node of the cluster KEY said ok" in done.err


def test_a_dead_node_is_a_row(asadm: Asadm) -> None:
    dead = "{}:{}".format(*refusing())
    with ManagedCluster(2) as cluster:
        done = asadm("-h", f"{dead},{cluster.hosts}", "--json", "--enable", "manage", "recluster")
        assert done.code == 1
        assert [row["state"] for row in done.document["tables"][0]["rows"]] == ["ok", "ok", "refused"]
