"""The compiled expressions of this process, and the regions of queries: each is made once, beside the event loop if it is large.

The largest take some half a second. Compiling touches nothing of the node's, so it is done in a thread, one at a time; what is
small, as nearly all are, is compiled at once. Who needs those of a request, its filter and those of its operations, asks
whether they are `ready`, and awaits `prepare` otherwise: until the caller's next await, `filter_of` and `operations_of`
have them.
"""

from __future__ import annotations

import asyncio
import sys
from collections import OrderedDict
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from asinfo.errors import WireError
from asinfo.wire.expression import Unsupported
from asinfo.wire.message import (
    FIELD_FILTER,
    FIELD_INDEX_RANGE,
    OP_CDT_MODIFY,
    OP_CDT_READ,
    OP_EXPRESSION_MODIFY,
    OP_EXPRESSION_READ,
)
from asinfo.wire.particle import GEOJSON
from asinfo.wire.result import Result
from asudfd.aerospike.message.cost import BesideBudget, CostExceededError
from asudfd.aerospike.message.filter.compiled import Filter
from asudfd.aerospike.message.filter.operations import ExpressionOperation, compile_operations, is_path
from asudfd.aerospike.message.filter.regex.budget import RegexBudget, YieldingBudget
from asudfd.aerospike.message.loop_thread import LoopThread
from asudfd.aerospike.message.many.range_field import range_field
from asudfd.fairness import fill
from asudfd.record.namespace import RECORD_SIZE_MAX
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from asinfo.wire.message import Op
    from asudfd.aerospike.geo.shape import GeoShape
    from asudfd.aerospike.message.filter.compiled import Expression
    from asudfd.aerospike.message.filter.operations import CompiledOperation

    Source: TypeAlias = "bytes | tuple[bytes, ...] | _GeoText"
    """A filter, or the values of all operations of a request that are expressions, or what a query by geo JSON asks for."""

    Compiled: TypeAlias = "Filter | list[CompiledOperation] | GeoShape | _ExpressionError"

EXPRESSIONS = frozenset((OP_EXPRESSION_READ, OP_EXPRESSION_MODIFY))
_MAY_HAVE_SOME = EXPRESSIONS | {OP_CDT_READ, OP_CDT_MODIFY}

CACHED_MAX = 16
"""Expressions in the cache: clients send the same ones again and again. Each may take 256 KiB, for its patterns."""

CACHED_BYTES = 4 << 20
"""Bytes that those in the cache are made from, all together: a region takes four times as much again, a list
that values are looked for in up to twenty times."""

KEPT_MIN = 3
"""Those that are kept whatever their size: a request may have a filter, a region and operations."""

AT_ONCE_SIZE = 256
AT_ONCE_STEPS = 256
"""Bytes of an expression, and steps for its patterns, that are compiled at once: about a millisecond each at worst."""


PARTS = ("asudfd.aerospike.message.filter.regex.search", "asudfd.aerospike.message.cdt")
"""What expressions need that a start does not wait for: imported with the first, which takes 10 ms, in the thread."""


class _ExpressionError(NamedTuple):
    code: Result
    reason: str


class _GeoText:
    """A geo JSON text that a query asks for: no filter has the same bytes."""

    __slots__ = ("text",)

    def __init__(self, text: bytes) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _GeoText) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


class _Cached(NamedTuple):
    compiled: Compiled
    size: int


_cache: OrderedDict[Source, _Cached] = OrderedDict()
"""Expressions, and why others are none: that, too, is found out once. Only the threads of event loops change this."""

_thread = LoopThread("filters")
end_thread = _thread.end


def filter_of(fields: Mapping[int, bytes]) -> Filter | None:
    """The filter of a request, None if it has none. Raises RequestRefused. Compiles it now if nobody has prepared it."""
    data = fields.get(FIELD_FILTER)
    if data is None:
        return None
    found = _known(data)
    assert isinstance(found, Filter)
    return found


def operations_of(todo: list[Op]) -> list[CompiledOperation]:
    """The operations of a request that are expressions; as `filter_of`."""
    found = _known(values_of(todo))
    assert isinstance(found, list)
    return found


def expression_of(data: bytes) -> Expression:
    """An expression that an index is on; as `filter_of`."""
    found = _known(_as_operation(data))
    assert isinstance(found, list)
    return _only(found)


def shape_of(text: bytes) -> GeoShape:
    """The point or region that a query asks for; as `filter_of`."""
    if len(text) > RECORD_SIZE_MAX:
        raise RequestRefused(Result.UNSUPPORTED_FEATURE, "a region that is larger than a record may be")
    found = _known(_GeoText(text))
    assert not isinstance(found, Filter | list | _ExpressionError)
    return found


def own_filter(data: bytes) -> Callable[[], Filter]:
    """What gives a filter to a thread of its own: that compiles it, when it first needs it."""
    return cache(lambda: Filter(data, YieldingBudget()))


def own_operations(todo: list[Op]) -> Callable[[], list[CompiledOperation]]:
    """The same for operations that are expressions."""
    values = values_of(todo)
    return cache(lambda: compile_operations(values, YieldingBudget()))


def own_expression(data: bytes) -> Callable[[], Expression]:
    """The same for an expression that an index is on."""
    return cache(lambda: _only(compile_operations(_as_operation(data), YieldingBudget())))


def _as_operation(expression: bytes) -> tuple[bytes, ...]:
    return (b"\x92" + expression + b"\0",)


def _only(operations: list[CompiledOperation]) -> Expression:
    (operation,) = operations
    assert isinstance(operation, ExpressionOperation)
    return operation.expression


def values_of(todo: list[Op]) -> tuple[bytes, ...]:
    """The values of the operations that are expressions, or have some in them."""
    found = []  # no comprehension: nearly always there is none, and a loop is quicker then
    for code, _, _, value in todo:
        if code in _MAY_HAVE_SOME and (code in EXPRESSIONS or is_path(value)):
            found.append(value)
    return tuple(found)


def _known(source: Source) -> Compiled:
    """What is compiled of a source. Raises RequestRefused."""
    known = _cache.get(source)
    if known is None:
        fill()
        found = _remember(source, _compiled(source, RegexBudget()))
    else:
        found = known.compiled
        with suppress(KeyError):  # a node in another thread of the program has just dropped it
            _cache.move_to_end(source)
    if isinstance(found, _ExpressionError):
        raise RequestRefused(*found)
    return found


def _sources(fields: Mapping[int, bytes], todo: list[Op]) -> list[Source]:
    """What of a request is to be compiled, and is not yet."""
    found: list[Source] = []
    if FIELD_FILTER in fields and fields[FIELD_FILTER] not in _cache:
        found.append(fields[FIELD_FILTER])
    text = _geo_text(fields)
    if text is not None and text not in _cache:
        found.append(text)
    if todo and (values := values_of(todo)) and values not in _cache:
        found.append(values)
    return found


def _geo_text(fields: Mapping[int, bytes]) -> _GeoText | None:
    """What a query by geo JSON asks for, None for another one, and for what is refused."""
    if FIELD_INDEX_RANGE in fields:
        with suppress(RequestRefused):  # who reads the range tells of it
            _, particle, low, _ = range_field(fields[FIELD_INDEX_RANGE])
            return _GeoText(low) if particle == GEOJSON and len(low) <= RECORD_SIZE_MAX else None
    return None


def ready(fields: Mapping[int, bytes], todo: list[Op]) -> bool:
    """Whether `filter_of`, `operations_of` and `shape_of` have those of a request without more ado; they have, if there is none."""
    if FIELD_FILTER not in fields and FIELD_INDEX_RANGE not in fields and not values_of(todo):
        return True  # nearly all
    return all(map(_is_ready, _sources(fields, todo)))


def _is_ready(source: Source) -> bool:
    if _size(source) > AT_ONCE_SIZE or not all(map(sys.modules.__contains__, PARTS)):
        return False
    budget = RegexBudget(AT_ONCE_STEPS)
    found = _compiled(source, budget)
    if not budget.spent:
        _remember(source, found)
    return not budget.spent


def _size(source: Source) -> int:
    if isinstance(source, _GeoText):
        return len(source.text)
    return len(source) if isinstance(source, bytes) else sum(map(len, source))


async def prepare(fields: Mapping[int, bytes], todo: list[Op]) -> None:
    """Compile the expressions of a request in a thread, unless they are there or there are none."""
    loop = asyncio.get_running_loop()
    while sources := _sources(fields, todo):
        found = await loop.run_in_executor(_thread.get(), _compiled_in_thread, sources)
        for source, compiled in zip(sources, found, strict=True):
            _remember(source, compiled)


def _compiled_in_thread(sources: list[Source]) -> list[Compiled]:
    for part in PARTS:
        import_module(part)
    # others may have sent the same at the same time
    return [
        known.compiled if (known := _cache.get(source)) else _compiled(source, YieldingBudget())
        for source in sources
    ]


def _compiled(source: Source, budget: RegexBudget) -> Compiled:
    try:
        if isinstance(source, _GeoText):
            return _shape(source.text)
        if isinstance(source, bytes):
            return Filter(source, budget)
        return compile_operations(source, budget)
    except Unsupported as error:
        return _ExpressionError(Result.UNSUPPORTED_FEATURE, str(error))
    except WireError as error:
        return _ExpressionError(Result.PARAMETER, str(error))
    except RequestRefused as error:
        return _ExpressionError(Result(error.code), str(error))


def _shape(text: bytes) -> GeoShape:
    """The point or region that a query asks for. Raises RequestRefused."""
    from asudfd.aerospike.geo.shape import shape  # only when the first query comes: start-up time

    try:
        return shape(text, BesideBudget())
    except CostExceededError:
        raise
    except WireError as error:
        raise RequestRefused(Result.GEOJSON, str(error)) from error


def _remember(source: Source, found: Compiled) -> Compiled:
    _cache[source] = _Cached(found, _size(source))
    _cache.move_to_end(source)
    while len(_cache) > CACHED_MAX or (
        len(_cache) > KEPT_MIN and sum(each.size for each in _cache.values()) > CACHED_BYTES
    ):
        _cache.popitem(last=False)
    return found
