"""Random texts of Lua 5.4: most are right, and what `broken` changes is mostly wrong."""

import random
import re
from collections.abc import Callable

_NAMES = ("a", "b", "_x1", "rec", "self", "Goto", "end_")
_BLANKS = (" ", " ", "\n", "\t", "--c\n", "--[[x]]", " --[==[ ]] ]==] ", "\r\n", "\f", "\v")
_NUMBERS = (
    "0",
    "3.",
    ".5",
    "1e5",
    "1E-3",
    "0x10",
    "0xA.8p1",
    "0x.1P-4",
    "0x" + "f" * 20,
    "9223372036854775808",
)
_STRINGS = (
    "'x'", '"y"', "[[z]]", "[=[a]]b]=]", '"\\z \n  k"', "'\\\n'", '"\\x41\\065\\u{7FFFFFFF}"', '"\\"\'"', "[[\n]]", '"--"',
    "'--[['", '"\xe9"', "[==[]=]]==]", '"\\0"', '"\\255"',
)  # fmt: skip
_BINARY = [
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "^",
    "..",
    "==",
    "~=",
    "<",
    "<=",
    ">",
    ">=",
    "and",
    "or",
    "&",
    "|",
    "~",
    "<<",
    ">>",
]
_UNARY = ("-", "not ", "#", "~", "- ", "not", "-~")
_PIECES = [
    *["and", "end", "(", ")", "=", "==", ",", "..", "...", "::", "<", "const", ">", "if", "then", "do", "return", "local", "function", ":", ".", "{", "}", "[", "]", "not", "goto", "~", "//"],
    "[[", "--", "\\", '"', "'", "1e", "0x", "3..", "\r", "$", "@", "`", "break", "close", "\\300", "0x1p",
]  # fmt: skip
_TOKENS = re.compile(r'\w+|\s+|"[^"]*"|.', re.DOTALL)


class RandomLua:
    """Makes texts; the same seed gives the same."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.labels = 0

    def text(self) -> str:
        return self.block(self.random.randrange(1, 4))

    def broken(self) -> str:
        pieces = _TOKENS.findall(self.text())
        for _ in range(self.random.randrange(1, 3)):
            at = self.random.randrange(len(pieces) + 1)
            kind = self.random.randrange(4)
            if kind == 0:
                del pieces[at : at + 1]
            elif kind == 1 and pieces:
                pieces.insert(at, self.random.choice(pieces))
            else:
                pieces[at : at + kind - 2] = [self.random.choice(_PIECES)]
        return "".join(pieces)

    def one(self, *makers: Callable[[], str]) -> str:
        return self.random.choice(makers)()

    def pick(self, *texts: str) -> str:
        return self.random.choice(texts)

    def blank(self) -> str:
        return self.pick(*_BLANKS)

    def name(self) -> str:
        return self.pick(*_NAMES)

    def expression(self, depth: int) -> str:
        if depth <= 0:
            return self.pick(*_NAMES, *_NUMBERS, *_STRINGS, "nil", "true", "...")
        inner = depth - 1
        operator = self.pick(*_BINARY)
        return self.one(
            lambda: f"{self.expression(inner)}{self.blank()}{operator}{self.blank()}{self.expression(inner)}",
            lambda: f"{self.expression(inner)}{self.blank()}{operator}{self.blank()}{self.expression(inner)}",
            lambda: self.pick(*_UNARY) + self.blank() + self.expression(inner),
            lambda: f"({self.expression(inner)})",
            lambda: (
                f"function{self.blank()}({self.pick('', '...', 'a', 'a,b', 'a,...')}){self.block(inner)}{self.blank()}end"
            ),
            lambda: self.table(inner),
            lambda: self.prefix(inner),
        )

    def table(self, depth: int) -> str:
        fields = [
            self.one(
                lambda: self.expression(depth),
                lambda: f"{self.name()}{self.blank()}={self.expression(depth)}",
                lambda: f"[ {self.expression(depth)}{self.blank()}]={self.expression(depth)}",
            )
            for _ in range(self.random.randrange(4))
        ]
        return "{" + self.pick(",", ";").join(fields) + (self.pick("", ",", ";") if fields else "") + "}"

    def arguments(self, depth: int) -> str:
        return self.one(
            lambda: "(" + ",".join(self.expression(depth) for _ in range(self.random.randrange(3))) + ")",
            lambda: self.pick(*_STRINGS),
            lambda: self.table(depth),
        )

    def prefix(self, depth: int) -> str:
        text = self.one(self.name, lambda: f"({self.expression(depth)})")
        for _ in range(self.random.randrange(3)):
            text += self.blank() + self.one(
                lambda: "." + self.name(),
                lambda: f"[ {self.expression(depth)}]",
                lambda: self.arguments(depth),
                lambda: f":{self.blank()}{self.name()}{self.arguments(depth)}",
            )
        return text

    def variable(self, depth: int) -> str:
        return self.one(
            self.name,
            lambda: f"{self.prefix(depth)}.{self.name()}",
            lambda: f"{self.prefix(depth)}[ {self.expression(depth)}]",
        )

    def statement(self, depth: int) -> str:
        inner = depth - 1
        self.labels += 1
        label = f"L{self.labels}"
        return self.one(
            lambda: f"{self.variable(depth)}{self.blank()}={self.expression(depth)}",
            lambda: f"{self.variable(depth)},{self.variable(depth)}={self.expression(depth)}",
            lambda: self.prefix(depth) + self.arguments(depth),
            lambda: f"do {self.block(inner)} end",
            lambda: f"while {self.expression(depth)} do {self.block(inner)} end",
            lambda: f"repeat {self.block(inner)} until {self.expression(depth)}",
            lambda: (
                f"if {self.expression(depth)} then {self.block(inner)} elseif a then {self.block(inner)} else {self.block(inner)} end"
            ),
            lambda: (
                f"for {self.name()}={self.expression(depth)},1{self.pick('', ',2')} do {self.block(inner)} end"
            ),
            lambda: (
                f"for {self.name()}{self.pick('', ',b')} in {self.expression(depth)} do {self.block(inner)} end"
            ),
            lambda: (
                f"function {self.name()}{self.pick('', '.b', '.b:c', ':d')}({self.pick('', 'a', '...')}){self.block(inner)} end"
            ),
            lambda: f"local function {self.name()}(a){self.block(inner)} end",
            lambda: (
                f"local {self.name()}{self.pick('', ' < const>', '<close>', ',b<const>')}{self.pick('', '=' + self.expression(depth))}"
            ),
            lambda: f"::{label}::goto {label}",
            lambda: f"while a do break end goto {label} do end :: {label} ::",
            lambda: ";",
        )

    def block(self, depth: int) -> str:
        if depth < 0:
            return " "
        body = "".join(
            self.statement(depth) + self.pick(" ", ";", "\n", self.blank())
            for _ in range(self.random.randrange(4))
        )
        return f" {body} " + self.pick("", "", "return", f"return {self.expression(depth)},a;")
