"""A module that compiles, with what the checks ask about it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from asinfo.lint.api_index import GLOBALS
from asinfo.lint.codes import CODES
from asinfo.lint.findings import LINE_MAX, Lines, LintFinding
from asinfo.lint.syntax import Function, IndexExpression, Literal, Name, Syntax, path

if TYPE_CHECKING:
    from asinfo.lint.syntax import Expression, Variable


class RequiredModule(NamedTuple):
    """A ``require`` of ``name``; ``at_load``: it runs when the module is loaded, and not only in a function."""

    name: str
    at: int
    at_load: bool


_ALIASES_MAX = 5
"""How many local variables are followed from a name to what it stands for: local append = list.append."""


class LintedModule:
    """The module ``name`` in the file ``path``; ``imported``: globals that modules which it requires define."""

    def __init__(self, name: str, path: str, content: bytes, syntax: Syntax) -> None:
        self.name = name
        self.path = path
        self.lines = Lines(content)
        self.syntax = syntax
        self.imported: frozenset[str] = frozenset()

    def finding(self, code: str, at: int, message: str, *, level: str = "") -> LintFinding:
        """A finding at an offset."""
        line = self.lines.number(at)
        return LintFinding(
            code,
            level or CODES[code].level,
            self.path,
            line,
            self.lines.column(at),
            message[:LINE_MAX],
            self.lines.text(line),
        )

    @cached_property
    def defined(self) -> frozenset[str]:
        """The globals, and fields of globals, that it assigns: ``f``, ``string.trim``."""
        found = {path(each.target) for each in self.syntax.assignments}
        found.update(each.removeprefix("_G.") for each in list(found))
        return frozenset(found - {""})

    @cached_property
    def globals(self) -> frozenset[str]:
        """All globals that there are for it."""
        return GLOBALS | {each for each in self.defined | self.imported if "." not in each}

    @cached_property
    def is_open(self) -> bool:
        """Whether it may define globals that cannot be told: by a computed name, or an environment of its own."""
        syntax = self.syntax
        names = {name.text for name in syntax.names}
        if "_ENV" in names or any(variable.name == "_ENV" for variable in syntax.variables):
            return True
        if any(_is_field_of_g(each.target) for each in syntax.assignments):
            return True
        return any(
            bool(call.arguments)
            and path(call.arguments[0]) == "_G"
            and path(call.callee) in {"setmetatable", "rawset"}
            for call in syntax.calls
        )

    @cached_property
    def required(self) -> list[RequiredModule]:
        """What it requires by a name that stands there."""
        main = self.syntax.main
        return [
            RequiredModule(literal.text, call.at, call.block.function is main)
            for call in self.syntax.calls
            if call.method is None and path(call.callee) == "require" and call.arguments
            if type(literal := call.arguments[0]) is Literal and literal.kind == "string"
        ]

    @property
    def loaded(self) -> dict[str, int]:
        """What it requires while it is loaded, and where it first does."""
        return {each.name: each.at for each in reversed(self.required) if each.at_load}

    def forget(self) -> None:
        """Keep what other modules ask about it, and let go of the rest: many modules would fill the memory."""
        _ = self.defined, self.is_open, self.required  # they are kept, once they were asked for
        self.syntax = Syntax(Function(0, None), comments=self.syntax.comments)

    def known(self, name: str) -> bool:
        """Whether it, or what it requires, defines or looks for that global or field."""
        return name in self.defined or name in self.imported or name in self.syntax.tested


def _is_field_of_g(target: Expression) -> bool:
    """Whether it is ``_G[computed]``."""
    return type(target) is IndexExpression and target.key is None and path(target.target) == "_G"


def meant(expression: Expression) -> str:
    """As `path`, also through local variables that are assigned only once: ``list.append`` for ``append``."""
    for _ in range(_ALIASES_MAX):
        if type(expression) is IndexExpression and expression.key is not None:
            target = meant_name(expression.target)
            return f"{target}.{expression.key}" if target and "." not in target else ""
        if type(expression) is not Name:
            return ""
        variable = expression.variable
        if variable is None:
            return expression.text
        if variable.value is None or variable.writes:
            return ""
        expression = variable.value
    return ""


def meant_name(expression: Expression) -> str:
    """The global that a name stands for, also through a local variable."""
    return meant(expression) if type(expression) is Name else ""


def variable_of(expression: Expression) -> Variable | None:
    """The local variable that an expression is."""
    return expression.variable if type(expression) is Name else None
