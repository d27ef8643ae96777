"""manage truncate: what no node has is no success; what is taken shows on every node."""

import pytest

from tests.each import for_each_row
from tests.fakes.managed_cluster import ManagedCluster, column, manage
from tests.fakes.node import refusing
from tests.unit.asadm.conftest import Asadm


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that no node shows is given up after a moment."""
    monkeypatch.setattr("asadm.fleet.change.managed.FOLLOW_SECONDS", 0.2)


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ("ns test set users --no-warn", "truncate:namespace=test;set=users"),
        ("ns test --yes", "truncate-namespace:namespace=test"),
        ("ns test set users before 1700000000 unix-epoch --yes", "truncate:namespace=test;set=users;lut=1700000000000000000"),
        ("ns test set users before 1700000000.5 unix --yes", "truncate:namespace=test;set=users;lut=1700000000500000000"),
        ("ns test set users before 2023-11-14T22:13:20Z iso-8601 --yes", "truncate:namespace=test;set=users;lut=1700000000000000000"),
        ("ns test set users before 2023-11-14T23:13:20+01:00 iso --yes", "truncate:namespace=test;set=users;lut=1700000000000000000"),
    ],
)  # fmt: skip
def test_commands_are_those_of_the_vendors_tool(asadm: Asadm, words: str, order: str) -> None:
    with ManagedCluster(2) as cluster:
        done = manage(asadm, cluster, f"truncate {words}")
        assert done.code == 0, (done.out, done.err)
        assert cluster.changes == [[order.encode()], []]
        assert column(done, "result") == ["changed"] * 2


def test_undo(asadm: Asadm) -> None:
    with ManagedCluster(2) as cluster:
        nothing = manage(asadm, cluster, "truncate ns test set users undo")
        assert (nothing.code, cluster.changes) == (0, [[], []])
        manage(asadm, cluster, "truncate ns test set users --yes")
        done = manage(asadm, cluster, "truncate ns test set users undo")
        assert (done.code, column(done, "after")) == (0, [None, None])
        assert cluster[0].changes[-1] == b"truncate-undo:namespace=test;set=users"


@pytest.mark.parametrize("words", ["truncate ns nope --yes", "truncate ns test set nope --yes"])
def test_what_no_node_has_is_no_success(asadm: Asadm, words: str) -> None:
    with ManagedCluster(2) as cluster:
        done = manage(asadm, cluster, words)
        assert done.code == 1
        assert "nothing was sent" in done.err
        assert cluster.changes == [[], []]


def test_what_is_gone_already_is_not_sent_again(asadm: Asadm) -> None:
    with ManagedCluster(1) as cluster:
        manage(asadm, cluster, "truncate ns test set users --yes")
        done = manage(asadm, cluster, "truncate ns test set users before 1700000000 unix-epoch --yes")
        assert (done.code, column(done, "result")) == (0, ["has it already"])
        assert len(cluster[0].changes) == 1


def test_a_node_without_a_record_of_the_set_has_nothing_to_do(asadm: Asadm) -> None:
    with ManagedCluster(2) as cluster:
        cluster[1].sets.clear()
        done = manage(asadm, cluster, "truncate ns test set users --yes")
        assert (done.code, column(done, "result")) == (0, ["changed", "has no record of it"])


@pytest.mark.usefixtures("_soon")
def test_a_node_that_does_not_follow_is_told(asadm: Asadm) -> None:
    with ManagedCluster(2) as cluster:
        cluster[1].before = lambda line: b"objects=3:truncate_lut=0;" if line.startswith(b"sets/") else None
        done = manage(asadm, cluster, "truncate ns test set users --yes")
        assert (done.code, column(done, "result")) == (1, ["changed", "did not follow: it has nothing"])


def test_another_node_is_told_where_the_first_is_not_reached(asadm: Asadm) -> None:
    dead = "{}:{}".format(*refusing())
    with ManagedCluster(2) as cluster:
        done = asadm(
            "-h",
            f"{dead},{cluster.hosts}",
            "--json",
            "--enable",
            *["manage", "truncate", "ns", "test", "--yes"],
        )
        assert done.code == 1
        assert [len(each) for each in cluster.changes] == [1, 0]


@pytest.mark.parametrize(
    "words",
    [
        "ns test set users",
        "set users --yes",
        "ns test before 1700000000 --yes",
        "ns test before x unix-epoch --yes",
        "ns test before 99999999999999999999 unix-epoch --yes",
        "ns test before 2023-13-01 iso-8601 --yes",
        "ns test before 1960-01-01 iso-8601 --yes",
        "ns test before 1700000000 nope --yes",
        "ns test before 1700000000 unix-epoch undo --yes",
        "ns te;st --yes",
    ],
)
def test_usage(asadm: Asadm, words: str) -> None:
    with ManagedCluster(1) as cluster:
        assert asadm("-h", cluster.hosts, "--enable", "manage", "truncate", *words.split(" ")).code == 2
        assert cluster.changes == [[]]


@for_each_row(
    ("words", "said"),
    [
        ("truncate ns test set a\udcff --yes", "no node has a set 'a\\udcff' in test"),
        ("truncate ns a\udcff --yes", "no node has a namespace 'a\\udcff'"),
        ("config namespace a\udcff param nsup-period to 1", "no node has a namespace 'a\\udcff'"),
        ("config namespace test set a\udcff param enable-index to true", "no node has a set 'a\\udcff'"),
        ("sindex delete a\udcff ns test --yes", "no node has an index 'a\\udcff'"),
    ],
)
def test_names_of_any_bytes(asadm: Asadm, words: str, said: str) -> None:
    with ManagedCluster(1) as cluster:
        result = asadm("-h", cluster.hosts, "--enable", "manage", *words.split())
        assert (result.code, cluster.changes) == (1, [[]])
        assert said in result.err


def test_changes_are_in_the_history(asadm: Asadm) -> None:
    with ManagedCluster(2) as cluster:
        cluster.indexes["idx"] = "ns=test:indexname=idx:set=users:bin=a:type=numeric:state=RW"
        cluster[0].queries = {"7": "active(ok)"}
        manage(asadm, cluster, "sindex delete idx ns test --yes --history h")
        manage(asadm, cluster, "truncate ns test set users --yes --history h")
        manage(asadm, cluster, "jobs kill trids 7 --yes --history h")
        entries = asadm("--json", "udf", "history", "--history", "h").document["entries"]
        assert [(entry["action"], entry["module"], entry["ok"]) for entry in entries] == [
            ("jobs", "jobs kill 7", 1),
            ("truncate", "truncate test users", 2),
            ("sindex", "sindex delete test idx", 2),
        ]
        for flag in ("--change", "--to"):
            modules = asadm("-h", cluster.hosts, *["udf", "rollback", flag, "1", "--yes", "--history", "h"])
            assert (modules.code, "is about no module" in modules.err) == (2, True)
        assert (
            asadm(
                "-h", cluster.hosts, "--enable", *["manage", "config", "rollback", "--yes", "--history", "h"]
            ).code
            == 1
        )
