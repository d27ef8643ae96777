"""The compiled filters of this process: each is made once, off the event loop where that takes more than a moment.

The largest filters take some 20 ms. Compiling touches nothing of the node's, so it is done in a thread, one filter at a
time; what is small, as nearly all filters are, is compiled at once. Who needs a filter asks whether it is `ready`, and
awaits `prepare` otherwise: until the caller's next await, `filter_of` has it.
"""

from __future__ import annotations

import asyncio
import sys
from collections import OrderedDict
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from asinfo.errors import WireError
from asinfo.wire.expression import Unsupported
from asinfo.wire.message import FIELD_FILTER
from asinfo.wire.result import Result
from asudfd.aerospike.message.filter.compiled import Filter
from asudfd.aerospike.message.filter.regex.budget import RegexBudget, YieldingBudget
from asudfd.aerospike.message.loop_thread import LoopThread
from asudfd.fairness import fill
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

CACHED_MAX = 16
"""Filters in the cache: clients send the same ones again and again. Each may take 256 KiB, for its patterns."""

AT_ONCE_SIZE = 256
AT_ONCE_STEPS = 256
"""Bytes of a filter, and steps for its patterns, that are compiled at once: about a millisecond each at worst."""


PARTS = ("asudfd.aerospike.message.filter.regex.search", "asudfd.aerospike.message.cdt")
"""What filters need that a start does not wait for: imported with the first filter, which takes 10 ms, in the thread."""


class _FilterError(NamedTuple):
    code: Result
    reason: str


_cache: OrderedDict[bytes, Filter | _FilterError] = OrderedDict()
"""Filters, and why others are none: that, too, is found out once. Only the threads of event loops change this."""

_thread = LoopThread("filters")
end_thread = _thread.end


def filter_of(fields: Mapping[int, bytes]) -> Filter | None:
    """The filter of a request, None if it has none. Raises RequestRefused. Compiles it now if nobody has prepared it."""
    data = fields.get(FIELD_FILTER)
    if data is None:
        return None
    found = _cache.get(data)
    if found is None:
        fill()
        found = _remember(data, _compiled(data, RegexBudget()))
    else:
        with suppress(KeyError):  # a node in another thread of the program has just dropped it
            _cache.move_to_end(data)
    if isinstance(found, Filter):
        return found
    raise RequestRefused(*found)


def ready(fields: Mapping[int, bytes]) -> bool:
    """Whether `filter_of` has the filter of a request without more ado; it has, if there is none."""
    data = fields.get(FIELD_FILTER)
    if data is None or data in _cache:
        return True
    if len(data) > AT_ONCE_SIZE or not all(map(sys.modules.__contains__, PARTS)):
        return False
    budget = RegexBudget(AT_ONCE_STEPS)
    found = _compiled(data, budget)
    if not budget.spent:
        _remember(data, found)
    return not budget.spent


async def prepare(fields: Mapping[int, bytes]) -> None:
    """Compile the filter of a request in a thread, unless it is there or there is none."""
    data = fields.get(FIELD_FILTER)
    if data is not None and data not in _cache:
        found = await asyncio.get_running_loop().run_in_executor(_thread.get(), _compiled_in_thread, data)
        _remember(data, found)


def _compiled_in_thread(data: bytes) -> Filter | _FilterError:
    for part in PARTS:
        import_module(part)
    known = _cache.get(data)  # others may have sent the same at the same time
    return known or _compiled(data, YieldingBudget())


def _compiled(data: bytes, budget: RegexBudget) -> Filter | _FilterError:
    try:
        return Filter(data, budget)
    except Unsupported as error:
        return _FilterError(Result.UNSUPPORTED_FEATURE, str(error))
    except WireError as error:
        return _FilterError(Result.PARAMETER, str(error))


def _remember(data: bytes, found: Filter | _FilterError) -> Filter | _FilterError:
    _cache[data] = found
    _cache.move_to_end(data)
    while len(_cache) > CACHED_MAX:
        _cache.popitem(last=False)
    return found
