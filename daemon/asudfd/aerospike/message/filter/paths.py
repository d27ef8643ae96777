"""Paths: all elements of a list or map, and within them, that steps lead to; to be shown, changed or removed.

    a step of a context        to one element, or to none        asudfd.aerospike.message.cdt.context
    4 all children             to all elements, or to those of which an expression is true
    42 keys                    to the entries of a map that have one of several keys
    512 + 4 and                of those that the step before it leads to, which is one of the two others, to those of which
                               an expression is true

What the elements are shown as: the list or map with nothing else in it, a list of their values, of their keys, or of both in
turn. What they become is an expression; in expressions of a path an element is its own key, value and index.
Source: the specification of operations on collections, section 12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from asinfo.errors import WireError
from asinfo.wire import cdt, msgpack
from asinfo.wire import expression as x
from asinfo.wire.collection import orders, stored_element
from asinfo.wire.extent import list_start, map_start
from asinfo.wire.msgpack import DEPTH_MAX, ORDERED
from asinfo.wire.particle import LIST, MAP
from asinfo.wire.result import Result
from asudfd.aerospike.message.cdt.collection import Collection, not_this_kind
from asudfd.aerospike.message.cdt.context import place, steps_of
from asudfd.aerospike.message.cdt.lists import sort_values
from asudfd.aerospike.message.cost import (
    CALL_STEPS,
    CHECK_STEPS,
    COPY_STEPS,
    ELEMENT_STEPS,
    ORDER_STEPS,
    PART_STEPS,
)
from asudfd.aerospike.message.filter.filter_record import PathElement
from asudfd.aerospike.message.filter.ordered import count
from asudfd.aerospike.message.filter.scope import ANY, REMOVED
from asudfd.aerospike.message.filter.values import packed_as
from asudfd.record.namespace import RECORD_SIZE_MAX
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asinfo.wire.collection import Order
    from asinfo.wire.expression import Node, PathCommand
    from asudfd.aerospike.message.cdt.collection import Particle
    from asudfd.aerospike.message.cdt.context import Step
    from asudfd.aerospike.message.filter.filter_record import FilterRecord
    from asudfd.aerospike.message.filter.scope import Run, Scope, Value

KEYS_IN = 42
"""The number of the step to several keys."""

TREE, VALUES, KEYS, KEYS_AND_VALUES, CHANGE = range(5)
"""What is done, in the flags of a command."""

NO_FAIL = 16
"""Flag: passed over, or left as it is, is an element for which an expression is unknown, or one that is no list or map where
further steps look; without it the command fails."""

_SHOWN = frozenset((TREE, VALUES, KEYS, KEYS_AND_VALUES))


@dataclass(frozen=True, slots=True)
class _ElementExpression:
    """An expression that is asked about elements, and the steps that this takes for each of them."""

    run: Run
    steps: float

    def value(self, collection: Collection, at: int, record: FilterRecord) -> Value:
        """What it is for an element."""
        value = collection.values[at]
        collection.budget.charge(self.steps + len(value) * COPY_STEPS)
        before = record.element
        record.element = PathElement(collection.keys[at] if collection.kind == MAP else None, value, at)
        try:
            return self.run(record)
        finally:
            record.element = before


@dataclass(frozen=True, slots=True)
class _ElementTest:
    """An expression that is true for the elements that a step leads to."""

    expression: _ElementExpression
    no_fail: bool
    """Whether an element is passed over for which it is unknown."""

    def passes(self, collection: Collection, at: int, record: FilterRecord) -> bool:
        """Whether a step leads to an element. Raises RequestRefused."""
        found = self.expression.value(collection, at, record)
        if found is None and not self.no_fail:
            raise RequestRefused(Result.PARAMETER, "a test that is unknown for an element of a path")
        return found is True


@dataclass(frozen=True, slots=True)
class _ToChildren:
    """A step to all elements, or to those of which an expression is true."""

    test: _ElementTest | None

    def places(self, collection: Collection, record: FilterRecord) -> list[int]:
        found = range(len(collection.values))
        collection.budget.charge(len(found))
        if self.test is None:
            return list(found)
        return [at for at in found if self.test.passes(collection, at, record)]


@dataclass(frozen=True, slots=True)
class _ToKeys:
    """A step to the entries with one of several keys."""

    keys: list[Order]

    def places(self, collection: Collection, _: FilterRecord) -> list[int]:
        if collection.kind != MAP:
            return []
        collection.budget.charge(ORDER_STEPS * len(self.keys))
        found = [collection.place_of_key(key) for key in self.keys]
        return sorted({at for at, there in found if there})


@dataclass(frozen=True, slots=True)
class _ToElement:
    """A step to one element."""

    step: Step
    weight: int
    """How many values are in that of the step."""

    def places(self, collection: Collection, _: FilterRecord) -> list[int]:
        collection.budget.charge(ORDER_STEPS * self.weight)
        try:
            return [place(collection, self.step)]
        except RequestRefused:
            return []


@dataclass(frozen=True, slots=True)
class _ToTested:
    """A step to the elements that another one leads to, and of which an expression is true."""

    step: _ToKeys | _ToElement
    test: _ElementTest

    def places(self, collection: Collection, record: FilterRecord) -> list[int]:
        found = self.step.places(collection, record)
        return [at for at in found if self.test.passes(collection, at, record)]


_Step: TypeAlias = "_ToChildren | _ToKeys | _ToElement | _ToTested"


class Path:
    """A compiled command on a path; ``size`` is that of the command in bytes."""

    __slots__ = ("_change", "_pack", "_steps", "flags", "modifies", "size")

    def __init__(self, command: PathCommand, scope: Scope, size: int) -> None:
        """Raises WireError, and Unsupported."""
        if len(command.steps) >= DEPTH_MAX:
            raise WireError("a path of too many steps")
        element_steps = max(ELEMENT_STEPS, PART_STEPS * command.parts)
        self.flags = command.flags
        self._steps = _steps(command, scope, element_steps)
        self.size = size
        self.modifies = command.change is not None
        shown = self.flags & ~NO_FAIL
        if (shown != CHANGE) if self.modifies else (shown not in _SHOWN):
            raise WireError(f"flags of a path that cannot be: {self.flags}")
        if command.change is not None:
            kind, change = scope.compile_change(command.change)
            self._change = _ElementExpression(change, element_steps)
            self._pack = packed_as(kind)

    def show(self, kind: int, data: bytes, record: FilterRecord) -> Particle:
        """The elements of a list or map, as the flags say. Raises RequestRefused and CostExceededError."""
        shown = self.flags & ~NO_FAIL
        if shown == TREE:
            return kind, self._tree(kind, data, 0, record)
        parts: list[bytes] = []
        for collection, at in self._leaves(kind, data, 0, record):
            if shown != VALUES:
                if collection.kind != MAP:
                    raise not_this_kind()
                parts.append(collection.keys[at])
            if shown != KEYS:
                parts.append(collection.values[at])
        return LIST, cdt.join_list(parts)

    def change(self, kind: int, data: bytes, record: FilterRecord) -> Particle:
        """A list or map with changed elements. Raises RequestRefused, WireError and CostExceededError."""
        return kind, self._changed(kind, data, 0, record, RECORD_SIZE_MAX)

    def _leaves(
        self, kind: int, data: bytes, depth: int, record: FilterRecord
    ) -> Iterator[tuple[Collection, int]]:
        """The lists and maps that the last step looks in, and where it leads to."""
        collection = _opened(kind, data, record)
        for at in self._steps[depth].places(collection, record):
            if depth + 1 == len(self._steps):
                yield collection, at
            elif inner := self._kind_within(collection.values[at]):
                yield from self._leaves(inner, collection.values[at], depth + 1, record)

    def _tree(self, kind: int, data: bytes, depth: int, record: FilterRecord) -> bytes:
        """A list or map with nothing in it but what the steps lead to."""
        collection = _opened(kind, data, record)
        kept: dict[int, bytes] = {}
        for at in self._steps[depth].places(collection, record):
            value = collection.values[at]
            if depth + 1 == len(self._steps):
                kept[at] = value
            elif inner := self._kind_within(value):
                kept[at] = self._tree(inner, value, depth + 1, record)
        if kind == MAP:
            collection.keys = [collection.keys[at] for at in kept]
        collection.values = list(kept.values())
        return _packed(collection)

    def _changed(self, kind: int, data: bytes, depth: int, record: FilterRecord, left: int) -> bytes:
        """A list or map with changed elements, which may have ``left`` bytes in all."""
        collection = _opened(kind, data, record)
        gone = []
        for at in self._steps[depth].places(collection, record):
            value: bytes | None = collection.values[at]
            if depth + 1 == len(self._steps):
                value = self._new(collection, at, record)
            elif inner := self._kind_within(collection.values[at]):
                value = self._changed(inner, collection.values[at], depth + 1, record, left)
            if value is None:
                gone.append(at)
                continue
            left -= len(value)
            if left < 0:
                raise RequestRefused(Result.RECORD_TOO_BIG, "elements that are larger than a record may be")
            collection.values[at] = value
        collection.remove(gone)
        return _packed(collection)

    def _kind_within(self, value: bytes) -> int:
        """The particle type of a list or map that a further step looks in; 0 for what is none. Raises RequestRefused."""
        kind = _kind_of(value)
        if not kind and not self.flags & NO_FAIL:
            raise not_this_kind()
        return kind

    def _new(self, collection: Collection, at: int, record: FilterRecord) -> bytes | None:
        """What an element becomes, None for nothing."""
        value = self._change.value(collection, at, record)
        if value is REMOVED:
            return None
        if value is not None:
            return self._stored(collection, self._pack(value))
        if self.flags & NO_FAIL:
            return collection.values[at]
        raise RequestRefused(Result.SERVER_ERROR, "an expression that is unknown for an element of a path")

    def _stored(self, collection: Collection, value: bytes) -> bytes:
        """A new element as it is stored. Raises WireError and CostExceededError."""
        weight = count(value)
        collection.budget.charge(CHECK_STEPS * weight + len(value) * COPY_STEPS)
        collection.weight += weight
        collection.size += len(value)
        return stored_element(value, DEPTH_MAX - len(self._steps))


def _steps(command: PathCommand, scope: Scope, element_steps: float) -> list[_Step]:
    """The steps of a path; a test of what a step leads to is one with it. Raises WireError, and Unsupported."""

    def tested(value: Node) -> _ElementTest:
        kind, test = scope.compile(value)
        if kind not in {x.BOOL, ANY}:
            raise WireError("an expression of a path that is neither true nor false")
        return _ElementTest(_ElementExpression(test, element_steps), bool(command.flags & NO_FAIL))

    found: list[_Step] = []
    for number, value in command.steps:
        if isinstance(value, bytes):
            found.append(_step(number, value))
        elif number == x.ALL_CHILDREN:
            found.append(_ToChildren(tested(value)))
        elif found and isinstance(found[-1], _ToKeys | _ToElement):
            found[-1] = _ToTested(found[-1], tested(value))
        else:
            raise WireError("a test in a path, and no step to keys or to an element before it")
    return found


def _step(number: int, value: bytes) -> _ToChildren | _ToKeys | _ToElement:
    if number == x.ALL_CHILDREN:  # with true
        return _ToChildren(None)
    if number == KEYS_IN:
        return _ToKeys(orders(cdt.elements(value).elements))
    (step,) = steps_of(cdt.join_list([msgpack.pack(number), value]), modifies=False)
    return _ToElement(step, count(value))


def _opened(kind: int, data: bytes, record: FilterRecord) -> Collection:
    if kind not in {LIST, MAP}:
        raise not_this_kind()
    budget = record.collections.budget
    budget.charge(CALL_STEPS)
    return Collection(kind, data, budget)


def _packed(collection: Collection) -> bytes:
    collection.forget()
    if collection.kind == LIST and collection.flags & ORDERED:
        sort_values(collection)
    return collection.pack()


def _kind_of(value: bytes) -> int:
    """The particle type of a list or map; 0 for what is none."""
    if list_start(value, 0):
        return LIST
    return MAP if map_start(value, 0) else 0
