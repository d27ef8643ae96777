"""What an index is on, in a record: a bin, an element within it, or an expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.errors import WireError
from asinfo.wire.result import Result
from asudfd.aerospike.message.cdt import element_at
from asudfd.aerospike.message.cdt.context import steps_of
from asudfd.aerospike.message.filter.cache import expression_of, own_expression
from asudfd.aerospike.message.filter.filter_record import FilterRecord
from asudfd.aerospike.message.single.bins import particle, split
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.aerospike.message.cdt.context import Step
    from asudfd.aerospike.message.cost import CostBudget
    from asudfd.aerospike.message.filter.compiled import Expression
    from asudfd.record.indexes import IndexedValue
    from asudfd.record.namespace import Namespace
    from asudfd.record.record import Record

    Particle = tuple[int, bytes]
    Find = Callable[[bytes, Record, CostBudget], Particle | None]
    """What finds the particle in a record, None for none: gets the digest, too. Raises RequestRefused and CostExceededError."""


class Finders(NamedTuple):
    """What finds the values of an index in a record: in the event loop, and in a thread."""

    here: Find
    beside: Find


def finders(namespace: Namespace, value: IndexedValue) -> Finders:
    """What finds the values of an index in a record. Raises RequestRefused."""
    if not value.expression:
        find = _finder(value)
        return Finders(find, find)
    known = expression_of(value.expression)
    return Finders(
        _of_expression(namespace, lambda: known), _of_expression(namespace, own_expression(value.expression))
    )


def _finder(value: IndexedValue) -> Find:
    find = _of_bin(value.bin_name)
    return _within(find, value.context) if value.context else find


def _of_bin(name: bytes) -> Find:
    def find(_: bytes, record: Record, _budget: CostBudget) -> Particle | None:
        found = split(record.bins).get(name)
        return None if found is None else particle(found)

    return find


def check_context(context: bytes) -> tuple[Step, ...]:
    """The steps that a context says. Raises RequestRefused for what is none."""
    try:
        return steps_of(context, modifies=False)
    except WireError as error:
        raise RequestRefused(Result.PARAMETER, "what should be a context is none") from error


def _within(find: Find, context: bytes) -> Find:
    steps = check_context(context)

    def find_within(digest: bytes, record: Record, budget: CostBudget) -> Particle | None:
        found = find(digest, record, budget)
        return None if found is None else element_at(found, steps, budget)

    return find_within


def _of_expression(namespace: Namespace, compiled: Callable[[], Expression]) -> Find:
    def find(digest: bytes, record: Record, budget: CostBudget) -> Particle | None:
        return compiled().particle(FilterRecord(namespace, digest, record, budget=budget))

    return find
