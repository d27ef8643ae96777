"""Lints modules: what is wrong with each, and between them."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from asinfo.lint.checks import calls, names, records, requires, streams
from asinfo.lint.findings import WARNING, LintFinding, in_order
from asinfo.lint.ignored import heeded
from asinfo.lint.known_modules import KnownModules, parsed, required_name
from asinfo.terminal import interrupt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asinfo.lint.known_modules import LintSource, OtherModules
    from asinfo.lint.module import LintedModule

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


_NO_OTHERS: dict[bytes, bytes] = {}


def lint(sources: Iterable[LintSource], others: OtherModules = _NO_OTHERS) -> list[LintFinding]:
    """All that is found in ``sources``, in their order; ``others`` may be required by them."""
    return _LintRun(list(sources), others).findings()


class _LintRun:
    """One run over some modules."""

    def __init__(self, sources: list[LintSource], others: OtherModules) -> None:
        self.sources = sources
        self.known = KnownModules(sources, others)
        self.linted: dict[str, LintedModule] = {}

    def findings(self) -> list[LintFinding]:
        found: list[LintFinding] = []
        for source in self.sources:
            interrupt.check()
            found += [*_name(source), *self._found_in(source)]
        for cycle in requires.cycles(self.known.outlines, self.linted):
            module = next(each for each in self.linted.values() if each.path == cycle.path)
            found += [each for each in heeded(module, [cycle]) if each is cycle]
        order = {source.path: number for number, source in enumerate(self.sources)}
        return in_order(sorted(found, key=lambda finding: order[finding.path]))

    def _found_in(self, source: LintSource) -> list[LintFinding]:
        module = parsed(source)
        if isinstance(module, LintFinding):
            self.known.add(required_name(source.name), None)
            return [module]
        self.known.tell(module)
        found = self._checked(module)
        module.forget()
        self.linted[module.name] = module
        self.known.add(module.name, module)
        return found

    def _checked(self, module: LintedModule) -> list[LintFinding]:
        """What is found in one module, as far as it is told."""
        missing = requires.missing(module, self.known.names)
        found = heeded(module, chain(missing, *(check(module) for check in _CHECKS)))
        told = list(islice(found, FINDINGS_MAX))
        if next(found, None) is not None:
            message = f"has more than {FINDINGS_MAX} findings: these are some of them"
            told.append(LintFinding("file", WARNING, module.path, 0, 0, message))
        return told


def _name(source: LintSource) -> list[LintFinding]:
    """What is to be said of a name that nodes take."""
    name = required_name(source.name)
    if "." not in name:
        return []
    message = f"clients cannot call {name}, nor modules require it: Lua takes a dot for a directory"
    return [LintFinding("file", WARNING, source.path, 0, 0, message)]
