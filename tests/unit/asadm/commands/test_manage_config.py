"""manage config: every node read, told and read again; what does not follow is told, and nothing is sent for a slip."""

import json
from pathlib import Path

import pytest

from tests.fakes.managed_cluster import ManagedCluster
from tests.fakes.node import FakeNode, refusing, silent
from tests.unit.asadm.conftest import Asadm, Result, Waited

THREADS = ("service", "param", "migrate-threads", "to", "3")


def config(asadm: Asadm, cluster: ManagedCluster, *words: str) -> Result:
    return asadm("-h", cluster.hosts, "--json", "--enable", "manage", "config", *words, "--history", "h")


def rows(result: Result) -> list[tuple[object, object, object]]:
    [table] = result.document["tables"]
    return [(row.get("before"), row.get("after"), row.get("result")) for row in table["rows"]]


def values(cluster: ManagedCluster, name: str = "migrate-threads", context: str = "service") -> list[str]:
    return [node.configuration[context][name] for node in cluster.nodes]


def entries(asadm: Asadm) -> list[dict[str, object]]:
    found: list[dict[str, object]] = asadm("--json", "udf", "history", "--history", "h").document["entries"]
    return found


def test_every_node_has_it_and_is_shown_before_and_after(asadm: Asadm) -> None:
    with ManagedCluster(3) as cluster:
        cluster[1].configuration["service"]["migrate-threads"] = "2"
        cluster[2].configuration["service"]["migrate-threads"] = "3"
        done = config(asadm, cluster, *THREADS)
        assert done.code == 0, done.err
        assert rows(done) == [("1", "3", "changed"), ("2", "3", "changed"), ("3", "3", "has it already")]
        order = [b"set-config:context=service;migrate-threads=3"]
        assert cluster.changes == [order, order, []]
        shown = asadm("-h", cluster.hosts, "--enable", "manage", "config", *THREADS[:-1], "4")
        assert "A restart forgets it" in shown.out
        assert "service { migrate-threads 4 }" in shown.out


def test_it_must_be_enabled_and_a_dry_run_sends_nothing(asadm: Asadm) -> None:
    with ManagedCluster(2) as cluster:
        assert asadm("-h", cluster.hosts, "manage", "config", *THREADS).code == 2
        looked = config(asadm, cluster, *THREADS, "--dry-run")
        assert looked.code == 3
        assert rows(looked) == [("1", "3", "would change")] * 2
        assert cluster.changes == [[], []]
        assert not Path("h").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("service param migrate-thread to 3", "did you mean 'migrate-threads'?"),
        ("namespace nope param nsup-period to 60", "no node has a namespace 'nope': there are bar, test"),
        ("namespace test param nsup-perio to 60", "did you mean 'nsup-period'?"),
        (
            "namespace test set nope param stop-writes-count to 6",
            "no node has a set 'nope' in test; --new-set",
        ),
        ("namespace test set users param objects to 6", "no node has a parameter 'objects'"),
        ("namespace test set nope param objects to 6 --new-set", "no node has a parameter 'objects'"),
        ("security param privilege-refresh-period to 60", "Enterprise"),
        ("logging file /nope param udf to debug", "no node logs to '/nope'"),
        ("logging param udff to debug", "did you mean 'udf'?"),
    ],
)
def test_a_slip_is_found_before_anything_is_sent(asadm: Asadm, words: str, said: str) -> None:
    with ManagedCluster(2) as cluster:
        done = config(asadm, cluster, *words.split())
        assert done.code == 1
        assert said in done.err
        assert "nothing was sent" in done.err
        assert cluster.changes == [[], []]


@pytest.mark.parametrize(
    "words",
    [
        ["service", "migrate-threads", "to", "3"],
        ["service", "param", "migrate-threads", "to", "3;x=1"],
        ["service", "param", "migrate-threads;x", "to", "3"],
        ["service", "param", "a=b", "to", "3"],
        ["namespace", "te;st", "param", "nsup-period", "to", "3"],
        ["namespace", "test", "storage-engine", "set", "users", "param", "x", "to", "3"],
        ["network", "param", "interval", "to", "3"],
        ["mod-lua", "param", "cache-enabled", "to", "false"],
        ["xdr", "dc", "DC1", "param", "x", "to", "3"],
        ["rollback", "x", "--yes"],
        ["rollback"],
        ["rollback", "--yes", "--no-history"],
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(asadm: Asadm, words: list[str]) -> None:
    with ManagedCluster(1) as cluster:
        assert asadm("-h", cluster.hosts, "--enable", "manage", "config", *words).code == 2
        assert cluster.changes == [[]]


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ("namespace test param nsup-period to 60", "set-config:context=namespace;namespace=test;nsup-period=60"),
        ("namespace test storage-engine param defrag-lwm-pct to 40", "set-config:context=namespace;namespace=test;defrag-lwm-pct=40"),
        ("namespace test param storage-engine.defrag-lwm-pct to 40", "set-config:context=namespace;namespace=test;defrag-lwm-pct=40"),
        ("namespace test geo2dsphere-within param strict to false", "set-config:context=namespace;namespace=test;geo2dsphere-within-strict=false"),
        ("namespace test param max-record-size to 1K", "set-config:context=namespace;namespace=test;max-record-size=1K"),
        ("namespace test set users param stop-writes-count to 6000", "set-config:context=namespace;namespace=test;stop-writes-count=6000;set=users"),
        ("namespace test set nope param default-ttl to 60 --new-set", "set-config:context=namespace;namespace=test;default-ttl=60;set=nope"),
        ("network heartbeat param interval to 200", "set-config:context=network;heartbeat.interval=200"),
        ("network param heartbeat.interval to 200", "set-config:context=network;heartbeat.interval=200"),
        ("logging file stderr param udf to debug", "log-set:id=1;udf=debug"),
    ],
)  # fmt: skip
def test_commands_are_those_of_the_vendors_tool(asadm: Asadm, words: str, order: str) -> None:
    with ManagedCluster(1) as cluster:
        done = config(asadm, cluster, *words.split())
        assert done.code == 0, (done.out, done.err)
        assert cluster.changes == [[order.encode()]]
        assert rows(done)[0][2] == "changed"


def test_a_value_with_a_dash_before_it(asadm: Asadm) -> None:
    words = ["namespace", "test", "--no-history", "param", "nsup-period", "to", "--", "-1"]
    with ManagedCluster(1) as cluster:
        asadm("-h", cluster.hosts, "--enable", "manage", "config", *words)
        assert cluster.changes == [[b"set-config:context=namespace;namespace=test;nsup-period=-1"]]


def test_nodes_that_do_not_follow_are_told(asadm: Asadm) -> None:
    with ManagedCluster(4) as cluster:
        cluster[0].before = lambda line: (
            b"ERROR:4:invalid set-config parameter" if line.startswith(b"set-") else None
        )
        cluster[1].before = lambda line: b"ok" if line.startswith(b"set-") else None

        def another(line: bytes) -> bytes | None:
            if line.startswith(b"set-"):
                cluster[2].configuration["service"]["migrate-threads"] = "100"
                return b"ok"
            return None

        cluster[2].before = another
        done = config(asadm, cluster, *THREADS)
        assert done.code == 1
        assert rows(done) == [
            ("1", "1", "refused: invalid set-config parameter (code 4)"),
            ("1", "1", "did not follow: it has 1"),
            ("1", "100", "took 100 instead"),
            ("1", "3", "changed"),
        ]
        [entry] = entries(asadm)
        assert (entry["action"], entry["ok"], entry["failed"]) == ("config", 1, 3)


def test_a_node_that_is_not_there_is_a_row_and_the_others_are_changed(asadm: Asadm) -> None:
    dead = "{}:{}".format(*refusing())
    with ManagedCluster(2) as cluster:
        done = asadm("-h", f"{dead},{cluster.hosts}", "--json", "--enable", "manage", "config", *THREADS)
        assert done.code == 1
        assert [row["state"] for row in done.document["tables"][0]["rows"]] == ["ok", "ok", "refused"]
        assert (done.document["nodes_read"], done.document["nodes_asked"]) == (2, 3)
        assert values(cluster) == ["3", "3"]
        alone = asadm("-h", dead, "--json", "--enable", "manage", "config", *THREADS)
        assert alone.code == 1
        assert alone.document["nodes_read"] == 0


def test_what_a_node_has_counts_and_not_what_it_said(asadm: Asadm) -> None:
    with ManagedCluster(1) as cluster:

        def break_off(line: bytes) -> bytes | None:
            if line.startswith(b"set-"):
                cluster[0].configuration["service"]["migrate-threads"] = "3"
                raise ConnectionError
            return None

        cluster[0].before = break_off
        done = config(asadm, cluster, *THREADS)
        assert (done.code, rows(done)) == (0, [("1", "3", "changed")])


def test_a_node_that_hangs_costs_one_time_limit(asadm: Asadm, waited: Waited) -> None:
    with ManagedCluster(1) as cluster, FakeNode(behaviour=silent) as hung:
        words = ["-h", f"{hung.address},{cluster.hosts}", "--timeout", "0.3", "--json", "--enable"]
        done = asadm(*words, "manage", "config", *THREADS)
        assert (done.code, values(cluster)) == (1, ["3"])
        assert waited.missed(hung.address) == [0.3]


def test_a_node_that_has_no_such_parameter_is_told(asadm: Asadm) -> None:
    with ManagedCluster(2) as cluster:
        del cluster[1].configuration["service"]["migrate-threads"]
        done = config(asadm, cluster, *THREADS)
        assert done.code == 1
        assert rows(done) == [("1", "3", "changed"), (None, None, "left: the node has no such parameter")]
        assert cluster[1].changes == []


def test_with_names_the_nodes(asadm: Asadm) -> None:
    with ManagedCluster(3) as cluster:
        assert config(asadm, cluster, *THREADS, "with", cluster[1].address).code == 0
        assert values(cluster) == ["1", "3", "1"]


def test_the_history_has_what_each_node_had(asadm: Asadm) -> None:
    with ManagedCluster(2) as cluster:
        cluster[1].configuration["service"]["migrate-threads"] = "2"
        assert config(asadm, cluster, *THREADS, "--note", "ticket 7").code == 0
        [entry] = entries(asadm)
        assert entry["module"] == "service migrate-threads"
        assert entry["note"] == "to 3, was 1, 2; ticket 7"
        said = json.loads(asadm("udf", "history", "show", str(entry["id"]), "--history", "h").raw)
        assert said["nodes"] == {
            cluster[0].address: {"before": "1", "after": "3"},
            cluster[1].address: {"before": "2", "after": "3"},
        }
        assert said["what"]["value"] == "3"
        assert (
            asadm(
                "-h", cluster.hosts, "udf", "rollback", "--to", str(entry["id"]), "--yes", "--history", "h"
            ).code
            == 2
        )


def test_secrets_are_not_in_the_history(asadm: Asadm) -> None:
    with ManagedCluster(1) as cluster:
        assert config(asadm, cluster, *["service", "param", "ldap-password", "to", "hunter2"]).code == 0
        assert b"hunter2" not in Path("h").read_bytes()
        again = config(asadm, cluster, "rollback", "--yes")
        assert again.code == 1
        assert rows(again)[0][2] == "left: what it had before is not known"


class TestRollback:
    def test_each_node_gets_what_it_had(self, asadm: Asadm) -> None:
        with ManagedCluster(2) as cluster:
            cluster[1].configuration["service"]["migrate-threads"] = "2"
            config(asadm, cluster, *THREADS)
            config(asadm, cluster, *THREADS[:-1], "4")
            assert config(asadm, cluster, "rollback", "--dry-run").code == 3
            assert values(cluster) == ["4", "4"]
            assert config(asadm, cluster, "rollback", "--yes").code == 0
            assert values(cluster) == ["3", "3"]
            assert config(asadm, cluster, "rollback", "--yes").code == 0
            assert values(cluster) == ["1", "2"]
            nothing = config(asadm, cluster, "rollback", "--yes")
            assert nothing.code == 1
            assert "there is no change of configuration" in nothing.err
            latest, *_, first = entries(asadm)
            assert latest["undoes"] == first["run"]
            assert config(asadm, cluster, "rollback", str(latest["id"]), "--yes").code == 0
            assert values(cluster) == ["3", "3"]

    def test_a_change_that_no_node_followed_is_passed_over(self, asadm: Asadm) -> None:
        with ManagedCluster(1) as cluster:
            config(asadm, cluster, *THREADS)
            cluster[0].before = lambda line: b"ERROR:4:no" if line.startswith(b"set-config") else None
            assert config(asadm, cluster, *THREADS[:-1], "4").code == 1
            cluster[0].before = lambda line: None
            assert config(asadm, cluster, "rollback", "--yes").code == 0
            assert values(cluster) == ["1"]

    def test_a_node_that_was_changed_since_is_left(self, asadm: Asadm) -> None:
        with ManagedCluster(2) as cluster:
            config(asadm, cluster, *THREADS)
            cluster[1].configuration["service"]["migrate-threads"] = "7"
            done = config(asadm, cluster, "rollback", "--yes")
            assert done.code == 1
            assert rows(done)[1] == ("7", "7", "left: it has 7 since; --force gives it 1")
            assert values(cluster) == ["1", "7"]
            assert config(asadm, cluster, "rollback", "--yes", "--force").code == 0
            assert values(cluster) == ["1", "1"]

    def test_a_node_that_was_away_is_left_to_be_undone(self, asadm: Asadm) -> None:
        with ManagedCluster(2) as cluster:
            config(asadm, cluster, *THREADS)
            assert config(asadm, cluster, "rollback", "--yes", "with", cluster[0].address).code == 0
            assert values(cluster) == ["1", "3"]
            assert config(asadm, cluster, "rollback", "--yes").code == 0
            assert values(cluster) == ["1", "1"]

    def test_a_change_that_was_killed_can_be_undone(
        self, asadm: Asadm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with ManagedCluster(2) as cluster:
            with monkeypatch.context() as killed:
                killed.setattr("asadm.fleet.change.managed_record.ManagedRecord.end", lambda *_: None)
                config(asadm, cluster, *THREADS)
            cluster[1].configuration["service"]["migrate-threads"] = "1"
            [entry] = entries(asadm)
            assert (entry["state"], entry["failed"]) == ("intended", 2)
            assert "unfinished" in asadm("udf", "history", "--history", "h").out
            assert config(asadm, cluster, "rollback", "--yes").code == 0
            assert values(cluster) == ["1", "1"]

    def test_levels_of_a_log_come_back_one_by_one(self, asadm: Asadm) -> None:
        with ManagedCluster(1) as cluster:
            cluster[0].levels["misc"] = "WARNING"
            assert config(asadm, cluster, *["logging", "param", "any", "to", "debug"]).code == 0
            assert cluster[0].levels == {"misc": "DEBUG", "udf": "DEBUG"}
            assert config(asadm, cluster, "rollback", "--yes").code == 0
            assert cluster[0].levels == {"misc": "WARNING", "udf": "INFO"}

    def test_other_entries_and_no_entry_are_usage_errors(self, asadm: Asadm) -> None:
        with ManagedCluster(1) as cluster:
            assert config(asadm, cluster, "rollback", "--yes").code == 2
            config(asadm, cluster, *THREADS)
            assert config(asadm, cluster, "rollback", "99", "--yes").code == 2

    def test_modules_have_rollbacks_of_their_own(self, asadm: Asadm) -> None:
        with ManagedCluster(1) as cluster:
            cluster[0].before = lambda line: b"" if line == b"udf-list" else None
            config(asadm, cluster, *THREADS)
            done = asadm("-h", cluster.hosts, "udf", "rollback", "--yes", "--history", "h")
            assert done.code == 1
            assert "there is no change" in done.err


def test_two_at_once_keep_each_other_out(asadm: Asadm) -> None:
    with ManagedCluster(1) as cluster:
        cluster[0].before = lambda line: (
            b"error=locked;owner=ann on x;left=30" if line.startswith(b"udf-lock") else None
        )
        done = config(asadm, cluster, *THREADS)
        assert done.code == 1
        assert "ann on x holds the cluster's lock" in done.err
        assert cluster.changes == [[]]


def test_what_changed_while_a_lock_was_waited_for_is_not_overwritten(asadm: Asadm) -> None:
    with ManagedCluster(1) as cluster:

        def change(line: bytes) -> bytes | None:
            if line.startswith(b"udf-lock"):
                cluster[0].configuration["service"]["migrate-threads"] = "9"
                return b"ok"
            return None

        cluster[0].before = change
        done = config(asadm, cluster, *THREADS)
        assert done.code == 1
        assert "1 is now 9" in done.err
        assert cluster.changes == [[]]
