"""Operations with expressions, as they are compiled: the value of one is [EXPRESSION, FLAGS], or a command on a path."""

from __future__ import annotations

from struct import error as StructError  # noqa: N812 - an exception reads like one
from typing import TYPE_CHECKING, NamedTuple

from asinfo.errors import WireError
from asinfo.wire import cdt
from asinfo.wire.expression import ExpressionReader
from asudfd.aerospike.message.filter.compiled import Expression, compile_node
from asudfd.aerospike.message.filter.paths import Path
from asudfd.aerospike.message.filter.scope import Scope

if TYPE_CHECKING:
    from typing import TypeAlias

    from asudfd.aerospike.message.filter.regex.budget import RegexBudget

    CompiledOperation: TypeAlias = "ExpressionOperation | Path"

CREATE_ONLY, UPDATE_ONLY, ALLOW_DELETE, POLICY_NO_FAIL, EVAL_NO_FAIL = 1, 2, 4, 8, 16
"""Flags; a read has only the last."""


class ExpressionOperation(NamedTuple):
    """An expression that an operation shows or writes."""

    expression: Expression
    flags: int


def is_path(value: bytes) -> bool:
    """Whether the value of an operation is a command on a path, in either encoding.

    A list of two is none: it is an expression, which may be the number 254, and its flags.
    """
    # slices: half the time of startswith
    return (value[1:3] == b"\xcc\xfe" and value[:1] != b"\x92") or value[:2] == b"\0\xfe"


def compile_operations(values: tuple[bytes, ...], budget: RegexBudget) -> list[CompiledOperation]:
    """The operations of a request that have these values: what an expression may have, all together may have.

    Raises WireError, and Unsupported.
    """
    reader = ExpressionReader()
    return [_operation(value, budget, reader) for value in values]


def _operation(value: bytes, budget: RegexBudget, reader: ExpressionReader) -> CompiledOperation:
    if is_path(value):
        return Path(reader.path(value), Scope({}, budget, compile_node), len(value))
    expression, flags = _parts(value)
    return ExpressionOperation(Expression(expression, budget, reader), cdt.integer(flags))


def _parts(value: bytes) -> list[bytes]:
    try:
        _, parts = cdt.elements(value)
    except StructError:
        raise WireError("ends early") from None
    if len(parts) != 2:
        raise WireError("an operation that is not an expression and flags")
    return parts
