"""One test of many cases: it takes fixtures, looks at every case, and names each that is wrong."""

import inspect
from pathlib import Path

import pytest

from tests.each import for_each


@for_each([1, 2, 3])
def test_all_cases_share_the_fixtures(case: int, tmp_path: Path) -> None:
    (tmp_path / str(case)).touch()
    assert len(list(tmp_path.iterdir())) == case


def test_every_wrong_case_is_named() -> None:
    @for_each([3, 0, "x", 4], lambda case: f"case {case}")
    def check(case: int, limit: int) -> None:
        assert 12 / case > limit

    assert list(inspect.signature(check).parameters) == ["limit"]
    with pytest.raises(AssertionError) as caught:
        check(limit=3)
    told = str(caught.value)
    assert all(f"case {case}" in told for case in (0, "x", 4))
    assert "case 3" not in told
    assert "ZeroDivisionError" in told


def test_a_case_that_raises_nothing_is_named() -> None:
    @for_each([0, 1, 2])
    def check(case: int) -> None:
        with pytest.raises(ZeroDivisionError):
            1 / case

    with pytest.raises(AssertionError, match=r"'1': .*DID NOT RAISE.*'2': "):
        check()
