"""Info lines that a real server 8.1.2.0 was sent: nodes of the same configuration answer each as it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.recorded import info
from tests.recorded.node import fresh
from tests.recorded.verdict import Outcome

if TYPE_CHECKING:
    from pathlib import Path

DIFFERENT = {"udf-list-3310": "`udf-stats` is a command of asudfd's own"}
"""Rows that asudfd answers otherwise, with the reason."""


def test_every_row(tmp_path: Path) -> None:
    with fresh(tmp_path) as node:
        wrong = {each.row: each.found for each in info.verdicts(node) if each.outcome is not Outcome.SAME}
    assert wrong.keys() == DIFFERENT.keys(), wrong


def test_every_row_of_a_cluster(tmp_path: Path) -> None:
    with fresh(tmp_path, "--nodes", "3", "--node-id", "A1") as nodes:
        wrong = {
            each.row: each.found for each in info.cluster_verdicts(nodes) if each.outcome is not Outcome.SAME
        }
    assert not wrong
