"""asadm function on scripted servers that do what servers should not: each is a row with its reason, and nothing else suffers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.valkey_fleet import BYTES, ValkeyFleet
from tests.fakes.valkey_node import REFUSALS, Running
from tests.unit.asadm.conftest import Asadm, Waited

A = b"#!lua name=a\nserver.register_function('f', function() return 1 end)"
NEW = b"#!lua name=a\nserver.register_function('f', function() return 2 end)"

STATUS = {
    "hangs": {"timeout-reply"},
    "closes": {"closed"},
    "closes amid": {"closed"},
    "restarts": {"closed"},
    "busy": {"busy"},
    "loading": {"loading"},
    "masterdown": {"lagging"},
    "readonly": {"readonly"},
    "noauth": {"login"},
    "wrongpass": {"login"},
    "oom": {"error"},
    "noreplicas": {"error"},
    "misconf": {"error"},
    "garbage": {"protocol"},
    "huge bulk": {"protocol"},
    "huge array": {"protocol"},
    "endless bulk": {"timeout-reply", "protocol"},
    "endless line": {"protocol"},
    "nested": {"protocol"},
    "another type": {"protocol"},
    "null": {"protocol"},
}


@pytest.fixture
def fleet() -> Iterator[ValkeyFleet]:
    with ValkeyFleet(3, replicas=3) as made:
        made.load(A)
        yield made


@pytest.fixture
def directory(tmp_path: Path) -> str:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.lua").write_bytes(NEW)
    return str(tmp_path / "lib")


def seed(fleet: ValkeyFleet) -> tuple[str, ...]:
    return "-h", fleet[0].name, "--discover", "--timeout", "1"


def test_the_table_has_all_kinds() -> None:
    assert STATUS.keys() >= {*REFUSALS, *BYTES}


@pytest.mark.parametrize("kind", sorted(STATUS))
def test_a_node_that_cannot_be_read_is_a_row(asadm: Asadm, fleet: ValkeyFleet, kind: str) -> None:
    fleet[1].fail(kind, on=b"FUNCTION DUMP")
    done = asadm(*seed(fleet), "--json", "function", "status")
    assert done.code == 1
    rows = {node["address"]: node for node in done.document["nodes"]}
    assert len(rows) == 6
    bad = rows.pop(fleet[1].name)
    assert bad["status"] in STATUS[kind], bad
    assert bad["error"]
    assert {node["status"] for node in rows.values()} == {"ok"}


@pytest.mark.parametrize("kind", ["hangs", "closes", "oom", "misconf", "noreplicas", "busy", "garbage"])
def test_a_primary_that_does_not_take_it_is_told_and_a_second_run_completes(
    asadm: Asadm, fleet: ValkeyFleet, directory: str, kind: str
) -> None:
    fleet[1].fail(kind, on=b"FUNCTION RESTORE")
    done = asadm(*seed(fleet), "--json", "function", "apply", directory, "--yes", "--wait", "3")
    assert done.code == 1
    nodes = {node["node"]: node for node in done.document["modules"][0]["nodes"]}
    assert nodes[fleet[1].name]["status"] != "ok"
    good = {fleet[number].name for number in (0, 2)}
    assert {name for name, node in nodes.items() if node["status"] == "ok"} >= good
    fleet[1].mend()
    again = asadm(*seed(fleet), "function", "apply", directory, "--yes")
    assert again.code == 0, again
    assert asadm(*seed(fleet), "function", "check", directory).code == 0


@pytest.mark.parametrize("kind", ["readonly", "busy", "loading", "masterdown"])
def test_a_primary_that_cannot_take_it_in_its_state_has_that_as_its_status(
    asadm: Asadm, fleet: ValkeyFleet, directory: str, kind: str
) -> None:
    fleet[1].fail(kind, on=b"FUNCTION RESTORE")
    done = asadm(*seed(fleet), "--json", "function", "apply", directory, "--yes", "--wait", "2")
    assert done.code == 1
    row = next(node for node in done.document["nodes"] if node["address"] == fleet[1].name)
    assert row["status"] in STATUS[kind], row
    assert REFUSALS[kind].code.decode() in row["error"], "its own words"


ROLE = {"role", "primary", "product", "version", "slots", "flags", "link", "offset"}


@pytest.mark.parametrize(
    "words", [["status"], ["apply", "lib", "--yes", "--wait", "2"], ["check"], ["stats"]], ids=str
)
@pytest.mark.parametrize("discover", [True, False], ids=["topology", "static"])
def test_a_node_of_which_nothing_is_known_has_all_members_of_a_role(
    asadm: Asadm, fleet: ValkeyFleet, directory: str, words: list[str], discover: bool
) -> None:
    fleet[0].fail("hangs")
    how = ("--discover",) if discover else ()
    done = asadm("-h", fleet[0].name, *how, "--timeout", "0.5", "--json", "function", *words)
    assert done.code == 1
    (row,) = done.document["nodes"]
    assert row.keys() >= ROLE
    assert (row["role"], row["primary"], row["slots"], row["flags"]) == ("unknown", None, 0, [])


B = b"#!lua name=b\nserver.register_function('g', function() return 1 end)"


@pytest.mark.parametrize("kind", ["oom", "misconf", "noreplicas", "closes", "hangs", "garbage"])
def test_nothing_is_removed_from_a_primary_that_does_not_take_the_rest(
    asadm: Asadm, fleet: ValkeyFleet, directory: str, kind: str
) -> None:
    fleet.load(A, B)
    fleet[1].fail(kind, on=b"FUNCTION RESTORE")
    done = asadm(*seed(fleet), "--json", "function", "apply", directory, "--prune", "--yes", "--wait", "3")
    assert done.code == 1
    assert fleet[1].count(b"FUNCTION DELETE") == 0
    assert fleet[0].count(b"FUNCTION DELETE") == 1
    removed = {node["node"]: node for node in done.document["modules"][1]["nodes"]}
    assert removed[fleet[1].name]["status"] != "ok"
    assert removed[fleet[0].name]["status"] == "ok"
    fleet[1].mend()
    assert asadm(*seed(fleet), "function", "apply", directory, "--prune", "--yes").code == 0
    assert asadm(*seed(fleet), "function", "check", directory, "--prune").code == 0


def test_a_function_moves_out_of_a_library_that_is_removed_only_when_its_new_one_is_there(
    asadm: Asadm, fleet: ValkeyFleet, directory: str
) -> None:
    fleet.load(B.replace(b"'g'", b"'f'"))  # the directory's library has the same function
    done = asadm(*seed(fleet), "function", "apply", directory, "--prune", "--yes")
    assert done.code == 0, done
    assert [fleet[server].count(b"FUNCTION RESTORE") for server in (0, 1, 2)] == [2, 2, 2]
    assert [fleet[server].count(b"FUNCTION DELETE") for server in (0, 1, 2)] == [1, 1, 1]


@pytest.mark.parametrize("kind", ["takes and closes", "closes amid"])
def test_a_change_that_was_taken_without_an_answer_is_seen(
    asadm: Asadm, fleet: ValkeyFleet, directory: str, kind: str
) -> None:
    fleet[1].fail(kind, on=b"FUNCTION RESTORE")
    done = asadm(*seed(fleet), "--json", "function", "apply", directory, "--yes", "--wait", "10")
    assert done.code == 0, done
    assert {node["status"] for node in done.document["modules"][0]["nodes"]} == {"ok"}


def test_replicas_that_are_gone_before_the_change_are_not_waited_for(
    asadm: Asadm, fleet: ValkeyFleet, directory: str, waited: Waited
) -> None:
    fleet[3].refuse()
    fleet[4].fail("noauth")
    done = asadm(*seed(fleet), "--json", "function", "apply", directory, "--yes", "--wait", "60")
    assert done.code == 1
    statuses = [row["status"] for row in done.document["nodes"]]
    assert sorted(statuses) == ["login", "ok", "ok", "ok", "ok", "refused"], statuses
    assert waited.pauses < 1


def test_the_topology_that_nobody_tells_is_told(asadm: Asadm, fleet: ValkeyFleet) -> None:
    fleet[0].fail("busy")
    done = asadm(*seed(fleet), "--json", "function", "status")
    assert done.code == 1
    assert "which other nodes there are, it did not tell" in done.document["nodes"][0]["error"]


def test_one_read_and_one_write_a_primary(asadm: Asadm, fleet: ValkeyFleet, directory: str) -> None:
    assert asadm(*seed(fleet), "function", "plan", directory).code == 3
    assert fleet.count(b"FUNCTION DUMP") == 6
    assert fleet.count(b"FUNCTION RESTORE") == 0
    fleet.clear()
    fleet.load(A)
    assert asadm(*seed(fleet), "function", "apply", directory, "--yes").code == 0
    assert fleet.count(b"FUNCTION RESTORE") == 3
    assert fleet.count(b"FUNCTION LOAD") == 0
    assert fleet.count(b"FUNCTION DELETE") == 0


def test_words_of_another_family_are_refused_with_the_right_one(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "asadm.yaml").write_text(
        "clusters:\n  v: {type: valkey, nodes: [127.0.0.1]}\n  a: {nodes: [127.0.0.1]}\n"
    )
    for cluster, words, right in (("v", "udf status", "asadm function"), ("a", "fn status", "asadm udf")):
        done = asadm("--cluster", cluster, *words.split())
        assert done.code == 2
        assert right in done.err


def test_sentinels_that_are_gone_are_rows(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "asadm.yaml").write_text(
        "clusters:\n  none: {type: valkey, mode: sentinel x, nodes: ['127.0.0.1:1', '127.0.0.2:1']}\n"
    )
    for words in ("fn status", "fn check", "fn stats", "fn kill --yes", "check all"):
        done = asadm("--json", *words.split())
        assert done.code == 1, words
        (cluster,) = done.document.get("clusters", [done.document])
        assert [node["status"] for node in cluster["nodes"]] == ["refused"] * 2, words
    nagios = asadm("fn", "check", "--format", "nagios")
    assert (nagios.code, nagios.out.startswith("FUNCTION CRITICAL - 2 of 2 nodes not read")) == (2, True)
    called = asadm("fn", "run", "lib", "f", "--live", "--read-only")
    assert (called.code, "nobody listens there" in called.err) == (1, True), called.err


def test_stats_have_the_role_of_a_node_that_is_named_alone(asadm: Asadm, fleet: ValkeyFleet) -> None:
    hosts = f"{fleet[0].name},{fleet[3].name},{fleet[4].name}"
    fleet[4].fail("busy", on=b"ROLE")
    done = asadm("-h", hosts, "--json", "function", "stats")
    assert done.code == 0, done.out
    rows = [(row["status"], row["role"], row["version"], row["libraries"]) for row in done.document["nodes"]]
    version = fleet[0].version.decode()
    assert rows == [
        ("ok", "primary", version, 1),
        ("ok", "replica", version, 1),
        ("ok", "unknown", version, 1),
    ]


def test_a_kill_has_a_row_for_every_node(asadm: Asadm, fleet: ValkeyFleet) -> None:
    fleet[1].running = Running(b"f", (b"FCALL", b"f", b"0"), 2000)
    fleet[2].fail("hangs", on=b"FUNCTION STATS")
    done = asadm(*seed(fleet), "--json", "function", "kill", "--yes")
    assert done.code == 1
    statuses = {node["node"]: node["status"] for node in done.document["nodes"]}
    assert len(statuses) == 6
    assert statuses.pop(fleet[2].name) == "timeout-reply"
    assert set(statuses.values()) == {"ok"}
    assert done.document["killed"] == [{"node": fleet[1].name, "status": "killed"}]


def test_clusters_behind_a_signal_are_told(asadm: Asadm, fleet: ValkeyFleet, tmp_path: Path) -> None:
    (tmp_path / "asadm.yaml").write_text(
        f"clusters:\n  first: {{type: valkey, mode: static, nodes: ['{fleet[0].name}']}}\n"
        f"  then: {{type: valkey, mode: static, nodes: ['{fleet[1].name}']}}\n  last: {{nodes: ['127.0.0.1:1']}}\n"
    )
    fleet[1].fail("hangs")
    fleet[1].before = lambda _server, _words: os.kill(os.getpid(), signal.SIGINT)
    done = asadm("--timeout", "60", "--json", "check", "all")
    assert done.code == 130
    found = {each["cluster"]: each for each in done.document["clusters"]}
    assert {name: each["code"] for name, each in found.items()} == {"first": 0, "then": 130, "last": 130}
    assert found["last"]["error"] == "not checked: stopped by a signal"


def test_all_clusters_of_an_inventory_are_checked_together(
    asadm: Asadm, fleet: ValkeyFleet, tmp_path: Path
) -> None:
    (tmp_path / "asadm.yaml").write_text(
        f"clusters:\n  good: {{type: valkey, nodes: ['{fleet[0].name}']}}\n  gone: {{nodes: ['127.0.0.1:1']}}\n"
        f"  none: {{type: valkey, mode: sentinel x, nodes: ['{fleet[0].name}']}}\n"
    )
    done = asadm("--json", "check", "all")
    assert done.code == 1
    found = {each["cluster"]: each for each in done.document["clusters"]}
    assert {name: each["code"] for name, each in found.items()} == {"good": 0, "gone": 1, "none": 1}
    assert found["good"]["nodes_read"] == 6
    assert [node["status"] for node in found["good"]["nodes"]] == ["ok"] * 6
    assert [(node["node"], node["status"]) for node in found["gone"]["nodes"]] == [("127.0.0.1:1", "refused")]
    assert "no Sentinel tells" in found["none"]["error"]
    shown = asadm("check", "all").out
    assert "6 nodes, 1 library, all the same" in shown
    (tmp_path / "asadm.yaml").write_text(f"clusters:\n  good: {{type: valkey, nodes: ['{fleet[0].name}']}}\n")
    assert asadm("check", "all", "--quiet").out == ""
    assert asadm("-h", fleet[0].name, "check", "all").code == 2
