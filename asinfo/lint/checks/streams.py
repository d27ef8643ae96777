"""Streams: what is one, and functions of streams that change what is outside of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.lint.api_index import STREAM_METHODS
from asinfo.lint.module import variable_of
from asinfo.lint.syntax import CallExpression, Closure, IndexExpression, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asinfo.lint.findings import LintFinding
    from asinfo.lint.module import LintedModule
    from asinfo.lint.syntax import Expression, Function, Variable


def captured_state(module: LintedModule) -> Iterator[LintFinding]:
    """Variables, and tables in them, that a function of a stream changes and does not own."""
    functions = _stream_functions(module)
    if not functions:
        return
    for variable in module.syntax.variables:
        for name in variable.writes:
            if _is_outside(variable, name.block.function, functions):
                yield _finding(module, name.at, variable)
    for each in module.syntax.assignments:
        if type(each.target) is not IndexExpression:
            continue
        table = variable_of(each.target.target)
        if table is not None and _is_outside(table, each.block.function, functions):
            yield _finding(module, each.target.at, table)


def _finding(module: LintedModule, at: int, variable: Variable) -> LintFinding:
    return module.finding(
        "captured-state",
        at,
        f"{variable.name} is outside of this function of a stream: each partition and state has its own; use aggregate",
    )


def _is_outside(variable: Variable, writer: Function, functions: set[Function]) -> bool:
    """Whether a function of a stream, or one inside of it, writes a variable that is not its own."""
    inner: Function | None = writer
    while inner is not None and inner is not variable.function:
        if inner in functions:
            return True
        inner = inner.parent
    return False


def _stream_functions(module: LintedModule) -> set[Function]:
    """The functions that streams get as filter, map and so on."""
    named = {
        each.target.text: each.value.function
        for each in module.syntax.assignments
        if type(each.target) is Name and type(each.value) is Closure
    }
    found: set[Function] = set()
    for call in module.syntax.calls:
        if call.method in STREAM_METHODS and stream_of(call.callee) is not None:
            found.update(
                function
                for argument in call.arguments
                if (function := _function_of(argument, named)) is not None
            )
    return found


def stream_of(expression: Expression) -> Variable | None:
    """The first parameter of a function that ``expression`` is, or from which methods of streams have made it."""
    while True:
        while type(expression) is CallExpression and expression.method in STREAM_METHODS:
            expression = expression.callee
        variable = variable_of(expression)
        if variable is None or variable in variable.function.parameters[:1]:
            return variable
        if variable.value is None or variable.writes:
            return None
        expression = variable.value


def streams(module: LintedModule) -> set[Variable]:
    """The parameters that are streams: of functions that only clients call, which use a method of streams or call it so."""
    named = {name.text for name in module.syntax.names}
    using = {stream_of(call.callee) for call in module.syntax.calls if call.method in STREAM_METHODS}
    return {
        variable
        for variable in module.syntax.variables
        if variable in variable.function.parameters[:1] and not variable.writes
        if variable.function.is_global and variable.function.name not in named
        if variable in using or variable.name == "stream"
    }


def _function_of(argument: Expression, named: dict[str, Function]) -> Function | None:
    if type(argument) is Closure:
        return argument.function
    if type(argument) is not Name:
        return None
    if argument.variable is None:
        return named.get(argument.text)
    value = argument.variable.value
    return value.function if type(value) is Closure else None
