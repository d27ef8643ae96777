"""Expressions: which records a request is about, and what operations read or write.

An expression is compiled into nested functions once, with the types of all values checked, as the real server does:
a mismatch is a parameter error (code 4) before any record is looked at. What the node does not offer (geo, operations that
`asudfd.aerospike.message.filter.calls` has not) is code 16 in the same way.

A value may be unknown: a bin that is missing or of another type, a division by zero. What depends on it is unknown
too, and a record is filtered out unless its expression is true. Only `and` and `or` can do without: one false, or one
true, decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import expression as x
from asinfo.wire.collection import order
from asinfo.wire.expression import Constant, ExpressionReader, Unsupported
from asinfo.wire.result import Result
from asudfd.aerospike.message.cost import CostExceededError
from asudfd.aerospike.message.filter import arithmetic
from asudfd.aerospike.message.filter.calls import call, map_parts
from asudfd.aerospike.message.filter.comparison import TESTS, compare, in_list
from asudfd.aerospike.message.filter.filter_record import METADATA, FilterRecord
from asudfd.aerospike.message.filter.functions import FUNCTIONS
from asudfd.aerospike.message.filter.logic import cond, exclusive, let, logical, not_, var
from asudfd.aerospike.message.filter.record_values import (
    bin_type,
    bin_value,
    digest_mod,
    key_value,
    path_element,
)
from asudfd.aerospike.message.filter.scope import ANY, NIL, Scope, strict
from asudfd.aerospike.message.filter.values import COLLECTIONS, geo_particle, particle_of
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from asinfo.wire.expression import Node
    from asudfd.aerospike.message.cost import CostBudget
    from asudfd.aerospike.message.filter.regex.budget import RegexBudget
    from asudfd.aerospike.message.filter.scope import Run, Typed, Value
    from asudfd.record.namespace import Namespace
    from asudfd.record.record import Record


class Expression:
    """A compiled expression."""

    __slots__ = ("_run", "kind", "size")

    def __init__(self, data: bytes, budget: RegexBudget, reader: ExpressionReader | None = None) -> None:
        """``budget``: for all its patterns. Raises WireError, and Unsupported for what this node does not offer."""
        node = (reader or ExpressionReader()).read(data)
        self.kind, self._run = compile_node(node, Scope({}, budget, compile_node))
        self.size = len(data)

    def value(self, record: FilterRecord) -> Value:
        """What it is for a record, None if that is unknown.

        Raises CostExceededError when it would take too long to find out, and RequestRefused.
        """
        try:
            return self._run(record)
        except CostExceededError:
            raise
        except Unsupported as error:
            raise RequestRefused(Result.UNSUPPORTED_FEATURE, str(error)) from error

    def particle(self, record: FilterRecord) -> tuple[int, bytes] | None:
        """The same as particle type and bytes."""
        value = self.value(record)
        return None if value is None else particle_of(value, self.kind)


class Filter(Expression):
    """A compiled expression that is true or false."""

    __slots__ = ()

    def __init__(self, data: bytes, budget: RegexBudget) -> None:
        """As `Expression`."""
        super().__init__(data, budget)
        if self.kind not in {x.BOOL, ANY}:
            raise WireError("an expression that is neither true nor false")

    def passes(
        self, namespace: Namespace, digest: bytes, record: Record, budget: CostBudget | None = None
    ) -> bool:
        """Whether the expression is true for a record; that of a turn of the event loop where there is no other ``budget``.

        Raises as `value`.
        """
        try:
            return self._run(FilterRecord(namespace, digest, record, budget=budget)) is True
        except CostExceededError:
            raise
        except Unsupported as error:
            raise RequestRefused(Result.UNSUPPORTED_FEATURE, str(error)) from error


# ---- from the tree to functions


def compile_node(node: Node, scope: Scope) -> Typed:
    """The type of an expression, and what finds its value. Raises WireError, and Unsupported."""
    if isinstance(node, Constant):
        return _constant(node)
    special = _SPECIAL.get(node.code)
    if special is not None:
        return special(node.arguments, scope)
    row = FUNCTIONS.get(node.code)
    if row is None:
        raise Unsupported(f"call {node.code} in expressions is not supported")
    allowed, result, function = row
    compiled = [scope.compile(argument) for argument in node.arguments]
    found = {kind for kind, _ in compiled} - {ANY}
    if len(found) > 1 or not found <= allowed:
        raise WireError("arguments of types that do not go together")
    own = next(iter(found), x.INTEGER) if result is None else result
    return own, strict(function, [run for _, run in compiled])


def _constant(node: Constant) -> Typed:
    value: Value = NIL if node.kind == x.NIL else node.value
    if node.kind in COLLECTIONS:
        order(value)  # it may be none that a node would store
    if node.kind == x.GEOJSON:
        value = geo_particle(value)
    return node.kind, lambda _: value


def _removal(_arguments: list[Any], _scope: Scope) -> Typed:
    raise WireError("only an element of a path can be removed")


def _geo(arguments: list[Any], scope: Scope) -> Typed:
    from asudfd.aerospike.message.filter.geo import geo_meeting  # only when the first comes: start-up time

    return geo_meeting(arguments, scope)


def _regex(arguments: list[Any], scope: Scope) -> Typed:
    flags, pattern, text = arguments
    kind, run = scope.compile(text)
    if kind not in {x.STRING, ANY}:
        raise WireError("a regular expression looks through strings only")
    from asudfd.aerospike.message.filter.regex.search import (
        Regex,  # only when the first pattern comes: start-up time
    )

    regex = Regex(pattern, flags, scope.budget)

    def search(record: FilterRecord) -> bool | None:
        data = run(record)
        return None if data is None else regex(data, record.collections.budget)

    return x.BOOL, search


def _meta(kind: int, run: Run) -> Callable[[list[Any], Scope], Typed]:
    return lambda _arguments, _scope: (kind, run)


_SPECIAL: dict[int, Callable[[list[Any], Scope], Typed]] = {
    **{code: compare(code) for code in TESTS},
    x.REGEX: _regex,
    x.GEO: _geo,
    x.IN_LIST: in_list,
    x.AND: lambda arguments, scope: logical(arguments, scope, decided=False),
    x.OR: lambda arguments, scope: logical(arguments, scope, decided=True),
    x.NOT: not_,
    x.EXCLUSIVE: exclusive,
    x.COND: cond,
    x.LET: let,
    x.VAR: var,
    x.CALL: call,
    x.MAP_KEYS: map_parts(6),
    x.MAP_VALUES: map_parts(7),
    x.UNKNOWN: _meta(ANY, lambda _: None),
    x.BIN: bin_value,
    x.BIN_TYPE: bin_type,
    x.ELEMENT: path_element,
    x.REMOVAL: _removal,
    x.KEY: key_value,
    x.DIGEST_MOD: digest_mod,
    x.INT_LSCAN: lambda arguments, scope: _scan(arguments, scope, arithmetic.left_scan),
    x.INT_RSCAN: lambda arguments, scope: _scan(arguments, scope, arithmetic.right_scan),
    **{code: _meta(kind, run) for code, (kind, run) in METADATA.items()},
}
"""Calls that look at their arguments themselves."""


def _scan(arguments: list[Any], scope: Scope, function: Callable[[int, bool], int]) -> Typed:
    (number, number_run), (wanted, wanted_run) = (scope.compile(argument) for argument in arguments)
    if number not in {x.INTEGER, ANY} or wanted not in {x.BOOL, ANY}:
        raise WireError("a search for a bit takes an integer and a boolean")
    return x.INTEGER, strict(function, [number_run, wanted_run])
