"""Commands that a real Valkey 9.1.2 was sent: the Valkey face answers each as it did."""

from __future__ import annotations

import pytest

from tests.recorded import valkey
from tests.recorded.verdict import Outcome

GREEN: tuple[str, ...] = ("busy", "cluster", "connection", "data", "guide", "lua_api", "lua_more")
"""Groups of which every row is answered as recorded, but for those in DIFFERENT."""

DIFFERENT: dict[str, str] = {}
"""Rows that asudfd answers otherwise, with the reason. A row here that is answered as recorded fails the test."""


@pytest.mark.parametrize("group", GREEN)
def test_every_row(group: str) -> None:
    wrong = {each.row: each.found for each in valkey.verdicts(group) if each.outcome is not Outcome.SAME}
    held = {row for row in DIFFERENT if row.startswith(f"{group.replace('_', '-')}-")}
    assert not {row: text[:2000] for row, text in wrong.items() if row not in held}
    assert held <= wrong.keys(), "these are answered as recorded by now"


def test_a_row_held_wrong_has_a_reason() -> None:
    assert all(DIFFERENT.values())
