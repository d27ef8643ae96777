"""Operations on lists and maps in expressions: those of `asudfd.aerospike.message.cdt`, on values in place of bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.aerospike.message import cdt
from asudfd.aerospike.message.cost import CostBudget

if TYPE_CHECKING:
    from asudfd.aerospike.message.cdt import OpenCollections
    from asudfd.aerospike.message.cdt.collection import Particle


def check(command: bytes, modifies: bool) -> None:
    """Raise RequestRefused for a command that is none, whatever it is done to."""
    cdt.check(command, CostBudget(), modifies=modifies)


def read(kind: int, data: bytes, command: bytes, collections: OpenCollections) -> Particle:
    """What an operation shows of a list or map. Raises RequestRefused."""
    return cdt.read(kind, data, command, collections)


def modify(kind: int, data: bytes, command: bytes, collections: OpenCollections) -> Particle | None:
    """A list or map after an operation. Raises RequestRefused."""
    budget = collections.budget
    changed, _ = cdt.modify_open(cdt.open_bin(kind, data, budget), command, budget)
    if changed is None:
        return None
    with cdt.REFUSING:
        return changed.kind, changed.pack()
