"""Lints modules: what is wrong with each, and between them."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Protocol

from asadm.lint.checks import calls, names, records, requires, streams
from asadm.lint.compiled import fault
from asadm.lint.findings import WARNING, Lines, LintFinding, in_order
from asadm.lint.ignored import heeded
from asadm.lint.lua_parser import parse
from asadm.lint.module import LintedModule
from asadm.lint.tokens import LuaSyntaxError
from asinfo.terminal import interrupt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FINDINGS_MAX = 1000
"""Findings of one module that are told."""

_CHECKS = (
    names.unknown_globals,
    names.assigned_globals,
    names.used_at_load,
    calls.unknown_fields,
    calls.wrong_calls,
    records.lost_changes,
    records.uses_after_remove,
    streams.captured_state,
)


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


_NO_OTHERS: dict[bytes, bytes] = {}


def lint(sources: Iterable[LintSource], others: OtherModules = _NO_OTHERS) -> list[LintFinding]:
    """All that is found in ``sources``, in their order; ``others`` may be required by them."""
    return _LintRun(list(sources), others).findings()


class _LintRun:
    """One run over some modules, which know each other by the names that they are required by."""

    def __init__(self, sources: list[LintSource], others: OtherModules) -> None:
        self.sources = sources
        self.others = others
        self.there = {_required_name(source.name) for source in sources}
        self.modules: dict[str, LintedModule] = {}
        self.unread: set[str] = set()  # modules that are there, and of which nothing is known

    def findings(self) -> list[LintFinding]:
        found: list[LintFinding] = []
        for source in self.sources:
            interrupt.check()
            found += _name(source)
            made = _parsed(source)
            if isinstance(made, LintFinding):
                found.append(made)
                self.unread.add(_required_name(source.name))
            else:
                self.modules[made.name] = made
        linted = dict(self.modules)
        self._add_others()
        names = frozenset(self.there)
        for module in linted.values():
            interrupt.check()
            self._import(module)
            found += heeded(module, self._checked(module, names))
        for cycle in requires.cycles(self.modules, linted):
            module = next(each for each in linted.values() if each.path == cycle.path)
            found += [each for each in heeded(module, [cycle]) if each is cycle]
        order = {source.path: number for number, source in enumerate(self.sources)}
        return in_order(sorted(found, key=lambda finding: order[finding.path]))

    def _checked(self, module: LintedModule, names: frozenset[str]) -> list[LintFinding]:
        """What is found in one module, as far as it is told."""
        found = requires.missing(module, self.there, names)
        all_found = chain(found, *(check(module) for check in _CHECKS))
        told = list(islice(all_found, FINDINGS_MAX))
        if next(all_found, None) is not None:
            message = f"has more than {FINDINGS_MAX} findings: these are some of them"
            told.append(LintFinding("file", WARNING, module.path, 0, 0, message))
        return told

    def _add_others(self) -> None:
        """Read those of the other modules that are required, and those that they require."""
        names = {_required_name(name): name for name in self.others}
        self.there.update(names)
        waiting = list(self.modules.values())
        for module in waiting:  # grows meanwhile
            for required, _ in module.required:
                if required not in names or required in self.modules or required in self.unread:
                    continue
                content = self.others.get(names[required])
                made = _parsed(_Other(names[required], content)) if content is not None else None
                if isinstance(made, LintedModule):
                    self.modules[required] = made
                    waiting.append(made)
                else:
                    self.unread.add(required)

    def _import(self, module: LintedModule) -> None:
        """Tell a module what the modules define that it requires; where one of them is not known, it may be anything."""
        seen = {module.name}
        waiting = [module]
        found: set[str] = set()
        for one in waiting:  # grows meanwhile
            for name, _ in one.required:
                if name in self.modules and name not in seen:
                    seen.add(name)
                    waiting.append(self.modules[name])
                    found |= self.modules[name].defined
                    module.is_open = module.is_open or self.modules[name].is_open
                elif name not in self.modules and name not in requires.BUILT_IN:
                    module.is_open = True
        module.imported = frozenset(found)


class _Other:
    """A module that is only read."""

    def __init__(self, name: bytes, content: bytes) -> None:
        self.name = name
        self.path = ""
        self.content = content


def _name(source: LintSource) -> list[LintFinding]:
    """What is to be said of a name that nodes take."""
    name = _required_name(source.name)
    if "." not in name:
        return []
    message = f"clients cannot call {name}, nor modules require it: Lua takes a dot for a directory"
    return [LintFinding("file", WARNING, source.path, 0, 0, message)]


def _required_name(name: bytes) -> str:
    return name.removesuffix(b".lua").decode("latin-1")


def _parsed(source: LintSource) -> LintedModule | LintFinding:
    """The module, or why it is none."""
    if wrong := fault(source.content):
        return _syntax(source, wrong.line, wrong.message)
    try:
        syntax = parse(source.content.decode("latin-1"))
    except LuaSyntaxError as error:  # it compiles: what is odd is on our side
        line = Lines(source.content).number(error.at)
        return _syntax(source, line, f"it compiles, and cannot be checked: {error}", level=WARNING)
    return LintedModule(_required_name(source.name), source.path, source.content, syntax)


def _syntax(source: LintSource, line: int, message: str, *, level: str = "error") -> LintFinding:
    lines = Lines(source.content)
    text = lines.text(line) if 0 < line <= len(lines) else ""
    return LintFinding("syntax", level, source.path, line, int(line > 0), message, text)
