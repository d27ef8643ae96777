"""Comparisons of filter expressions, and the search for a value in a list."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import expression as x
from asinfo.wire.expression import Constant
from asudfd.aerospike.message.cost import COPY_STEPS
from asudfd.aerospike.message.filter.ordered import count, has_element, is_ordered_map, ordered, test_of
from asudfd.aerospike.message.filter.scope import ANY, strict
from asudfd.aerospike.message.filter.values import COLLECTIONS, packed_as

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from asinfo.wire.expression import Node
    from asudfd.aerospike.message.filter.filter_record import FilterRecord
    from asudfd.aerospike.message.filter.scope import Run, Scope, Typed, Value

TESTS: dict[int, Callable[[Any, Any], bool]] = {
    x.EQ: operator.eq,
    x.NE: operator.ne,
    x.GT: operator.gt,
    x.GE: operator.ge,
    x.LT: operator.lt,
    x.LE: operator.le,
}
"""Comparisons by code."""


def compare(code: int) -> Callable[[list[Any], Scope], Typed]:
    """A comparison of two values of one type."""
    test = TESTS[code]

    def compile_(arguments: list[Any], scope: Scope) -> Typed:
        (left, left_run), (right, right_run) = (scope.compile(argument) for argument in arguments)
        if left != right and ANY not in {left, right}:
            raise WireError("only values of one type can be compared")
        if left == x.HLL:
            raise WireError("HyperLogLogs cannot be compared")
        if COLLECTIONS & {left, right}:
            of_map = x.MAP in {left, right}
            first_run = _ordered(arguments[0], left_run, of_map=of_map)
            second_run = _ordered(arguments[1], right_run, of_map=of_map)
            return x.BOOL, _compare_collections(test, first_run, second_run)
        if {x.STRING, x.BLOB} & {left, right}:
            return x.BOOL, _compare_bytes(test, left_run, right_run)
        return x.BOOL, strict(test, [left_run, right_run])

    return compile_


def _ordered(argument: Node, run: Run, *, of_map: bool) -> Run:
    """What gives a list or map as it is compared; a map that is not ordered is not, so that it is unknown."""
    if isinstance(argument, Constant) and isinstance(argument.value, bytes):
        if of_map and not is_ordered_map(argument.value):
            return lambda _: None
        known = ordered(argument.value, count(argument.value))
        return lambda _: known

    def run_ordered(record: FilterRecord) -> Value:
        data = run(record)
        if data is None or (of_map and not is_ordered_map(data)):
            return None
        return record.order(data)

    return run_ordered


def _compare_collections(test: Callable[[Any, Any], bool], left: Run, right: Run) -> Run:
    def run(record: FilterRecord) -> bool | None:
        first = left(record)
        second = None if first is None else right(record)
        return None if second is None else test_of(test, first, second, record.collections.budget)

    return run


def _compare_bytes(test: Callable[[bytes, bytes], bool], left: Run, right: Run) -> Run:
    def run(record: FilterRecord) -> bool | None:
        first = left(record)
        second = None if first is None else right(record)
        if second is None:
            return None
        record.collections.budget.charge(min(len(first), len(second)) * COPY_STEPS)
        return test(first, second)

    return run


def in_list(arguments: list[Any], scope: Scope) -> Typed:
    """Whether a list has an element that equals a value."""
    (kind, run_value), (of, run_list) = (scope.compile(argument) for argument in arguments)
    if of not in {x.LIST, ANY} or kind == x.HLL:
        raise WireError("a search in what is no list, or for a value that none has")
    packed = packed_as(kind)
    run_ordered = _ordered(arguments[1], run_list, of_map=False)

    def run(record: FilterRecord) -> Value:
        wanted = run_value(record)
        if wanted is None or (found := run_ordered(record)) is None:
            return None
        data = packed(wanted)
        value = record.order(data) if kind in COLLECTIONS else ordered(data, 1)
        return has_element(found, value, record.collections.budget)

    return x.BOOL, run
