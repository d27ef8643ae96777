"""Where lines are marked, by the ways through a function."""

import pytest

from asudfd.lua import line_ways
from asudfd.lua.line_ways import CodeStep, wanted_first

BRANCH = [
    CodeStep(0, {1}, [1, 3]),
    CodeStep(1, {2}, [2]),
    CodeStep(2, {1}, [4]),
    CodeStep(3, {3}, [4]),
    CodeStep(4, {1, 2, 3}, []),
]
LOOP = [
    CodeStep(0, {1}, [1]),
    CodeStep(1, {2}, [2, 4]),
    CodeStep(2, {3}, [3]),
    CodeStep(3, {1}, [1]),
    CodeStep(4, {2, 4}, []),
]


def test_a_line_is_marked_once_in_a_row() -> None:
    steps = [CodeStep(0, {1}, [1]), CodeStep(1, {1, 2}, [2]), CodeStep(2, {2}, [])]
    assert wanted_first(steps) == {0: [1], 1: [2]}


def test_what_one_of_two_ways_has_not_marked() -> None:
    assert wanted_first(BRANCH) == {0: [1], 1: [2], 3: [3], 4: [2, 3]}


def test_a_loop() -> None:
    """The line of the loop is not marked again at its end, nor behind it."""
    assert wanted_first(LOOP) == {0: [1], 1: [2], 2: [3], 4: [4]}


def test_what_nothing_reaches_is_not_marked() -> None:
    assert wanted_first([CodeStep(0, {1}, []), CodeStep(1, {2}, [])]) == {0: [1]}


def test_a_function_without_lines() -> None:
    assert wanted_first([CodeStep(0, set(), [])]) == {}


def test_a_large_function_is_marked_in_each_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_ways, "WAYS_MAX", 0)
    assert wanted_first(BRANCH) == {0: [1], 1: [2], 2: [1], 3: [3], 4: [1, 2, 3]}
