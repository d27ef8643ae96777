"""Random modules of Lua that run to an end, or to an error: their lines break wherever Lua lets them."""

from __future__ import annotations

import random
from collections.abc import Callable

_HEAD = """
local turns = 0
local function turn()
  turns = turns + 1
  if turns > 3000 then
    error("enough")
  end
  return true
end
local function some(...)
  return ...
end
local object = { n = 1 }
function object:add(x, ...)
  self.n = self.n + (tonumber(x) or 1)
  return self, ...
end
local function closing()
  return setmetatable({}, { __close = function(_, e)
    object.n = object.n + 1
    if object.n % 5 == 4 then error("closing", 0) end
    return e
  end })
end
local function each(n)
  return function(last, i)
    i = i + 1
    if i <= last then return i, i * 2 end
  end, n, 0, closing()
end
"""

_BINARY = ("+", "-", "*", "//", "%", "..", "==", "~=", "<", ">=", "and", "or", "&", "<<", "/", "^")


class RunningLua:
    """Makes modules with a function ``f``; the same seed gives the same."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.depth = 0
        self.names = ["a", "b", "c"]
        self.labels = 0

    def text(self) -> str:
        functions = "".join(self.module_function(f"h{number}") for number in range(self.random.randrange(3)))
        return f"{_HEAD}{functions}function f(rec, a, ...)\n  local b, c = a, 2\n{self.body(5)}\nend\n"

    def module_function(self, name: str) -> str:
        kind = self.pick("local function", "function")
        return f"{kind} {name}(a, b, ...)\n local c = {{}}\n{self.body(3)}\nend\n"

    # ---- choices

    def pick(self, *texts: str) -> str:
        return self.random.choice(texts)

    def one(self, *makers: Callable[[], str]) -> str:
        return self.random.choice(makers)()

    def gap(self) -> str:
        return self.pick(" ", " ", "\n", " -- x\n", "\n\n" + "\n" * self.random.choice((0, 0, 0, 200)))

    def joined(self, *parts: str) -> str:
        return "".join(part + self.gap() for part in parts)

    def name(self) -> str:
        return self.random.choice(self.names)

    # ---- expressions

    def expression(self) -> str:
        self.depth += 1
        try:
            if self.depth > 4 or self.random.random() < 0.3:
                return self.pick(
                    self.name(),
                    self.name(),
                    "1",
                    "2.5",
                    "-3",
                    "'4'",
                    "'x'",
                    "nil",
                    "true",
                    "false",
                    "1e300",
                    "{}",
                    "70000",
                )
            return self.one(
                self.binary, self.binary, self.comparison, self.choice, self.call, self.table,
                lambda: f"({self.gap()}{self.expression()}{self.gap()})",
                lambda: self.pick("-", "not ", "#") + self.gap() + self.expression(),
                self.closure,
                lambda: f"{self.name()}.x", lambda: f"object.{self.gap()}n", lambda: "...",
            )  # fmt: skip
        finally:
            self.depth -= 1

    def binary(self) -> str:
        return self.joined(self.expression(), self.pick(*_BINARY), self.expression())

    def comparison(self) -> str:
        return self.joined(self.expression(), self.pick("==", "<", "~="), self.expression())

    def choice(self) -> str:
        return self.joined("(", self.expression(), "and", self.expression(), "or", self.expression(), ")")

    def arguments(self) -> str:
        return ("," + self.gap()).join(self.expression() for _ in range(self.random.randrange(4)))

    def call(self) -> str:
        return self.one(
            lambda: f"some({self.gap()}{self.arguments()}{self.gap()})",
            lambda: f"select('#',{self.gap()}{self.pick('...', 'some(...)')})",
            lambda: (
                f"object:add({self.arguments()}){self.pick('', self.pick('', chr(10)) + ':add(some(' + self.arguments() + '))')}"
            ),
            lambda: f"pcall({self.gap()}{self.closure()},{self.gap()}{self.expression()})",
            lambda: f"coroutine.wrap({self.closure(yields=True)})({self.arguments()})",
            lambda: f"tostring({self.gap()}{self.expression()})",
            lambda: f"{self.name()}({self.arguments()})",
            lambda: "turn()",
        )

    def table(self) -> str:
        items = [
            self.one(
                self.expression,
                lambda: f"x{self.gap()}={self.gap()}{self.expression()}",
                lambda: f"[{self.gap()}{self.pick('1', 'a', '#object')}]{self.gap()}= {self.expression()}",
            )
            for _ in range(self.random.choice((0, 1, 3, 60) if self.random.random() < 0.05 else (0, 1, 3)))
        ]
        items += [self.pick("...", "some(...)", f"some({self.arguments()})")] * (self.random.random() < 0.3)
        return "{" + self.gap() + ("," + self.gap()).join(items) + self.gap() + "}"

    def closure(self, *, yields: bool = False) -> str:
        inner = "coroutine.yield(b) " * yields
        return (
            f"function({self.pick('', 'a', 'a, ...', '...')})"
            + self.gap()
            + inner
            + self.inner_body(2)
            + self.gap()
            + "end"
        )

    def inner_body(self, statements: int) -> str:
        """A function's: `...` would be that of the outer one."""
        return self.body(statements).replace("...", "a")

    # ---- statements

    def body(self, statements: int, *, loop: bool = False) -> str:
        self.depth += 1
        known = len(self.names)
        try:
            count = self.random.randrange(1, statements + 1) if self.depth < 4 else 1
            lines = [self.statement(loop=loop) for _ in range(count)]
            last = self.random.random()
            if last < 0.15:
                lines.append(
                    self.joined(
                        "return", self.pick(self.expression(), f"some({self.arguments()})", "...", "")
                    )
                )
            elif last < 0.3 and loop:
                lines.append("break")
            return "\n".join(lines)
        finally:
            del self.names[known:]
            self.depth -= 1

    def statement(self, *, loop: bool) -> str:
        simple = (
            lambda: f"local {self.declared()}",
            lambda: self.joined(self.name(), "=", self.expression()),
            lambda: self.joined(f"{self.name()}, {self.name()}", "=", self.expression(), ",", self.expression()),
            lambda: self.joined("object.n", "=", self.expression()),
            lambda: "some(" + self.arguments() + ")",
            lambda: self.joined("pcall(", self.closure(), ")"),
            lambda: "error(" + self.expression() + ")" if self.random.random() < 0.2 else "turn()",
        )  # fmt: skip
        if self.depth > 3:
            return self.one(*simple)
        return self.one(
            *simple, self.condition, self.condition, self.numeric_loop, self.generic_loop, self.while_loop,
            self.repeat_loop, self.block, self.local_function, lambda: self.condition(loop=loop),
        )  # fmt: skip

    def declared(self) -> str:
        name = self.pick("a", "b", "c", "d", "e")
        attribute = self.pick("", "", "", "<const>")
        value = self.expression()
        return f"{name} = {value}" if not attribute or name in self.names else f"k{name} <const> = {value}"

    def condition(self, *, loop: bool = False) -> str:
        parts = ["if", self.expression(), "then", self.body(2, loop=loop)]
        if self.random.random() < 0.4:
            parts += ["elseif", self.expression(), "then", self.body(2, loop=loop)]
        if self.random.random() < 0.5:
            parts += ["else", self.body(2, loop=loop)]
        return self.joined(*parts, "end")

    def looped(self) -> str:
        """The body of a loop: it ends in any case, and may go on early."""
        body = self.body(3, loop=True)
        if self.random.random() < 0.3:
            self.labels += 1
            label = f"L{self.labels}"
            early = self.joined("if", self.expression(), "then", f"goto {label}", "end")
            return f"turn() {early}{self.gap()}do {body}{self.gap()}end{self.gap()}::{label}::"
        return f"turn(){self.gap()}{body}"

    def numeric_loop(self) -> str:
        first, last, step = (
            self.pick("1", "3", "a", "1.5"),
            self.pick("3", "0", "b", "5"),
            self.pick("", "", ", 2", ", -1", ", 0.5"),
        )
        return self.joined("for", "i", "=", first, ",", last + step, "do", self.looped(), "end")

    def generic_loop(self) -> str:
        values = self.pick(
            "each(3)", "each(0)", "pairs({1, x = 2})", "ipairs({1, 2})", "pairs(a)", f"each({self.gap()}2)"
        )
        return self.joined("for", "k, v", "in", values, "do", self.looped(), "end")

    def while_loop(self) -> str:
        return self.joined("while", f"turn() and ({self.expression()})", "do", self.looped(), "end")

    def repeat_loop(self) -> str:
        test = self.pick("true", "turn() and last", self.expression())
        return self.joined("repeat", "local last = turn()", "do", self.looped(), "end", "until", test)

    def block(self) -> str:
        opened = self.pick("", "", "local closed <close> = closing() ", "local closed <close> = nil ")
        return self.joined("do", opened + self.body(3), "end")

    def local_function(self) -> str:
        return f"local function g(a, ...){self.gap()}{self.inner_body(2)}{self.gap()}end some(g({self.arguments()}))"
