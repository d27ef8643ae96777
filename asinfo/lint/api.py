"""What a module sees: functions with their arguments, types and help, as rows. `asinfo.lint.api_rows` has the rows.

The checks, the definitions for editors (config/lua/aerospike.d.lua) and the page docs/lua-api.md are made of them; a test
compares their names with those of the node's sandbox.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple

_COMMA = re.compile(r", (?![^(]*\))")  # between arguments, not inside of a function's type


class ApiParameter(NamedTuple):
    """An argument; ``...`` is the name of any number of them."""

    name: str
    type: str
    optional: bool


class ApiFunction:
    """A function of a library: ``signature`` is ``name(argument: Type, optional?: Type, ...: Type)``.

    ``returns``  the types of what it gives, in the words of the definitions for editors; empty for nothing
    ``help``     one sentence
    ``differs``  what a real server does otherwise; mostly empty
    """

    def __init__(self, signature: str, returns: str, help_: str, differs: str = "") -> None:
        self.name, _, arguments = signature.removesuffix(")").partition("(")
        self.arguments = arguments
        self.returns = returns
        self.help = help_
        self.differs = differs

    @cached_property
    def parameters(self) -> list[ApiParameter]:
        """What it takes."""
        found = []
        for argument in _COMMA.split(self.arguments) if self.arguments else ():
            name, _, type_ = argument.partition(": ")
            found.append(ApiParameter(name.removesuffix("?"), type_, name.endswith("?") or name == "..."))
        return found

    @property
    def least(self) -> int:
        """The fewest arguments."""
        return sum(not parameter.optional for parameter in self.parameters)

    @property
    def most(self) -> int | None:
        """The most arguments; None for any number."""
        parameters = self.parameters
        return None if parameters and parameters[-1].name == "..." else len(parameters)


class ApiLibrary(NamedTuple):
    """A table of functions.

    ``name``      the global
    ``help``      one sentence
    ``functions`` what it has
    ``call``      what calling the table itself does, if it can be called
    ``values``    constants, with their types
    """

    name: str
    help: str
    functions: tuple[ApiFunction, ...]
    call: ApiFunction | None = None
    values: dict[str, str] = {}  # noqa: RUF012 - a tuple's default, never changed

    @property
    def names(self) -> list[str]:
        """All fields."""
        return [*(function.name for function in self.functions), *self.values]


class ApiClass(NamedTuple):
    """A value with methods, or one that is only handed on: ``value:method()``."""

    name: str
    help: str
    methods: tuple[ApiFunction, ...] = ()
    fields: str = ""
    """What an index of it gives, ``[integer] Value``; empty where it has none."""
