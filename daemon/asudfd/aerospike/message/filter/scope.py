"""What a part of a filter expression is compiled with, and into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asinfo.wire import expression as x
from asinfo.wire.expression import Call

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from asinfo.wire.expression import Node
    from asudfd.aerospike.message.filter.filter_record import FilterRecord
    from asudfd.aerospike.message.filter.regex.budget import RegexBudget

    Value = Any  # as the type says: None is unknown
    Run = Callable[[FilterRecord], Value]
    Typed = tuple[int, Run]

ANY = -1
"""Type of what is unknown in any case: it fits everywhere."""

REMOVAL = -2
"""Type of what removes an element of a path: no other expression takes it."""

REMOVED = ("removed",)
"""The value of that."""

NIL = ()
"""The value nil; None stands for unknown."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Type and place of each variable, and what the regular expressions of the whole filter may still take."""

    variables: dict[bytes, tuple[int, int]]
    budget: RegexBudget
    compiler: Callable[[Node, Scope], Typed]

    def compile(self, node: Node) -> Typed:
        """The type of an expression, and what finds its value. Raises WireError, and Unsupported."""
        return self.compiler(node, self)

    def compile_change(self, node: Node) -> Typed:
        """The same for what an element of a path becomes, which may be that it is removed."""
        if isinstance(node, Call) and node.code == x.REMOVAL:
            return REMOVAL, lambda _: REMOVED
        return self.compile(node)

    def with_variables(self, variables: dict[bytes, tuple[int, int]]) -> Scope:
        """The scope of what is within a `let`."""
        return Scope(variables, self.budget, self.compiler)


def strict(function: Callable[..., Value], runs: list[Run]) -> Run:
    """A function that is unknown when one of its arguments is."""

    def run(record: FilterRecord) -> Value:
        values = []
        for each in runs:
            value = each(record)
            if value is None:
                return None
            values.append(value)
        return function(*values)

    return run
