"""What `asinfo.lint.lua_parser` finds in a text: expressions with their places, and which local variable a name is.

There is no tree of statements: a check looks through lists of what it is about (names, calls, indexes, assignments), and
asks each of them in which block and function it stands. Places are offsets of bytes in the text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(slots=True, eq=False)
class Function:
    """A function, or the text itself, whose ``parent`` is None.

    ``name``      as the text declares it: ``f``, ``a.b``, ``a:b``; empty for one without a name
    ``is_global`` whether a call from a client finds it by that name
    """

    at: int
    parent: Function | None
    name: str = ""
    is_global: bool = False
    parameters: list[Variable] = field(default_factory=list)
    is_variadic: bool = False


@dataclass(slots=True, eq=False)
class Block:
    """A block of statements and its end; one that is still open ends at -1."""

    at: int
    function: Function
    end: int = -1


@dataclass(slots=True, eq=False)
class Variable:
    """A local variable or parameter: what its declaration gave it, and the names that read or assign it."""

    name: str
    at: int
    function: Function
    value: Expression | None = None
    is_constant: bool = False
    reads: list[Name] = field(default_factory=list)
    writes: list[Name] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Literal:
    """A constant: ``nil``, ``true``, ``number``, ``string`` and so on; only a string has a ``text``. Also a table and ``...``."""

    at: int
    kind: str
    text: str = ""


@dataclass(slots=True, eq=False)
class Name:
    """A name; ``variable`` is None for a global."""

    at: int
    text: str
    variable: Variable | None
    block: Block


@dataclass(slots=True, eq=False)
class IndexExpression:
    """``target.key`` or ``target["key"]``; ``key`` is None for what is computed."""

    at: int
    target: Expression
    key: str | None
    key_at: int
    block: Block


@dataclass(slots=True, eq=False)
class CallExpression:
    """``callee(arguments)``, or ``callee:method(arguments)``; ``is_open``: the last argument may be any number of values."""

    at: int
    callee: Expression
    method: str | None
    arguments: list[Expression]
    block: Block
    is_open: bool


@dataclass(slots=True, eq=False)
class OperatorExpression:
    """An expression of operators, or one in parentheses: always one value."""

    at: int
    operator: str


@dataclass(slots=True, eq=False)
class Closure:
    """An expression that makes a function."""

    at: int
    function: Function


Expression = Literal | Name | IndexExpression | CallExpression | OperatorExpression | Closure


class LuaAssignment(NamedTuple):
    """A global or a field that gets a value; ``value`` is None where it is not one expression that gives it."""

    target: Name | IndexExpression
    value: Expression | None
    block: Block


class Comment(NamedTuple):
    """A short comment, without its ``--``; ``alone``: nothing stands before it on its line."""

    at: int
    text: str
    alone: bool


@dataclass(slots=True)
class Syntax:
    """All that was found in one text."""

    main: Function
    variables: list[Variable] = field(default_factory=list)
    names: list[Name] = field(default_factory=list)
    indexes: list[IndexExpression] = field(default_factory=list)
    calls: list[CallExpression] = field(default_factory=list)
    assignments: list[LuaAssignment] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    tested: set[str] = field(default_factory=set)
    """Globals and their fields that the text asks whether they are there: ``unpack``, ``table.unpack``."""


def path(expression: Expression) -> str:
    """The global or its field that an expression names, ``string.format``; empty for all else."""
    if type(expression) is Name and expression.variable is None:
        return expression.text
    if type(expression) is IndexExpression and expression.key is not None and type(expression.target) is Name:
        target = expression.target
        return f"{target.text}.{expression.key}" if target.variable is None else ""
    return ""
