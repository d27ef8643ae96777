"""Operations on list and map bins: a table of those that are offered; every other one is code 16, unsupported feature.

A collection is worked on as the bytes of its elements. Offered are operations on whole bins: commands within nested
collections, relative ranges, flags that let a write fail quietly, and arguments that are expressions are not.

Selecting operations (`get_by_...`, `remove_by_...`) are one: find places, in the order of the collection; show them as
the return type says; remove them. A list or map of more than 256 KiB is not worked on.
Sources: the protocol's commands in `asinfo.wire.cdt`; Aerospike's documentation of the operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import cdt, msgpack
from asinfo.wire.expression import QUOTE, Unsupported
from asinfo.wire.particle import LIST, MAP, NULL
from asinfo.wire.result import Result
from daemon.message.cdt.collection import Collection, flags_of
from daemon.message.cdt.lists import LIST_READS, LIST_WRITES
from daemon.message.cdt.maps import MAP_READS, MAP_WRITES
from daemon.message.cdt.select import SELECT_READS, SELECT_WRITES
from daemon.record.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.message.cdt.collection import Operation, Particle

    Modified = tuple[Particle | None, Particle | None]
    """The bin, None to leave it; what the operation shows."""

_NOTHING = (NULL, b"")
_READS = {**LIST_READS, **MAP_READS, **SELECT_READS}
_WRITES = {**LIST_WRITES, **MAP_WRITES, **SELECT_WRITES}

_CREATES = {
    cdt.LIST_SET_TYPE: 0,
    cdt.LIST_APPEND: 1,
    cdt.LIST_APPEND_ITEMS: 1,
    cdt.LIST_INSERT: 9,
    cdt.LIST_INSERT_ITEMS: 9,
    cdt.LIST_SET: 9,
    cdt.MAP_SET_TYPE: 0,
    cdt.MAP_PUT: 2,
    cdt.MAP_PUT_ITEMS: 1,
    cdt.MAP_INCREMENT: 2,
}
"""Writes that create what is not there, and which of their arguments says the flags (9: none does)."""


def reader(kind: int, command: list[object]) -> Callable[[bytes], Particle | None]:
    """A reading command of an expression, for collections of ``kind``: None is unknown. Raises WireError."""
    arguments = []
    for argument in command:
        if isinstance(argument, list):
            if len(argument) != 2 or argument[0] != QUOTE or not isinstance(argument[1], list):
                raise Unsupported("arguments that are expressions are not supported")
            argument = argument[1]  # noqa: PLW2901 - a quoted list
        arguments.append(argument)
    data = msgpack.pack(arguments)
    code, _ = cdt.command(data)
    if code not in _READS or _kind_of(code) != kind:
        raise Unsupported(f"operation {code} is not supported in filters")

    def run(stored: bytes) -> Particle | None:
        try:
            return read(kind, stored, data)
        except Refused:
            return None

    return run


def read(kind: int, data: bytes, command: bytes) -> Particle:
    """What a reading operation shows of a collection. Raises Refused."""
    code, arguments = _decode(command, _READS)
    if kind != _kind_of(code):
        raise Refused(Result.BIN_TYPE, "an operation on lists or maps on something else")
    return _guarded(_READS[code], kind, data, arguments)[1] or _NOTHING


def modify(kind: int, data: bytes, command: bytes) -> Modified:
    """A collection after an operation, and what that shows; of kind NULL when there is none. Raises Refused."""
    code, arguments = _decode(command, _WRITES)
    own = _kind_of(code)
    if kind == NULL:
        if code not in _CREATES:
            return None, None
        data = _new(own, code, arguments)
    elif kind != own:
        raise Refused(Result.BIN_TYPE, "an operation on lists or maps on something else")
    collection, shown = _guarded(_WRITES[code], own, data, arguments)
    return (own, collection.pack()), shown


def _decode(command: bytes, table: dict[int, Operation]) -> tuple[int, list[bytes]]:
    try:
        code, arguments = cdt.command(command)
    except WireError as error:
        raise Refused(Result.PARAMETER, str(error)) from error
    if code not in table:
        raise Refused(Result.UNSUPPORTED_FEATURE, f"operation {code} on lists or maps is not supported")
    return code, arguments


def _guarded(
    operation: Operation, kind: int, data: bytes, arguments: list[bytes]
) -> tuple[Collection, Particle | None]:
    try:
        collection = Collection(kind, data)
        return collection, operation(collection, *arguments)
    except Unsupported as error:
        raise Refused(Result.UNSUPPORTED_FEATURE, str(error)) from error
    except (WireError, TypeError) as error:  # TypeError: too few or too many arguments
        raise Refused(Result.PARAMETER, str(error)) from error


def _kind_of(code: int) -> int:
    return MAP if code >= cdt.MAP_SET_TYPE else LIST


def _new(kind: int, code: int, arguments: list[bytes]) -> bytes:
    """The empty collection that a write begins with. Raises Refused."""
    place = _CREATES[code]
    try:
        flags = flags_of(arguments[place]) if place < len(arguments) else 0
    except WireError as error:
        raise Refused(Result.PARAMETER, str(error)) from error
    return cdt.join_list([], flags) if kind == LIST else cdt.join_map([], flags)
