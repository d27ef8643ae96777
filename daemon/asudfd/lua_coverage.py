"""Which lines of modules the tests of pytest have run: gathered from nodes and from calls without one, and reported.

Each process writes what it knows into one directory, which pytest's first process makes and reads at the end: nodes their
counts, processes with tests those of `asudfd.call`, and where the modules are that they have registered.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from asudfd.lua.active_lines import active_lines
from asudfd.lua.line_watch import LineWatch
from asudfd.offline import module as offline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NODE, CALLS, MODULES = "node", "calls", "modules"
"""How the names of the files begin."""


class FileCoverage(NamedTuple):
    """A module's file: the lines that can run, and how often each that ran did."""

    path: Path
    active: frozenset[int]
    counts: Mapping[int, int]

    @property
    def missed(self) -> list[int]:
        """The lines that can run and did not."""
        return sorted(self.active - self.counts.keys())

    @property
    def percent(self) -> float:
        """How much of it ran."""
        return 100 * (1 - len(self.missed) / len(self.active)) if self.active else 100.0


class LuaCoverage:
    """What one process with tests knows. ``directory`` is that of all."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._modules: dict[str, str] = {}
        self._watches: list[LineWatch] = []
        self._place = Path.cwd()
        offline.new_watch = self._watch

    @property
    def node_options(self) -> list[str]:
        """The options with which a node counts lines."""
        return ["--set", f"mod-lua.coverage-directory={self._directory}"]

    def registered(self, path: Path) -> None:
        """The module of a file was registered."""
        self._modules[path.stem] = str(path.resolve())

    def write(self) -> None:
        """Write what this process knows; no test runs any more."""
        offline.new_watch = LineWatch
        counts: dict[str, Counter[int]] = {}
        for watch in self._watches:
            watch.settle()
            for line in watch.lines():
                path = str((self._place / line.chunk).resolve())
                counts.setdefault(path, Counter())[line.line] += line.calls
        for kind, content in ((CALLS, counts), (MODULES, self._modules)):
            (self._directory / f"{kind}-{os.getpid()}.json").write_text(json.dumps(content), encoding="utf-8")

    def _watch(self) -> LineWatch:
        self._watches.append(LineWatch(count=True))
        return self._watches[-1]


def covered(directory: Path) -> list[FileCoverage]:
    """The files of all modules that were registered or called, in the order of their paths."""
    modules: dict[str, str] = {}
    for _, known in _files(directory, MODULES):
        modules |= known
    counts: dict[str, Counter[int]] = {path: Counter() for path in modules.values()}
    for kind, found in (*_files(directory, NODE), *_files(directory, CALLS)):
        for chunk, lines in found.items():
            path = modules.get(Path(chunk).stem) if kind == NODE else chunk
            if path is not None:
                counts.setdefault(path, Counter()).update({int(line): n for line, n in lines.items()})
    return [
        FileCoverage(Path(path), frozenset(active_lines(Path(path).read_bytes())), lines)
        for path, lines in sorted(counts.items())
        if Path(path).is_file()
    ]


def _files(directory: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(directory.glob(f"{kind}-*.json")):
        yield kind, json.loads(path.read_bytes())


def table(files: Iterable[FileCoverage], root: Path) -> list[str]:
    """The lines of a report, as coverage.py has it for Python."""
    rows = [
        (_shown(each.path, root), len(each.active), len(each.missed), each.percent, _ranges(each.missed))
        for each in files
    ]
    width = max([len(row[0]) for row in rows] + [len("Module")])
    lines = [f"{'Module':<{width}}  Lines  Missed  Cover  Missing"]
    lines += [
        f"{name:<{width}}  {active:>5}  {missed:>6}  {percent:>4.0f}%  {ranges}".rstrip()
        for name, active, missed, percent, ranges in rows
    ]
    return lines


def lcov(files: Iterable[FileCoverage]) -> str:
    """The report in the form of LCOV, which `genhtml` makes pages of."""
    parts = []
    for each in files:
        lines = "".join(f"DA:{line},{each.counts.get(line, 0)}\n" for line in sorted(each.active))
        hit = len(each.active) - len(each.missed)
        parts.append(f"TN:\nSF:{each.path}\n{lines}LH:{hit}\nLF:{len(each.active)}\nend_of_record\n")
    return "".join(parts)


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _ranges(lines: list[int]) -> str:
    """``3, 7-9``."""
    found: list[list[int]] = []
    for line in lines:
        if found and line == found[-1][1] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in found)
