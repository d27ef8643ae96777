"""``asadm watch`` and how it draws: in place on a terminal, a run below the other elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asadm.redraw import painted
from tests.fakes.node import FakeNode, answering
from tests.process.asadm.test_asadm_terminal import Terminal, command

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("words", ["asinfo -v build", "show config service", "info network"])
def test_on_a_terminal_it_redraws_and_ends_with_q(tmp_path: Path, words: str) -> None:
    answers = {
        "build": "8.1.2.0",
        "get-config:context=service": "a=1",
        "node": "A1",
        "statistics": "uptime=1",
    }
    with FakeNode(answers) as node:
        terminal = Terminal(command("-h", node.address, "watch", "0.05", *words.split()), tmp_path)
        try:
            first = terminal.wait_for("iteration: 1; q ends")
            assert terminal.seen[:first].count(b"\x1b[H") == 1
            terminal.wait_for("\x1b[H", first)
            terminal.type("x")
            terminal.type("q")
            assert terminal.end() == 0
        finally:
            terminal.close()


def test_what_failed_is_in_the_picture(tmp_path: Path) -> None:
    with FakeNode(behaviour=answering(lambda _: "ERROR:4:no")) as node:
        terminal = Terminal(command("-h", node.address, "watch", "0.05", "2", "show", "udfs"), tmp_path)
        try:
            assert terminal.end() == 1
        finally:
            terminal.close()
    assert terminal.seen.count(b"\x1b[H") == 2


def test_a_line_that_is_too_wide_counts_as_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "6")
    monkeypatch.setenv("COLUMNS", "10")
    assert b"... 3 more" in painted(b"1\n\x1b[1m" + b"x" * 25 + b"\x1b[0m\n3\n4\n5\n")
    assert b"more" not in painted(b"1\n\x1b[1m" + b"x" * 25 + b"\x1b[0m\n3\n")
