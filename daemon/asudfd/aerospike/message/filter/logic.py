"""Logic of filter expressions: truth values, conditions, variables."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import expression as x
from asudfd.aerospike.message.filter.scope import ANY, strict

if TYPE_CHECKING:
    from typing import Any

    from asudfd.aerospike.message.filter.filter_record import FilterRecord
    from asudfd.aerospike.message.filter.scope import Run, Scope, Typed, Value


def logical(arguments: list[Any], scope: Scope, decided: bool) -> Typed:
    """`and`, which is decided by one False, and `or`, which is by one True."""
    runs = _booleans(arguments, scope)

    def run(record: FilterRecord) -> bool | None:
        found: bool | None = not decided
        for each in runs:
            value: bool | None = each(record)
            if value is decided:
                return value
            if value is None:
                found = None
        return found

    return x.BOOL, run


def _booleans(arguments: list[Any], scope: Scope) -> list[Run]:
    """What finds several truth values. Raises WireError for an argument that is none."""
    compiled = [scope.compile(argument) for argument in arguments]
    if any(kind not in {x.BOOL, ANY} for kind, _ in compiled):
        raise WireError("an argument that is neither true nor false")
    return [run for _, run in compiled]


def exclusive(arguments: list[Any], scope: Scope) -> Typed:
    """Whether just one of several is true."""
    runs = _booleans(arguments, scope)
    return x.BOOL, strict(lambda *values: sum(values) == 1, runs)


def not_(arguments: list[Any], scope: Scope) -> Typed:
    """The opposite."""
    return x.BOOL, strict(operator.not_, _booleans(arguments, scope))


def cond(arguments: list[Any], scope: Scope) -> Typed:
    """The value that stands after the first test that is true, or the last value."""
    if not len(arguments) % 2:
        raise WireError("a condition without a default")
    tests = _booleans(arguments[:-1:2], scope)
    values = [scope.compile(argument) for argument in [*arguments[1::2], arguments[-1]]]
    kinds = {kind for kind, _ in values} - {ANY}
    if len(kinds) > 1:
        raise WireError("a condition with values of several types")
    cases = list(zip(tests, (run for _, run in values), strict=False))
    otherwise = values[-1][1]

    def run(record: FilterRecord) -> Value:
        for test, value in cases:
            found = test(record)
            if found is None:
                return None
            if found:
                return value(record)
        return otherwise(record)

    return next(iter(kinds), ANY), run


def let(arguments: list[Any], scope: Scope) -> Typed:
    """An expression with variables, each of which those after it may use."""
    inner = dict(scope.variables)
    within = scope.with_variables(inner)
    definitions: list[tuple[int, Run]] = []
    for name, value in zip(arguments[:-1:2], arguments[1::2], strict=True):
        if name in inner or not name.replace(b"_", b"a").isalnum() or name[:1].isdigit():
            raise WireError("a variable that is defined twice, or has no proper name")
        kind, run = within.compile(value)
        definitions.append((len(inner), run))
        inner[name] = kind, len(inner)
    result, body = within.compile(arguments[-1])

    def run_all(record: FilterRecord) -> Value:
        for place, each in definitions:
            record.variables[place] = each(record)
        return body(record)

    return result, run_all


def var(arguments: list[Any], scope: Scope) -> Typed:
    """The value of a variable."""
    if arguments[0] not in scope.variables:
        raise WireError("a variable that is not defined")
    kind, place = scope.variables[arguments[0]]
    return kind, lambda record: record.variables[place]
