"""Parses the expressions of Lua 5.4, and knows which local variable a name is. `asinfo.lint.lua_parser` has the statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.lint.syntax import (
    Block,
    CallExpression,
    Closure,
    Function,
    IndexExpression,
    Literal,
    Name,
    OperatorExpression,
    Syntax,
    Variable,
    path,
)
from asinfo.lint.tokens import LuaSyntaxError, string_value

if TYPE_CHECKING:
    from asinfo.lint.syntax import Expression

LEVELS_MAX = 200
"""How deep statements and expressions may be nested: as in Lua (LUAI_MAXCCALLS)."""

_LEFT = {
    "or": 1, "and": 2, "<": 3, ">": 3, "<=": 3, ">=": 3, "~=": 3, "==": 3, "|": 4, "~": 5, "&": 6, "<<": 7, ">>": 7,
    "..": 9, "+": 10, "-": 10, "*": 11, "/": 11, "//": 11, "%": 11, "^": 14,
}  # fmt: skip
_RIGHT = _LEFT | {"..": 8, "^": 13}
_UNARY = 12
"""Priorities of operators, from the manual of Lua 5.4, section 3.4.8."""

_TESTS = frozenset({"and", "or", "not", "==", "~="})


class ExpressionParser:
    """The state of a parser: the token at hand, the scopes around it, and what was found before it."""

    def __init__(self, kinds: list[str], texts: list[str], places: list[int]) -> None:
        self.kinds = kinds
        self.texts = texts
        self.places = places
        self.position = 0
        self.kind = kinds[0]
        self.levels = 0
        self.function = Function(0, None, is_variadic=True)
        self.block = Block(0, self.function)
        self.scopes: list[dict[str, Variable]] = [{}]
        self.found = Syntax(self.function)

    # ---- tokens

    def step(self) -> None:
        """Go to the next token."""
        self.position += 1
        self.kind = self.kinds[self.position]

    @property
    def at(self) -> int:
        """Where the token at hand begins."""
        return self.places[self.position]

    def unexpected(self, wanted: str = "") -> LuaSyntaxError:
        """The error for the token at hand."""
        seen = self.texts[self.position] or "the end of the text"
        return LuaSyntaxError(self.at, f"{wanted} expected near {seen}" if wanted else f"unexpected {seen}")

    def expect(self, kind: str) -> None:
        """Go past a token that has to be there. Raises LuaSyntaxError."""
        if self.kind != kind:
            raise self.unexpected(kind)
        self.step()

    def accept(self, kind: str) -> bool:
        """Go past a token if it is there."""
        if self.kind != kind:
            return False
        self.step()
        return True

    def identifier(self) -> str:
        """A name, and go past it. Raises LuaSyntaxError."""
        if self.kind != "name":
            raise self.unexpected("name")
        text = self.texts[self.position]
        self.step()
        return text

    # ---- scopes

    def enter(self) -> None:
        """One level deeper. Raises LuaSyntaxError where that is too deep."""
        self.levels += 1
        if self.levels > LEVELS_MAX:
            raise LuaSyntaxError(self.at, "nested too deeply")

    def declare(self, name: str, at: int, value: Expression | None = None) -> Variable:
        """A new local variable of the innermost scope."""
        variable = Variable(name, at, self.function, value)
        self.scopes[-1][name] = variable
        self.found.variables.append(variable)
        return variable

    def lookup(self, name: str) -> Variable | None:
        """The local variable of that name; None where it is a global."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None

    # ---- expressions

    def condition(self) -> None:
        """An expression that decides."""
        self.test(self.expression())

    def test(self, expression: Expression) -> None:
        """The text asks whether that is there."""
        if tested := path(expression):
            self.found.tested.add(tested)

    def expressions(self) -> list[Expression]:
        """One or more, between commas."""
        found = [self.expression()]
        while self.kind == ",":
            self.step()
            found.append(self.expression())
        return found

    def expression(self, limit: int = 0) -> Expression:
        """One expression of operators that bind more than ``limit``."""
        self.enter()
        kind = self.kind
        if kind in {"-", "not", "#", "~"}:
            at = self.at
            self.step()
            operand = self.expression(_UNARY)
            if kind == "not":
                self.test(operand)
            left: Expression = OperatorExpression(at, kind)
        else:
            left = self.simple()
        while _LEFT.get(self.kind, 0) > limit:
            kind = self.kind
            self.step()
            right = self.expression(_RIGHT[kind])
            if kind in _TESTS:
                self.test(left)
                self.test(right)
            left = OperatorExpression(left.at, kind)
        self.levels -= 1
        return left

    def simple(self) -> Expression:
        """An expression without binary operators."""
        kind = self.kind
        if kind in {"name", "("}:
            return self.suffixed()
        at = self.at
        if kind == "string":
            value = Literal(at, kind, string_value(self.texts[self.position]))
            self.step()
            return value
        if kind == "function":
            self.step()
            return Closure(at, self.function_body(at))
        if kind == "{":
            return self.table()
        if kind in {"number", "nil", "true", "false", "..."}:
            if kind == "..." and not self.function.is_variadic:
                raise LuaSyntaxError(at, "cannot use '...' outside a vararg function")
            self.step()
            return Literal(at, kind)
        raise self.unexpected()

    def table(self) -> Literal:
        """A table constructor."""
        at = self.at
        self.expect("{")
        while self.kind != "}":
            if self.accept("["):
                self.expression()
                self.expect("]")
                self.expect("=")
            elif self.kind == "name" and self.kinds[self.position + 1] == "=":
                self.step()
                self.step()
            self.expression()
            if self.kind not in {",", ";"}:
                break
            self.step()
        self.expect("}")
        return Literal(at, "table")

    def name(self) -> Name:
        """A name that is read."""
        at = self.at
        text = self.identifier()
        variable = self.lookup(text)
        name = Name(at, text, variable, self.block)
        (self.found.names if variable is None else variable.reads).append(name)
        return name

    def dotted(self, target: Expression) -> IndexExpression:
        """The key behind a dot or a colon."""
        self.step()
        at = self.at
        index = IndexExpression(target.at, target, self.identifier(), at, self.block)
        self.found.indexes.append(index)
        return index

    def suffixed(self) -> Expression:
        """A name or an expression in parentheses, and all indexes and calls that follow it."""
        if self.kind == "(":
            at = self.at
            self.step()
            self.expression()
            self.expect(")")
            found: Expression = OperatorExpression(at, "()")
        else:
            found = self.name()
        while True:
            kind = self.kind
            if kind == ".":
                found = self.dotted(found)
            elif kind == "[":
                self.step()
                at = self.at
                key = self.expression()
                self.expect("]")
                text = key.text if type(key) is Literal and key.kind == "string" else None
                found = IndexExpression(found.at, found, text, at, self.block)
                self.found.indexes.append(found)
            elif kind == ":":
                self.step()
                at = self.at
                found = self.call(found, at, self.identifier())
            elif kind in {"(", "string", "{"}:
                found = self.call(found, found.at)
            else:
                return found

    def call(self, callee: Expression, at: int, method: str | None = None) -> CallExpression:
        """The arguments of a call."""
        arguments: list[Expression] = []
        if self.kind == "(":
            self.step()
            if self.kind != ")":
                arguments = self.expressions()
            self.expect(")")
        elif self.kind in {"string", "{"}:
            arguments = [self.simple()]
        else:
            raise self.unexpected("arguments")
        call = CallExpression(
            at, callee, method, arguments, self.block, bool(arguments) and is_open(arguments[-1])
        )
        self.found.calls.append(call)
        return call

    # ---- functions

    def function_body(self, at: int, name: str = "", *, is_method: bool = False) -> Function:
        """Parameters and statements of a function, with its ``end``."""
        outer = self.function
        function = self.function = Function(at, outer, name)
        parameters = [("self", self.at)] if is_method else []
        self.expect("(")
        while self.kind != ")":
            if self.accept("..."):
                function.is_variadic = True
                break
            parameters.append((self.texts[self.position], self.at))
            self.identifier()
            if self.kind != ")":
                self.expect(",")
                if self.kind == ")":
                    raise self.unexpected("name")
        self.expect(")")
        self.scopes.append({})
        function.parameters = [self.declare(name, place) for name, place in parameters]
        self.body()
        self.scopes.pop()
        self.function = outer
        self.expect("end")
        return function

    def body(self) -> None:
        """The statements of a function, up to its ``end``."""
        raise NotImplementedError


def is_open(expression: Expression) -> bool:
    """Whether an expression gives any number of values where it is the last of a list."""
    return type(expression) is CallExpression or (type(expression) is Literal and expression.kind == "...")
