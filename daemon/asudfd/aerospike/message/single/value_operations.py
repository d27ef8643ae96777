"""Operations on a bin that is one value, bits or a HyperLogLog, among the operations on a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.message import (
    BIN_NAME_SIZE_MAX,
    OP_BIT_MODIFY,
    OP_BIT_READ,
    OP_HLL_MODIFY,
    OP_HLL_READ,
    OP_READ,
    op,
)
from asinfo.wire.particle import NULL
from asinfo.wire.result import Result
from asudfd.aerospike.message.cdt.command import REFUSING
from asudfd.aerospike.message.single.bins import particle
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asudfd.aerospike.message.command import Particle, ValueOperations
    from asudfd.aerospike.message.cost import CostBudget

READS, WRITES = frozenset((OP_BIT_READ, OP_HLL_READ)), frozenset((OP_BIT_MODIFY, OP_HLL_MODIFY))
"""Codes of operations."""

CODES = READS | WRITES


def work(
    bins: dict[bytes, bytes], code: int, name: bytes, command: bytes, budget: CostBudget
) -> Particle | None:
    """Do an operation; what it shows, None for nothing. Raises RequestRefused."""
    kind, data = particle(bins[name]) if name in bins else (NULL, b"")
    with REFUSING:
        if code in READS:
            shown = _operations(code).read(kind, data, command, budget)
            return shown if shown[0] != NULL else None
        changed, given = _operations(code).modify(kind, data, command, budget)
    if changed is not None:
        if len(name) > BIN_NAME_SIZE_MAX:
            raise RequestRefused(Result.BIN_NAME, "the bin's name is too long")
        bins[name] = op(OP_READ, changed[0], name, changed[1])
    return given


def _operations(code: int) -> ValueOperations:
    """What an operation is done with; it is loaded when the first comes, since start-up is a feature."""
    if code in {OP_BIT_READ, OP_BIT_MODIFY}:
        from asudfd.aerospike.message import bits

        return bits
    from asudfd.aerospike.message import hll

    return hll
