"""Operations on list and map bins: a table of those that are offered; every other one is code 16, unsupported feature.

A collection is worked on as the bytes of its elements. Offered are operations on whole bins: commands within nested
collections, relative ranges, flags that let a write fail quietly, and arguments that are expressions are not.

Selecting operations (`get_by_...`, `remove_by_...`) are one: find places, in the order of the collection; show them as
the return type says; remove them. A list or map of more than 256 KiB is not worked on.
Sources: the protocol's commands in `asinfo.wire.cdt`; Aerospike's documentation of the operations.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import cdt, msgpack
from asinfo.wire.expression import QUOTE, Unsupported
from asinfo.wire.particle import LIST, MAP, NULL
from asinfo.wire.result import Result
from daemon.message.cdt.collection import (
    SIZE_MAX,
    Collection,
    check_element,
    flags_of,
    integer,
    no_flags,
)
from daemon.message.cdt.lists import LIST_READS, LIST_WRITES
from daemon.message.cdt.maps import MAP_READS, MAP_WRITES
from daemon.message.cdt.select import SELECT_READS, SELECT_WRITES
from daemon.message.work import CALL_STEPS, COPY_STEPS, ORDER_STEPS, TooMuchError, Work
from daemon.record.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from daemon.message.cdt.collection import Operation, Particle

    Modified = tuple[Collection | None, Particle | None]
    """The collection, None where there is none; what the operation shows."""

_NOTHING = (NULL, b"")
_READS = {**LIST_READS, **MAP_READS, **SELECT_READS}
_WRITES = {**LIST_WRITES, **MAP_WRITES, **SELECT_WRITES}

_APPENDS = re.compile(rb"[\x92-\x94][\x01\x02]")
"""How a command that appends begins, with one to three arguments."""

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


class Shelf:
    """The collections of one record that have been taken apart, each once, and what may still be done with them."""

    __slots__ = ("_opened", "work")

    def __init__(self, work: Work | None = None) -> None:
        self.work = work or Work()
        self._opened: dict[int, tuple[bytes, Collection]] = {}

    def open(self, kind: int, data: bytes) -> Collection:
        """The collection in pieces, for reading only. Raises WireError, and Unsupported for one that is too large."""
        found = self._opened.get(id(data))
        if found is None:
            found = self._opened[id(data)] = (
                data,
                Collection(kind, data, self.work),
            )  # held, so the id stays its own
        return found[1]


def reader(kind: int, command: list[object]) -> Callable[[Shelf, bytes], Particle | None]:
    """A reading command of an expression, for collections of ``kind``: None is unknown. Raises WireError.

    What it gives raises TooMuchError, and Unsupported for a collection that is too large.
    """
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

    def run(shelf: Shelf, stored: bytes) -> Particle | None:
        try:
            return _read(kind, stored, data, shelf)
        except TooMuchError:
            raise
        except (Refused, WireError, TypeError):
            return None

    return run


def read(kind: int, data: bytes, command: bytes, shelf: Shelf | None = None) -> Particle:
    """What a reading operation shows of a collection. Raises Refused."""
    with refusing():
        return _read(kind, data, command, shelf or Shelf())


def _read(kind: int, data: bytes, command: bytes, shelf: Shelf) -> Particle:
    code, arguments, _ = _decode(command, _READS, shelf.work)
    if kind != _kind_of(code):
        raise Refused(Result.BIN_TYPE, "an operation on lists or maps on something else")
    if code in {cdt.LIST_SIZE, cdt.MAP_SIZE} and not arguments:
        return integer(cdt.size(data, of_map=kind == MAP))
    return _READS[code](shelf.open(kind, data), *arguments) or _NOTHING


def read_open(collection: Collection, command: bytes) -> Particle:
    """As `read`, of a collection in pieces."""
    with refusing():
        code, arguments, _ = _decode(command, _READS, collection.work)
        if collection.kind != _kind_of(code):
            raise Refused(Result.BIN_TYPE, "an operation on lists or maps on something else")
        return _READS[code](collection, *arguments) or _NOTHING


def modify(kind: int, data: bytes, command: bytes) -> tuple[Particle | None, Particle | None]:
    """A collection after an operation, None for none, and what that shows. Raises Refused."""
    work = Work()
    with refusing():
        collection, shown = modify_open(open_bin(kind, data, work), command, work)
        return (collection.kind, collection.pack()) if collection else None, shown


def open_bin(kind: int, data: bytes, work: Work) -> Collection | None:
    """A bin in pieces, None for one of kind NULL, which is not there. Raises Refused."""
    if kind == NULL:
        return None
    if kind not in {LIST, MAP}:
        raise Refused(Result.BIN_TYPE, "an operation on lists or maps on something else")
    with refusing():
        return Collection(kind, data, work)


def modify_open(collection: Collection | None, command: bytes, work: Work) -> Modified:
    """Change a collection; the one there is then, and what the operation shows. Raises Refused.

    After an error the collection is good for nothing any more.
    """
    with refusing():
        code, arguments, weight = _decode(command, _WRITES, work)
        own = _kind_of(code)
        if collection is None:
            if code not in _CREATES:
                return None, None
            collection = Collection(own, _new(own, code, arguments), work)
        elif collection.kind != own:
            raise Refused(Result.BIN_TYPE, "an operation on lists or maps on something else")
        collection.weight += weight  # what comes in was among the arguments
        shown = _WRITES[code](collection, *arguments)
        collection.forget()
        return collection, shown


def append(data: bytes, command: bytes, work: Work) -> tuple[bytes, Particle] | None:
    """A list after an append, which needs not take it apart, and what that shows.

    None for another operation, and for a list with flags: `modify_open` is for them. Raises Refused.
    """
    if not _APPENDS.match(command) or len(data) > SIZE_MAX:
        return None
    with refusing():
        work.charge(2 * len(data) * COPY_STEPS)
        if cdt.extended(data, []) is None:
            return None
        code, (value, *more), _ = _decode(command, _WRITES, work)
        no_flags(more[1] if len(more) > 1 else b"\0")
        items = [value] if code == cdt.LIST_APPEND else cdt.elements(value)[1]
        for item in items:
            check_element(item)
        longer = cdt.extended(data, items)
        assert longer is not None
        return longer, integer(cdt.size(longer, of_map=False))


def _decode(command: bytes, table: dict[int, Operation], work: Work) -> tuple[int, list[bytes], float]:
    """Code and arguments of a command, and how many values they are; pays for all looks at them. Raises Refused."""
    work.charge(CALL_STEPS + len(command) * COPY_STEPS)
    before = work.left
    try:
        code, arguments = cdt.command(command, work.charge)
    except TooMuchError:
        raise
    except WireError as error:
        raise Refused(Result.PARAMETER, str(error)) from error
    if code not in table:
        raise Refused(Result.UNSUPPORTED_FEATURE, f"operation {code} on lists or maps is not supported")
    weight = before - work.left
    work.charge((ORDER_STEPS + 2) * weight)
    return code, arguments, weight


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what is wrong with a command into a Refused."""
    try:
        yield
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
