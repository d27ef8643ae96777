"""Commands that a real Valkey 9.1.2 was sent: the Valkey face answers each as it did."""

from __future__ import annotations

import pytest

from tests.recorded import valkey
from tests.recorded.verdict import Outcome

PORTABLE = "FUNCTION DUMP writes version 10, which every release reads from Redis 7.0 on; Valkey 9.1 writes 80, which none but it does"

DIFFERENT = dict.fromkeys(
    (
        *("dump-0001", "dump-0002", "dump-0002r3", "dump-0003", "dump-0004"),
        *("dump-0005", "dump-0006", "dump-0007", "dump-0008", "dump-0008r3"),
        *("dump-0009", "dump-0010", "dump-0196", "function-0371", "function-0371r3"),
    ),
    PORTABLE,
)
"""Rows that asudfd answers otherwise, with the reason. A row here that is answered as recorded fails the test."""


@pytest.mark.parametrize("group", valkey.GROUPS)
def test_every_row(group: str) -> None:
    wrong = {each.row: each.found for each in valkey.verdicts(group) if each.outcome is not Outcome.SAME}
    held = {row for row in DIFFERENT if row.startswith(f"{group.replace('_', '-')}-")}
    assert not {row: text[:2000] for row, text in wrong.items() if row not in held}
    assert held <= wrong.keys(), "these are answered as recorded by now"


def test_a_row_held_wrong_has_a_reason() -> None:
    assert all(DIFFERENT.values())
