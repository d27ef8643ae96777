"""The history of changes: what it keeps, that it only grows, and what becomes of a file that cannot be used."""

import os
import sqlite3
from pathlib import Path

import pytest

from asadm.fleet.change import undo
from asadm.fleet.history.author import author
from asadm.fleet.history.history import BEGUN, FOUND, History, HistoryRecord
from asinfo.errors import ConfigError, UsageError
from tests.unit.asadm.conftest import Asadm


def put(
    history: History, module: bytes, content: bytes, *, cluster: str = "c", ok: int = 1, failed: int = 0
) -> None:
    nodes = [f"n{number}" for number in range(ok + failed)]
    record = HistoryRecord(
        "apply", module, f"hash of {content!r}", content, nodes=nodes[:ok], others=nodes[ok:]
    )
    history.record("r", cluster, [record])


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = str(tmp_path / "deep" / "history.sqlite")
    with History(path, write=True) as history:
        put(history, b"a.lua", b"return 1\n\xff", ok=3, failed=2)
        put(history, b"\xff.lua", b"return 1\n\xff", cluster="other")
    with History(path) as history:
        latest, first = history.entries()
        assert (first.id, first.module, first.cluster, first.action) == (1, b"a.lua", "c", "apply")
        assert (first.ok, first.failed) == (3, 2)
        assert (sorted(first.nodes), sorted(first.others)) == (["n0", "n1", "n2"], ["n3", "n4"])
        assert (first.user, first.host) == author()
        assert first.at.endswith("Z")
        assert latest.module == b"\xff.lua"
        assert history.content(latest) == history.content(first) == b"return 1\n\xff"
        assert [entry.id for entry in history.entries(cluster="other")] == [2]
        assert [entry.id for entry in history.entries(module=b"a.lua")] == [1]
        assert [entry.id for entry in history.entries(limit=1)] == [2]
        assert history.known(b"a.lua", first.hash or "") == first.sha256
        assert history.known(b"b.lua", first.hash or "") is None
        with pytest.raises(UsageError, match="no entry 3"):
            history.entry(3)


def test_it_only_grows(tmp_path: Path) -> None:
    path = tmp_path / "h"
    with History(str(path), write=True) as history:
        put(history, b"a.lua", b"1")
    database = sqlite3.connect(path)
    for statement in (
        "DELETE FROM changes",
        "UPDATE changes SET user = 'nobody'",
        "DELETE FROM contents",
        "DELETE FROM nodes",
        "UPDATE nodes SET addresses = 'n9'",
        "UPDATE contents SET content = x'00'",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            database.execute(statement)
    database.close()


def test_what_a_run_found_is_shown_only_when_it_is_news(tmp_path: Path) -> None:
    with History(str(tmp_path / "h"), write=True) as history:
        history.record(
            "1", "c", [HistoryRecord(FOUND, b"a", "old", b"0"), HistoryRecord("apply", b"a", "new", b"1")]
        )
        history.record(
            "2", "c", [HistoryRecord(FOUND, b"a", "new", b"1"), HistoryRecord(FOUND, b"b", None, None)]
        )
        assert [(entry.action, entry.hash) for entry in history.entries()] == [
            ("apply", "new"),
            ("found", "old"),
        ]


def test_what_a_run_has_begun_is_shown_until_it_has_ended(tmp_path: Path) -> None:
    with History(str(tmp_path / "h"), write=True) as history:
        begun = [
            HistoryRecord("apply", name, "new", b"1", state=BEGUN, others=["n0"]) for name in (b"a", b"b")
        ]
        history.record("1", "c", begun)
        assert [(entry.module, entry.state) for entry in history.entries()] == [
            (b"b", "begun"),
            (b"a", "begun"),
        ]
        history.record("1", "c", [HistoryRecord("apply", b"a", "new", b"1", nodes=["n0"])])
        assert [(entry.module, entry.state) for entry in history.entries()] == [
            (b"a", "done"),
            (b"b", "begun"),
        ]


def test_the_number_of_a_change_is_that_of_its_first_row(tmp_path: Path) -> None:
    with History(str(tmp_path / "h"), write=True) as history:
        for run in ("1", "2", "1"):  # the second of them while the first was under way
            history.record(run, "c", [HistoryRecord("apply", name, "new", b"1") for name in (b"a", b"b")])
        assert [(entry.id, entry.change) for entry in history.entries()] == [
            (6, 1),
            (5, 1),
            (4, 3),
            (3, 3),
            (2, 1),
            (1, 1),
        ]
        assert history.entry(4).change == 3


NODES = ["n0", "n1", "n2"]


def change(
    history: History,
    run: str,
    *modules: bytes,
    undoes: str | None = None,
    nodes: list[str] = NODES,
    failed: list[str] | None = None,
) -> None:
    failed = failed or []
    good = [node for node in nodes if node not in failed]
    found = [HistoryRecord(FOUND, name, "before " + run, b"x", nodes=nodes) for name in modules]
    begun = [
        HistoryRecord("apply", name, "after " + run, b"y", state=BEGUN, others=nodes) for name in modules
    ]
    history.record(run, "c", found + begun, undoes=undoes)
    done = [HistoryRecord("apply", name, "after " + run, b"y", nodes=good, others=failed) for name in modules]
    history.record(run, "c", done, undoes=undoes)


Found = list[tuple[bytes, str | None, list[str]]]


def undoable(
    history: History, name: bytes | None = None, *, scope: list[str] = NODES, answering: list[str] = NODES
) -> Found:
    found = undo.latest(history, scope, answering, name)
    return [(each.module, each.usual.hash, sorted(each.nodes)) for each in found.back] if found else []


def test_what_can_be_undone(tmp_path: Path) -> None:
    with History(str(tmp_path / "h"), write=True) as history:
        assert undoable(history) == []
        change(history, "1", b"a", b"b")
        change(history, "2", b"b")
        assert undoable(history) == [(b"b", "before 2", NODES)]
        assert undoable(history, b"a") == [(b"a", "before 1", NODES)]
        change(history, "3", b"b", undoes="2", failed=["n1"])
        assert undoable(history) == [(b"b", "before 2", ["n1"])]
        change(history, "4", b"b", undoes="2")
        assert undoable(history) == [(b"a", "before 1", NODES), (b"b", "before 1", NODES)]
        change(history, "5", b"a", undoes="1")
        assert undoable(history) == [(b"b", "before 1", NODES)]
        killed = [
            HistoryRecord(FOUND, b"z", None, None, nodes=["n0", "n1"]),
            HistoryRecord("apply", b"z", "new", b"1", state=BEGUN, others=NODES),
        ]
        history.record("6", "c", killed)
        assert undoable(history) == [(b"z", None, NODES)]


def test_it_is_undone_by_node(tmp_path: Path) -> None:
    with History(str(tmp_path / "h"), write=True) as history:
        change(history, "1", b"a")
        change(history, "2", b"a", nodes=["n0"])
        assert undoable(history) == [(b"a", "before 2", ["n0"])]
        assert undoable(history, scope=["n1"], answering=["n1"]) == [(b"a", "before 1", ["n1"])]
        change(history, "3", b"a", undoes="2", nodes=["n0"])
        change(history, "4", b"a", undoes="1", nodes=["n0"])
        assert undoable(history) == [(b"a", "before 1", ["n1", "n2"])]


def test_a_node_that_does_not_answer_holds_up_nobody(tmp_path: Path) -> None:
    with History(str(tmp_path / "h"), write=True) as history:
        change(history, "1", b"a")
        change(history, "2", b"a")
        change(history, "3", b"a", undoes="2", failed=["n2"])
        assert undoable(history, answering=["n0", "n1"]) == [(b"a", "before 1", NODES)]
        assert undoable(history, answering=["n2"]) == [(b"a", "before 2", ["n2"])]
        # A repair gives the node what the others have: it is where they are.
        repair(history, "4", "before 2", ["n2"])
        assert undoable(history) == [(b"a", "before 1", NODES)]


def repair(history: History, run: str, right: str, wrong: list[str]) -> None:
    had = [node for node in NODES if node not in wrong]
    rows = [
        HistoryRecord(FOUND, b"a", right, b"x", nodes=had),
        HistoryRecord(FOUND, b"a", "other", b"o", nodes=wrong[:1]),
    ]
    rows += [HistoryRecord("repair", b"a", right, b"x", state=BEGUN, others=NODES)]
    history.record(run, "c", [*rows, HistoryRecord("repair", b"a", right, b"x", nodes=wrong)])


def test_a_repair_takes_back_the_rollback_of_a_few(tmp_path: Path) -> None:
    with History(str(tmp_path / "h"), write=True) as history:
        change(history, "1", b"a")
        change(history, "2", b"a", undoes="1", nodes=["n0"])
        assert undoable(history) == [(b"a", "before 1", ["n1", "n2"])]
        repair(history, "3", "after 1", ["n0"])
        assert undoable(history) == [(b"a", "before 1", NODES)]


def test_a_repair_of_all_nodes_leaves_the_change_before_it(tmp_path: Path) -> None:
    with History(str(tmp_path / "h"), write=True) as history:
        change(history, "1", b"a")
        rows = [HistoryRecord(FOUND, b"a", "after 1", b"y", nodes=NODES)]  # as which marker versions count
        rows += [HistoryRecord("repair", b"a", "after 1", b"y", state=BEGUN, others=NODES)]
        history.record("2", "c", [*rows, HistoryRecord("repair", b"a", "after 1", b"y", nodes=NODES)])
        assert undoable(history) == [(b"a", "before 1", NODES)]


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(
        "this is not a database, but it is long enough to look like one to some" * 20
    )
    (tmp_path / "directory").mkdir()
    other = sqlite3.connect(tmp_path / "other")
    other.execute("CREATE TABLE t (x)")
    other.close()
    newer = tmp_path / "newer"
    with History(str(newer), write=True):
        pass
    database = sqlite3.connect(newer)
    database.execute("PRAGMA user_version = 9")
    database.close()
    for name, words in (
        ("text", "not a database"),
        ("directory", "unable to open"),
        ("other", "no history of modules"),
        ("newer", "version 9"),
        ("text/below", "cannot be used"),
    ):
        with pytest.raises(ConfigError, match=words):
            History(str(tmp_path / name), write=True)
    with pytest.raises(ConfigError, match="no history yet"):
        History(str(tmp_path / "absent"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_without_permission_to_write(tmp_path: Path) -> None:
    path = tmp_path / "h"
    with History(str(path), write=True) as history:
        put(history, b"a", b"1")
    path.chmod(0o400)
    with pytest.raises(ConfigError, match="readonly"):
        History(str(path), write=True)
    with History(str(path)) as history:
        assert len(history.entries()) == 1


def test_who_ran_it_with_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "root")
    monkeypatch.setenv("SUDO_USER", "alice")
    assert author()[0] == "root (sudo by alice)"


def test_the_command(asadm: Asadm, tmp_path: Path) -> None:
    assert asadm("udf", "history").code == 0
    assert asadm("udf", "history", "--history", "absent").code == 2
    with History(str(tmp_path / "h"), write=True) as history:
        put(history, b"a.lua", b"return '\xff'\n", cluster="127.0.0.1:3000,127.0.0.2:3000", failed=1)
        put(history, b"b.lua", b"return 2\n", cluster="production")
    shown = asadm("udf", "history", "--history", "h")
    assert shown.code == 0
    assert [line.split()[:2] for line in shown.out.splitlines()] == [["ID", "Change"], ["2", "1"], ["1", "1"]]
    assert "127.0.0.1:3000 and 1 more" in shown.out
    assert "1 of 2" in shown.out
    assert asadm("udf", "history", "show", "1", "--history", "h").raw == b"return '\xff'\n"
    assert asadm("udf", "history", "show", "7", "--history", "h").code == 2
    assert asadm("udf", "history", "show", "x", "--history", "h").code == 2
    document = asadm("--json", "udf", "history", "-m", "b.lua", "--history", "h").document
    assert [(entry["id"], entry["cluster"], entry["module"]) for entry in document["entries"]] == [
        (2, "production", "b.lua")
    ]
    document = asadm("--json", "udf", "history", "show", "1", "--history", "h").document
    assert document["source_base64"] == "cmV0dXJuICf/Jwo="
    assert len(asadm("udf", "history", "-n", "1", "--history", "h").out.splitlines()) == 2
    assert len(asadm("udf", "history", "--of", "production", "--history", "h").out.splitlines()) == 2
