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
from asudfd.aerospike.message.outcome import new_tuple
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asudfd.aerospike.message.cdt.collection import Operation
    from asudfd.aerospike.message.cost import CostBudget

OPERATIONS: dict[int, Operation] = {**LISTS, **MAPS, **SELECTIONS}
"""All that is offered, by code."""


_ELSEWHERE = frozenset((cdt.PATHS, cdt.IN_CONTEXT))
"""Codes of what is done within a list or map, whichever it is."""


class CollectionCall(NamedTuple):
    """What a command asks for."""

    operation: Operation
    arguments: list[bytes]
    weight: float
    """How many values the arguments are, at any depth."""

    steps: tuple[Step, ...] = ()
    """The way from the bin to the list or map that is meant."""


def decode(command: bytes, kind: int, budget: CostBudget, *, modifies: bool) -> CollectionCall:
    """A command on a bin of ``kind``, NULL for none. Pays for all looks at the arguments.

    Raises RequestRefused and WireError.
    """
    budget.charge(CALL_STEPS + len(command) * COPY_STEPS)
    before = budget.left
    try:
        code, arguments = cdt.command(command, budget.charge)
    except WireError:
        check_kind(kind, cdt.code(command))  # comes first, as on the real server
        raise
    if code == cdt.IN_CONTEXT:
        budget.charge((ORDER_STEPS + 2) * (before - budget.left))
        return _decode_nested(arguments, kind, budget, modifies=modifies)
    if code == cdt.PATHS:
        if len(arguments) < 2:
            raise WireError("a path without flags")
        raise Unsupported("a path to elements of a list or map (operation 254) is not supported")
    # as `check_kind`, without a call in each operation
    if kind and kind != (MAP if code >= cdt.MAP_SET_TYPE else LIST):
        raise not_this_kind()
    operation = OPERATIONS.get(code)
    if operation is None:
        raise RequestRefused(Result.PARAMETER, f"there is no operation {code} on lists or maps")
    if operation.modifies != modifies:
        raise RequestRefused(Result.PARAMETER, "an operation that modifies as one that reads, or the reverse")
    if not operation.most:
        arguments = []
    if not operation.least <= len(arguments) <= operation.most:
        raise RequestRefused(Result.PARAMETER, "an operation with too few or too many arguments")
    weight = before - budget.left
    budget.charge((ORDER_STEPS + 2) * weight)
    return new_tuple(CollectionCall, (operation, arguments, weight, ()))


def _decode_nested(
    arguments: list[bytes], kind: int, budget: CostBudget, *, modifies: bool
) -> CollectionCall:
    if len(arguments) != 2:
        raise WireError("a context, and an operation there, are two arguments")
    if kind not in {NULL, LIST, MAP}:
        raise WireError("a context within something that is no list or map")
    context, command = arguments
    if command[:1] == b"\0":
        raise WireError("an operation in a context that is no list")
    steps = steps_of(context, modifies=modifies)
    call = decode(command, NULL, budget, modifies=modifies)
    if call.steps:
        raise WireError("a context within a context")
    return call._replace(steps=steps)


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
