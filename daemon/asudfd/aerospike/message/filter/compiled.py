"""Filter expressions: which records a request is about.

An expression is compiled into nested functions once, with the types of all values checked, as the real server does:
a mismatch is a parameter error (code 4) before any record is looked at. What the node does not offer (geo, operations on
bits and HyperLogLogs, those on collections that `asudfd.aerospike.message.cdt` has not) is code 16 in the same way.

A value may be unknown: a bin that is missing or of another type, a division by zero. What depends on it is unknown
too, and a record is filtered out unless its expression is true. Only `and` and `or` can do without: one false, or one
true, decides.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import expression as x
from asinfo.wire import msgpack
from asinfo.wire.collection import order
from asinfo.wire.expression import Constant, Unsupported
from asinfo.wire.msgpack import Raw
from asinfo.wire.result import Result
from asudfd.aerospike.message.cost import COPY_STEPS
from asudfd.aerospike.message.filter import arithmetic
from asudfd.aerospike.message.filter.filter_record import METADATA, FilterRecord
from asudfd.aerospike.message.filter.functions import FUNCTIONS
from asudfd.aerospike.message.filter.ordered import count, has_element, ordered, test_of
from asudfd.aerospike.message.filter.record_values import (
    PARTICLES,
    bin_type,
    bin_value,
    digest_mod,
    key_value,
    value_of,
)
from asudfd.aerospike.message.filter.scope import Scope
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from asinfo.wire.expression import Node
    from asudfd.aerospike.message.filter.record_values import Run, Typed, Value
    from asudfd.aerospike.message.filter.regex.budget import RegexBudget
    from asudfd.record.namespace import Namespace
    from asudfd.record.record import Record


_ANY = -1
"""Type of what is unknown in any case: it fits everywhere."""

_NIL = ()
"""The value nil; None stands for unknown."""


class Filter:
    """A compiled expression."""

    __slots__ = ("_run",)

    def __init__(self, data: bytes, budget: RegexBudget) -> None:
        """``budget``: for all its patterns. Raises WireError, and Unsupported for what this node does not offer."""
        kind, self._run = _compile(x.decode(data), Scope({}, budget))
        if kind not in {x.BOOL, _ANY}:
            raise WireError("an expression that is neither true nor false")

    def passes(self, namespace: Namespace, digest: bytes, record: Record) -> bool:
        """Whether the expression is true for a record. Raises RequestRefused when that would take too long to find out."""
        try:
            return self._run(FilterRecord(namespace, digest, record)) is True
        except Unsupported as error:
            raise RequestRefused(Result.UNSUPPORTED_FEATURE, str(error)) from error


# ---- from the tree to functions


def _compile(node: Node, scope: Scope) -> Typed:
    if isinstance(node, Constant):
        return _constant(node)
    special = _SPECIAL.get(node.code)
    if special is not None:
        return special(node.arguments, scope)
    row = FUNCTIONS.get(node.code)
    if row is None:
        raise Unsupported(f"{x.OTHERS.get(node.code, node.code)} in filters are not supported")
    allowed, result, function = row
    compiled = [_compile(argument, scope) for argument in node.arguments]
    found = {kind for kind, _ in compiled} - {_ANY}
    if len(found) > 1 or not found <= allowed:
        raise WireError("arguments of types that do not go together")
    own = next(iter(found), x.INTEGER) if result is None else result
    return own, _strict(function, [run for _, run in compiled])


def _strict(function: Callable[..., Value], runs: list[Run]) -> Run:
    """A function that is unknown when one of its arguments is."""

    def run(record: FilterRecord) -> Value:
        values = []
        for each in runs:
            value = each(record)
            if value is None:
                return None
            values.append(value)
        return function(*values)

    return run


def _constant(node: Constant) -> Typed:
    if node.kind == x.GEOJSON:
        raise Unsupported("geo values in filters are not supported")
    value: Value = _NIL if node.kind == x.NIL else node.value
    if node.kind in _COLLECTIONS:
        order(value)  # it may be none that a node would store
    return node.kind, lambda _: value


def _compare(code: int) -> Callable[[list[Any], Scope], Typed]:
    test = _TESTS[code]

    def compile_(arguments: list[Any], scope: Scope) -> Typed:
        (left, left_run), (right, right_run) = (_compile(argument, scope) for argument in arguments)
        if left != right and _ANY not in {left, right}:
            raise WireError("only values of one type can be compared")
        if left == x.HLL:
            raise WireError("HyperLogLogs cannot be compared")
        if _COLLECTIONS & {left, right}:
            first_run, second_run = map(_ordered, arguments, (left_run, right_run))
            return x.BOOL, _compare_collections(test, first_run, second_run)
        if {x.STRING, x.BLOB} & {left, right}:
            return x.BOOL, _compare_bytes(test, left_run, right_run)
        return x.BOOL, _strict(test, [left_run, right_run])

    return compile_


def _ordered(argument: Node, run: Run) -> Run:
    """What gives a list or map as it is compared."""
    if isinstance(argument, Constant):
        assert isinstance(argument.value, bytes)
        known = ordered(argument.value, count(argument.value))
        return lambda _: known

    def run_ordered(record: FilterRecord) -> Value:
        data = run(record)
        return None if data is None else record.order(data)

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


def _in_list(arguments: list[Any], scope: Scope) -> Typed:
    """Whether a list has an element that equals a value."""
    (kind, run_value), (of, run_list) = (_compile(argument, scope) for argument in arguments)
    if of not in {x.LIST, _ANY} or kind == x.HLL:
        raise WireError("a search in what is no list, or for a value that none has")
    if (packed := _PACKED.get(kind)) is None:
        raise Unsupported("a search for a value of which the type is not known is not supported")
    run_ordered = _ordered(arguments[1], run_list)

    def run(record: FilterRecord) -> Value:
        wanted = run_value(record)
        if wanted is None or (found := run_ordered(record)) is None:
            return None
        data = packed(wanted)
        value = record.order(data) if kind in _COLLECTIONS else ordered(data, 1)
        return has_element(found, value, record.collections.budget)

    return x.BOOL, run


_PACKED: dict[int, Callable[[Any], bytes]] = {
    **dict.fromkeys((x.BOOL, x.INTEGER, x.FLOAT, x.BLOB), msgpack.pack),
    x.STRING: lambda text: msgpack.pack(Raw(b"\x03" + text)),
    x.GEOJSON: lambda text: msgpack.pack(Raw(b"\x17" + text)),
    **dict.fromkeys((x.LIST, x.MAP), lambda data: data),
}
"""A value of each type as an element of a list."""


def _logical(arguments: list[Any], scope: Scope, decided: bool) -> Typed:
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
    compiled = [_compile(argument, scope) for argument in arguments]
    if any(kind not in {x.BOOL, _ANY} for kind, _ in compiled):
        raise WireError("an argument that is neither true nor false")
    return [run for _, run in compiled]


def _exclusive(arguments: list[Any], scope: Scope) -> Typed:
    runs = _booleans(arguments, scope)
    return x.BOOL, _strict(lambda *values: sum(values) == 1, runs)


def _not(arguments: list[Any], scope: Scope) -> Typed:
    return x.BOOL, _strict(operator.not_, _booleans(arguments, scope))


def _regex(arguments: list[Any], scope: Scope) -> Typed:
    flags, pattern, text = arguments
    kind, run = _compile(text, scope)
    if kind not in {x.STRING, _ANY}:
        raise WireError("a regular expression looks through strings only")
    from asudfd.aerospike.message.filter.regex.search import (
        Regex,  # only when the first pattern comes: start-up time
    )

    regex = Regex(pattern, flags, scope.budget)

    def search(record: FilterRecord) -> bool | None:
        data = run(record)
        return None if data is None else regex(data, record.collections.budget)

    return x.BOOL, search


def _cond(arguments: list[Any], scope: Scope) -> Typed:
    if not len(arguments) % 2:
        raise WireError("a condition without a default")
    tests = _booleans(arguments[:-1:2], scope)
    values = [_compile(argument, scope) for argument in [*arguments[1::2], arguments[-1]]]
    kinds = {kind for kind, _ in values} - {_ANY}
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

    return next(iter(kinds), _ANY), run


def _let(arguments: list[Any], scope: Scope) -> Typed:
    inner = dict(scope.variables)
    within = Scope(inner, scope.budget)
    definitions: list[tuple[int, Run]] = []
    for name, value in zip(arguments[:-1:2], arguments[1::2], strict=True):
        if name in inner or not name.replace(b"_", b"a").isalnum() or name[:1].isdigit():
            raise WireError("a variable that is defined twice, or has no proper name")
        kind, run = _compile(value, within)
        definitions.append((len(inner), run))
        inner[name] = kind, len(inner)
    result, body = _compile(arguments[-1], within)

    def run_all(record: FilterRecord) -> Value:
        for place, each in definitions:
            record.variables[place] = each(record)
        return body(record)

    return result, run_all


def _var(arguments: list[Any], scope: Scope) -> Typed:
    if arguments[0] not in scope.variables:
        raise WireError("a variable that is not defined")
    kind, place = scope.variables[arguments[0]]
    return kind, lambda record: record.variables[place]


def _call(arguments: list[Any], scope: Scope) -> Typed:
    """An operation on a list or map that reads."""
    from asudfd.aerospike.message.cdt import reader

    result, system, command, target = arguments
    kind, run = _compile(target, scope)
    if system or kind not in _COLLECTIONS:
        raise Unsupported(f"operations {x.work_of_call(system)} in filters are not supported")
    if result not in PARTICLES or result in {x.GEOJSON, x.HLL}:
        raise Unsupported("a result of such a type is not supported in filters")
    read = reader(PARTICLES[kind], command)
    wanted = PARTICLES[result]

    def run_all(record: FilterRecord) -> Value:
        data = run(record)
        found = None if data is None else read(record.collections, data)
        if found is None:
            return None
        kind, content = found
        if kind != wanted:
            return None
        return _NIL if result == x.NIL else value_of(kind, content)

    return result, run_all


_COLLECTIONS = frozenset({x.LIST, x.MAP})
_TESTS: dict[int, Callable[[Any, Any], bool]] = {
    x.EQ: operator.eq,
    x.NE: operator.ne,
    x.GT: operator.gt,
    x.GE: operator.ge,
    x.LT: operator.lt,
    x.LE: operator.le,
}


def _meta(kind: int, run: Run) -> Callable[[list[Any], Scope], Typed]:
    return lambda _arguments, _scope: (kind, run)


_SPECIAL: dict[int, Callable[[list[Any], Scope], Typed]] = {
    **{code: _compare(code) for code in _TESTS},
    x.REGEX: _regex,
    x.IN_LIST: _in_list,
    x.AND: lambda arguments, scope: _logical(arguments, scope, decided=False),
    x.OR: lambda arguments, scope: _logical(arguments, scope, decided=True),
    x.NOT: _not,
    x.EXCLUSIVE: _exclusive,
    x.COND: _cond,
    x.LET: _let,
    x.VAR: _var,
    x.CALL: _call,
    x.UNKNOWN: _meta(_ANY, lambda _: None),
    x.BIN: bin_value,
    x.BIN_TYPE: bin_type,
    x.KEY: key_value,
    x.DIGEST_MOD: digest_mod,
    x.INT_LSCAN: lambda arguments, scope: _scan(arguments, scope, arithmetic.left_scan),
    x.INT_RSCAN: lambda arguments, scope: _scan(arguments, scope, arithmetic.right_scan),
    **{code: _meta(kind, run) for code, (kind, run) in METADATA.items()},
}
"""Calls that look at their arguments themselves."""


def _scan(arguments: list[Any], scope: Scope, function: Callable[[int, bool], int]) -> Typed:
    (number, number_run), (wanted, wanted_run) = (_compile(argument, scope) for argument in arguments)
    if number not in {x.INTEGER, _ANY} or wanted not in {x.BOOL, _ANY}:
        raise WireError("a search for a bit takes an integer and a boolean")
    return x.INTEGER, _strict(function, [number_run, wanted_run])
