"""A check of many cases as one test."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

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
                except Exception as error:  # noqa: BLE001 - of any kind: the other cases are looked at, too
                    wrong[name(case)] = f"{type(error).__name__}: {error}"
            assert wrong == {}, wrong

        test.__signature__ = inspect.Signature(fixtures)  # type: ignore[attr-defined]  # what pytest looks at
        test.__doc__ = check.__doc__
        return test

    return decorate
