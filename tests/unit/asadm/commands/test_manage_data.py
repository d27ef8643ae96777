"""manage sindex, truncate, jobs kill and recluster: counted and asked before, seen on every node afterwards."""

import pytest

from tests.fakes.managed_cluster import ManagedCluster
from tests.fakes.node import refusing
from tests.unit.asadm.conftest import Asadm, Result


def manage(asadm: Asadm, cluster: ManagedCluster, words: str) -> Result:
    return asadm("-h", cluster.hosts, "--json", "--enable", "manage", *words.split())


def column(result: Result, name: str) -> list[object]:
    [table] = result.document["tables"]
    return [row[name] for row in table["rows"]]


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that no node shows is given up after a moment."""
    monkeypatch.setattr("asadm.fleet.change.managed.FOLLOW_SECONDS", 0.2)


class TestIndex:
    CREATE = "sindex create numeric idx ns test set users bin a"

    def test_it_is_told_once_and_seen_everywhere(self, asadm: Asadm) -> None:
        with ManagedCluster(3) as cluster:
            done = manage(asadm, cluster, self.CREATE)
            assert done.code == 0, done.err
            assert column(done, "result") == ["changed"] * 3
            assert column(done, "after") == ["WO"] * 3
            order = b"sindex-create:indexname=idx;namespace=test;set=users;bin=a;type=numeric"
            assert cluster.changes == [[order], [], []]
            again = manage(asadm, cluster, self.CREATE)
            assert (again.code, column(again, "result")) == (0, ["has it already"] * 3)
            gone = manage(asadm, cluster, "sindex delete idx ns test set users --yes")
            assert (gone.code, column(gone, "keys")) == (0, [10] * 3)
            assert cluster.changes[0][1:] == [b"sindex-delete:namespace=test;set=users;indexname=idx"]
            assert cluster.indexes == {}

    def test_forms(self, asadm: Asadm) -> None:
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
    def test_a_slip_is_found_before_anything_is_sent(self, asadm: Asadm, words: str, said: str) -> None:
        with ManagedCluster(2) as cluster:
            manage(asadm, cluster, self.CREATE)
            done = manage(asadm, cluster, words)
            assert done.code == 1
            assert said in done.err
            assert "nothing was sent" in done.err
            assert [len(each) for each in cluster.changes] == [1, 0]

    @pytest.mark.usefixtures("_soon")
    def test_what_no_node_does_is_told(self, asadm: Asadm) -> None:
        with ManagedCluster(2) as cluster:
            refused = manage(asadm, cluster, "sindex create integer idx ns test bin a")
            assert refused.code == 1
            assert column(refused, "result")[1] == f"refused by {cluster[0].address}: bad 'type' (code 4)"
            cluster[0].before = lambda line: b"ok" if line.startswith(b"sindex-create") else None
            late = manage(asadm, cluster, self.CREATE)
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
    def test_usage(self, asadm: Asadm, words: str) -> None:
        with ManagedCluster(1) as cluster:
            assert asadm("-h", cluster.hosts, "--enable", "manage", *words.split(" ")).code == 2
            assert cluster.changes == [[]]


class TestTruncate:
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
    def test_commands_are_those_of_the_vendors_tool(self, asadm: Asadm, words: str, order: str) -> None:
        with ManagedCluster(2) as cluster:
            done = manage(asadm, cluster, f"truncate {words}")
            assert done.code == 0, (done.out, done.err)
            assert cluster.changes == [[order.encode()], []]
            assert column(done, "result") == ["changed"] * 2

    def test_undo(self, asadm: Asadm) -> None:
        with ManagedCluster(2) as cluster:
            nothing = manage(asadm, cluster, "truncate ns test set users undo")
            assert (nothing.code, cluster.changes) == (0, [[], []])
            manage(asadm, cluster, "truncate ns test set users --yes")
            done = manage(asadm, cluster, "truncate ns test set users undo")
            assert (done.code, column(done, "after")) == (0, [None, None])
            assert cluster[0].changes[-1] == b"truncate-undo:namespace=test;set=users"

    @pytest.mark.parametrize("words", ["truncate ns nope --yes", "truncate ns test set nope --yes"])
    def test_what_no_node_has_is_no_success(self, asadm: Asadm, words: str) -> None:
        with ManagedCluster(2) as cluster:
            done = manage(asadm, cluster, words)
            assert done.code == 1
            assert "nothing was sent" in done.err
            assert cluster.changes == [[], []]

    def test_what_is_gone_already_is_not_sent_again(self, asadm: Asadm) -> None:
        with ManagedCluster(1) as cluster:
            manage(asadm, cluster, "truncate ns test set users --yes")
            done = manage(asadm, cluster, "truncate ns test set users before 1700000000 unix-epoch --yes")
            assert (done.code, column(done, "result")) == (0, ["has it already"])
            assert len(cluster[0].changes) == 1

    def test_a_node_without_a_record_of_the_set_has_nothing_to_do(self, asadm: Asadm) -> None:
        with ManagedCluster(2) as cluster:
            cluster[1].sets.clear()
            done = manage(asadm, cluster, "truncate ns test set users --yes")
            assert (done.code, column(done, "result")) == (0, ["changed", "has no record of it"])

    @pytest.mark.usefixtures("_soon")
    def test_a_node_that_does_not_follow_is_told(self, asadm: Asadm) -> None:
        with ManagedCluster(2) as cluster:
            cluster[1].before = lambda line: (
                b"objects=3:truncate_lut=0;" if line.startswith(b"sets/") else None
            )
            done = manage(asadm, cluster, "truncate ns test set users --yes")
            assert (done.code, column(done, "result")) == (1, ["changed", "did not follow: it has nothing"])

    def test_another_node_is_told_where_the_first_is_not_reached(self, asadm: Asadm) -> None:
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
    def test_usage(self, asadm: Asadm, words: str) -> None:
        with ManagedCluster(1) as cluster:
            assert asadm("-h", cluster.hosts, "--enable", "manage", "truncate", *words.split(" ")).code == 2
            assert cluster.changes == [[]]


class TestJobs:
    def test_by_id_on_the_nodes_where_it_runs(self, asadm: Asadm) -> None:
        with ManagedCluster(3) as cluster:
            cluster[0].queries = {"7": "active(ok)", "8": "active(ok)"}
            cluster[1].queries = {"7": "done(ok)"}
            done = manage(asadm, cluster, "jobs kill trids 7 --yes")
            assert done.code == 0, done.err
            assert cluster.changes == [[b"query-abort:trid=7"], [], []]
            assert column(done, "result") == ["changed", "does not run any more"]
            assert column(done, "progress") == [12, 12]
            assert cluster[0].queries["8"] == "active(ok)"

    def test_all(self, asadm: Asadm) -> None:
        with ManagedCluster(2) as cluster:
            cluster[0].queries = {"7": "active(ok)", "8": "active(ok)", "9": "done(ok)"}
            done = manage(asadm, cluster, "jobs kill all queries --yes")
            assert (done.code, column(done, "after")) == (0, ["done(user-aborted)"] * 2)
            assert cluster.changes == [[b"query-abort-all:"], []]
            nothing = manage(asadm, cluster, "jobs kill all queries --yes")
            assert nothing.code == 0
            assert "no query runs" in nothing.err

    @pytest.mark.usefixtures("_soon")
    def test_one_that_goes_on_is_told(self, asadm: Asadm) -> None:
        with ManagedCluster(1) as cluster:
            cluster[0].queries = {"7": "active(ok)"}
            cluster[0].before = lambda line: b"ok" if line.startswith(b"query-abort") else None
            done = manage(asadm, cluster, "jobs kill trids 7 --yes")
            assert (done.code, column(done, "result")) == (1, ["did not follow: it has active(ok)"])

    def test_one_that_is_listed_no_more_has_ended(self, asadm: Asadm) -> None:
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
    def test_nothing_is_sent_for(self, asadm: Asadm, words: str, code: int) -> None:
        with ManagedCluster(1) as cluster:
            cluster[0].queries = {"7": "active(ok)"}
            assert asadm("-h", cluster.hosts, "--enable", "manage", *words.split()).code == code
            assert cluster.changes == [[]]


class TestRecluster:
    def test_the_principal_says_ok_and_the_others_are_told(self, asadm: Asadm) -> None:
        with ManagedCluster(3) as cluster:
            looked = manage(asadm, cluster, "recluster --dry-run")
            assert (looked.code, cluster.changes) == (3, [[], [], []])
            done = manage(asadm, cluster, "recluster")
            assert done.code == 0, done.err
            assert column(done, "answer") == ["ignored-by-non-principal", "ignored-by-non-principal", "ok"]
            assert column(done, "principal") == ["A3"] * 3

    def test_nobody_says_ok(self, asadm: Asadm) -> None:
        with ManagedCluster(2) as cluster:
            cluster[1].before = lambda line: b"ERROR::unknown" if line == b"recluster:" else None
            done = manage(asadm, cluster, "recluster")
            assert done.code == 1
            assert "no node of the cluster KEY said ok" in done.err

    def test_a_dead_node_is_a_row(self, asadm: Asadm) -> None:
        dead = "{}:{}".format(*refusing())
        with ManagedCluster(2) as cluster:
            done = asadm("-h", f"{dead},{cluster.hosts}", "--json", "--enable", "manage", "recluster")
            assert done.code == 1
            assert [row["state"] for row in done.document["tables"][0]["rows"]] == ["ok", "ok", "refused"]


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
        assert (
            asadm(
                "-h", cluster.hosts, "--enable", *["manage", "config", "rollback", "--yes", "--history", "h"]
            ).code
            == 1
        )
