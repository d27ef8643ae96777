"""The bins of a stored record: taken apart by name, and what may be written into one.

A bin is kept as a whole read operation: u32 size, 01, particle type, 00, size of the name, name, value.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception reads like one
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire.extent import pass_over
from asinfo.wire.message import BIN_NAME_SIZE_MAX, OP_READ, op
from asinfo.wire.particle import GEOJSON, LIST, MAP, Refused, stored, stored_geo
from asinfo.wire.result import Result
from asudfd.aerospike.message.cost import CHECK_STEPS, GEO_STEPS, CostExceededError
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asudfd.aerospike.message.cost import CostBudget

CHECKED = frozenset((LIST, MAP, GEOJSON))
"""Types whose values are looked through before they are stored."""

_unpack_size = Struct("!I").unpack_from


def split(blob: bytes) -> dict[bytes, bytes]:
    """The bins of a stored record by name, in their order."""
    found = {}
    offset, end = 0, len(blob)
    while offset < end:
        after = offset + 4 + _unpack_size(blob, offset)[0]
        name = offset + 8
        found[blob[name : name + blob[offset + 7]]] = blob[offset:after]
        offset = after
    return found


def particle(whole: bytes) -> tuple[int, bytes]:
    """Particle type and value of a bin."""
    return whole[5], whole[8 + whole[7] :]


def make_bin(kind: int, name: bytes, value: bytes, budget: CostBudget | None) -> bytes:
    """The bin ``name`` with a value from a client; ``budget`` may be left out where the value is small.

    Raises RequestRefused for a name that is too long, particle.Refused for a value that no record keeps, and
    CostExceededError.
    """
    if len(name) > BIN_NAME_SIZE_MAX:
        raise RequestRefused(Result.BIN_NAME, "the bin's name is too long")
    if kind == GEOJSON and budget is not None:
        return op(OP_READ, kind, name, _stored_geo(value, budget))
    return op(OP_READ, kind, name, stored(kind, value))


def _stored_geo(value: bytes, budget: CostBudget) -> bytes:
    try:
        return stored_geo(value, budget.charge_text)
    except CostExceededError:
        raise
    except WireError as error:
        raise Refused(Result.GEOJSON, str(error)) from None


def charge_check(kind: int, value: bytes, budget: CostBudget) -> None:
    """Charge for the check of a value from a client, which for geo JSON `make_bin` does. Raises CostExceededError."""
    if kind == GEOJSON:
        budget.foresee(len(value) * GEO_STEPS)
    elif kind in CHECKED:
        try:
            pass_over(value, 0, lambda values: budget.charge(values * CHECK_STEPS))
        except CostExceededError:
            raise
        except (IndexError, StructError, WireError):
            return  # the check tells of it
