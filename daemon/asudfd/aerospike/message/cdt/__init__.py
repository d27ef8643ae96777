"""Operations on list and map bins: a table of those that are offered.

`read` and `modify` are all that others need: the bytes of a bin and a command go in, what is shown and the bin afterwards
come out, and an error is a RequestRefused with its result code. Who does several operations on one bin keeps it as an
`OpenedBin`, which takes it apart only once.

A collection is worked on as the bytes of its elements. Selecting operations (`get_by_...`, `remove_by_...`) are one: find
places, in the order of the collection; show them as the return type says; remove them.
Sources: the protocol's commands in `asinfo.wire.cdt`; Aerospike's documentation of the operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.errors import WireError
from asudfd.aerospike.message.cdt.opened import OpenedBin
from asudfd.aerospike.message.cost import CostBudget, CostExceededError
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asudfd.aerospike.message.cdt.collection import Particle
    from asudfd.aerospike.message.cdt.context import Step


class ModifiedBin(NamedTuple):
    """What an operation that modifies comes to."""

    shown: Particle | None
    """None for nothing."""

    stored: Particle | None
    """The bin afterwards, None for none."""


def read(stored: Particle | None, command: bytes, budget: CostBudget | None = None) -> Particle | None:
    """What a reading operation shows of a bin, which may be missing; None for nothing. Raises RequestRefused."""
    return OpenedBin(stored, budget or CostBudget()).read(command)


def modify(stored: Particle | None, command: bytes, budget: CostBudget | None = None) -> ModifiedBin:
    """What an operation makes of a bin, which may be missing. Raises RequestRefused."""
    opened = OpenedBin(stored, budget or CostBudget())
    shown = opened.modify(command)
    return ModifiedBin(shown, opened.stored)


def element_at(stored: Particle, steps: tuple[Step, ...], budget: CostBudget) -> Particle | None:
    """The element of a bin to which a context leads, None where there is none. Raises CostExceededError."""
    try:
        return OpenedBin(stored, budget).element(steps)
    except CostExceededError:
        raise
    except (RequestRefused, WireError):
        return None


class _Known(NamedTuple):
    """A bin, and its bytes, which are held so that their id stays their own."""

    data: bytes
    opened: OpenedBin


class OpenCollections:
    """The collections of one record that have been taken apart, each once, and what may still be done with them."""

    __slots__ = ("_known", "budget")

    def __init__(self, budget: CostBudget | None = None) -> None:
        self.budget = budget or CostBudget()
        self._known: dict[int, _Known] = {}

    def open(self, kind: int, data: bytes) -> OpenedBin:
        """The collection, for reading only."""
        known = self._known.get(id(data))
        if known is None:
            known = self._known[id(data)] = _Known(data, OpenedBin((kind, data), self.budget))
        return known.opened
