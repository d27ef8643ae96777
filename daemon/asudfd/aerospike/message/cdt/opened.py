"""A bin that operations on lists and maps work on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire import cdt
from asinfo.wire.collection import stored_element
from asinfo.wire.extent import head
from asinfo.wire.msgpack import DEPTH_MAX
from asinfo.wire.particle import LIST, MAP, NULL
from asudfd.aerospike.message.cdt import context
from asudfd.aerospike.message.cdt.collection import (
    Collection,
    empty,
    flags_of,
    integer,
    not_this_kind,
)
from asudfd.aerospike.message.cdt.command import (
    OPERATIONS,
    REFUSING,
    CollectionCall,
    decode,
    refusal,
)
from asudfd.aerospike.message.cdt.lists import size
from asudfd.aerospike.message.cost import COPY_STEPS, LOOK_STEPS, CostExceededError
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asudfd.aerospike.message.cdt.collection import CollectionOperation, Particle
    from asudfd.aerospike.message.cdt.context import Step, Way
    from asudfd.aerospike.message.cost import CostBudget

_APPENDS = re.compile(rb"[\x92-\x94][\x01\x02]|\0[\x01\x02][\x91-\x93]")
"""How a command that appends begins, with one to three arguments, in both encodings."""

_NOWHERE = (NULL, b"")
_APPENDS_ITEMS = OPERATIONS[cdt.LIST_APPEND_ITEMS]


class OpenedBin:
    """A list or map bin, or none: taken apart once it is necessary, and put together when its bytes are asked for.

    All work is charged to ``budget``. After an error in a change it is good for nothing any more.
    """

    __slots__ = ("_budget", "_changed", "_collection", "_stored")

    def __init__(self, stored: Particle | None, budget: CostBudget) -> None:
        self._stored = stored
        self._budget = budget
        self._collection: Collection | None = None
        self._changed = False

    @property
    def stored(self) -> Particle | None:
        """The bin as it is now, None for none; the object that was given while nothing has changed. Raises RequestRefused."""
        if self._changed:
            assert self._collection is not None
            with REFUSING:
                self._stored = self._collection.kind, self._collection.pack()
            self._changed = False
        return self._stored

    @property
    def _kind(self) -> int:
        """The particle type, NULL for none."""
        if self._collection is not None:
            return self._collection.kind
        return self._stored[0] if self._stored else NULL

    def read(self, command: bytes) -> Particle | None:
        """What a reading operation shows, None for nothing. Raises RequestRefused."""
        try:  # not `REFUSING`: to enter and leave it costs more, and this is a part of each operation
            return self.show(command)
        except CostExceededError:
            raise
        except WireError as error:
            raise refusal(error) from error

    def show(self, command: bytes) -> Particle | None:
        """As `read`; raises WireError and Unsupported, too."""
        kind = self._kind
        operation, arguments, _, steps = decode(command, kind, self._budget, modifies=False)
        if not kind:
            return None
        if operation.run is size and not steps and self._stored and not self._changed:
            return integer(cdt.size(self._stored[1], of_map=kind == MAP))
        collection = self._open()
        if steps:
            collection = context.inner(collection, steps)
            if collection.kind != operation.kind:
                raise not_this_kind()
        return _done(operation, collection, arguments)

    def element(self, steps: tuple[Step, ...]) -> Particle:
        """The element to which steps lead. Raises RequestRefused, WireError and CostExceededError."""
        *outer, last = steps
        collection = context.inner(self._open(), tuple(outer))
        return collection.show(collection.values[context.place(collection, last)])

    def _open(self) -> Collection:
        if self._collection is None:
            kind, data = self._stored or _NOWHERE
            if kind not in {LIST, MAP}:
                raise not_this_kind()
            self._collection = Collection(kind, data, self._budget)
        return self._collection

    def modify(self, command: bytes) -> Particle | None:
        """Do an operation that modifies; what it shows, None for nothing. Raises RequestRefused."""
        try:  # as in `read`
            if self._collection is None and self._stored and self._stored[0] == LIST:
                appended = _append(self._stored[1], command, self._budget)
                if appended is not None:
                    longer, count = appended
                    self._stored = LIST, longer
                    return count
            return self._change(decode(command, self._kind, self._budget, modifies=True))
        except CostExceededError:
            raise
        except WireError as error:
            raise refusal(error) from error

    def _change(self, call: CollectionCall) -> Particle | None:
        collection = None if self._kind == NULL else self._open()
        ways: list[Way] = []
        if call.steps:
            ways, collection = context.inner_to_change(collection, call.steps, self._budget)
        operation = call.operation
        if collection is None:
            if not operation.creates:
                if operation.missing:
                    raise RequestRefused(operation.missing, "an operation on a list or map that is not there")
                return None
            collection = _new(operation, call.arguments, self._budget)
        elif collection.kind != operation.kind:
            raise not_this_kind()
        collection.room = DEPTH_MAX - 1 - len(call.steps)
        collection.weight += call.weight  # what comes in was among the arguments
        collection.size += sum(map(len, call.arguments))
        shown = _done(operation, collection, call.arguments)
        collection.forget()
        for way in reversed(ways):
            way.put(collection)
            collection = way.collection
        self._collection = collection
        self._changed = True
        return shown


def _append(data: bytes, command: bytes, budget: CostBudget) -> tuple[bytes, Particle] | None:
    """A list after an append, which needs not take it apart, and what that shows.

    None for another operation, and for a list with flags. Raises RequestRefused and WireError.
    """
    if not _APPENDS.match(command):
        return None
    budget.charge(2 * len(data) * COPY_STEPS)
    place = cdt.plain_start(data)
    if place is None:
        return None
    operation, (value, *more), _, _ = decode(command, LIST, budget, modifies=True)
    if len(more) > 1 and cdt.integer(more[1]):
        return None
    several = operation is _APPENDS_ITEMS
    items = [stored_element(item) for item in (cdt.elements(value).elements if several else (value,))]
    count, first = place
    count += len(items)
    return b"".join((head(count, of_map=False), data[first:], *items)), integer(count)


def _done(operation: CollectionOperation, collection: Collection, arguments: list[bytes]) -> Particle | None:
    """What an operation shows, which is done, and paid for before that; an element that is nil shows nothing."""
    if operation.looks:
        operation.pay_looks(collection.budget, len(collection.values), LOOK_STEPS)
    shown: Particle | None = operation.run(collection, *arguments)
    return shown if shown and shown[0] != NULL else None


def _new(operation: CollectionOperation, arguments: list[bytes], budget: CostBudget) -> Collection:
    """The empty collection that a write begins with. Raises WireError."""
    place = operation.flags_at
    flags = 0
    if place is not None and place < len(arguments):
        flags = flags_of(arguments[place], operation.kind)
    return empty(operation.kind, flags, budget)
