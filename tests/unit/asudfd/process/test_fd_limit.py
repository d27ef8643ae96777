"""The limit of open files, as far as the system lets it be raised."""

import resource
import sys

import pytest

from asudfd.process import fd_limit

INFINITE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("limits", "raised", "room"),
    [
        ((1000, 4100), [(4100, 4100)], 900),
        ((4100, 4100), [], 4000),
        ((1000, INFINITE), [(fd_limit.FILES_MAX, INFINITE)], 900),
        ((INFINITE, INFINITE), [], sys.maxsize),
    ],
)
def test_as_many_files_as_the_system_allows(
    limits: tuple[int, int], raised: list[tuple[int, int]], room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: list[tuple[int, int]] = []
    monkeypatch.setattr("resource.getrlimit", lambda _which: limits)
    monkeypatch.setattr("resource.setrlimit", lambda _which, new: changed.append(new))
    assert fd_limit.room() == room
    fd_limit.raise_to_most()
    assert changed == raised
