"""Parses Lua 5.4, as the compiler of Lua does: one pass, which knows at each name whether it is a local variable.

The reasons for a parser of our own, with figures, are in docs/decisions. The compiler itself (`asinfo.lint.compiled`) comes
first and says what is wrong with a text; this parser takes what that takes, and tests compare the two on random texts.
What only the compiler looks at: labels and their gotos, ``break`` outside of loops, assignments to constants, limits.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from asinfo.lint.expression_parser import LEVELS_MAX, ExpressionParser, is_open
from asinfo.lint.syntax import Block, CallExpression, Closure, IndexExpression, LuaAssignment, Name, Syntax
from asinfo.lint.tokens import LuaSyntaxError, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asinfo.lint.syntax import Expression

_FRAMES = 8 * LEVELS_MAX
"""Calls of Python that so many levels take: at most seven each, for tables in arguments."""

_BLOCK_ENDS = frozenset({"end", "else", "elseif", "until", "return", "end_of_text"})


def parse(text: str) -> Syntax:
    """What ``text`` has, in which a character stands for a byte. Raises LuaSyntaxError."""
    found = tokens(text)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + _FRAMES)
    try:
        parser = _Parser(found.kinds, found.texts, found.places)
        syntax = parser.chunk()
    finally:
        sys.setrecursionlimit(limit)
    syntax.comments = found.comments
    return syntax


class _Parser(ExpressionParser):
    """The statements, by their first words."""

    def __init__(self, kinds: list[str], texts: list[str], places: list[int]) -> None:
        super().__init__(kinds, texts, places)
        self.statements = {
            "if": self.if_statement,
            "while": self.while_statement,
            "do": self.do_statement,
            "for": self.for_statement,
            "repeat": self.repeat_statement,
            "function": self.function_statement,
            "local": self.local_statement,
            "::": self.label,
            "goto": self.goto,
            "break": self.step,
            ";": self.step,
        }

    # ---- statements

    def chunk(self) -> Syntax:
        self.statement_list()
        if self.kind != "end_of_text":
            raise self.unexpected()
        self.block.end = self.at
        return self.found

    def statement_list(self) -> None:
        while self.kind not in _BLOCK_ENDS:
            self.enter()
            self.statements.get(self.kind, self.expression_statement)()
            self.levels -= 1
        if self.kind == "return":
            self.step()
            if self.kind not in _BLOCK_ENDS and self.kind != ";":
                self.expressions()
            self.accept(";")
            if self.kind not in _BLOCK_ENDS or self.kind == "return":
                raise self.unexpected()

    @contextmanager
    def new_block(self) -> Iterator[None]:
        """A block and the scope of its variables, from the token at hand to the one that is then."""
        outer = self.block
        self.block = Block(self.at, self.function)
        self.scopes.append({})
        yield
        self.scopes.pop()
        self.block.end = self.at
        self.block = outer

    def body(self, variables: Sequence[tuple[str, int]] = ()) -> None:
        """The statements of a block with variables of its own, up to the keyword that ends it."""
        with self.new_block():
            for name, at in variables:
                self.declare(name, at)
            self.statement_list()

    def do_statement(self) -> None:
        self.step()
        self.body()
        self.expect("end")

    def while_statement(self) -> None:
        self.step()
        self.condition()
        self.do_statement_of_loop()

    def do_statement_of_loop(self, variables: Sequence[tuple[str, int]] = ()) -> None:
        self.expect("do")
        self.body(variables)
        self.expect("end")

    def if_statement(self) -> None:
        while True:
            self.step()
            self.condition()
            self.expect("then")
            self.body()
            if self.kind != "elseif":
                break
        if self.accept("else"):
            self.body()
        self.expect("end")

    def repeat_statement(self) -> None:
        self.step()
        with self.new_block():
            self.statement_list()
            self.expect("until")
            self.condition()  # sees the variables of the block

    def for_statement(self) -> None:
        self.step()
        variables = [(self.texts[self.position], self.at)]
        self.identifier()
        if self.accept("="):
            self.expression()
            self.expect(",")
            self.expression()
            if self.accept(","):
                self.expression()
        else:
            while self.accept(","):
                variables.append((self.texts[self.position], self.at))
                self.identifier()
            self.expect("in")
            self.expressions()
        self.do_statement_of_loop(variables)

    def label(self) -> None:
        self.step()
        self.identifier()
        self.expect("::")

    def goto(self) -> None:
        self.step()
        self.identifier()

    def function_statement(self) -> None:
        at = self.at
        self.step()
        first = self.name()
        target: Name | IndexExpression = first
        label, is_method = first.text, False
        while self.kind in {".", ":"}:
            is_method = self.kind == ":"
            label += self.kind
            target = self.dotted(target)
            label += target.key or ""
            if is_method:
                break
        self.target(target)
        self.assign([target], [Closure(at, self.function_body(at, label, is_method=is_method))])

    def local_statement(self) -> None:
        self.step()
        at = self.at
        if self.accept("function"):
            place = self.at
            name = self.identifier()
            variable = self.declare(name, place)
            variable.value = Closure(at, self.function_body(at, name))
            return
        variables = []
        while True:
            place = self.at
            variables.append((self.identifier(), place, self.attribute()))
            if not self.accept(","):
                break
        values = self.expressions() if self.accept("=") else []
        for number, (name, place, is_constant) in enumerate(variables):
            value = _value_of(values, number, len(variables))
            self.declare(name, place, value).is_constant = is_constant
            _call_it(value, name)

    def attribute(self) -> bool:
        """Whether ``<const>`` or ``<close>`` follows."""
        if not self.accept("<"):
            return False
        at = self.at
        if self.identifier() not in {"const", "close"}:
            raise LuaSyntaxError(at, "unknown attribute")
        self.expect(">")
        return True

    def expression_statement(self) -> None:
        first = self.suffixed()
        if self.kind not in {"=", ","}:
            if type(first) is not CallExpression:
                raise self.unexpected()
            return
        targets = [self.target(first)]
        while self.accept(","):
            targets.append(self.target(self.suffixed()))
        self.expect("=")
        self.assign(targets, self.expressions())

    def target(self, expression: Expression) -> Name | IndexExpression:
        """The expression that was just parsed, which is to be assigned: it was noted as one that is read."""
        if type(expression) is IndexExpression:
            noted = self.found.indexes.pop()
            assert noted is expression
            return noted
        if type(expression) is not Name:
            raise LuaSyntaxError(expression.at, "cannot be assigned to")
        variable = expression.variable
        if variable is None:
            self.found.names.pop()
        else:
            if variable.is_constant:
                raise LuaSyntaxError(expression.at, f"attempt to assign to const variable '{variable.name}'")
            variable.reads.pop()
            variable.writes.append(expression)
        return expression

    def assign(self, targets: Sequence[Name | IndexExpression], values: Sequence[Expression]) -> None:
        for number, target in enumerate(targets):
            value = _value_of(values, number, len(targets))
            if type(target) is Name:
                if target.variable is not None:
                    continue
                if type(value) is Closure:
                    value.function.is_global = True
                _call_it(value, target.text)
            self.found.assignments.append(LuaAssignment(target, value, self.block))


def _value_of(values: Sequence[Expression], number: int, count: int) -> Expression | None:
    """What gives the value of variable ``number`` of ``count``; None where a call gives several, or nothing gives one."""
    if number >= len(values) or (
        number == len(values) - 1 and count > len(values) and is_open(values[number])
    ):
        return None
    return values[number]


def _call_it(value: Expression | None, name: str) -> None:
    """A function that is given to a variable has its name."""
    if type(value) is Closure and not value.function.name:
        value.function.name = name
