"""Tells in the log what the linter of `asadm udf lint` finds in a directory of modules, at the start and after each save.

Nothing waits for it: modules are registered meanwhile. What does not compile is left to whoever registers it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from asinfo.lint.findings import LintFinding
    from asudfd.process.log import Log

SHOWN_MAX = 100
"""Findings that are told of one save: a log is no place for more, and `asadm udf lint` has them all."""


class _StoppedError(Exception):
    """Nobody waits for findings any more."""


class _Source:
    """A module as the linter wants it; it stops at the next one when ``is_stopped`` says so."""

    __slots__ = ("_content", "_is_stopped", "name", "path")

    def __init__(self, name: str, path: Path, content: bytes, is_stopped: Callable[[], bool]) -> None:
        self.name = name.encode()
        self.path = str(path)
        self._content = content
        self._is_stopped = is_stopped

    @property
    def content(self) -> bytes:
        """Its bytes."""
        if self._is_stopped():
            raise _StoppedError
        return self._content


class UdfFindings:
    """Looks at the modules of the directory ``path``."""

    def __init__(self, log: Log, path: Path) -> None:
        self._log = log
        self._path = path
        self._changed: set[str] = set()
        self._modules: Mapping[str, bytes] = {}
        self._others: Mapping[str, bytes] = {}
        self._told: dict[str, set[LintFinding]] = {}
        self._wanted = asyncio.Event()
        self._stopped = False

    def changed(
        self, names: Iterable[str], modules: Mapping[str, bytes], others: Mapping[str, bytes]
    ) -> None:
        """``names`` were saved or removed; ``modules`` is all of the directory, ``others`` may be required by them."""
        self._changed.update(names)
        self._modules, self._others = modules, others
        self._wanted.set()

    async def follow(self) -> None:
        """Look at what has changed, until cancelled."""
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                await self.look()
        finally:
            self._stopped = True

    async def look(self) -> None:
        """Look at what has changed since the last look, in a thread, and tell what is found."""
        changed, self._changed = self._changed, set()
        self._tell(changed, await asyncio.to_thread(self._found, changed, self._modules, self._others))

    def _found(
        self, changed: set[str], modules: Mapping[str, bytes], others: Mapping[str, bytes]
    ) -> dict[str, list[LintFinding]]:
        """The findings by file; of those that are changed, and of those that may require them."""
        from asinfo.lint.findings import ERROR
        from asinfo.lint.linter import lint

        concerned = _dependent(changed, modules)
        sources = [
            _Source(name, self._path / name, modules[name], lambda: self._stopped)
            for name in sorted(concerned & modules.keys())
        ]
        rest = {name: text for name, text in {**others, **modules}.items() if name not in concerned}
        found: dict[str, list[LintFinding]] = {name: [] for name in sorted(concerned)}
        files = {source.path: source.name.decode() for source in sources}
        for finding in lint(sources, {name.encode(): text for name, text in rest.items()}):
            if (finding.code, finding.level) != ("syntax", ERROR):
                found[files[finding.path]].append(finding)
        return found

    def _tell(self, changed: set[str], found: dict[str, list[LintFinding]]) -> None:
        """All of what was saved; of modules that require it, what was not told before."""
        news: list[tuple[str, LintFinding]] = []
        for name, findings in found.items():
            before = set() if name in changed else self._told.get(name, set())
            news += [(name, finding) for finding in findings if finding not in before]
            self._told[name] = set(findings)
        for name, finding in news[:SHOWN_MAX]:
            place = f"{name}:{finding.line}" if finding.line else name
            self._log.warning("udf", str(finding), place, always=True)
        if len(news) > SHOWN_MAX:
            more = (
                f"findings that are not shown: {len(news) - SHOWN_MAX}; asadm udf lint {self._path} shows all"
            )
            self._log.warning("udf", more, "udf", always=True)


def _dependent(changed: set[str], modules: Mapping[str, bytes]) -> set[str]:
    """``changed``, and what has their names in its text, or theirs: whatever may require them."""
    concerned = set(changed)
    waiting = list(changed)
    for name in waiting:  # grows meanwhile
        required = name.removesuffix(".lua").encode()
        users = {user for user, text in modules.items() if b"require" in text and required in text}
        waiting += users - concerned
        concerned |= users
    return concerned
