"""`udf history` on a terminal: the table fits it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asadm import display, statement
from asadm.commands import udf_history
from asadm.fleet.history.author import Author
from asadm.fleet.history.history import BEGUN, FOUND, History, HistoryRecord
from asadm.session import CommandSession

if TYPE_CHECKING:
    from pathlib import Path

MODULES = (b"counter.lua", b"statistics.lua")
NODES = ["10.0.0.1:3000", "10.0.0.2:3000", "10.0.0.3:3000"]
DIGESTS = [f"{number}fedcba987" + "0" * 30 for number in range(3)]


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two changes of one cluster by somebody with an ordinary name, and one of another cluster between them."""
    monkeypatch.setattr("asadm.fleet.history.history.author", lambda: Author("deploy", "build-host"))
    path = tmp_path / "h"
    with History(str(path), write=True) as opened:
        for number, cluster in enumerate(("production", "staging", "production")):
            found = [HistoryRecord(FOUND, name, None, None, nodes=NODES) for name in MODULES]
            done = [
                HistoryRecord(
                    "apply",
                    name,
                    DIGESTS[number],
                    b"1",
                    nodes=NODES,
                    note="commit 0123456789ab" if number else "",
                )
                for name in MODULES
            ]
            opened.record(str(number), cluster, [*found, *done])
    return path


def shown(path: Path, monkeypatch: pytest.MonkeyPatch, width: int) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    session = CommandSession(
        lambda _: pytest.fail("no node is asked"), write=lambda _: None, warn=lambda _: None, terminal=True
    )
    [call] = statement.parse(f"udf history --history {path}")
    lines = display.output(session, call, session.run(call)).decode().splitlines()
    assert all(len(line.rstrip()) <= width for line in lines), lines
    return [line.rstrip() for line in lines]


def test_eighty_columns_hold_a_change(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(history, monkeypatch, 80)
    assert lines[0] == "production"
    assert lines[1].split() == ["ID", "Change", "Time", "User", "Action", "Module", "Note"]
    assert [
        line.split()[:2] for line in lines if line[:2].strip().isdigit() and "more on a wider" not in line
    ] == [
        ["12", "9"],
        ["11", "9"],
        ["4", "1"],
        ["3", "1"],
        ["8", "5"],
        ["7", "5"],
    ]
    assert "staging" in lines[3:]
    assert "deploy@build\u2026  apply   statistics.lua  commit" in lines[3]


def test_nodes_that_failed_stay_and_hashes_come_with_the_room(
    history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with History(str(history), write=True) as opened:
        failed = HistoryRecord("remove", b"a.lua", None, b"1", nodes=NODES[:2], others=NODES[2:])
        begun = HistoryRecord("remove", b"b.lua", None, b"1", state=BEGUN, others=NODES)
        opened.record("4", "production", [failed, begun])
    narrow = shown(history, monkeypatch, 80)
    assert narrow[1].split() == ["Change", "Time", "User", "Action", "Module", "Nodes", "Note"]
    assert "? of 3" in narrow[3]
    assert any("2 of 3" in line for line in narrow)
    assert DIGESTS[2][:10] not in "".join(narrow)
    assert DIGESTS[2][:10] in "".join(shown(history, monkeypatch, 200))


def test_the_time_is_short_and_says_the_year_of_another_one() -> None:
    assert udf_history._short_time("2026-11-30T09:15:01Z", 2026) == "11-30 09:15"
    assert udf_history._short_time("2025-11-30T09:15:01Z", 2026) == "2025-11-30"
