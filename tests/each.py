"""A check of many cases as one test."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

Check = Callable[..., None]


def for_each(cases: Iterable[Any], name: Callable[[Any], object] = str) -> Callable[[Check], Check]:
    """One test that checks every case, and names all that are wrong: a test for each would cost more than its check.

    A check takes the case first; what else it takes are fixtures, the same for all cases.
    """

    def decorate(check: Check) -> Check:
        fixtures = [*inspect.signature(check).parameters.values()][1:]

        def test(**shared: Any) -> None:
            wrong: dict[object, str] = {}
            for case in cases:
                try:
                    check(case, **shared)
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - of any kind: the other cases are looked at, too
                    wrong[name(case)] = f"{type(error).__name__}: {error}"
            assert wrong == {}, wrong

        test.__signature__ = inspect.Signature(fixtures)  # type: ignore[attr-defined]  # what pytest looks at
        test.__doc__ = check.__doc__
        return test

    return decorate


def for_each_row(names: str | Sequence[str], rows: Iterable[Any]) -> Callable[[Check], Check]:
    """As `for_each`, written as `pytest.mark.parametrize`: a row has a value for each of ``names``, or is that of the only one."""

    def decorate(check: Check) -> Check:
        taken = [names] if isinstance(names, str) else names

        def check_row(row: Any, **shared: Any) -> None:
            check(**dict(zip(taken, [row] if isinstance(names, str) else row, strict=True)), **shared)

        first, _ = inspect.signature(check_row).parameters.values()
        fixtures = [each for name, each in inspect.signature(check).parameters.items() if name not in taken]
        check_row.__signature__ = inspect.Signature([first, *fixtures])  # type: ignore[attr-defined]  # what `for_each` looks at
        check_row.__doc__ = check.__doc__
        return for_each(rows, repr)(check_row)

    return decorate
