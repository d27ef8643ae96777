"""What stands around every change: the decision inside the locks, what comes back, and a record that is not lost."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asadm.cron.lock import LockFile
from asadm.target.aerospike.marker import marked
from tests.fakes.fleet import Fleet, Server
from tests.unit.asadm.conftest import Asadm, Result

ROOT = Path(__file__).parents[3]
ONE, TWO, THREE, OTHER = b"return 1\n", b"return 2\n", b"return 3\n", b"return 9\n"


class World:
    """Four nodes of an inventory, n0 to n3, and runs of asadm on them."""

    def __init__(self, fleet: Fleet, asadm: Asadm, path: Path) -> None:
        self.fleet = fleet
        self.asadm = asadm
        self.path = path
        nodes = "".join(
            f"      - {{name: n{number}, host: {node.host}, port: {node.port}}}\n"
            for number, node in enumerate(fleet.nodes)
        )
        (path / "asadm.yaml").write_text(f"clusters:\n  production:\n    nodes:\n{nodes}")
        (path / "udf").mkdir()

    def udf(self, *words: str) -> Result:
        return self.asadm("udf", *words)

    def apply(self, source: bytes, *words: str, code: int = 0) -> Result:
        (self.path / "udf/a.lua").write_bytes(source)
        done = self.udf("apply", "udf", "--yes", *words)
        assert done.code == code, done.err
        return done

    def roll(self, *words: str, code: int = 0) -> Result:
        done = self.udf("rollback", "--yes", *words)
        assert done.code == code, done.err
        return done

    @property
    def sources(self) -> list[bytes | None]:
        return self.fleet.sources(b"a.lua")

    @property
    def history(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.asadm("--json", "udf", "history").document["entries"]
        return entries

    def killed(self, *words: str, at: Callable[[bytes], bool]) -> None:
        """Run asadm until a node takes a command, and end it there."""
        process = subprocess.Popen(
            [sys.executable, "-m", "asadm.cli", "udf", *words, "--yes"],
            cwd=self.path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def kill(_: Server, command: bytes) -> bytes | None:
            if at(command):
                process.kill()
                process.wait()
            return None

        for node in self.fleet.nodes:
            node.after = kill
        assert process.wait(60) == -9
        for node in self.fleet.nodes:
            node.after = None


@pytest.fixture
def world(asadm: Asadm, tmp_path: Path) -> Any:
    with Fleet(4) as fleet:
        yield World(fleet, asadm, tmp_path)


# ---- the decision is made inside the locks


def test_a_repair_looks_again_when_it_has_the_lock(world: World) -> None:
    world.fleet.load(b"a.lua", ONE)
    world.fleet[0].hold(b"a.lua", TWO)
    world.udf("history")
    with LockFile(str(world.path / "lock")):
        repair = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "asadm.cli",
                "udf",
                "repair",
                "--yes",
                "--lock",
                "lock",
                "--lock-wait",
                "60",
            ],
            cwd=world.path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        # The history is opened before the lock is waited for.
        while not (world.path / ".local/state/asudf/history.sqlite").exists():
            assert repair.poll() is None
        world.fleet.load(b"a.lua", TWO)  # the other run ends
    out, _ = repair.communicate(timeout=60)
    assert repair.returncode == 0, out
    assert b"nothing to repair" in out
    assert world.sources == [TWO] * 4


def test_a_repair_that_was_thought_about_too_long(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.fleet.load(b"a.lua", ONE)
    world.fleet[0].hold(b"a.lua", TWO)

    def think(_question: str, **_: bool) -> bool:
        world.fleet.load(b"a.lua", TWO)
        return True

    monkeypatch.setattr("asadm.fleet.change.confirm.require", lambda _: None)
    monkeypatch.setattr("asadm.fleet.change.confirm.confirmed", think)
    done = world.udf("repair")
    assert done.code == 1
    assert "changed since" in done.err
    assert world.sources == [TWO] * 4


def test_ctrl_c_before_anything_is_sent_is_told_in_json_too(world: World) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "asadm.cli", "--json", "udf", "apply", "udf", "--yes"],
        cwd=world.path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )

    def stop(_: Server, command: bytes) -> bytes | None:
        process.send_signal(signal.SIGINT)
        return None

    (world.path / "udf/a.lua").write_bytes(ONE)
    world.fleet[3].fault = "hangs"
    world.fleet[0].before = stop
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    document = json.loads(out)
    assert document["code"] == 130
    assert len(document["nodes"]) == 4
    assert world.sources == [None] * 4


# ---- what comes back


def test_a_marker_never_comes_back(world: World) -> None:
    world.apply(ONE)
    world.apply(TWO)
    world.killed("rewarm", at=lambda command: command.startswith(b"udf-put"))
    assert marked(TWO) in world.sources
    world.apply(THREE)
    world.roll()
    assert world.sources == [TWO] * 4
    world.roll()
    assert world.sources == [ONE] * 4


def test_a_marker_does_not_come_back_after_a_repair_of_it(world: World) -> None:
    world.apply(ONE)
    world.killed("rewarm", at=lambda command: command.startswith(b"udf-put"))
    assert world.udf("repair", "--yes").code == 0
    assert world.sources == [ONE] * 4
    world.roll()
    assert world.sources == [None] * 4  # the apply that created it


def test_some_nodes_first_and_the_others_later(world: World) -> None:
    for source in (ONE, TWO, THREE):
        world.apply(source)
    world.roll("with", "n0")
    assert world.sources == [TWO, THREE, THREE, THREE]
    shown = world.roll()
    assert world.sources == [TWO] * 4
    assert "only n1, n2, n3" in shown.err
    world.roll()
    assert world.sources == [ONE] * 4


def test_a_canary_is_all_that_goes_back(world: World) -> None:
    world.fleet.load(b"a.lua", ONE)
    world.fleet[3].hold(b"a.lua", OTHER)
    world.apply(TWO, "with", "n0")
    done = world.roll()
    assert world.sources == [ONE, ONE, ONE, OTHER]
    assert "1 of 1 node" in done.out
    assert world.fleet[3].count(b"udf-put") == 0


def test_one_module_on_some_nodes_and_then_the_rest_of_the_run(world: World) -> None:
    for source in (ONE, TWO):
        (world.path / "udf/b.lua").write_bytes(source)
        world.apply(source)
    world.roll("a.lua", "with", "n0")
    world.fleet[0].hold(b"a.lua", OTHER)  # somebody else's: no business of the run that is undone
    world.roll()
    assert world.sources == [OTHER, ONE, ONE, ONE]
    assert world.fleet.sources(b"b.lua") == [ONE] * 4


def test_to_a_removal_brings_back_what_was_removed(world: World) -> None:
    world.apply(ONE)
    assert world.udf("remove", "a.lua", "--yes").code == 0
    removal = world.history[0]
    assert removal["action"] == "remove"
    world.roll("--to", str(removal["id"]))
    assert world.sources == [ONE] * 4


def test_read_back_and_nothing_to_undo(world: World) -> None:
    world.apply(ONE)
    world.apply(TWO)
    world.fleet.load(b"a.lua", ONE)  # somebody was there before
    done = world.roll("--verify")
    assert "run it again to go back further" in done.out
    assert world.sources == [ONE] * 4
    world.roll("--verify")
    assert world.sources == [None] * 4


def test_a_node_that_is_down_holds_up_nobody(world: World) -> None:
    for source in (ONE, TWO, THREE):
        world.apply(source)
    world.fleet[2].fault = "refuses"
    world.roll(code=1)
    assert world.sources == [TWO, TWO, THREE, TWO]
    told = world.roll(code=1)
    assert world.sources == [ONE, ONE, THREE, ONE]
    assert "n2: no answer" in told.err
    world.fleet[2].fault = ""
    assert world.udf("repair", "--yes").code == 0
    world.roll()
    assert world.sources == [None] * 4


# ---- a record that is not lost


def test_a_note_that_is_not_utf_8(world: World) -> None:
    done = world.apply(ONE, "--note", os.fsdecode(b"caf\xe9"))
    assert done.err == ""
    assert world.history[0]["note"] == "caf\\xe9"


def test_a_killed_apply_is_in_the_history(world: World) -> None:
    world.apply(ONE)
    (world.path / "udf/a.lua").write_bytes(TWO)
    world.killed("apply", "udf", "--note", "INC-1", at=lambda command: command.startswith(b"udf-put"))
    shown = world.udf("history").out.splitlines()[1]
    assert "apply" in shown
    assert "? of 4" in shown
    assert "INC-1; unfinished" in shown
    latest = world.history[0]
    assert latest["state"] == "begun"
    assert world.udf("history", "show", str(latest["id"])).raw == TWO
    world.roll()
    assert world.sources == [ONE] * 4


def test_many_contents_that_are_replaced(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asadm.fleet.change.backup.TOGETHER", 30)
    for number, node in enumerate(world.fleet.nodes):
        for name in (b"a.lua", b"b.lua"):
            node.hold(name, b"return %d\n" % number)
    (world.path / "udf/b.lua").write_bytes(ONE)
    assert world.apply(OTHER).err.count("cannot be rolled back") == 0
    found = [each for each in world.history if each["state"] == "found"]
    assert len(found) == 8
    shown = {world.udf("history", "show", str(each["id"])).raw for each in found}
    assert shown == {b"return %d\n" % number for number in range(4)}


@pytest.mark.parametrize("command", ["apply", "repair"])
def test_a_history_that_fails_at_the_end(world: World, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    from asadm.fleet.history.history import History

    record, count = History.record, 0

    def fail(*words: Any, **more: Any) -> None:
        nonlocal count
        count += 1
        if count == 2:
            words[0]._database.execute("PRAGMA query_only = ON")
        record(*words, **more)

    monkeypatch.setattr(History, "record", fail)
    world.fleet.load(b"a.lua", ONE)
    world.fleet[0].hold(b"a.lua", TWO)
    (world.path / "udf/a.lua").write_bytes(ONE)
    done = world.udf(command, *(["udf"] if command == "apply" else []), "--yes")
    assert done.code == 1
    assert "how it went is not in the history" in done.err
    assert world.sources == [ONE] * 4
    assert (world.history[0]["state"], world.history[0]["action"]) == ("begun", command)


def test_a_history_of_another_format(world: World) -> None:
    world.apply(ONE)
    database = sqlite3.connect(world.path / ".local/state/asudf/history.sqlite")
    database.execute("PRAGMA user_version = 1")
    database.close()
    for words in (["history"], ["rollback", "--yes"], ["repair", "--yes"]):
        refused = world.udf(*words)
        assert refused.code == 2
        assert "a history of version 1; this program knows 2" in refused.err


@pytest.mark.parametrize("command", ["repair", "rewarm"])
def test_mending_where_there_is_no_place_for_locks(world: World, command: str) -> None:
    world.fleet.load(b"a.lua", ONE)
    world.fleet[0].hold(b"a.lua", TWO)
    world.fleet[0].hold(b"a.lua", TWO if command == "repair" else ONE)
    (world.path / ".local").write_bytes(b"no directory")
    done = world.udf(command, "--yes", "--no-history")
    assert done.code == 0, done.err
    assert "no lock file" in done.err
    assert world.sources == [ONE] * 4


@pytest.mark.parametrize(
    "hash_", [b"", b"../" * 13 + b"x", b"\x1b" * 40, b"A" * 40], ids=["none", "path", "control", "capitals"]
)
def test_what_is_no_hash_is_no_list(world: World, hash_: bytes) -> None:
    def answer(_: Server, command: bytes) -> bytes | None:
        return b"filename=a.lua,hash=" + hash_ + b",type=LUA;" if command == b"udf-list" else None

    world.fleet[0].before = answer
    shown = world.udf("status")
    assert shown.code == 1
    assert "40 hexadecimal digits" in shown.out
