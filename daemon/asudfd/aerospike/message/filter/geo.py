"""The comparison of geo JSON in expressions: whether one is a point in the region that the other is."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import expression as x
from asinfo.wire.expression import Constant
from asudfd.aerospike.geo.shape import GeoShape, shape, stored_shape
from asudfd.aerospike.message.cost import BesideBudget
from asudfd.aerospike.message.filter.scope import ANY

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from asudfd.aerospike.message.filter.filter_record import FilterRecord
    from asudfd.aerospike.message.filter.scope import Scope, Typed

    Find = Callable[[FilterRecord], GeoShape | None]


KNOWN_MAX = 4
"""Constants whose shapes are kept, of up to 5 MB each: who has asked the event loop asks the thread, which compiles the filter anew."""


def geo_meeting(arguments: list[Any], scope: Scope) -> Typed:
    """The comparison of two values."""
    first, second = (_shape_of(argument, scope) for argument in arguments)

    def meet(record: FilterRecord) -> bool | None:
        one, other = first(record), second(record)
        if one is None or other is None:
            return None
        return one.meets(other, record.collections.budget)

    return x.BOOL, meet


@lru_cache(KNOWN_MAX)
def _constant(text: bytes) -> GeoShape:
    """The shape of a constant. Raises WireError, and Unsupported."""
    return shape(text, BesideBudget())  # as it pauses: an expression as large as this is compiled in a thread


def _shape_of(argument: Any, scope: Scope) -> Find:
    """What gives the shape of a value; that of a constant is read once. Raises WireError, and Unsupported."""
    kind, run = scope.compile(argument)
    if kind not in {x.GEOJSON, ANY}:
        raise WireError("only geo JSON is compared so")
    if isinstance(argument, Constant) and isinstance(argument.value, bytes):
        known = _constant(argument.value)
        return lambda _: known

    def find(record: FilterRecord) -> GeoShape | None:
        data = run(record)
        return None if data is None else stored_shape(data, record.collections.budget)

    return find
