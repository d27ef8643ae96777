"""Calls of filter expressions that compute with numbers: what they take, and how."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from asinfo.wire import expression as x
from asudfd.aerospike.message.filter import arithmetic

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_NUMBER = frozenset({x.INTEGER, x.FLOAT})
_INTEGER, _FLOAT = frozenset({x.INTEGER}), frozenset({x.FLOAT})

FUNCTIONS: dict[int, tuple[frozenset[int], int | None, Callable[..., Any]]] = {
    x.ADD: (_NUMBER, None, arithmetic.add),
    x.SUB: (_NUMBER, None, arithmetic.subtract),
    x.MUL: (_NUMBER, None, arithmetic.multiply),
    x.DIV: (_NUMBER, None, arithmetic.divide),
    x.MIN: (_NUMBER, None, lambda *values: min(values)),
    x.MAX: (_NUMBER, None, lambda *values: max(values)),
    x.ABS: (_NUMBER, None, arithmetic.absolute),
    x.POW: (_FLOAT, x.FLOAT, arithmetic.power),
    x.LOG: (_FLOAT, x.FLOAT, arithmetic.logarithm),
    x.FLOOR: (_FLOAT, x.FLOAT, arithmetic.floor),
    x.CEIL: (_FLOAT, x.FLOAT, arithmetic.ceiling),
    x.TO_INT: (_FLOAT, x.INTEGER, arithmetic.to_integer),
    x.TO_FLOAT: (_INTEGER, x.FLOAT, float),
    x.MOD: (_INTEGER, x.INTEGER, arithmetic.remainder),
    x.INT_AND: (_INTEGER, x.INTEGER, arithmetic.bit_and),
    x.INT_OR: (_INTEGER, x.INTEGER, arithmetic.bit_or),
    x.INT_XOR: (_INTEGER, x.INTEGER, arithmetic.bit_xor),
    x.INT_NOT: (_INTEGER, x.INTEGER, operator.invert),
    x.INT_LSHIFT: (_INTEGER, x.INTEGER, arithmetic.shift_left),
    x.INT_RSHIFT: (_INTEGER, x.INTEGER, arithmetic.shift_right),
    x.INT_ARSHIFT: (_INTEGER, x.INTEGER, arithmetic.shift_right_signed),
    x.INT_COUNT: (_INTEGER, x.INTEGER, arithmetic.count_bits),
}
"""Calls whose arguments are all of one type: the types it may be, that of the result (None: the same), how."""
