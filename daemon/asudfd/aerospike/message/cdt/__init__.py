"""Operations on list and map bins: a table of those that are offered; every other one is code 16, unsupported feature.

A collection is worked on as the bytes of its elements. Offered are operations on whole bins: commands within nested
collections and arguments that are expressions are not.

Selecting operations (`get_by_...`, `remove_by_...`) are one: find places, in the order of the collection; show them as
the return type says; remove them. A list or map of more than SIZE_MAX bytes is not worked on.
Sources: the protocol's commands in `asinfo.wire.cdt`; Aerospike's documentation of the operations.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from asinfo.errors import WireError
from asinfo.wire import cdt, msgpack
from asinfo.wire.collection import stored_element
from asinfo.wire.expression import QUOTE, Unsupported
from asinfo.wire.extent import head
from asinfo.wire.particle import LIST, MAP, NULL
from asinfo.wire.result import Result
from asudfd.aerospike.message.cdt.collection import SIZE_MAX, Collection, flags_of, integer
from asudfd.aerospike.message.cdt.lists import LISTS
from asudfd.aerospike.message.cdt.maps import MAPS
from asudfd.aerospike.message.cdt.select import SELECTIONS
from asudfd.aerospike.message.cost import CALL_STEPS, COPY_STEPS, ORDER_STEPS, CostBudget, CostExceededError
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.aerospike.message.cdt.collection import Operation, Particle

    Modified = tuple[Collection | None, Particle | None]
    """The collection, None where there is none; what the operation shows."""

_NOTHING = (NULL, b"")
OPERATIONS: dict[int, Operation] = {**LISTS, **MAPS, **SELECTIONS}
"""All that is offered, by code."""

_APPENDS = re.compile(rb"[\x92-\x94][\x01\x02]|\0[\x01\x02][\x91-\x93]")
"""How a command that appends begins, with one to three arguments, in both encodings."""

_ELSEWHERE = {
    cdt.PATHS: "a path to elements of a list or map (operation 254)",
    cdt.IN_CONTEXT: "a collection operation in a nested context (operation 255)",
}
"""What is done within a list or map, whichever it is, by code."""


class _Opened(NamedTuple):
    """A collection, and its bytes, which are held so that their id stays their own."""

    data: bytes
    collection: Collection


class OpenCollections:
    """The collections of one record that have been taken apart, each once, and what may still be done with them."""

    __slots__ = ("_opened", "budget")

    def __init__(self, budget: CostBudget | None = None) -> None:
        self.budget = budget or CostBudget()
        self._opened: dict[int, _Opened] = {}

    def open(self, kind: int, data: bytes) -> Collection:
        """The collection in pieces, for reading only. Raises WireError, and Unsupported for one that is too large."""
        opened = self._opened.get(id(data))
        if opened is None:
            opened = self._opened[id(data)] = _Opened(data, Collection(kind, data, self.budget))
        return opened.collection


def reader(kind: int, command: list[object]) -> Callable[[OpenCollections, bytes], Particle | None]:
    """A reading command of an expression, for collections of ``kind``: None is unknown. Raises WireError.

    What it gives raises CostExceededError, and Unsupported for a collection that is too large.
    """
    first = command[0] if command else None
    if isinstance(first, int) and first in _ELSEWHERE:
        raise Unsupported(f"{_ELSEWHERE[first]} in filters is not supported")
    arguments = []
    for argument in command:
        if isinstance(argument, list):
            if len(argument) != 2 or argument[0] != QUOTE or not isinstance(argument[1], list):
                raise Unsupported("arguments that are expressions are not supported")
            argument = argument[1]  # noqa: PLW2901 - a quoted list
        arguments.append(argument)
    data = msgpack.pack(arguments)
    code, _ = cdt.command(data)
    operation = OPERATIONS.get(code)
    if operation is None or operation.modifies or operation.kind != kind:
        raise Unsupported(f"operation {code} is not supported in filters")

    def run(collections: OpenCollections, stored: bytes) -> Particle | None:
        try:
            return _read(kind, stored, data, collections)
        except CostExceededError:
            raise
        except (RequestRefused, WireError):
            return None

    return run


def read(kind: int, data: bytes, command: bytes, collections: OpenCollections | None = None) -> Particle:
    """What a reading operation shows of a collection. Raises RequestRefused."""
    with REFUSING:
        return _read(kind, data, command, collections or OpenCollections())


def _read(kind: int, data: bytes, command: bytes, collections: OpenCollections) -> Particle:
    operation, arguments, _ = _decode(command, kind, collections.budget, modifies=False)
    if operation in _SIZES:
        return integer(cdt.size(data, of_map=kind == MAP))
    return operation.run(collections.open(kind, data), *arguments) or _NOTHING


def read_open(collection: Collection, command: bytes) -> Particle:
    """As `read`, of a collection in pieces."""
    with REFUSING:
        operation, arguments, _ = _decode(command, collection.kind, collection.budget, modifies=False)
        return operation.run(collection, *arguments) or _NOTHING


def check(command: bytes, budget: CostBudget, *, modifies: bool) -> None:
    """Refuse a command that is none, whatever it is to be done to."""
    with REFUSING:
        _decode(command, NULL, budget, modifies=modifies)


def modify(kind: int, data: bytes, command: bytes) -> tuple[Particle | None, Particle | None]:
    """A collection after an operation, None for none, and what that shows. Raises RequestRefused."""
    budget = CostBudget()
    with REFUSING:
        collection, shown = modify_open(open_bin(kind, data, budget), command, budget)
        return (collection.kind, collection.pack()) if collection else None, shown


def open_bin(kind: int, data: bytes, budget: CostBudget) -> Collection | None:
    """A bin in pieces, None for one of kind NULL, which is not there. Raises RequestRefused."""
    if kind == NULL:
        return None
    if kind not in {LIST, MAP}:
        raise RequestRefused(Result.BIN_TYPE, "an operation on lists or maps on something else")
    with REFUSING:
        return Collection(kind, data, budget)


def modify_open(collection: Collection | None, command: bytes, budget: CostBudget) -> Modified:
    """Change a collection; the one there is then, and what the operation shows. Raises RequestRefused.

    After an error the collection is good for nothing any more.
    """
    with REFUSING:
        kind = NULL if collection is None else collection.kind
        operation, arguments, weight = _decode(command, kind, budget, modifies=True)
        if collection is None:
            if operation.creates is None:
                if operation.missing:
                    raise RequestRefused(operation.missing, "an operation on a list or map that is not there")
                return None, None
            collection = Collection(operation.kind, _new(operation, arguments), budget)
        collection.weight += weight  # what comes in was among the arguments
        shown = operation.run(collection, *arguments)
        collection.forget()
        return collection, shown


def append(data: bytes, command: bytes, budget: CostBudget) -> tuple[bytes, Particle] | None:
    """A list after an append, which needs not take it apart, and what that shows.

    None for another operation, and for a list with flags: `modify_open` is for them. Raises RequestRefused.
    """
    if not _APPENDS.match(command) or len(data) > SIZE_MAX:
        return None
    with REFUSING:
        budget.charge(2 * len(data) * COPY_STEPS)
        place = cdt.plain_start(data)
        if place is None:
            return None
        operation, (value, *more), _ = _decode(command, LIST, budget, modifies=True)
        if len(more) > 1 and cdt.integer(more[1]):
            return None
        several = operation is _APPENDS_ITEMS
        items = [stored_element(item) for item in (cdt.elements(value).elements if several else (value,))]
        count, first = place
        count += len(items)
        return b"".join((head(count, of_map=False), data[first:], *items)), integer(count)


def _decode(
    command: bytes, kind: int, budget: CostBudget, *, modifies: bool
) -> tuple[Operation, list[bytes], float]:
    """A command on a collection of ``kind``, NULL for none: operation, arguments, and how many values they are.

    Pays for all looks at them. Raises RequestRefused and WireError.
    """
    budget.charge(CALL_STEPS + len(command) * COPY_STEPS)
    before = budget.left
    try:
        code, arguments = cdt.command(command, budget.charge)
    except WireError:
        _check_kind(kind, cdt.code(command))  # comes first, as on the real server
        raise
    operation = OPERATIONS.get(code)
    if code in _ELSEWHERE:
        raise Unsupported(f"{_ELSEWHERE[code]} is not supported")
    _check_kind(kind, code)
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
    return operation, arguments, weight


class _RefusalTranslator:
    """Turns the errors of a command into RequestRefused. A class, since each operation enters it: a generator is slower."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Unsupported):
            raise RequestRefused(Result.UNSUPPORTED_FEATURE, str(error)) from error
        if isinstance(error, WireError):
            raise RequestRefused(Result.PARAMETER, str(error)) from error


REFUSING = _RefusalTranslator()


def _check_kind(kind: int, code: int) -> None:
    """Raise RequestRefused when an operation is none for collections of ``kind``; NULL is one that is not there."""
    if kind not in {NULL, MAP if code >= cdt.MAP_SET_TYPE else LIST}:
        raise RequestRefused(Result.BIN_TYPE, "an operation on lists or maps on something else")


def _new(operation: Operation, arguments: list[bytes]) -> bytes:
    """The empty collection that a write begins with. Raises WireError."""
    place = operation.creates
    flags = 0
    if place is not None and place < len(arguments):
        flags = flags_of(arguments[place], operation.kind)
    return cdt.join_list([], flags) if operation.kind == LIST else cdt.join_map([], [], flags)


_APPENDS_ITEMS = OPERATIONS[cdt.LIST_APPEND_ITEMS]
_SIZES = (OPERATIONS[cdt.LIST_SIZE], OPERATIONS[cdt.MAP_SIZE])
