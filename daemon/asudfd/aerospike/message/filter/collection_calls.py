"""Operations on lists and maps in expressions: those of `asudfd.aerospike.message.cdt`, on values in place of bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.particle import NULL
from asudfd.aerospike.message import cdt
from asudfd.aerospike.message.cdt.command import REFUSING, decode
from asudfd.aerospike.message.cost import check_budget

if TYPE_CHECKING:
    from asudfd.aerospike.message.cdt.collection import Particle
    from asudfd.aerospike.message.filter.filter_record import FilterRecord


def check(command: bytes, modifies: bool) -> None:
    """Raise RequestRefused for a command that is none, whatever it is done to."""
    with REFUSING:
        decode(command, NULL, check_budget(), modifies=modifies)


def read(kind: int, data: bytes, command: bytes, record: FilterRecord) -> Particle | None:
    """What an operation shows of a list or map. Raises RequestRefused."""
    return record.collections.open(kind, data).read(command)


def modify(kind: int, data: bytes, command: bytes, record: FilterRecord) -> Particle | None:
    """A list or map after an operation. Raises RequestRefused."""
    return cdt.modify((kind, data), command, record.collections.budget).stored
