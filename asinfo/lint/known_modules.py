"""The modules of a run: those that are looked at, and others that they may require; read when somebody asks about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from asinfo.lint.checks.requires import BUILT_IN
from asinfo.lint.compiled import fault
from asinfo.lint.findings import ERROR, WARNING, Lines, LintFinding
from asinfo.lint.lua_parser import parse
from asinfo.lint.module import LintedModule
from asinfo.lint.tokens import LuaSyntaxError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class LintSource(Protocol):
    """A module that is to be looked at: its ``name``, with .lua, the ``path`` of its file, and its ``content``."""

    @property
    def name(self) -> bytes:
        """As nodes call it."""

    @property
    def path(self) -> str:
        """Where it was read."""

    @property
    def content(self) -> bytes:
        """Its bytes."""


class OtherModules(Protocol):
    """Modules that are there by their names, and are not looked at themselves, only where others require them."""

    def __iter__(self) -> Iterator[bytes]:
        """Their names, with .lua."""

    def get(self, name: bytes, /) -> bytes | None:
        """The bytes of one of them; None where they cannot be had."""


class KnownModules:
    """What is known of modules, by the names that they are required by.

    ``names``     of all that are there
    ``outlines``  those that were parsed, without their syntax
    """

    def __init__(self, sources: Iterable[LintSource], others: OtherModules) -> None:
        self._sources = {required_name(source.name): source for source in sources}
        self._others = others
        self._files = {required_name(name): name for name in others}
        self._unreadable: set[str] = set()
        self.names = frozenset({*self._sources, *self._files})
        self.outlines: dict[str, LintedModule] = {}

    def add(self, name: str, module: LintedModule | None) -> None:
        """A module that was parsed; None where it cannot be."""
        if module is None:
            self._unreadable.add(name)
        else:
            self.outlines[name] = module

    def tell(self, module: LintedModule) -> None:
        """Tell ``module`` what the modules define that it requires; where one of them is not known, that may be anything."""
        seen = {module.name}
        waiting = [module]
        found: set[str] = set()
        for one in waiting:  # grows meanwhile
            for name in dict.fromkeys(each.name for each in one.required):
                if name in seen or name in BUILT_IN:
                    continue
                seen.add(name)
                other = self._outline(name)
                if other is None:
                    module.is_open = True
                    continue
                waiting.append(other)
                found |= other.defined
                module.is_open = module.is_open or other.is_open
        module.imported = frozenset(found)

    def _outline(self, name: str) -> LintedModule | None:
        if name in self.outlines or name in self._unreadable:
            return self.outlines.get(name)
        source = self._sources.get(name) or self._other(name)
        made = parsed(source) if source is not None else None
        module = made if isinstance(made, LintedModule) else None
        if module is not None:
            module.forget()
        self.add(name, module)
        return module

    def _other(self, name: str) -> LintSource | None:
        file = self._files.get(name)
        content = None if file is None else self._others.get(file)
        return None if file is None or content is None else _Other(file, content)


class _Other:
    """A module that is only read."""

    def __init__(self, name: bytes, content: bytes) -> None:
        self.name = name
        self.path = ""
        self.content = content


def required_name(name: bytes) -> str:
    """The name that a module is required by."""
    return name.removesuffix(b".lua").decode("latin-1")


def parsed(source: LintSource) -> LintedModule | LintFinding:
    """The module, or why it is none."""
    if wrong := fault(source.content):
        return _syntax(source, wrong.line, wrong.message)
    try:
        syntax = parse(source.content.decode("latin-1"))
    except LuaSyntaxError as error:  # it compiles: what is odd is on our side
        line = Lines(source.content).number(error.at)
        return _syntax(source, line, f"it compiles, and cannot be checked: {error}", level=WARNING)
    return LintedModule(required_name(source.name), source.path, source.content, syntax)


def _syntax(source: LintSource, line: int, message: str, *, level: str = ERROR) -> LintFinding:
    lines = Lines(source.content)
    text = lines.text(line) if 0 < line <= len(lines) else ""
    return LintFinding("syntax", level, source.path, line, int(line > 0), message, text)
