"""Commands on lists and maps: taken apart, and checked as far as that needs no list or map.

    [CODE, ARGUMENT...]                    on the bin
    [255, [STEP, VALUE...], COMMAND]       on a list or map within it, see `asudfd.aerospike.message.cdt.context`

Old clients write the code in two bytes and the arguments as a list after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.errors import WireError
from asinfo.wire import cdt
from asinfo.wire.expression import Unsupported
from asinfo.wire.particle import LIST, MAP, NULL
from asinfo.wire.result import Result
from asudfd.aerospike.message.cdt.collection import not_this_kind
from asudfd.aerospike.message.cdt.context import Step, steps_of
from asudfd.aerospike.message.cdt.lists import LISTS
from asudfd.aerospike.message.cdt.maps import MAPS
from asudfd.aerospike.message.cdt.select import SELECTIONS
from asudfd.aerospike.message.cost import CALL_STEPS, COPY_STEPS, ORDER_STEPS, CostExceededError
from asudfd.aerospike.message.operation import row_of
from asudfd.aerospike.message.outcome import new_tuple
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asudfd.aerospike.message.cdt.collection import CollectionOperation
    from asudfd.aerospike.message.cost import CostBudget

OPERATIONS: dict[int, CollectionOperation] = {**LISTS, **MAPS, **SELECTIONS}
"""All that is offered, by code."""


_ELSEWHERE = frozenset((cdt.PATHS, cdt.IN_CONTEXT))
"""Codes of what is done within a list or map, whichever it is."""


class CollectionCall(NamedTuple):
    """What a command asks for."""

    operation: CollectionOperation
    arguments: list[bytes]
    weight: float
    """How many values the arguments are, at any depth."""

    steps: tuple[Step, ...] = ()
    """The way from the bin to the list or map that is meant."""


def decode(
    command: bytes, kind: int, budget: CostBudget, *, modifies: bool, within: bool = False
) -> CollectionCall:
    """A command on a bin of ``kind``, NULL for none, or on what is ``within`` it. Pays for all looks at the arguments.

    Raises RequestRefused and WireError.
    """
    budget.charge(CALL_STEPS + len(command) * COPY_STEPS)
    before = budget.left
    try:
        code, arguments = cdt.command(command, budget.charge)
    except WireError:
        check_kind(kind, cdt.code(command))  # comes first, as on the real server
        raise
    if code in _ELSEWHERE:
        if within:  # no client sends a path there: its steps are those of a context
            raise WireError("a context, or a path, within a context")
        budget.charge((ORDER_STEPS + 2) * (before - budget.left))
        return _decode_elsewhere(code, arguments, kind, budget, modifies=modifies)
    # as `check_kind`, without a call in each operation
    if kind and kind != (MAP if code >= cdt.MAP_SET_TYPE else LIST):
        raise not_this_kind()
    operation = row_of(OPERATIONS, "lists or maps", code, arguments, modifies=modifies)
    weight = before - budget.left
    budget.charge((ORDER_STEPS + 2) * weight)
    return new_tuple(CollectionCall, (operation, arguments, weight, ()))


def _decode_elsewhere(
    code: int, arguments: list[bytes], kind: int, budget: CostBudget, *, modifies: bool
) -> CollectionCall:
    """A command within a context. One on a path comes here only where it is not written as clients do."""
    if code == cdt.PATHS:
        if len(arguments) < 2:
            raise WireError("a path without flags")
        raise Unsupported(
            "a path (operation 254) in another encoding than that of the clients is not supported"
        )
    if len(arguments) != 2:
        raise WireError("a context, and an operation there, are two arguments")
    if kind not in {NULL, LIST, MAP}:
        raise WireError("a context within something that is no list or map")
    context, command = arguments
    if command[:1] == b"\0":
        raise WireError("an operation in a context that is no list")
    steps = steps_of(context, modifies=modifies)
    return decode(command, NULL, budget, modifies=modifies, within=True)._replace(steps=steps)


def check_kind(kind: int, code: int) -> None:
    """Raise RequestRefused when an operation is none for collections of ``kind``; NULL is one that is not there."""
    if code not in _ELSEWHERE and kind not in {NULL, MAP if code >= cdt.MAP_SET_TYPE else LIST}:
        raise not_this_kind()


def refusal(error: WireError) -> RequestRefused:
    """The error of a request for that of its command."""
    code = Result.UNSUPPORTED_FEATURE if isinstance(error, Unsupported) else Result.PARAMETER
    return RequestRefused(code, str(error))


class _RefusalTranslator:
    """Turns the errors of a command into RequestRefused, but for CostExceededError. A class, since each operation enters it: a generator is slower."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, WireError) and not isinstance(error, CostExceededError):
            raise refusal(error) from error


REFUSING = _RefusalTranslator()
