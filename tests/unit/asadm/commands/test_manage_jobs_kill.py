"""manage jobs kill: queries stop on the nodes where they run."""

import pytest

from tests.fakes.managed_cluster import ManagedCluster, column, manage
from tests.unit.asadm.conftest import Asadm


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that no node shows is given up after a moment."""
    monkeypatch.setattr("asadm.fleet.change.managed.FOLLOW_SECONDS", 0.2)


def test_by_id_on_the_nodes_where_it_runs(asadm: Asadm) -> None:
    with ManagedCluster(3) as cluster:
        cluster[0].queries = {"7": "active(ok)", "8": "active(ok)"}
        cluster[1].queries = {"7": "done(ok)"}
        done = manage(asadm, cluster, "jobs kill trids 7 --yes")
        assert done.code == 0, done.err
        assert cluster.changes == [[b"query-abort:trid=7"], [], []]
        assert column(done, "result") == ["changed", "does not run any more"]
        assert column(done, "progress") == [12, 12]
        assert cluster[0].queries["8"] == "active(ok)"


def test_all(asadm: Asadm) -> None:
    with ManagedCluster(2) as cluster:
        cluster[0].queries = {"7": "active(ok)", "8": "active(ok)", "9": "done(ok)"}
        done = manage(asadm, cluster, "jobs kill all queries --yes")
        assert (done.code, column(done, "after")) == (0, ["done(user-aborted)"] * 2)
        assert cluster.changes == [[b"query-abort-all:"], []]
        nothing = manage(asadm, cluster, "jobs kill all queries --yes")
        assert nothing.code == 0
        assert "no query runs" in nothing.err


@pytest.mark.usefixtures("_soon")
def test_one_that_goes_on_is_told(asadm: Asadm) -> None:
    with ManagedCluster(1) as cluster:
        cluster[0].queries = {"7": "active(ok)"}
        cluster[0].before = lambda line: b"ok" if line.startswith(b"query-abort") else None
        done = manage(asadm, cluster, "jobs kill trids 7 --yes")
        assert (done.code, column(done, "result")) == (1, ["did not follow: it has active(ok)"])


def test_one_that_is_listed_no_more_has_ended(asadm: Asadm) -> None:
    with ManagedCluster(1) as cluster:
        cluster[0].queries = {"7": "active(ok)"}

        def end(line: bytes) -> bytes | None:
            if line.startswith(b"query-abort"):
                cluster[0].queries.clear()
                return b"ERROR:2:id not active"
            return None

        cluster[0].before = end
        done = manage(asadm, cluster, "jobs kill trids 7 --yes")
        assert (done.code, column(done, "after")) == (0, ["gone"])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("jobs kill trids 99 --yes", 1),
        ("jobs kill trids x --yes", 2),
        ("jobs kill trids 18446744073709551616 --yes", 2),
        ("jobs kill all scans --yes", 2),
        ("jobs kill --yes", 2),
        ("jobs kill trids 7 all queries --yes", 2),
        ("jobs kill trids 7", 2),
    ],
)
def test_nothing_is_sent_for(asadm: Asadm, words: str, code: int) -> None:
    with ManagedCluster(1) as cluster:
        cluster[0].queries = {"7": "active(ok)"}
        assert asadm("-h", cluster.hosts, "--enable", "manage", *words.split()).code == code
        assert cluster.changes == [[]]
