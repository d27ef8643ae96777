"""A check of many files as one test."""

from collections.abc import Callable
from pathlib import Path


def for_each(paths: list[Path]) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """One test that checks every path, and names all that are wrong: a test for each would cost more than its check."""

    def decorate(check: Callable[[Path], None]) -> Callable[[], None]:
        def test() -> None:
            wrong: dict[str, str] = {}
            for path in paths:
                try:
                    check(path)
                except AssertionError as error:
                    wrong[str(path)] = str(error)
            assert wrong == {}, wrong

        test.__doc__ = check.__doc__
        return test

    return decorate
