"""manage sindex: slips are found before, and all nodes are looked at until they have it, or have it no more."""

import pytest

from tests.fakes.managed_cluster import ManagedCluster, column, manage
from tests.unit.asadm.conftest import Asadm


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that no node shows is given up after a moment."""
    monkeypatch.setattr("asadm.fleet.change.managed.FOLLOW_SECONDS", 0.2)


CREATE = "sindex create numeric idx ns test set users bin a"


def test_it_is_told_once_and_seen_everywhere(asadm: Asadm) -> None:
    with ManagedCluster(3) as cluster:
        done = manage(asadm, cluster, CREATE)
        assert done.code == 0, done.err
        assert column(done, "result") == ["changed"] * 3
        assert column(done, "after") == ["WO"] * 3
        order = b"sindex-create:indexname=idx;namespace=test;set=users;bin=a;type=numeric"
        assert cluster.changes == [[order], [], []]
        again = manage(asadm, cluster, CREATE)
        assert (again.code, column(again, "result")) == (0, ["has it already"] * 3)
        gone = manage(asadm, cluster, "sindex delete idx ns test set users --yes")
        assert (gone.code, column(gone, "keys")) == (0, [10] * 3)
        assert cluster.changes[0][1:] == [b"sindex-delete:namespace=test;set=users;indexname=idx"]
        assert cluster.indexes == {}


def test_forms(asadm: Asadm) -> None:
    with ManagedCluster(1) as cluster:
        manage(asadm, cluster, "sindex create str t ns test bin b in mapk")
        assert cluster.changes == [
            [b"sindex-create:indexname=t;namespace=test;bin=b;type=string;indextype=mapkeys"]
        ]
        manage(asadm, cluster, "sindex create numeric c ns test bin b ctx_base64 khAA")
        assert cluster[0].changes[1].endswith(b";bin=b;type=numeric;context=khAA")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("sindex delete idy ns test --yes", "did you mean 'idx'?"),
        ("sindex delete idx ns nope --yes", "no node has a namespace 'nope'"),
        ("sindex delete idx ns test set demo --yes", "is on users, not on demo"),
        ("sindex create numeric x ns nope bin a", "no node has a namespace 'nope'"),
        ("sindex create string idx ns test set users bin a", "with another definition"),
        ("sindex create numeric other ns test set users bin a", "which would be renamed"),
    ],
)
def test_a_slip_is_found_before_anything_is_sent(asadm: Asadm, words: str, said: str) -> None:
    with ManagedCluster(2) as cluster:
        manage(asadm, cluster, CREATE)
        done = manage(asadm, cluster, words)
        assert done.code == 1
        assert said in done.err
        assert "nothing was sent" in done.err
        assert [len(each) for each in cluster.changes] == [1, 0]


@pytest.mark.usefixtures("_soon")
def test_what_no_node_does_is_told(asadm: Asadm) -> None:
    with ManagedCluster(2) as cluster:
        refused = manage(asadm, cluster, "sindex create integer idx ns test bin a")
        assert refused.code == 1
        assert column(refused, "result")[1] == f"refused by {cluster[0].address}: bad 'type' (code 4)"
        cluster[0].before = lambda line: b"ok" if line.startswith(b"sindex-create") else None
        late = manage(asadm, cluster, CREATE)
        assert (late.code, column(late, "result")) == (1, ["did not follow: it has nothing"] * 2)


@pytest.mark.parametrize(
    "words",
    [
        "sindex create nope idx ns test bin a",
        "sindex create numeric idx ns test",
        "sindex create numeric idx ns test bin a in nope",
        "sindex create numeric idx ns test bin a ctx list_index(0)",
        "sindex create numeric i;x ns test bin a",
        "sindex delete idx ns test",
        "sindex delete idx",
    ],
)
def test_usage(asadm: Asadm, words: str) -> None:
    with ManagedCluster(1) as cluster:
        assert asadm("-h", cluster.hosts, "--enable", "manage", *words.split(" ")).code == 2
        assert cluster.changes == [[]]
